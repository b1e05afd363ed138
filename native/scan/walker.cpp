#include "walker.h"

#include <cerrno>
#include <mutex>
#include <shared_mutex>

namespace dusk {
namespace {

// Source: roots are 2 on ext4, 64 to 128 on XFS, 256 on btrfs, where every subvolume has one, 1 on tmpfs, and 4096 on
// bcachefs.
constexpr std::uint64_t kHighestRoot = 4096;

}  // namespace

void Walker::walk(const Item& item, Sink& sink) {
  beat_.store(milliseconds(), std::memory_order_relaxed);
  walk_.current.store(item.slot, std::memory_order_relaxed);
  tree_.directory(item.slot).reading.store(kBeingRead, std::memory_order_release);
  Descriptor descriptor = open(item);
  if (!descriptor.is_open()) return;
  int error = 0;
  const bool more = reader_.list(descriptor.number(), error);
  if (is_expected(item.slot) || may_enter(item, descriptor.number())) {
    read(item, std::move(descriptor), more, error, sink);
  }
}

// Whether what was learned of a directory is of no use any more. The caller holds the writers' lock.
bool Walker::is_moot(std::uint32_t slot) const {
  return walk_.stop.load(std::memory_order_relaxed) || tree_.is_removed_directory(slot);
}

Descriptor Walker::open(const Item& item) {
  const int result = opener_.open(item.slot, walk_.stop);
  if (result < 0) give_up(item.slot, -result);
  return Descriptor(result);
}

void Walker::give_up(std::uint32_t slot, int error) {
  const std::lock_guard<std::mutex> lock(tree_.writing);
  tree_.directory(slot).reading.store(walk_.stop ? kCutShort : kRead, std::memory_order_release);
  if (is_moot(slot)) return;
  if (is_gone(error) && slot != kRoot) {
    tree_.vanish(slot);
  } else {
    tree_.mark_unreadable_directory(slot, error);
    tree_.release(slot);
  }
}

// Whether the listing itself says that this is the directory found above, which saves a call for each. Not where
// directories may be seen twice, nor with the numbers of roots, which two filesystems share, nor in a refresh: since
// the scan an overlay may have been mounted over its own lower directory, whose number it shows.
bool Walker::is_expected(std::uint32_t slot) const {
  const std::uint64_t itself = reader_.itself();
  return !walk_.conduct.cross && walk_.freshness == Freshness::kCached && itself > kHighestRoot &&
         itself == tree_.directory(slot).inode.load(std::memory_order_relaxed);
}

bool Walker::may_enter(const Item& item, int descriptor) {
  Status status;
  if (const int error = -examine_open(descriptor, status)) {
    give_up(item.slot, error);
    return false;
  }
  Directory& directory = tree_.directory(item.slot);
  const bool same = status.inode == directory.inode.load(std::memory_order_relaxed) &&
                    status.device == tree_.device(directory.device_number.load(std::memory_order_relaxed));
  if (same && !walk_.conduct.cross) return true;
  const std::lock_guard<std::mutex> lock(tree_.writing);
  if (is_moot(item.slot)) return true;
  // Bind mounts can show one directory at many paths, even inside itself.
  std::uint32_t obstacle = 0;
  if (walk_.conduct.cross) {
    if (tree_.visit(status.device, status.inode, item.slot) != item.slot) obstacle = kCountedElsewhere;
  } else if (status.device != walk_.device) {
    obstacle = kOtherFilesystem;
  }
  if (obstacle) {
    tree_.close_off(item.slot, obstacle);
    return false;
  }
  if (!same) tree_.apply_upwards(item.slot, tree_.note_directory(item.slot, status));
  return true;
}

void Walker::read(const Item& item, Descriptor descriptor, bool more, int error, Sink& sink) {
  bool inner = false;
  do {
    batch_.clear();
    if (more && !reader_.examine_listed(descriptor.number(), item.place, walk_.device, walk_.freshness, walk_.stop,
                                        beat_, batch_)) {
      batch_.clear();
    }
    batch_.arrange();
    match(item.slot);
    if (!batch_.empty() && !batch_.linked) pack();
    // Listed ahead, so that the last part is published together with the end.
    if (more) more = reader_.list(descriptor.number(), error);
    if (!publish(item, sink, !more, error)) return;
    inner |= batch_.directories > 0;
  } while (more);
  if (inner) opener_.keep(item.slot, std::move(descriptor));
}

// Now, while the names are in the cache.
void Walker::match(std::uint32_t slot) {
  const std::shared_lock<std::shared_mutex> lock(tree_.replacing);
  batch_.match(tree_.triggers_in(slot));
}

void Walker::pack() {
  for (Row& row : batch_.rows) {
    if (row.status.device != known_device_ || known_number_ == kNone) {
      const std::lock_guard<std::mutex> lock(tree_.writing);
      known_number_ = tree_.device_number(row.status.device);
      known_device_ = row.status.device;
    }
    row.device_number = known_number_;
  }
  batch_.pack();
}

// Returns whether to go on.
bool Walker::publish(const Item& item, Sink& sink, bool last, int error) {
  found_.clear();
  Directory& directory = tree_.directory(item.slot);
  {
    const std::lock_guard<std::mutex> lock(tree_.writing);
    if (is_moot(item.slot)) {
      directory.reading.store(kCutShort, std::memory_order_release);
      return false;
    }
    if (!batch_.empty()) {
      if (batch_.linked) {
        for (Row& row : batch_.rows) row.device_number = tree_.device_number(row.status.device);
      }
      hand_on(item, *tree_.publish(item.slot, batch_));
    }
    if (last) {
      if (error) tree_.mark_unreadable_directory(item.slot, error);
      directory.reading.store(kRead, std::memory_order_release);
      tree_.release(item.slot);
    }
  }
  if (!found_.empty()) sink.take(found_);
  return true;
}

void Walker::hand_on(const Item& item, const Block& block) {
  for (std::uint32_t position = block.directories; position-- > 0;) {
    const Row& row = batch_.rows[batch_.order[position]];
    if (!row.walked) continue;
    const Place* below = item.place == nullptr ? nullptr : item.place->find(row.name, row.name_length);
    found_.push_back({block.first_slot + position, below});
  }
}

}  // namespace dusk
