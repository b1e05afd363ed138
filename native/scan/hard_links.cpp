#include "hard_links.h"

#include <algorithm>

namespace dusk {

std::size_t HardLinks::find(std::uint32_t device, std::uint64_t inode) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t place = ((inode ^ (std::uint64_t{device} << 40)) * 0x9e3779b97f4a7c15u >> 20) & mask;
  while (slots_[place].newest != kEmpty && (slots_[place].inode != inode || slots_[place].device != device)) {
    place = (place + 1) & mask;
  }
  return place;
}

void HardLinks::grow(std::size_t size) {
  std::vector<Slot> old(size);
  old.swap(slots_);
  used_ = 0;
  for (const Slot& slot : old) {
    // Inodes without names are forgotten here.
    if (slot.newest == kEmpty || slot.newest == kEnd) continue;
    slots_[find(slot.device, slot.inode)] = slot;
    ++used_;
  }
}

void HardLinks::reserve_more(std::size_t names) {
  if ((used_ + names) * 3 > slots_.size() * 2) {
    std::size_t size = std::max<std::size_t>(slots_.size(), 1024);
    while ((used_ + names) * 3 > size * 2) size *= 2;
    grow(size);
  }
  if (nodes_.capacity() - nodes_.size() < names) nodes_.reserve(std::max(nodes_.capacity() * 2, nodes_.size() + names));
}

std::uint32_t HardLinks::new_node(std::uint32_t index, std::uint32_t earlier) {
  if (free_ == kEnd) {
    nodes_.push_back({index, earlier});
    return static_cast<std::uint32_t>(nodes_.size() - 1);
  }
  const std::uint32_t node = free_;
  free_ = nodes_[node].earlier;
  nodes_[node] = {index, earlier};
  return node;
}

bool HardLinks::add(std::uint32_t device, std::uint64_t inode, std::uint32_t index) {
  Slot& slot = slots_[find(device, inode)];
  if (slot.newest == kEmpty) {
    slot.inode = inode;
    slot.device = device;
    slot.newest = kEnd;
    ++used_;
  }
  const bool first = slot.newest == kEnd;
  slot.newest = new_node(index, slot.newest);
  return first;
}

std::vector<std::uint32_t> HardLinks::names(std::uint32_t device, std::uint64_t inode) const {
  std::vector<std::uint32_t> names;
  if (slots_.empty()) return names;
  std::uint32_t node = slots_[find(device, inode)].newest;
  for (; node < kEnd; node = nodes_[node].earlier) names.push_back(nodes_[node].index);
  return names;
}

void HardLinks::keep_only(std::uint32_t device, std::uint64_t inode, const std::vector<std::uint32_t>& remaining) {
  if (slots_.empty()) return;
  Slot& slot = slots_[find(device, inode)];
  if (slot.newest == kEmpty) return;
  for (std::uint32_t node = slot.newest; node < kEnd;) {
    const std::uint32_t earlier = nodes_[node].earlier;
    nodes_[node].earlier = free_;
    free_ = node;
    node = earlier;
  }
  slot.newest = kEnd;
  for (auto name = remaining.rbegin(); name != remaining.rend(); ++name) slot.newest = new_node(*name, slot.newest);
}

}  // namespace dusk
