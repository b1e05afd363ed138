// Names of inodes that have several: which one carries the bytes, and which ones there are.
#pragma once

#include <cstdint>
#include <vector>

namespace dusk {

// A table of inodes, each with a chain of entries, the newest first. Belongs to who holds the tree's
// writers' lock.
class HardLinks {
 public:
  // Makes room for more names, so that `add` cannot fail. Throws std::bad_alloc.
  void reserve_more(std::size_t names);
  // Notes a name; returns whether it is the first one of its inode.
  bool add(std::uint32_t device, std::uint64_t inode, std::uint32_t index);
  // Returns the entries that name an inode, the newest first.
  std::vector<std::uint32_t> names(std::uint32_t device, std::uint64_t inode) const;
  // Replaces the names of an inode, given newest first.
  void keep_only(std::uint32_t device, std::uint64_t inode, const std::vector<std::uint32_t>& remaining);
  std::size_t memory() const { return slots_.capacity() * sizeof(Slot) + nodes_.capacity() * sizeof(Node); }

 private:
  struct Slot {
    std::uint64_t inode = 0;
    std::uint32_t device = 0;
    std::uint32_t newest = kEmpty;  // node; kEmpty when the slot is free, kEnd when no name is left
  };
  struct Node {
    std::uint32_t index;
    std::uint32_t earlier;
  };
  static constexpr std::uint32_t kEmpty = 0xffffffffu;
  static constexpr std::uint32_t kEnd = 0xfffffffeu;

  std::size_t find(std::uint32_t device, std::uint64_t inode) const;
  void grow(std::size_t size);
  std::uint32_t new_node(std::uint32_t index, std::uint32_t earlier);

  std::vector<Slot> slots_;
  std::size_t used_ = 0;
  std::vector<Node> nodes_;
  std::uint32_t free_ = kEnd;
};

}  // namespace dusk
