// How entries come into the tree: all that can fail first, then in the order in which readers may see it.
#include <stdexcept>

#include "tree.h"

namespace dusk {

const Block* Tree::publish(std::uint32_t slot, Batch& batch) {
  const std::uint32_t first = count_.load(std::memory_order_relaxed);
  reserve(batch, batch.rows.size());
  claim_links(batch, first);
  if (!batch.packed) batch.pack();
  Block* block = batch.packed.release();
  block->first = first;
  block->parent = slot;
  block->first_slot = slots_;
  add_directories(batch, *block);
  const std::uint32_t number = block_count_.load(std::memory_order_relaxed);
  add_block(block);
  if (slot == kNone) return block;
  list_block(slot, number);
  // Read before it was known what to report: whoever makes that known looks only at blocks before this one.
  batch.match(triggers_in(slot));
  note_rows(slot, batch, first);
  return block;
}

void Tree::reserve(const Batch& batch, std::size_t entries) {
  const std::uint64_t after = std::uint64_t{count_.load(std::memory_order_relaxed)} + entries;
  if (after >= kNone) throw std::length_error("more entries than indexes");
  const std::uint64_t blocks = std::uint64_t{block_count_.load(std::memory_order_relaxed)} + 1;
  blocks_.reserve(blocks);
  firsts_.reserve(blocks);
  granules_.reserve(after / 64 + 1);
  directories_.reserve(std::uint64_t{slots_} + batch.directories);
  // Every directory is completed once at least.
  completed_.reserve_more(slots_ + batch.directories + 1);
  hits_.reserve_more(entries);
  if (batch.linked) links.reserve_more(entries);
}

void Tree::claim_links(Batch& batch, std::uint32_t first) {
  if (!batch.linked) return;
  for (std::uint32_t position = batch.directories; position < batch.order.size(); ++position) {
    Row& row = batch.rows[batch.order[position]];
    if (row.flags & kHardLink && !links.add(row.device_number, row.status.inode, first + position)) {
      row.flags |= kCountedElsewhere;
    }
  }
}

void Tree::add_directories(const Batch& batch, const Block& block) {
  constexpr auto relaxed = std::memory_order_relaxed;
  for (std::uint32_t position = 0; position < batch.directories; ++position) {
    const Row& row = batch.rows[batch.order[position]];
    Directory& directory = directories_[slots_++];
    directory.blocks.store(row.status.blocks, relaxed);
    directory.newest_below.store(kNothingBelow, relaxed);
    directory.own_size.store(row.status.size, relaxed);
    directory.own_blocks.store(row.status.blocks, relaxed);
    directory.own_modified.store(row.status.modified, relaxed);
    directory.inode.store(row.status.inode, relaxed);
    directory.device_number.store(row.device_number, relaxed);
    directory.owner.store(row.status.owner, relaxed);
    directory.links.store(row.status.links, relaxed);
    directory.flags.store(row.flags, relaxed);
    directory.revision.store(1, relaxed);
    directory.index = block.first + position;
    directory.parent = block.parent;
    directory.pending = row.walked ? 1 : 0;
    directory.reading.store(row.walked ? kUnread : kClosed, relaxed);
    directory.enclosed.store(kNotAsked, relaxed);
  }
  directory_count_.fetch_add(batch.directories, relaxed);
}

void Tree::add_block(Block* block) {
  const std::uint32_t number = block_count_.load(std::memory_order_relaxed);
  blocks_[number].store(block, std::memory_order_release);
  firsts_[number].store(block->first, std::memory_order_relaxed);
  const std::uint64_t end = std::uint64_t{block->first} + block->count;
  for (std::uint64_t granule = (std::uint64_t{block->first} + 63) / 64; granule * 64 < end; ++granule) {
    granules_[granule].store(number, std::memory_order_relaxed);
  }
  block_count_.store(number + 1, std::memory_order_release);
  count_.store(static_cast<std::uint32_t>(end), std::memory_order_release);
}

void Tree::list_block(std::uint32_t slot, std::uint32_t number) {
  Directory& parent = directory(slot);
  if (parent.first_block.load(std::memory_order_relaxed) == 0) {
    parent.first_block.store(number, std::memory_order_release);
  } else {
    blocks_[parent.last_block].load(std::memory_order_relaxed)->next.store(number, std::memory_order_release);
  }
  parent.last_block = number;
}

void Tree::note_rows(std::uint32_t slot, const Batch& batch, std::uint32_t first) {
  Gain gain;
  bool partial = false;
  Directory& parent = directory(slot);
  gain.items = static_cast<std::int64_t>(batch.rows.size());
  for (std::uint32_t position = 0; position < batch.order.size(); ++position) {
    const Row& row = batch.rows[batch.order[position]];
    if (!(row.flags & kCountedElsewhere)) {
      gain.blocks = bounded_sum(gain.blocks, row.status.blocks);
      if (row.status.kind != kDirectory) gain.size = bounded_sum(gain.size, row.status.size);
    }
    if (row.status.kind != kDirectory && row.status.modified > gain.newest) gain.newest = row.status.modified;
    if (row.walked) ++parent.pending;
    if (row.error) {
      note_error(first + position, row.error);
      partial = true;
    }
    if (row.matched) hits_.append(first + position);
  }
  parent.children.fetch_add(static_cast<std::uint32_t>(batch.rows.size()), std::memory_order_relaxed);
  apply_upwards(slot, gain);
  if (partial) mark_upwards(slot, kPartial);
  if (batch.linked) mark_upwards(slot, kLinksBelow);
}

}  // namespace dusk
