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

// Returns the hits in the next blocks, and moves on behind them.
std::vector<std::uint32_t> Tree::matched(std::uint32_t& number, std::uint32_t end) const {
  std::vector<std::uint32_t> found;
  const Triggers& wanted = *owned_triggers_;
  const std::shared_lock<std::shared_mutex> lock(replacing);
  for (const std::uint32_t stop = std::min(end, number + kAtOnce); number < stop; ++number) {
    block(number)->each_name([&](std::uint32_t index, const char* name, std::size_t length) {
      if (wanted.match(name, length)) found.push_back(index);
    });
  }
  return found;
}

}  // namespace dusk
