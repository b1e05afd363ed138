// Changing what the tree already says: facts of one entry, and what directories above conclude from it.
#pragma once

#include <mutex>
#include <shared_mutex>

#include "tree.h"

namespace dusk {

// No reader and no other writer while it lives: for short changes only.
class Alone {
 public:
  explicit Alone(Tree& tree) : writing_(tree.writing), replacing_(tree.replacing) {}

 private:
  std::lock_guard<std::mutex> writing_;
  std::unique_lock<std::shared_mutex> replacing_;
};

// Belongs to the one thread that refreshes; everything but reading is done while it holds Alone.
class Correction {
 public:
  explicit Correction(Tree& tree) : tree_(tree) {}

  bool is_directory(std::uint32_t index) const { return tree_.locate(index).is_directory(); }
  std::uint32_t flags(std::uint32_t index) const { return tree_.flags(tree_.locate(index)); }
  Block::Facts facts(std::uint32_t index) const;
  std::uint32_t parent(std::uint32_t index) const { return tree_.locate(index).block->parent; }
  std::uint64_t device(std::uint32_t index) const;
  std::uint64_t inode(std::uint32_t index) const;
  std::int64_t newest_below(std::uint32_t index) const;
  bool is_same(std::uint32_t index, const Status& status) const;

  // For entries that are no directories.
  void set_facts(std::uint32_t index, const Block::Facts& facts);
  void set_flags(std::uint32_t index, std::uint32_t flags);
  Gain change(std::uint32_t index, const Status& status);

  // Takes kPartial or kLinksBelow from a directory and those above, while no child is a cause.
  void clear_upwards(std::uint32_t slot, std::uint32_t flag);
  // Finds the newest modification again where the one that is lost was the newest.
  void lower_newest(std::uint32_t slot, std::int64_t lost);

 private:
  bool has_cause(std::uint32_t slot, std::uint32_t causes) const;

  Tree& tree_;
};

}  // namespace dusk
