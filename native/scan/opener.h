// Opening directories of the tree by descriptor, with few of them open at once.
#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tree.h"

namespace dusk {

// Closes itself.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    if (this != &other) reset(std::exchange(other.number_, -1));
    return *this;
  }
  ~Descriptor() { reset(-1); }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number) {
    if (number_ >= 0) close(number_);
    number_ = number;
  }

 private:
  int number_;
};

// Belongs to one thread. Directories whose children come next stay open for a while, so that most of them
// are opened by one name below their parent; all others by their path below the nearest open one.
class Opener {
 public:
  Opener(const Tree& tree, int root, unsigned held) : tree_(tree), root_(root), most_held_(held) {}

  // Returns a descriptor or a negative errno. Waits for a free descriptor while others hold too many.
  int open(std::uint32_t slot, const std::atomic<bool>& stop);
  // Takes over the descriptor of a directory whose children may be asked for.
  void keep(std::uint32_t slot, Descriptor descriptor);

 private:
  struct Held {
    std::uint32_t slot;
    Descriptor descriptor;
  };

  int try_open(std::uint32_t slot);
  // Collects the directories between the nearest open one and this one, this one first.
  int find_base(std::uint32_t slot);
  int descend(int base);

  const Tree& tree_;
  int root_;
  std::size_t most_held_;
  std::vector<Held> held_;  // the one used last stands last
  std::vector<std::uint32_t> chain_;
  std::vector<std::string> names_;
};

}  // namespace dusk
