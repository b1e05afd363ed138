#include "comparison.h"

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint32_t kNotEntered = kOtherFilesystem | kPseudo | kCountedElsewhere;
constexpr std::uint32_t kMarks = kMountPoint | kPseudo | kUnreadable;

std::size_t hash(const char* name, std::size_t length) { return std::hash<std::string_view>()({name, length}); }

}  // namespace

Comparison::Comparison(Tree& tree, std::uint32_t slot) : tree_(tree), correction_(tree), slot_(slot) {
  const std::size_t children = tree.directory(slot).children.load(relaxed);
  std::size_t size = 16;
  while (size < children * 2) size *= 2;
  unseen_.assign(size, kNone);
  std::string name;
  tree.each_child(slot, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t index) {
    name.clear();
    block.name(position).append_to(name);
    std::size_t place = hash(name.data(), name.size()) & (size - 1);
    while (unseen_[place] != kNone) place = (place + 1) & (size - 1);
    unseen_[place] = index;
  });
}

std::size_t Comparison::find(const Row& row) const {
  const std::size_t mask = unseen_.size() - 1;
  std::size_t place = hash(row.name, row.name_length) & mask;
  for (; unseen_[place] != kNone; place = (place + 1) & mask) {
    if (unseen_[place] == kSeen) continue;
    const Spot spot = tree_.locate(unseen_[place]);
    if (spot.block->name(spot.position).equals(row.name, row.name_length)) break;
  }
  return place;
}

std::vector<std::uint32_t> Comparison::gone() const {
  std::vector<std::uint32_t> gone;
  for (const std::uint32_t index : unseen_) {
    if (index < kSeen) gone.push_back(index);
  }
  return gone;
}

Gain Comparison::take_gain() {
  const Gain gain = gain_;
  gain_ = Gain();
  return gain;
}

void Comparison::take(Batch& batch) {
  std::size_t kept = 0;
  for (std::size_t position = 0; position < batch.rows.size(); ++position) {
    const Row& row = batch.rows[position];
    const std::size_t place = find(row);
    const std::uint32_t child = unseen_[place];
    if (child == kNone || !stayed(child, row)) {
      batch.rows[kept++] = row;
      continue;
    }
    unseen_[place] = kSeen;
    if (!row.untouched) note(child, row.status);
  }
  batch.rows.resize(kept);
}

bool Comparison::stayed(std::uint32_t child, const Row& row) const {
  const Spot spot = tree_.locate(child);
  // A walker may have found meanwhile that it had vanished; what has its name now is new.
  if (spot.block->kind(spot.position) != row.status.kind || tree_.flags(spot) & kRemoved) return false;
  if (!row.untouched) return correction_.is_same(child, row.status);
  const std::uint32_t marks = row.flags & kMarks;
  return (tree_.flags(spot) & marks) == marks;
}

void Comparison::note(std::uint32_t child, const Status& status) {
  const Spot spot = tree_.locate(child);
  const std::uint32_t flags = tree_.flags(spot);
  if (spot.is_directory()) {
    const bool is_changed = status.modified != tree_.directory(spot.slot()).own_modified.load(relaxed);
    if ((is_changed || flags & kUnreadable) && !(flags & (kScanning | kNotEntered))) changed.push_back(spot.slot());
    return;
  }
  const Block::Facts known = spot.block->facts(spot.position);
  if (known.size == status.size && known.blocks == status.blocks && known.modified == status.modified &&
      known.links == status.links) {
    return;
  }
  if (status.modified < known.modified) lost_newest = std::max(lost_newest, known.modified);
  change(child, status, flags);
}

void Comparison::change(std::uint32_t child, const Status& status, std::uint32_t flags) {
  const bool before = flags & kHardLink, now = status.links > 1;
  if (before && now) {
    change_all_names(child, status);
  } else if (before) {
    become_single(child, status);
  } else if (now) {
    become_linked(child, status);
  } else {
    const Gain gain = correction_.change(child, status);
    if (!(flags & kCountedElsewhere)) gain_.add(gain);
  }
}

void Comparison::change_all_names(std::uint32_t child, const Status& status) {
  const Block::Facts facts = correction_.facts(child);
  for (const std::uint32_t name : tree_.links.names(facts.device_number, facts.inode)) {
    const std::int64_t before = correction_.newest_below(name);
    Gain gain = correction_.change(name, status);
    if (correction_.flags(name) & kCountedElsewhere) gain.blocks = gain.size = 0;
    tell(name, gain);
    if (gain.newest < before) correction_.lower_newest(correction_.parent(name), before);
  }
}

// Names elsewhere must be gone by now; those directories say so when they are refreshed.
void Comparison::become_single(std::uint32_t child, const Status& status) {
  Gain gain = correction_.change(child, status);
  const Block::Facts facts = correction_.facts(child);
  std::vector<std::uint32_t> others = tree_.links.names(facts.device_number, facts.inode);
  others.erase(std::remove(others.begin(), others.end(), child), others.end());
  if (facts.flags & kCountedElsewhere) {
    gain.blocks = facts.blocks;
    gain.size = facts.size;
    for (const std::uint32_t name : others) {
      const Block::Facts other = correction_.facts(name);
      if (other.flags & kCountedElsewhere) continue;
      correction_.set_flags(name, other.flags | kCountedElsewhere);
      Gain loss;
      loss.blocks = -other.blocks;
      loss.size = -other.size;
      tell(name, loss);
    }
  }
  correction_.set_flags(child, facts.flags & ~static_cast<std::uint32_t>(kCountedElsewhere | kHardLink));
  tree_.links.keep_only(facts.device_number, facts.inode, others);
  unlinked = true;
  gain_.add(gain);
}

void Comparison::become_linked(std::uint32_t child, const Status& status) {
  tree_.links.reserve_more(1);
  Gain gain = correction_.change(child, status);
  const Block::Facts facts = correction_.facts(child);
  std::uint32_t flags = facts.flags | kHardLink;
  if (!tree_.links.add(facts.device_number, facts.inode, child)) {
    flags |= kCountedElsewhere;
    gain.blocks -= facts.blocks;
    gain.size -= facts.size;
  }
  correction_.set_flags(child, flags);
  tree_.mark_upwards(slot_, kLinksBelow);
  gain_.add(gain);
}

void Comparison::tell(std::uint32_t child, const Gain& gain) {
  const std::uint32_t parent = correction_.parent(child);
  if (parent == slot_) {
    gain_.add(gain);
  } else {
    tree_.apply_upwards(parent, gain);
  }
}

}  // namespace dusk
