// Walking one directory: opened, read, published; what is in it is handed on.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "opener.h"
#include "reader.h"
#include "tree.h"

namespace dusk {

// A directory that waits to be read.
struct Item {
  std::uint32_t slot;
  const Place* place;  // special places in it; nullptr when there are none
};

// Where the directories go that a walker found.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void take(const std::vector<Item>& items) = 0;
};

// What the walkers of one walk have in common.
struct Walk {
  Walk(Tree& filled, const Conduct& followed, int opened) : tree(filled), conduct(followed), root(opened) {}

  Tree& tree;
  const Conduct& conduct;
  const int root;  // its descriptor, which stays open as long as anybody walks
  std::uint64_t device = 0;  // of the root
  Freshness freshness = Freshness::kCached;
  std::atomic<bool> stop{false};
  std::atomic<std::uint32_t> current{kRoot};  // slot of the directory being read
};

// Lives and dies in one thread, which alone may know its descriptors.
class Walker {
 public:
  // `beat` is told when it last got an answer.
  Walker(Walk& walk, unsigned held, std::atomic<std::int64_t>& beat)
      : walk_(walk), tree_(walk.tree), beat_(beat), opener_(walk.tree, walk.root, held), reader_(walk.conduct) {}

  // Reads one directory into the tree. Throws std::bad_alloc or std::length_error.
  void walk(const Item& item, Sink& sink);

 private:
  Descriptor open(const Item& item);
  bool is_expected(std::uint32_t slot) const;
  bool may_enter(const Item& item, int descriptor);
  bool publish(const Item& item, Sink& sink, bool last, int error);
  void read(const Item& item, Descriptor descriptor, bool more, int error, Sink& sink);
  void match(std::uint32_t slot);
  void pack();
  void hand_on(const Item& item, const Block& block);
  bool is_moot(std::uint32_t slot) const;
  void give_up(std::uint32_t slot, int error);

  Walk& walk_;
  Tree& tree_;
  std::atomic<std::int64_t>& beat_;
  Opener opener_;
  Reader reader_;
  Batch batch_;
  std::vector<Item> found_;
  std::uint64_t known_device_ = 0;
  std::uint32_t known_number_ = kNone;
};

}  // namespace dusk
