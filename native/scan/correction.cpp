#include "correction.h"

#include <algorithm>

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

}  // namespace

Block::Facts Correction::facts(std::uint32_t index) const {
  const Spot spot = tree_.locate(index);
  return spot.block->facts(spot.position);
}

std::uint64_t Correction::device(std::uint32_t index) const {
  const Spot spot = tree_.locate(index);
  if (spot.is_directory()) return tree_.device(tree_.directory(spot.slot()).device_number.load(relaxed));
  return tree_.device(static_cast<std::uint32_t>(spot.block->value(Block::kDevice, spot.position)));
}

std::uint64_t Correction::inode(std::uint32_t index) const {
  const Spot spot = tree_.locate(index);
  if (spot.is_directory()) return tree_.directory(spot.slot()).inode.load(relaxed);
  return static_cast<std::uint64_t>(spot.block->value(Block::kInode, spot.position));
}

std::int64_t Correction::newest_below(std::uint32_t index) const {
  const Spot spot = tree_.locate(index);
  if (spot.is_directory()) return tree_.directory(spot.slot()).newest_below.load(relaxed);
  return spot.block->value(Block::kModified, spot.position);
}

bool Correction::is_same(std::uint32_t index, const Status& status) const {
  return status.device == device(index) && status.inode == inode(index);
}

void Correction::set_facts(std::uint32_t index, const Block::Facts& facts) {
  const Spot spot = tree_.locate(index);
  tree_.editable(spot.number).set_facts(spot.position, facts);
}

void Correction::set_flags(std::uint32_t index, std::uint32_t flags) {
  const Spot spot = tree_.locate(index);
  tree_.editable(spot.number).set_flags(spot.position, flags);
}

// Notes new facts; returns the difference, told to nobody yet.
Gain Correction::change(std::uint32_t index, const Status& status) {
  Block::Facts facts = this->facts(index);
  Gain gain;
  gain.blocks = status.blocks - facts.blocks;
  gain.size = status.size - facts.size;
  gain.newest = status.modified;
  facts.blocks = status.blocks;
  facts.size = status.size;
  facts.modified = status.modified;
  facts.owner = status.owner;
  facts.links = status.links;
  facts.flags &= ~static_cast<std::uint32_t>(kSparse);
  if (facts.kind == kFile && status.blocks < kLimit / 512 && status.blocks * 512 < status.size) facts.flags |= kSparse;
  set_facts(index, facts);
  return gain;
}

bool Correction::has_cause(std::uint32_t slot, std::uint32_t causes) const {
  bool found = false;
  tree_.each_child(slot, [&](const Block& block, std::uint32_t number, std::uint32_t position, std::uint32_t) {
    found = found || (tree_.flags({&block, position, number}) & causes);
  });
  return found;
}

void Correction::clear_upwards(std::uint32_t slot, std::uint32_t flag) {
  const std::uint32_t causes = flag == kPartial ? kPartial | kUnreadable : kLinksBelow | kHardLink;
  while (slot != kNone && tree_.directory(slot).flags.load(relaxed) & flag) {
    if (has_cause(slot, causes)) return;
    clear_flag(tree_.directory(slot).flags, flag);
    tree_.touch(slot);
    slot = tree_.directory(slot).parent;
  }
}

void Correction::lower_newest(std::uint32_t slot, std::int64_t lost) {
  for (; slot != kNone; slot = tree_.directory(slot).parent) {
    Directory& directory = tree_.directory(slot);
    if (directory.newest_below.load(relaxed) > lost) return;
    std::int64_t newest = kNothingBelow;
    tree_.each_child(slot, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t) {
      newest = std::max(newest, block.is_directory(position)
                                    ? tree_.directory(block.slot(position)).newest_below.load(relaxed)
                                    : block.value(Block::kModified, position));
    });
    if (newest == directory.newest_below.load(relaxed)) return;
    directory.newest_below.store(newest, relaxed);
    tree_.touch(slot);
  }
}

}  // namespace dusk
