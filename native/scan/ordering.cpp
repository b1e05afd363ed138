#include "ordering.h"

#include <algorithm>
#include <functional>
#include <shared_mutex>

#include "system.h"

namespace dusk {
namespace {

constexpr std::size_t kSmall = 4096;          // children that are sorted at once, in less than a millisecond
constexpr std::size_t kMostOrders = 64;
constexpr std::size_t kMostChildren = 4 << 20;  // in all remembered orders; four bytes each
constexpr std::int64_t kForgotten = 20'000;   // milliseconds without use
constexpr std::int64_t kSlow = 20;            // milliseconds of sorting after which an order is used a while
constexpr std::int64_t kPatience = 10;        // that many times as long as it took to make
constexpr std::size_t kLongestName = 8192;

}  // namespace

std::vector<std::uint32_t> Ordering::page(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t offset,
                                          std::uint64_t limit) {
  const std::uint64_t wanted = limit > ~offset ? ~std::uint64_t{0} : offset + limit;
  const auto cut = [&](const std::vector<std::uint32_t>& children) {
    const std::size_t begin = std::min<std::uint64_t>(offset, children.size());
    const std::size_t end = std::min<std::uint64_t>(wanted, children.size());
    return std::vector<std::uint32_t>(children.begin() + static_cast<std::ptrdiff_t>(begin),
                                      children.begin() + static_cast<std::ptrdiff_t>(end));
  };
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (const Order* known = find(slot, sort, apparent, wanted)) return cut(known->children);
  }
  // The revision is read first: what changes while sorting makes the order outdated.
  Order order{slot, sort, apparent, false, tree_.directory(slot).revision.load(std::memory_order_acquire), {}, 0, 0, 0};
  const std::int64_t begin = milliseconds();
  order.children = make(slot, sort, apparent, wanted, order.whole);
  order.made = order.used = milliseconds();
  order.cost = order.made - begin;
  std::vector<std::uint32_t> result = cut(order.children);
  const std::lock_guard<std::mutex> lock(mutex_);
  remember(std::move(order));
  return result;
}

const Ordering::Order* Ordering::find(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t wanted) {
  for (Order& order : orders_) {
    if (order.slot != slot || order.sort != sort || order.apparent != apparent) continue;
    if (!(order.whole || wanted <= order.children.size()) || !is_current(order)) return nullptr;
    order.used = milliseconds();
    return &order;
  }
  return nullptr;
}

bool Ordering::is_current(const Order& order) const {
  const Directory& directory = tree_.directory(order.slot);
  if (order.revision == directory.revision.load(std::memory_order_acquire)) return true;
  if (order.cost < kSlow || !(directory.flags.load(std::memory_order_relaxed) & kScanning)) return false;
  return milliseconds() - order.made < order.cost * kPatience;
}

void Ordering::remember(Order&& order) {
  const std::int64_t now = milliseconds();
  std::size_t children = order.children.size();
  const auto is_outdated = [&](const Order& other) {
    const bool same = other.slot == order.slot && other.sort == order.sort && other.apparent == order.apparent;
    if (same || now - other.used > kForgotten) return true;
    children += other.children.size();
    return children > kMostChildren;
  };
  orders_.erase(std::remove_if(orders_.begin(), orders_.end(), is_outdated), orders_.end());
  if (orders_.size() >= kMostOrders) orders_.erase(orders_.begin());
  orders_.push_back(std::move(order));
}

std::vector<std::uint32_t> Ordering::make(std::uint32_t slot, Sort sort, bool apparent, std::uint64_t wanted,
                                          bool& whole) const {
  const std::shared_lock<std::shared_mutex> lock(tree_.replacing);
  const std::size_t count = tree_.directory(slot).children.load(std::memory_order_relaxed), start = alike(slot);
  whole = count <= kSmall || wanted > count / 8;
  Children children = whole ? all(slot, sort, apparent) : first(slot, sort, apparent, wanted, start);
  std::sort(children.begin(), children.end(),
            [](const Child& left, const Child& right) { return left.value > right.value; });
  for (auto begin = children.begin(); begin != children.end();) {
    const auto end = std::find_if(begin, children.end(), [&](const Child& child) { return child.value != begin->value; });
    sort_ties(&*begin, &*begin + (end - begin), start);
    begin = end;
  }
  std::vector<std::uint32_t> indexes;
  indexes.reserve(children.size());
  for (const Child& child : children) indexes.push_back(child.index());
  return indexes;
}

template <class Visit>
void Ordering::each_value(std::uint32_t slot, Sort sort, bool apparent, Visit&& visit) const {
  tree_.each_child(slot, [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t) {
    const bool inner = block.is_directory(position);
    const Directory* directory = inner ? &tree_.directory(block.slot(position)) : nullptr;
    std::int64_t value = 0;
    switch (sort) {
      case kByName: break;
      case kByItems: value = inner ? directory->items.load(std::memory_order_relaxed) : -1; break;
      case kByNewest: value = inner ? directory->newest() : block.value(Block::kModified, position); break;
      case kBySize:
        if (inner) {
          value = (apparent ? directory->size : directory->blocks).load(std::memory_order_relaxed);
        } else {
          value = apparent ? block.value(Block::kSize, position) : block.disk_blocks(position);
        }
    }
    visit(value, block, position);
  });
}

std::size_t Ordering::alike(std::uint32_t slot) const {
  std::size_t alike = 0;
  const char* beginning = nullptr;
  for (std::uint32_t number = tree_.directory(slot).first_block.load(std::memory_order_acquire); number;) {
    const Block& block = *tree_.block(number);
    const Block::Name name = block.name(0);
    if (beginning == nullptr) {
      beginning = name.begin;
      alike = name.begin_length;
    }
    std::size_t same = 0;
    while (same < alike && same < name.begin_length && name.begin[same] == beginning[same]) ++same;
    alike = same;
    number = block.next.load(std::memory_order_acquire);
  }
  return alike;
}

Ordering::Children Ordering::all(std::uint32_t slot, Sort sort, bool apparent) const {
  Children children;
  children.reserve(tree_.directory(slot).children.load(std::memory_order_relaxed));
  each_value(slot, sort, apparent, [&](std::int64_t value, const Block& block, std::uint32_t position) {
    children.push_back({value, 0, &block, position});
  });
  return children;
}

// Returns the children that belong to the first `count`, in no order; keeps nothing of all others but a number.
Ordering::Children Ordering::first(std::uint32_t slot, Sort sort, bool apparent, std::size_t count,
                                   std::size_t alike) const {
  Children above, tied;
  if (count == 0) return above;
  std::vector<std::int64_t> values;
  each_value(slot, sort, apparent, [&](std::int64_t value, const Block&, std::uint32_t) { values.push_back(value); });
  if (values.empty()) return above;
  const auto nth = values.begin() + static_cast<std::ptrdiff_t>(std::min(count, values.size())) - 1;
  std::nth_element(values.begin(), nth, values.end(), std::greater<std::int64_t>());
  const std::int64_t least = *nth;
  const auto bigger = std::count_if(values.begin(), nth, [&](std::int64_t value) { return value > least; });
  const std::size_t places = count - static_cast<std::size_t>(bigger);
  const auto earlier = [](const Child& left, const Child& right) {
    if (left.key != right.key) return left.key < right.key;
    return left.block->name(left.position).compare(right.block->name(right.position)) < 0;
  };
  // Of equal values the first names: the last of those so far is on top of the heap.
  each_value(slot, sort, apparent, [&](std::int64_t value, const Block& block, std::uint32_t position) {
    if (value < least) return;
    Child child{value, block.name(position).key(alike), &block, position};
    if (value > least) {
      above.push_back(child);
    } else if (tied.size() < places) {
      tied.push_back(child);
      std::push_heap(tied.begin(), tied.end(), earlier);
    } else if (child.key <= tied.front().key && earlier(child, tied.front())) {
      std::pop_heap(tied.begin(), tied.end(), earlier);
      tied.back() = child;
      std::push_heap(tied.begin(), tied.end(), earlier);
    }
  });
  above.insert(above.end(), tied.begin(), tied.end());
  // While a scan runs, values change between the two looks.
  if (above.size() > count) above.resize(count);
  return above;
}

// Sorts by the bytes of the name from `start` on, eight at a time: numbers sort several times faster.
void Ordering::sort_ties(Child* begin, Child* end, std::size_t start) {
  if (end - begin < 2 || start >= kLongestName) return;
  for (Child* child = begin; child != end; ++child) child->key = child->block->name(child->position).key(start);
  std::sort(begin, end, [](const Child& left, const Child& right) { return left.key < right.key; });
  while (begin != end) {
    Child* equal = begin + 1;
    while (equal != end && equal->key == begin->key) ++equal;
    sort_ties(begin, equal, start + 8);
    begin = equal;
  }
}

}  // namespace dusk
