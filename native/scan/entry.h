// What is known of one entry: the words that all parts share. Numbers equal those in dusk.scan.entry.
#pragma once

#include <cstdint>
#include <limits>

namespace dusk {

constexpr std::uint32_t kNone = 0xffffffffu;  // no entry, no directory
constexpr std::uint32_t kRoot = 0;
constexpr std::int64_t kLimit = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kNothingBelow = std::numeric_limits<std::int64_t>::min();

enum Kind : std::uint8_t {
  kFile, kDirectory, kSymlink, kFifo, kSocket, kCharacterDevice, kBlockDevice, kUnknown,
};

enum Flag : std::uint32_t {
  kUnreadable = 1,
  kPartial = 2,
  kHardLink = 4,
  kCountedElsewhere = 8,
  kMountPoint = 16,
  kOtherFilesystem = 32,
  kSparse = 64,
  kScanning = 128,
  kRemoved = 256,
  kPseudo = 512,
  kLinksBelow = 1024,
};

// What the kernel says about one inode.
struct Status {
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t blocks = 0;    // of 512 bytes
  std::int64_t modified = 0;  // nanoseconds since 1970
  std::uint64_t device = 0;
  std::uint32_t owner = 0;
  std::uint32_t links = 1;
  Kind kind = kUnknown;
};

// One entry of a directory that was just examined; the name lies in the reader's buffer.
struct Row {
  const char* name = nullptr;
  std::uint32_t name_length = 0;
  std::uint32_t flags = 0;
  Status status;
  std::uint32_t device_number = 0;  // place of status.device in the tree's table
  int error = 0;                    // errno where it is unreadable
  bool matched = false;             // whether a trigger wants to hear of it
  bool walked = false;              // a directory that is to be read
  bool untouched = false;           // a place that must not be examined, or could not be
};

// What a directory gained; negative where it lost.
struct Gain {
  std::int64_t blocks = 0;
  std::int64_t size = 0;
  std::int64_t items = 0;
  std::int64_t newest = kNothingBelow;

  void add(const Gain& other);
  bool is_nothing() const { return !blocks && !size && !items && newest == kNothingBelow; }
};

// Sums that do not fit are shown as the limit: sparse files may pretend to hold 8 EiB each.
inline std::int64_t bounded_sum(std::int64_t left, std::int64_t right) {
  std::int64_t sum;
  if (!__builtin_add_overflow(left, right, &sum)) return sum;
  return right > 0 ? kLimit : -kLimit;
}

inline void Gain::add(const Gain& other) {
  blocks = bounded_sum(blocks, other.blocks);
  size = bounded_sum(size, other.size);
  items += other.items;
  if (other.newest > newest) newest = other.newest;
}

}  // namespace dusk
