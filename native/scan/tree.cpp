// Reading the tree, and the few places where it changes after it was published.
#include "tree.h"

#include <cstring>

namespace dusk {

Tree::Tree(const std::string& path, bool awaits_report) : shows_completed_(!awaits_report) {
  Batch batch;
  batch.rows.resize(1);
  Row& root = batch.rows[0];
  root.name = path.data();
  root.name_length = static_cast<std::uint32_t>(path.size());
  root.status.kind = kDirectory;
  root.status.links = 0;
  root.walked = true;
  root.flags = kScanning;
  root.device_number = device_number(0);  // until it is examined
  batch.arrange();
  batch.pack();
  publish(kNone, batch);
}

Tree::~Tree() {
  const std::uint32_t count = block_count_.load();
  for (std::uint32_t number = 0; number < count; ++number) Block::destroy(blocks_[number].load());
}

Spot Tree::locate(std::uint32_t index) const {
  // At most 64 blocks begin within one granule.
  const std::uint32_t count = block_count_.load(std::memory_order_acquire);
  std::uint32_t number = granules_[index / 64].load(std::memory_order_relaxed);
  while (number + 1 < count && firsts_[number + 1].load(std::memory_order_relaxed) <= index) ++number;
  const Block* found = block(number);
  return {found, index - found->first, number};
}

std::uint32_t Tree::parent_index(const Spot& spot) const {
  return spot.block->parent == kNone ? kNone : directory(spot.block->parent).index;
}

std::uint32_t Tree::flags(const Spot& spot) const {
  if (spot.is_directory()) return directory(spot.slot()).flags.load(std::memory_order_relaxed);
  return spot.block->flags(spot.position);
}

bool Tree::is_removed(const Spot& spot) const {
  if (flags(spot) & kRemoved) return true;
  return spot.block->parent != kNone && is_removed_directory(spot.block->parent);
}

bool Tree::is_removed_directory(std::uint32_t slot) const {
  for (; slot != kNone; slot = directory(slot).parent) {
    if (directory(slot).flags.load(std::memory_order_relaxed) & kRemoved) return true;
  }
  return false;
}

void Tree::append_name(std::uint32_t slot, std::string& text) const {
  const Spot spot = locate(directory(slot).index);
  spot.block->name(spot.position).append_to(text);
}

std::uint32_t Tree::child(std::uint32_t slot, const char* name, std::size_t length) const {
  std::uint32_t found = kNone;
  for (std::uint32_t number = directory(slot).first_block.load(std::memory_order_acquire); number && found == kNone;) {
    const Block& children = *block(number);
    found = children.find(name, length, [&](std::uint32_t position) {
      return !(flags({&children, position, number}) & kRemoved);
    });
    number = children.next.load(std::memory_order_acquire);
  }
  return found;
}

int Tree::error(std::uint32_t index) const {
  const std::lock_guard<std::mutex> lock(writing);
  const auto found = errors_.find(index);
  return found == errors_.end() ? 0 : found->second;
}

void Tree::note_error(std::uint32_t index, int error) {
  errors_[index] = error;
  error_count_.store(errors_.size(), std::memory_order_relaxed);
}

void Tree::forget_error(std::uint32_t index) {
  errors_.erase(index);
  error_count_.store(errors_.size(), std::memory_order_relaxed);
}

std::uint32_t Tree::device_number(std::uint64_t device) {
  const auto known = device_numbers_.find(device);
  if (known != device_numbers_.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(device_numbers_.size());
  devices_.reserve(number + 1);
  devices_[number].store(device, std::memory_order_relaxed);
  device_numbers_.emplace(device, number);
  return number;
}

std::uint32_t Tree::visit(std::uint64_t device, std::uint64_t inode, std::uint32_t slot) {
  return visited_.emplace(Inode{device, inode}, slot).first->second;
}

void Tree::forget_directory(std::uint32_t slot) {
  const Directory& gone = directory(slot);
  directory_count_.fetch_sub(1, std::memory_order_relaxed);
  const auto found = visited_.find({device(gone.device_number.load()), gone.inode.load()});
  if (found != visited_.end() && found->second == slot) visited_.erase(found);
}

Block& Tree::editable(std::uint32_t number) {
  Block* known = blocks_[number].load(std::memory_order_relaxed);
  if (known->is_editable()) return *known;
  edited_.push_back(number);
  Block* wide = known->repacked(true);
  blocks_[number].store(wide, std::memory_order_release);
  Block::destroy(known);
  return *wide;
}

void Tree::repack() {
  for (const std::uint32_t number : edited_) {
    Block* wide = blocks_[number].load(std::memory_order_relaxed);
    blocks_[number].store(wide->repacked(false), std::memory_order_release);
    Block::destroy(wide);
  }
  edited_.clear();
}

}  // namespace dusk
