#include "opener.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <shared_mutex>
#include <thread>

#include "system.h"

namespace dusk {
namespace {

constexpr std::size_t kLongestPath = 3500;  // the system takes 4,095 bytes at once
constexpr int kPatience = 5000;             // milliseconds to wait for a free descriptor

bool are_too_many(int result) { return result == -EMFILE || result == -ENFILE; }

}  // namespace

int Opener::open(std::uint32_t slot, const std::atomic<bool>& stop) {
  for (int waited = 0;; ++waited) {
    const int descriptor = try_open(slot);
    if (!are_too_many(descriptor) || waited == kPatience || stop.load(std::memory_order_relaxed)) return descriptor;
    // The process is at its limit: hold fewer from now on, because others need some too.
    held_.clear();
    most_held_ /= 2;
    if (waited) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Opener::keep(std::uint32_t slot, Descriptor descriptor) {
  if (most_held_ == 0) return;
  if (held_.size() >= most_held_) held_.erase(held_.begin());
  held_.push_back({slot, std::move(descriptor)});
}

int Opener::find_base(std::uint32_t slot) {
  chain_.clear();
  while (tree_.directory(slot).parent != kNone) {
    chain_.push_back(slot);
    slot = tree_.directory(slot).parent;
    for (std::size_t position = held_.size(); position-- > 0;) {
      if (held_[position].slot != slot) continue;
      std::rotate(held_.begin() + static_cast<std::ptrdiff_t>(position),
                  held_.begin() + static_cast<std::ptrdiff_t>(position) + 1, held_.end());
      return held_.back().descriptor.number();
    }
  }
  return root_;
}

int Opener::try_open(std::uint32_t slot) {
  const int base = find_base(slot);
  if (chain_.empty()) return open_child(base, ".");
  names_.resize(std::max(names_.size(), chain_.size()));
  {
    const std::shared_lock<std::shared_mutex> lock(tree_.replacing);
    for (std::size_t step = 0; step < chain_.size(); ++step) {
      names_[step].clear();
      tree_.append_name(chain_[step], names_[step]);
    }
  }
  return chain_.size() == 1 ? open_child(base, names_[0].c_str()) : descend(base);
}

int Opener::descend(int base) {
  std::string path;
  for (std::size_t step = chain_.size(); step-- > 0;) {
    if (!path.empty()) path += '/';
    path += names_[step];
    if (step > 0 && path.size() + names_[step - 1].size() < kLongestPath) continue;
    const int following = open_beneath(base, path);
    if (following < 0 || step == 0) return following;
    // Held, so that the siblings of a deep directory are not opened from the root again.
    base = following;
    if (most_held_ < 2) most_held_ = 2;
    keep(chain_[step], Descriptor(following));
    path.clear();
  }
  return -ENOENT;
}

}  // namespace dusk
