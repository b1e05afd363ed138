// What directories above conclude: sums, flags, completion. The caller holds the tree's writers' lock.
#include "tree.h"

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;

void add(std::atomic<std::int64_t>& sum, std::int64_t gain) {
  // Only one thread writes at a time; a plain load and store is cheaper than an atomic addition.
  if (gain) sum.store(bounded_sum(sum.load(relaxed), gain), relaxed);
}

}  // namespace

void Tree::touch(std::uint32_t slot) {
  // After the change: who remembered the old state did so under the old revision.
  Directory& changed = directory(slot);
  changed.revision.store(changed.revision.load(relaxed) + 1, std::memory_order_release);
}

void Tree::apply(std::uint32_t slot, const Gain& gain) {
  Directory& gaining = directory(slot);
  add(gaining.blocks, gain.blocks);
  add(gaining.size, gain.size);
  add(gaining.items, gain.items);
  if (gain.newest > gaining.newest_below.load(relaxed)) gaining.newest_below.store(gain.newest, relaxed);
  touch(slot);
}

void Tree::apply_upwards(std::uint32_t slot, const Gain& gain) {
  for (; slot != kNone; slot = directory(slot).parent) apply(slot, gain);
}

void Tree::mark_upwards(std::uint32_t slot, std::uint32_t flag) {
  for (; slot != kNone; slot = directory(slot).parent) {
    if (directory(slot).flags.load(relaxed) & flag) return;
    set_flag(directory(slot).flags, flag);
    touch(slot);
  }
}

void Tree::mark_unreadable_directory(std::uint32_t slot, int error) {
  Directory& unreadable = directory(slot);
  note_error(unreadable.index, error);
  set_flag(unreadable.flags, kUnreadable);
  touch(slot);
  mark_upwards(unreadable.parent, kPartial);
}

Gain Tree::note_directory(std::uint32_t slot, const Status& status) {
  Directory& noted = directory(slot);
  Gain gain;
  gain.blocks = status.blocks - noted.own_blocks.load(relaxed);
  noted.own_size.store(status.size, relaxed);
  noted.own_blocks.store(status.blocks, relaxed);
  noted.own_modified.store(status.modified, relaxed);
  noted.owner.store(status.owner, relaxed);
  noted.device_number.store(device_number(status.device), relaxed);
  noted.inode.store(status.inode, relaxed);
  noted.links.store(status.links, relaxed);
  return gain;
}

// Ends one thing that a directory waited for; completes it, and those above, when it was the last one.
void Tree::release(std::uint32_t slot) {
  while (slot != kNone) {
    Directory& waiting = directory(slot);
    if (waiting.pending == 0 || --waiting.pending) return;
    clear_flag(waiting.flags, kScanning);
    touch(slot);
    // Whoever removed it told the directory above already.
    if (waiting.flags.load(relaxed) & kRemoved) return;
    completed_.append(waiting.index);
    slot = waiting.parent;
  }
}

// Makes a directory wait for one thing more, and those above for it when it was complete.
void Tree::reopen(std::uint32_t slot) {
  // Each of them is completed once more.
  std::uint64_t depth = 1;
  for (std::uint32_t above = slot; above != kNone; above = directory(above).parent) ++depth;
  completed_.reserve_more(std::uint64_t{slots_} + depth);
  while (slot != kNone && directory(slot).pending++ == 0) slot = directory(slot).parent;
}

void Tree::close_off(std::uint32_t slot, std::uint32_t flag) {
  Directory& closed = directory(slot);
  Gain gain;
  gain.blocks = -closed.blocks.load(relaxed);
  closed.blocks.store(0, relaxed);
  closed.own_blocks.store(0, relaxed);
  clear_flag(closed.flags, kScanning);
  set_flag(closed.flags, flag);
  closed.reading.store(kClosed, relaxed);
  closed.pending = 0;
  touch(slot);
  apply_upwards(closed.parent, gain);
  release(closed.parent);
}

// Takes a directory out that was listed and is not there any more when it is to be read.
void Tree::vanish(std::uint32_t slot) {
  Directory& gone = directory(slot);
  forget_directory(slot);
  Gain gain;
  gain.blocks = -gone.blocks.load(relaxed);
  gain.size = -gone.size.load(relaxed);
  gain.items = -1 - gone.items.load(relaxed);
  set_flag(gone.flags, kRemoved);
  gone.blocks.store(0, relaxed);
  gone.size.store(0, relaxed);
  gone.items.store(0, relaxed);
  touch(slot);
  directory(gone.parent).children.fetch_sub(1, relaxed);
  apply_upwards(gone.parent, gain);
  release(gone.parent);
}

}  // namespace dusk
