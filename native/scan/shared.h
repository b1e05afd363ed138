// What deleting an entry really frees: inodes with several names stay while one name is left.
#pragma once

#include <cstdint>
#include <vector>

#include "tree.h"

namespace dusk {

struct LinkedInode {
  std::uint64_t device, inode;
  std::uint32_t links;   // names on the whole filesystem
  std::uint32_t found;   // of them at or below the entry
  std::int64_t blocks;
  bool counted;          // whether the size of the entry holds the bytes; that of one name alone always does
};

// The inodes with several names that have one at or below an entry. The caller holds `replacing` shared.
std::vector<LinkedInode> linked_inodes(const Tree& tree, std::uint32_t index);
// Blocks that go when an entry goes: its total, less what is shared with names elsewhere.
std::int64_t freed_blocks(const Tree& tree, std::uint32_t index);

}  // namespace dusk
