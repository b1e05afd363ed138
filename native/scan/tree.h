// The size tree: what readers see while the scan fills it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "batch.h"
#include "block.h"
#include "entry.h"
#include "hard_links.h"
#include "segments.h"
#include "triggers.h"

namespace dusk {

enum Reading : std::uint8_t {
  kUnread,   // waits for a walker
  kBeingRead,
  kRead,
  kCutShort,  // the scan was stopped while it was read
  kClosed,    // never entered
};

enum Enclosed : std::uint8_t { kNotAsked, kOpen, kEnclosed };

// What only directories have. Numbers change under the writers' lock and may be read at any time.
struct Directory {
  std::atomic<std::int64_t> size, blocks, items, newest_below;
  std::atomic<std::int64_t> own_size, own_blocks, own_modified;
  std::atomic<std::uint64_t> inode;
  std::atomic<std::uint32_t> device_number, owner, links, flags;
  std::atomic<std::uint32_t> revision;
  std::atomic<std::uint32_t> children;     // that are not removed
  std::atomic<std::uint32_t> first_block;  // number; 0 for none
  std::uint32_t last_block;                // number
  std::uint32_t index;                     // its entry
  std::uint32_t parent;                    // slot; kNone for the root
  std::uint32_t pending;                   // directories in it that are not complete, and its own reading
  std::atomic<std::uint8_t> reading;
  std::atomic<std::uint8_t> enclosed;      // whether other names count in it: Enclosed

  std::int64_t newest() const {
    const std::int64_t below = newest_below.load(std::memory_order_relaxed);
    return below == kNothingBelow ? own_modified.load(std::memory_order_relaxed) : below;
  }
};

// Where an entry lies.
struct Spot {
  const Block* block;
  std::uint32_t position;
  std::uint32_t number;  // of the block

  bool is_directory() const { return block->is_directory(position); }
  std::uint32_t slot() const { return block->slot(position); }
};

// Entries are numbered in the order in which they are published, block by block. Directories have a slot
// besides. Who reads blocks holds `replacing` shared, or `writing`; who writes holds `writing`, and
// `replacing` alone as well when it changes or replaces a block that was published.
class Tree {
 public:
  // With `awaits_report`, completed directories are not shown before it is said what to report.
  Tree(const std::string& path, bool awaits_report);
  ~Tree();
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  mutable std::mutex writing;
  mutable std::shared_mutex replacing;

  // Reading.
  std::uint32_t count() const { return count_.load(std::memory_order_acquire); }
  std::uint32_t directory_count() const { return directory_count_.load(std::memory_order_relaxed); }
  Spot locate(std::uint32_t index) const;
  Directory& directory(std::uint32_t slot) const { return directories_[slot]; }
  const Block* block(std::uint32_t number) const { return blocks_[number].load(std::memory_order_acquire); }
  std::uint32_t parent_index(const Spot& spot) const;
  std::uint32_t flags(const Spot& spot) const;
  bool is_removed(const Spot& spot) const;
  bool is_removed_directory(std::uint32_t slot) const;
  void append_name(std::uint32_t slot, std::string& text) const;
  std::uint32_t child(std::uint32_t slot, const char* name, std::size_t length) const;
  std::uint64_t device(std::uint32_t number) const { return devices_[number].load(std::memory_order_relaxed); }
  int error(std::uint32_t index) const;
  std::size_t errors() const { return error_count_.load(std::memory_order_relaxed); }
  const Numbers& hits() const { return hits_; }
  const Numbers& completed() const { return completed_; }
  std::uint64_t completed_count() const { return shows_completed_.load(std::memory_order_acquire) ? completed_.size() : 0; }

  // Calls `visit(block, number, position, index)` for every child that is not removed.
  template <class Visit>
  void each_child(std::uint32_t slot, Visit&& visit) const {
    const Directory& parent = directory(slot);
    for (std::uint32_t number = parent.first_block.load(std::memory_order_acquire); number;) {
      const Block& children = *block(number);
      for (std::uint32_t position = 0; position < children.count; ++position) {
        const std::uint32_t state = children.is_directory(position)
                                        ? directory(children.slot(position)).flags.load(std::memory_order_relaxed)
                                        : children.flags(position);
        if (!(state & kRemoved)) visit(children, number, position, children.first + position);
      }
      number = children.next.load(std::memory_order_acquire);
    }
  }

  // Reporting: says which names are hits, also of those that are there already; only the first time counts.
  // Takes the locks itself, for moments. Throws std::bad_alloc.
  void report(std::unique_ptr<const Triggers> triggers);
  // What counts in a directory; nullptr as long as nobody said so. The caller reads blocks.
  const Triggers* triggers_in(std::uint32_t slot) const;

  // Writing: the caller holds `writing`.
  std::uint32_t device_number(std::uint64_t device);
  // Adds children to a directory and tells all directories above; returns the new block. Throws
  // std::bad_alloc, or std::length_error when there are more entries than indexes.
  const Block* publish(std::uint32_t slot, Batch& batch);
  Gain note_directory(std::uint32_t slot, const Status& status);
  void apply(std::uint32_t slot, const Gain& gain);
  void apply_upwards(std::uint32_t slot, const Gain& gain);
  void mark_upwards(std::uint32_t slot, std::uint32_t flag);
  void mark_unreadable_directory(std::uint32_t slot, int error);
  void touch(std::uint32_t slot);
  void release(std::uint32_t slot);
  void reopen(std::uint32_t slot);
  void close_off(std::uint32_t slot, std::uint32_t flag);
  void vanish(std::uint32_t slot);
  void forget_directory(std::uint32_t slot);
  void note_error(std::uint32_t index, int error);
  void forget_error(std::uint32_t index);
  std::uint32_t visit(std::uint64_t device, std::uint64_t inode, std::uint32_t slot);

  // Writing where readers may be: the caller holds `replacing` alone as well.
  Block& editable(std::uint32_t number);
  void repack();

  HardLinks links;

 private:
  void reserve(const Batch& batch, std::size_t entries);
  void claim_links(Batch& batch, std::uint32_t first);
  void add_directories(const Batch& batch, const Block& block);
  void add_block(Block* block);
  void list_block(std::uint32_t slot, std::uint32_t number);
  bool is_enclosed(const Triggers& wanted, std::uint32_t slot) const;
  std::string end_of_path(std::uint32_t slot, std::size_t most_parts) const;
  std::vector<std::uint32_t> matched(std::uint32_t& number, std::uint32_t end) const;
  void note_rows(std::uint32_t slot, const Batch& batch, std::uint32_t first);

  std::atomic<std::uint32_t> count_{0};
  std::atomic<std::uint32_t> block_count_{0};
  std::atomic<std::uint32_t> directory_count_{0};
  std::atomic<std::size_t> error_count_{0};
  std::uint32_t slots_ = 0;
  Segments<std::atomic<Block*>> blocks_;
  Segments<std::atomic<std::uint32_t>> firsts_;    // first index of every block
  Segments<std::atomic<std::uint32_t>> granules_;  // block that holds every 64th index
  Segments<Directory> directories_;
  Segments<std::atomic<std::uint64_t>> devices_;
  std::unordered_map<std::uint64_t, std::uint32_t> device_numbers_;
  Numbers hits_, completed_;
  std::unique_ptr<const Triggers> owned_triggers_;
  std::atomic<const Triggers*> triggers_{nullptr};
  std::atomic<bool> shows_completed_;
  std::unordered_map<std::uint32_t, int> errors_;
  struct Inode {
    std::uint64_t device, inode;
    bool operator==(const Inode& other) const { return device == other.device && inode == other.inode; }
  };
  struct InodeHash {
    std::size_t operator()(const Inode& inode) const { return inode.inode * 0x9e3779b97f4a7c15u ^ inode.device; }
  };
  std::unordered_map<Inode, std::uint32_t, InodeHash> visited_;  // directories entered, when others are crossed to
  std::vector<std::uint32_t> edited_;
};

inline void set_flag(std::atomic<std::uint32_t>& flags, std::uint32_t flag) {
  flags.store(flags.load(std::memory_order_relaxed) | flag, std::memory_order_relaxed);
}
inline void clear_flag(std::atomic<std::uint32_t>& flags, std::uint32_t flag) {
  flags.store(flags.load(std::memory_order_relaxed) & ~flag, std::memory_order_relaxed);
}

}  // namespace dusk
