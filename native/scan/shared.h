// What deleting an entry really frees: inodes with several names stay while one name is left.
#pragma once

#include <cstdint>
#include <vector>

#include "tree.h"

namespace dusk {

struct LinkedInode {
  std::uint64_t device, inode;
  std::uint32_t links;   // names on the whole filesystem
  std::uint32_t found;   // of them at or below the entry
  std::int64_t blocks;
  bool counted;          // whether the size of the entry holds the bytes; that of one name alone always does
};

// The inodes with several names that have one at or below an entry. The caller holds `replacing` shared.
std::vector<LinkedInode> linked_inodes(const Tree& tree, std::uint32_t index);

// Entries together, each inode once.
struct Sums {
  std::int64_t size = 0;
  std::int64_t blocks = 0;
  std::int64_t freed = 0;  // blocks that go with the entries: without what names elsewhere keep alive
};
// None of the entries lies in another one. The caller holds `replacing` shared.
Sums sums(const Tree& tree, const std::vector<std::uint32_t>& entries);

}  // namespace dusk
