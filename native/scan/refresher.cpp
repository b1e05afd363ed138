#include "refresher.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::uint32_t kNotEntered = kOtherFilesystem | kPseudo | kCountedElsewhere;
constexpr unsigned kHeld = 8;

}  // namespace

Refresher::Refresher(Walk& walk, const Place& places, bool walking)
    : walk_(walk),
      tree_(walk.tree),
      places_(places),
      walking_(walking),
      opener_(walk.tree, walk.root, kHeld),
      reader_(walk.conduct),
      walker_(walk, kHeld, beat_),
      removal_(walk.tree, opener_, walk.stop),
      correction_(walk.tree) {}

void Refresher::refresh(const std::string& path) {
  std::vector<std::uint32_t> directories{nearest(path)};
  while (!directories.empty() && !is_stopped()) {
    const std::uint32_t slot = directories.back();
    directories.pop_back();
    if (tree_.is_removed_directory(slot)) continue;
    const std::vector<std::uint32_t> changed = refresh_directory(slot);
    directories.insert(directories.end(), changed.begin(), changed.end());
  }
  const Alone alone(tree_);
  tree_.repack();
}

std::uint32_t Refresher::nearest(const std::string& path) const {
  std::uint32_t slot = kRoot;
  std::size_t start = 0;
  while (start < path.size()) {
    const std::size_t end = std::min(path.find('/', start), path.size());
    const std::uint32_t child = tree_.child(slot, path.data() + start, end - start);
    if (child == kNone) break;
    const Spot spot = tree_.locate(child);
    if (!spot.is_directory() || is_closed(spot.slot())) break;
    slot = spot.slot();
    start = end + 1;
  }
  return slot;
}

bool Refresher::is_closed(std::uint32_t slot) const {
  const std::uint32_t flags = tree_.directory(slot).flags.load(relaxed);
  return (flags & kMountPoint && !walk_.conduct.cross) || flags & kNotEntered;
}

// Returns whether a directory has been read; waits while a walker reads it.
bool Refresher::is_read(std::uint32_t slot) const {
  const std::atomic<std::uint8_t>& reading = tree_.directory(slot).reading;
  while (reading.load(std::memory_order_acquire) == kBeingRead && !is_stopped()) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return !walking_ || reading.load(std::memory_order_acquire) != kUnread;
}

std::vector<std::uint32_t> Refresher::refresh_directory(std::uint32_t slot) {
  while (true) {
    // A walk under way reads unread directories when it comes to them.
    if (!is_read(slot) || is_stopped()) return {};
    Descriptor descriptor(opener_.open(slot, walk_.stop));
    Status status;
    const int error = descriptor.is_open() ? -examine_open(descriptor.number(), status) : -descriptor.number();
    if (error && !(is_gone(error) && slot != kRoot)) {
      close_off(slot, error);
      return {};
    }
    const Directory& known = tree_.directory(slot);
    const bool same = status.inode == known.inode.load(relaxed) &&
                      status.device == tree_.device(known.device_number.load(relaxed));
    if (!error && (slot == kRoot || same)) return compare(slot, std::move(descriptor), status);
    // It is gone, or another directory has the name now: the one above lists that.
    slot = known.parent;
  }
}

// Keeps the directory and those above from being complete until `end`; returns whether it is still there.
bool Refresher::begin(std::uint32_t slot, const Status& status) {
  const std::lock_guard<std::mutex> lock(tree_.writing);
  if (tree_.is_removed_directory(slot)) return false;
  tree_.reopen(slot);
  tree_.apply_upwards(slot, tree_.note_directory(slot, status));
  return true;
}

std::vector<std::uint32_t> Refresher::compare(std::uint32_t slot, Descriptor descriptor, const Status& status) {
  if (!begin(slot, status)) return {};
  if (slot == kRoot) walk_.device = status.device;
  {
    const Alone alone(tree_);
    forget_error(slot);
  }
  Comparison comparison(tree_, slot);
  const int error = list(slot, descriptor.number(), comparison);
  if (error) {
    const std::lock_guard<std::mutex> lock(tree_.writing);
    tree_.mark_unreadable_directory(slot, error);
  }
  if (!is_stopped()) conclude(slot, comparison, error ? std::vector<std::uint32_t>() : comparison.gone());
  descriptor.reset(-1);
  walk_new(slot);
  end(slot);
  return comparison.changed;
}

int Refresher::list(std::uint32_t slot, int descriptor, Comparison& comparison) {
  const Place* place = place_of(slot);
  int error = 0;
  while (reader_.list(descriptor, error)) {
    batch_.clear();
    if (!reader_.examine_listed(descriptor, place, walk_.device, walk_.freshness, walk_.stop, beat_, batch_)) {
      return 0;
    }
    const Alone alone(tree_);
    comparison.take(batch_);
    tree_.apply_upwards(slot, comparison.take_gain());
    if (!batch_.empty()) add(slot, place);
  }
  return error;
}

// Adds what is new; the caller holds Alone.
void Refresher::add(std::uint32_t slot, const Place* place) {
  for (Row& row : batch_.rows) row.device_number = tree_.device_number(row.status.device);
  batch_.arrange();
  const Block* block = tree_.publish(slot, batch_);
  for (std::uint32_t position = block->directories; position-- > 0;) {
    const Row& row = batch_.rows[batch_.order[position]];
    if (!row.walked) continue;
    waiting_.push_back({block->first_slot + position, place == nullptr ? nullptr : place->find(row.name, row.name_length)});
  }
  // A name that is new here can be the second one of a file that changed since.
  for (std::uint32_t position = block->directories; position < block->count; ++position) {
    if (block->flags(position) & kHardLink) removal_.look_again(block->first + position);
  }
}

void Refresher::conclude(std::uint32_t slot, Comparison& comparison, const std::vector<std::uint32_t>& gone) {
  {
    const Alone alone(tree_);
    Gain lost;
    for (const std::uint32_t index : gone) {
      // A walker may have taken it out already.
      if (!(correction_.flags(index) & kRemoved)) lost.add(removal_.remove(index));
    }
    if (!gone.empty()) tree_.apply_upwards(slot, lost);
  }
  removal_.settle_links();
  const Alone alone(tree_);
  correction_.lower_newest(slot, std::max(comparison.lost_newest, removal_.lost_newest));
  removal_.lost_newest = kNothingBelow;
  if (!gone.empty() || comparison.unlinked) {
    correction_.clear_upwards(slot, kPartial);
    correction_.clear_upwards(slot, kLinksBelow);
  }
}

void Refresher::close_off(std::uint32_t slot, int error) {
  {
    const std::lock_guard<std::mutex> lock(tree_.writing);
    if (tree_.is_removed_directory(slot)) return;
    tree_.reopen(slot);
    tree_.mark_unreadable_directory(slot, error);
  }
  Comparison comparison(tree_, slot);
  conclude(slot, comparison, comparison.gone());
  end(slot);
}

void Refresher::forget_error(std::uint32_t slot) {
  Directory& directory = tree_.directory(slot);
  if (!(directory.flags.load(relaxed) & kUnreadable)) return;
  clear_flag(directory.flags, kUnreadable);
  tree_.forget_error(directory.index);
  tree_.touch(slot);
  correction_.clear_upwards(directory.parent, kPartial);
}

void Refresher::walk_new(std::uint32_t slot) {
  if (waiting_.empty()) return;
  {
    const std::lock_guard<std::mutex> lock(tree_.writing);
    for (std::uint32_t above = slot; above != kNone; above = tree_.directory(above).parent) {
      set_flag(tree_.directory(above).flags, kScanning);
      tree_.touch(above);
    }
  }
  while (!waiting_.empty() && !is_stopped()) {
    const Item item = waiting_.back();
    waiting_.pop_back();
    walker_.walk(item, *this);
  }
  waiting_.clear();
}

void Refresher::end(std::uint32_t slot) {
  const std::lock_guard<std::mutex> lock(tree_.writing);
  Directory& directory = tree_.directory(slot);
  const std::uint8_t reading = directory.reading.load(relaxed);
  if ((reading == kUnread || reading == kCutShort) && !is_stopped()) {
    // A walk that was stopped never came to it, or not to its end; now it is read.
    directory.reading.store(kRead, std::memory_order_release);
    tree_.release(slot);
  }
  tree_.release(slot);
}

const Place* Refresher::place_of(std::uint32_t slot) const {
  std::vector<std::uint32_t> chain;
  for (; tree_.directory(slot).parent != kNone; slot = tree_.directory(slot).parent) chain.push_back(slot);
  const Place* place = &places_;
  std::string name;
  while (!chain.empty() && place != nullptr) {
    name.clear();
    tree_.append_name(chain.back(), name);
    place = place->find(name.data(), name.size());
    chain.pop_back();
  }
  return place;
}

}  // namespace dusk
