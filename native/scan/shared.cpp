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
struct Names : LinkedInode {
  std::int64_t size;
};
using Found = std::unordered_map<Key, Names, Hash>;

void note(const Tree& tree, const Block& block, std::uint32_t position, bool alone, Found& found) {
  const Block::Facts facts = block.facts(position);
  Names& inode = found[{facts.device_number, facts.inode}];
  inode.device = tree.device(facts.device_number);
  inode.inode = facts.inode;
  inode.links = facts.links;
  ++inode.found;
  inode.blocks = facts.blocks;
  inode.size = facts.size;
  inode.counted |= !alone && !(facts.flags & kCountedElsewhere);
}

// Inodes that are counted are those that the totals of directories hold.
void find_linked(const Tree& tree, const Spot& spot, Found& found) {
  if (!spot.is_directory()) {
    if (spot.block->flags(spot.position) & kHardLink) note(tree, *spot.block, spot.position, true, found);
    return;
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
        note(tree, block, position, false, found);
      }
    });
  }
}

}  // namespace

std::vector<LinkedInode> linked_inodes(const Tree& tree, std::uint32_t index) {
  std::vector<LinkedInode> inodes;
  Found found;
  const Spot spot = tree.locate(index);
  find_linked(tree, spot, found);
  inodes.reserve(found.size());
  for (const auto& [key, names] : found) {
    inodes.push_back(names);
    inodes.back().counted |= !spot.is_directory();
  }
  return inodes;
}

Sums sums(const Tree& tree, const std::vector<std::uint32_t>& entries) {
  Sums sums;
  Found found;
  std::int64_t staying = 0;
  const auto add = [&](std::int64_t size, std::int64_t blocks) {
    sums.size = bounded_sum(sums.size, size);
    sums.blocks = bounded_sum(sums.blocks, blocks);
  };
  for (const std::uint32_t index : entries) {
    const Spot spot = tree.locate(index);
    if (spot.is_directory()) {
      const Directory& directory = tree.directory(spot.slot());
      add(directory.size.load(std::memory_order_relaxed), directory.blocks.load(std::memory_order_relaxed));
    } else if (const std::uint32_t flags = spot.block->flags(spot.position); !(flags & kHardLink)) {
      const std::int64_t blocks = spot.block->disk_blocks(spot.position);
      add(spot.block->value(Block::kSize, spot.position), blocks);
      if (flags & kCountedElsewhere) staying = bounded_sum(staying, blocks);  // a file that is mounted here
    }
    find_linked(tree, spot, found);
  }
  for (const auto& [key, inode] : found) {
    if (!inode.counted) add(inode.size, inode.blocks);
    if (inode.found < inode.links) staying = bounded_sum(staying, inode.blocks);
  }
  sums.freed = bounded_sum(sums.blocks, -staying);
  return sums;
}

}  // namespace dusk
