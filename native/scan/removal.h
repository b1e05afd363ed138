// Taking entries out of the tree: what goes with them, and who carries the bytes of their hard links then.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "correction.h"
#include "opener.h"

namespace dusk {

// Removes subtrees during one refresh, then puts hard links right.
class Removal {
 public:
  Removal(Tree& tree, Opener& opener, const std::atomic<bool>& stop)
      : tree_(tree), correction_(tree), opener_(opener), stop_(stop) {}

  // Removes an entry with everything below it; returns what was lost above it. The caller holds Alone.
  Gain remove(std::uint32_t index);
  // Looks at all names of an entry's inode again when hard links are settled.
  void look_again(std::uint32_t index) { touched_.insert({device_number(index), correction_.inode(index)}); }
  // Lets another name carry the bytes of every inode whose carrier went, and counts its names again.
  void settle_links();

  std::int64_t lost_newest = kNothingBelow;  // newest modification among what was removed

 private:
  using Inode = std::pair<std::uint32_t, std::uint64_t>;
  struct Hash {
    std::size_t operator()(const Inode& inode) const { return inode.second * 0x9e3779b97f4a7c15u ^ inode.first; }
  };

  std::uint32_t device_number(std::uint32_t index) const;
  void take_along(std::uint32_t slot);
  void forget(std::uint32_t index, std::uint32_t flags);
  Gain remove_one(std::uint32_t index);
  void look_up(std::vector<std::uint32_t> indexes);
  void look_up_in(std::uint32_t slot, const std::vector<std::uint32_t>& indexes);
  void settle(const Inode& inode);
  void update(std::uint32_t index, const Status& status);
  void take_over(std::uint32_t index);

  Tree& tree_;
  Correction correction_;
  Opener& opener_;
  const std::atomic<bool>& stop_;
  std::unordered_set<std::uint32_t> gone_;
  std::unordered_set<Inode, Hash> touched_;
  std::unordered_set<std::uint32_t> looked_up_;
  std::unordered_map<std::uint32_t, Status> present_;
};

}  // namespace dusk
