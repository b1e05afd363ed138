// Bringing directories of the tree up to date after something changed on disk.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comparison.h"
#include "removal.h"
#include "walker.h"

namespace dusk {

// Belongs to one thread. New directories that it finds it walks by itself.
class Refresher : private Sink {
 public:
  // `walking` tells that other threads are still on the first walk of the tree.
  Refresher(Walk& walk, const Place& places, bool walking);

  // Brings the directory at a path below the root up to date, and those in it that were changed themselves.
  // What the tree does not hold is found through the nearest directory that it holds.
  void refresh(const std::string& path);
  // Notes that a directory cannot be read any more: nothing is known of what is in it.
  void close_off(std::uint32_t slot, int error);

 private:
  void take(const std::vector<Item>& items) override { waiting_.insert(waiting_.end(), items.begin(), items.end()); }

  std::uint32_t nearest(const std::string& path) const;
  bool is_closed(std::uint32_t slot) const;
  std::vector<std::uint32_t> refresh_directory(std::uint32_t slot);
  bool is_read(std::uint32_t slot) const;
  bool begin(std::uint32_t slot, const Status& status);
  std::vector<std::uint32_t> compare(std::uint32_t slot, Descriptor descriptor, const Status& status);
  int list(std::uint32_t slot, int descriptor, Comparison& comparison);
  void add(std::uint32_t slot, const Place* place);
  void conclude(std::uint32_t slot, Comparison& comparison, const std::vector<std::uint32_t>& gone);
  void forget_error(std::uint32_t slot);
  void walk_new(std::uint32_t slot);
  void end(std::uint32_t slot);
  const Place* place_of(std::uint32_t slot) const;
  bool is_stopped() const { return walk_.stop.load(std::memory_order_relaxed); }

  Walk& walk_;
  Tree& tree_;
  const Place& places_;
  const bool walking_;
  std::atomic<std::int64_t> beat_{0};  // nobody looks: what hangs here holds up nothing else
  Opener opener_;
  Reader reader_;
  Walker walker_;
  Removal removal_;
  Correction correction_;
  Batch batch_;
  std::vector<Item> waiting_;  // directories to walk, the next one last
};

}  // namespace dusk
