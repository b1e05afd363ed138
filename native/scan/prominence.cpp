#include "prominence.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

namespace dusk {
namespace {

// Keeps the greatest of many.
class Greatest {
 public:
  explicit Greatest(std::size_t most) : most_(most) {}

  void offer(std::int64_t value, std::uint32_t index) {
    if (kept_.size() < most_) {
      kept_.emplace(value, index);
    } else if (most_ && value > kept_.top().first) {
      kept_.pop();
      kept_.emplace(value, index);
    }
  }

  void take(std::vector<std::uint32_t>& indexes) {
    for (; !kept_.empty(); kept_.pop()) indexes.push_back(kept_.top().second);
  }

 private:
  using Ranked = std::pair<std::int64_t, std::uint32_t>;

  std::size_t most_;
  std::priority_queue<Ranked, std::vector<Ranked>, std::greater<Ranked>> kept_;  // the least on top
};

}  // namespace

std::vector<std::uint32_t> prominent(const Tree& tree, std::uint32_t index, std::size_t most) {
  Greatest newest((most + 1) / 2), biggest(most / 2);
  const auto look = [&](const Block& block, std::uint32_t position) {
    if (block.kind(position) != kFile) return;
    newest.offer(block.value(Block::kModified, position), block.first + position);
    biggest.offer(block.value(Block::kSize, position), block.first + position);
  };
  const Spot spot = tree.locate(index);
  std::vector<std::uint32_t> waiting;
  if (spot.is_directory()) {
    waiting.push_back(spot.slot());
  } else {
    look(*spot.block, spot.position);
  }
  while (!waiting.empty()) {
    const std::uint32_t slot = waiting.back();
    waiting.pop_back();
    tree.each_child(slot, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t) {
      if (block.is_directory(position)) {
        waiting.push_back(block.slot(position));
      } else {
        look(block, position);
      }
    });
  }
  std::vector<std::uint32_t> found;
  newest.take(found);
  biggest.take(found);
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

}  // namespace dusk
