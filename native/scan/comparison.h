// One directory of the tree against the disk: what stayed, what changed, what is new and what is gone.
#pragma once

#include <vector>

#include "correction.h"

namespace dusk {

class Comparison {
 public:
  // Expects the children that the tree holds.
  Comparison(Tree& tree, std::uint32_t slot);

  // Ticks off entries that stayed and notes their changes; leaves those that are new in `batch`. The caller
  // holds Alone.
  void take(Batch& batch);
  Gain take_gain();
  std::vector<std::uint32_t> gone() const;

  std::vector<std::uint32_t> changed;        // slots of directories in it that were changed themselves
  std::int64_t lost_newest = kNothingBelow;  // newest modification that an entry had and has no more
  bool unlinked = false;                     // whether an entry stopped having several names

 private:
  std::size_t find(const Row& row) const;
  bool stayed(std::uint32_t child, const Row& row) const;
  void note(std::uint32_t child, const Status& status);
  void change(std::uint32_t child, const Status& status, std::uint32_t flags);
  void change_all_names(std::uint32_t child, const Status& status);
  void become_single(std::uint32_t child, const Status& status);
  void become_linked(std::uint32_t child, const Status& status);
  void tell(std::uint32_t child, const Gain& gain);

  static constexpr std::uint32_t kSeen = kNone - 1;

  Tree& tree_;
  Correction correction_;
  std::uint32_t slot_;
  std::vector<std::uint32_t> unseen_;  // children by the hash of their names; kNone where there is none
  Gain gain_;                          // told to nobody yet
};

}  // namespace dusk
