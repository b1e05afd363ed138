#include "removal.h"

#include <algorithm>

#include "system.h"

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

std::uint32_t Removal::device_number(std::uint32_t index) const {
  const Spot spot = tree_.locate(index);
  return static_cast<std::uint32_t>(spot.block->value(Block::kDevice, spot.position));
}

Gain Removal::remove(std::uint32_t index) {
  lost_newest = std::max(lost_newest, correction_.newest_below(index));
  const Spot spot = tree_.locate(index);
  if (spot.is_directory()) {
    take_along(spot.slot());
  } else {
    forget(index, tree_.flags(spot));
  }
  return remove_one(index);
}

void Removal::take_along(std::uint32_t slot) {
  std::vector<std::uint32_t> waiting{slot};
  while (!waiting.empty()) {
    const std::uint32_t directory = waiting.back();
    waiting.pop_back();
    tree_.forget_directory(directory);
    if (tree_.directory(directory).flags.load(relaxed) & kUnreadable) tree_.forget_error(tree_.directory(directory).index);
    tree_.each_child(directory, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t index) {
      if (block.is_directory(position)) {
        waiting.push_back(block.slot(position));
      } else if (const std::uint32_t flags = block.flags(position)) {
        forget(index, flags);
      }
    });
  }
}

void Removal::forget(std::uint32_t index, std::uint32_t flags) {
  if (flags & kHardLink) {
    gone_.insert(index);
    look_again(index);
  }
  if (flags & kUnreadable) tree_.forget_error(index);
}

Gain Removal::remove_one(std::uint32_t index) {
  Spot spot = tree_.locate(index);
  const std::uint32_t flags = tree_.flags(spot), parent = spot.block->parent;
  Gain gain;
  gain.items = -1;
  if (spot.is_directory()) {
    Directory& directory = tree_.directory(spot.slot());
    if (!(flags & kCountedElsewhere)) {
      gain.blocks = -directory.blocks.load(relaxed);
      gain.size = -directory.size.load(relaxed);
    }
    gain.items -= directory.items.load(relaxed);
    set_flag(directory.flags, kRemoved);
    directory.blocks.store(0, relaxed);
    directory.size.store(0, relaxed);
    directory.items.store(0, relaxed);
    tree_.touch(spot.slot());
    if (directory.pending) tree_.release(parent);
  } else {
    Block::Facts facts = correction_.facts(index);
    if (!(flags & kCountedElsewhere)) {
      gain.blocks = -facts.blocks;
      gain.size = -facts.size;
    }
    facts.flags |= kRemoved;
    facts.blocks = facts.size = 0;
    correction_.set_facts(index, facts);
  }
  tree_.directory(parent).children.fetch_sub(1, relaxed);
  return gain;
}

void Removal::settle_links() {
  std::vector<std::uint32_t> others;
  {
    const std::lock_guard<std::mutex> lock(tree_.writing);
    for (const Inode& inode : touched_) {
      for (const std::uint32_t index : tree_.links.names(inode.first, inode.second)) {
        if (!gone_.count(index)) others.push_back(index);
      }
    }
  }
  look_up(std::move(others));
  const Alone alone(tree_);
  for (const Inode& inode : touched_) settle(inode);
  gone_.clear();
  touched_.clear();
  looked_up_.clear();
  present_.clear();
}

void Removal::settle(const Inode& inode) {
  std::vector<std::uint32_t> names;
  for (const std::uint32_t index : tree_.links.names(inode.first, inode.second)) {
    // A walker may have found another name meanwhile.
    if (!gone_.count(index) && (present_.count(index) || !looked_up_.count(index))) names.push_back(index);
  }
  for (const std::uint32_t index : names) {
    const auto found = present_.find(index);
    if (found != present_.end()) update(index, found->second);
  }
  const auto is_elsewhere = [&](std::uint32_t index) { return (correction_.flags(index) & kCountedElsewhere) != 0; };
  if (!names.empty() && std::all_of(names.begin(), names.end(), is_elsewhere)) take_over(names.back());
  if (names.size() == 1 && present_.count(names[0]) && present_[names[0]].links == 1) {
    correction_.set_flags(names[0], correction_.flags(names[0]) & ~static_cast<std::uint32_t>(kHardLink));
    correction_.clear_upwards(correction_.parent(names[0]), kLinksBelow);
    names.clear();
  }
  tree_.links.keep_only(inode.first, inode.second, names);
}

void Removal::update(std::uint32_t index, const Status& status) {
  const std::int64_t before = correction_.newest_below(index);
  Gain gain = correction_.change(index, status);
  if (correction_.flags(index) & kCountedElsewhere) gain.blocks = gain.size = 0;
  const std::uint32_t parent = correction_.parent(index);
  tree_.apply_upwards(parent, gain);
  if (gain.newest < before) correction_.lower_newest(parent, before);
}

void Removal::take_over(std::uint32_t index) {
  correction_.set_flags(index, correction_.flags(index) & ~static_cast<std::uint32_t>(kCountedElsewhere));
  const Block::Facts facts = correction_.facts(index);
  Gain gain;
  gain.blocks = facts.blocks;
  gain.size = facts.size;
  tree_.apply_upwards(correction_.parent(index), gain);
}

// Finds which names are still there, with the facts that their inode has now.
void Removal::look_up(std::vector<std::uint32_t> indexes) {
  std::unordered_map<std::uint32_t, std::vector<std::uint32_t>> by_directory;
  for (const std::uint32_t index : indexes) by_directory[correction_.parent(index)].push_back(index);
  for (const auto& [slot, names] : by_directory) {
    if (stop_.load(relaxed)) return;
    look_up_in(slot, names);
  }
}

void Removal::look_up_in(std::uint32_t slot, const std::vector<std::uint32_t>& indexes) {
  const Descriptor directory(opener_.open(slot, stop_));
  for (const std::uint32_t index : indexes) looked_up_.insert(index);
  if (!directory.is_open()) return;
  std::string name;
  for (const std::uint32_t index : indexes) {
    const Spot spot = tree_.locate(index);
    name.clear();
    spot.block->name(spot.position).append_to(name);
    Status status;
    if (examine(directory.number(), name.c_str(), Freshness::kExact, status) == 0 && correction_.is_same(index, status)) {
      present_[index] = status;
    }
  }
}

}  // namespace dusk
