// Which names are hits: said before the scan begins, or at any time later, and then true of what is there already.
#include <algorithm>

#include "tree.h"

namespace dusk {
namespace {

constexpr std::uint32_t kAtOnce = 64;  // blocks between two looks at who else wants the tree

}  // namespace

void Tree::report(std::unique_ptr<const Triggers> triggers) {
  std::uint32_t end;
  {
    const std::lock_guard<std::mutex> lock(writing);
    if (owned_triggers_) return;
    owned_triggers_ = std::move(triggers);
    triggers_.store(owned_triggers_.get(), std::memory_order_release);
    end = block_count_.load(std::memory_order_relaxed);
  }
  // Whoever publishes a block from now on matches it. The root's own block, the first one, is no hit.
  for (std::uint32_t number = 1; number < end;) {
    const std::vector<std::uint32_t> found = matched(number, end);
    if (found.empty()) continue;
    const std::lock_guard<std::mutex> lock(writing);
    hits_.reserve_more(found.size());
    for (const std::uint32_t index : found) hits_.append(index);
  }
  // Not before: who sees a complete directory may rely on the hits in it.
  shows_completed_.store(true, std::memory_order_release);
}

const Triggers* Tree::triggers_in(std::uint32_t slot) const {
  const Triggers* wanted = triggers_.load(std::memory_order_acquire);
  if (wanted == nullptr || !wanted->has_enclosures()) return wanted;
  return is_enclosed(*wanted, slot) ? wanted->inside() : wanted;
}

bool Tree::is_enclosed(const Triggers& wanted, std::uint32_t slot) const {
  constexpr auto relaxed = std::memory_order_relaxed;
  std::vector<std::uint32_t> unknown;  // in a walk the directory alone: those above were asked when they were read
  while (slot != kNone && directory(slot).enclosed.load(relaxed) == kNotAsked) {
    unknown.push_back(slot);
    slot = directory(slot).parent;
  }
  bool enclosed = slot != kNone && directory(slot).enclosed.load(relaxed) == kEnclosed;
  for (; !unknown.empty(); unknown.pop_back()) {
    const std::uint32_t next = unknown.back();
    const std::string path = end_of_path(next, wanted.most_parts());
    enclosed = directory(next).parent == kNone ? wanted.encloses_all(path) : wanted.encloses(enclosed, path);
    directory(next).enclosed.store(enclosed ? kEnclosed : kOpen, relaxed);
  }
  return enclosed;
}

// The absolute path of a directory, or its last two names where that has more parts.
std::string Tree::end_of_path(std::uint32_t slot, std::size_t most_parts) const {
  std::string path;
  append_name(slot, path);
  std::size_t parts = 1;
  for (slot = directory(slot).parent; slot != kNone; slot = directory(slot).parent) {
    if (parts > most_parts && parts > 1) return path;
    std::string above;
    append_name(slot, above);  // the root's name is its path
    if (above != "/") above += '/';
    path.insert(0, above);
    ++parts;
  }
  return path;
}

// Returns the hits in the next blocks, and moves on behind them.
std::vector<std::uint32_t> Tree::matched(std::uint32_t& number, std::uint32_t end) const {
  std::vector<std::uint32_t> found;
  const std::shared_lock<std::shared_mutex> lock(replacing);
  for (const std::uint32_t stop = std::min(end, number + kAtOnce); number < stop; ++number) {
    const Triggers& wanted = *triggers_in(block(number)->parent);
    block(number)->each_name([&](std::uint32_t index, const char* name, std::size_t length) {
      if (wanted.match(name, length)) found.push_back(index);
    });
  }
  return found;
}

}  // namespace dusk
