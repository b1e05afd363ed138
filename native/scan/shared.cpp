#include "shared.h"

#include <unordered_map>

namespace dusk {
namespace {

struct Key {
  std::uint32_t device;
  std::uint64_t inode;
  bool operator==(const Key& other) const { return device == other.device && inode == other.inode; }
};
struct Hash {
  std::size_t operator()(const Key& key) const { return key.inode * 0x9e3779b97f4a7c15u ^ key.device; }
};
using Found = std::unordered_map<Key, LinkedInode, Hash>;

void note(const Tree& tree, const Block& block, std::uint32_t position, Found& found) {
  const Block::Facts facts = block.facts(position);
  LinkedInode& inode = found[{facts.device_number, facts.inode}];
  inode.device = tree.device(facts.device_number);
  inode.inode = facts.inode;
  inode.links = facts.links;
  ++inode.found;
  inode.blocks = facts.blocks;
  inode.counted |= !(facts.flags & kCountedElsewhere);
}

Found find_linked(const Tree& tree, std::uint32_t index) {
  Found found;
  const Spot spot = tree.locate(index);
  if (!spot.is_directory()) {
    if (spot.block->flags(spot.position) & kHardLink) note(tree, *spot.block, spot.position, found);
    return found;
  }
  std::vector<std::uint32_t> waiting{spot.slot()};
  while (!waiting.empty()) {
    const std::uint32_t slot = waiting.back();
    waiting.pop_back();
    if (!(tree.directory(slot).flags.load(std::memory_order_relaxed) & kLinksBelow)) continue;
    tree.each_child(slot, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t) {
      if (block.is_directory(position)) {
        waiting.push_back(block.slot(position));
      } else if (block.has_links() && block.flags(position) & kHardLink) {
        note(tree, block, position, found);
      }
    });
  }
  return found;
}

}  // namespace

std::vector<LinkedInode> linked_inodes(const Tree& tree, std::uint32_t index) {
  std::vector<LinkedInode> inodes;
  const bool alone = !tree.locate(index).is_directory();
  for (const auto& found : find_linked(tree, index)) {
    inodes.push_back(found.second);
    inodes.back().counted |= alone;
  }
  return inodes;
}

std::int64_t freed_blocks(const Tree& tree, std::uint32_t index) {
  const Spot spot = tree.locate(index);
  const std::uint32_t flags = tree.flags(spot);
  std::int64_t freed = 0;
  if (spot.is_directory()) {
    freed = tree.directory(spot.slot()).blocks.load(std::memory_order_relaxed);
  } else if (!(flags & kCountedElsewhere)) {
    freed = spot.block->disk_blocks(spot.position);
  }
  for (const auto& [key, inode] : find_linked(tree, index)) {
    if (inode.counted) freed -= inode.blocks;
    if (inode.found >= inode.links) freed += inode.blocks;
  }
  return freed;
}

}  // namespace dusk
