// What a reader found in one go, on its way into the tree.
#pragma once

#include <memory>
#include <vector>

#include "block.h"
#include "entry.h"
#include "triggers.h"

namespace dusk {

struct BlockDeleter {
  void operator()(Block* block) const { Block::destroy(block); }
};
using BlockPointer = std::unique_ptr<Block, BlockDeleter>;

struct Batch {
  std::vector<Row> rows;
  std::vector<std::uint32_t> order;  // positions in `rows`, directories first
  std::uint32_t directories = 0;
  bool linked = false;  // whether an inode in it has other names
  const Triggers* matched_with = nullptr;
  BlockPointer packed;  // made before the tree is locked where that can be

  bool empty() const { return rows.empty(); }

  void clear() {
    rows.clear();
    order.clear();
    directories = 0;
    linked = false;
    matched_with = nullptr;
    packed.reset();
  }

  void arrange() {
    order.clear();
    linked = false;
    for (std::uint32_t position = 0; position < rows.size(); ++position) {
      if (rows[position].status.kind == kDirectory) order.push_back(position);
      if (rows[position].flags & kHardLink) linked = true;
    }
    directories = static_cast<std::uint32_t>(order.size());
    for (std::uint32_t position = 0; position < rows.size(); ++position) {
      if (rows[position].status.kind != kDirectory) order.push_back(position);
    }
  }

  void match(const Triggers* triggers) {
    if (matched_with == triggers) return;
    matched_with = triggers;
    for (Row& row : rows) row.matched = triggers->match(row.name, row.name_length);
  }

  void pack() {
    packed.reset(Block::pack(rows.data(), order.data(), static_cast<std::uint32_t>(rows.size()), directories, false));
  }
};

}  // namespace dusk
