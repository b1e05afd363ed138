// The children of a directory in order, page by page, without sorting a million names for one screen.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "tree.h"

namespace dusk {

enum Sort : int { kBySize, kByName, kByItems, kByNewest };

// Remembers orders for a short while; any thread may ask.
class Ordering {
 public:
  explicit Ordering(const Tree& tree) : tree_(tree) {}

  // Returns the indexes from `offset` on, at most `limit` of them. While a directory is being scanned, the
  // order of its first million files may be some tenths of a second old.
  std::vector<std::uint32_t> page(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t offset, std::uint64_t limit);

 private:
  struct Child {
    std::int64_t value;
    std::uint64_t key;  // the next eight bytes of the name
    const Block* block;
    std::uint32_t position;

    std::uint32_t index() const { return block->first + position; }
  };
  using Children = std::vector<Child>;
  struct Order {
    std::uint32_t slot;
    Sort sort;
    bool apparent;
    bool whole;  // whether these are all
    std::uint32_t revision;
    std::vector<std::uint32_t> children;
    std::int64_t made, cost, used;  // milliseconds
  };

  const Order* find(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t wanted);
  bool is_current(const Order& order) const;
  void remember(Order&& order);
  std::vector<std::uint32_t> make(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t wanted, bool& whole) const;
  // Calls `visit(value, block, position)` for every child.
  template <class Visit>
  void each_value(std::uint32_t slot, Sort sort, bool apparent, Visit&& visit) const;
  // How many bytes all names begin with alike, as far as the blocks know.
  std::size_t alike(std::uint32_t slot) const;
  Children all(std::uint32_t slot, Sort sort, bool apparent) const;
  Children first(std::uint32_t slot, Sort sort, bool apparent, std::size_t count, std::size_t alike) const;
  static void sort_ties(Child* begin, Child* end, std::size_t start);

  const Tree& tree_;
  std::mutex mutex_;
  std::vector<Order> orders_;
};

}  // namespace dusk
