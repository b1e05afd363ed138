// An array that grows without moving what it holds, so that readers need no lock.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace dusk {

// Segment k holds 2^(10+k) elements. Memory starts as zeros, which every element type must accept as its
// beginning. One writer reserves; readers index below a count that was published after the reservation.
template <class T>
class Segments {
 public:
  Segments() = default;
  Segments(const Segments&) = delete;
  Segments& operator=(const Segments&) = delete;
  ~Segments() {
    for (auto& segment : segments_) std::free(segment.load(std::memory_order_relaxed));
  }

  // Makes room for `count` elements; throws std::bad_alloc and changes nothing when there is no memory.
  void reserve(std::uint64_t count) {
    while (capacity_ < count) {
      const std::uint64_t size = kFirst << used_;
      // calloc takes big segments as untouched pages: what is not used yet costs no memory.
      void* memory = std::calloc(size, sizeof(T));
      if (memory == nullptr) throw std::bad_alloc();
      segments_[used_].store(static_cast<T*>(memory), std::memory_order_release);
      capacity_ += size;
      ++used_;
    }
  }

  T& operator[](std::uint64_t index) const {
    const std::uint64_t shifted = index + kFirst;
    const int segment = 63 - __builtin_clzll(shifted) - kBits;
    return segments_[segment].load(std::memory_order_acquire)[shifted - (kFirst << segment)];
  }

 private:
  static constexpr int kBits = 10;
  static constexpr std::uint64_t kFirst = std::uint64_t{1} << kBits;

  std::atomic<T*> segments_[32] = {};
  std::uint64_t capacity_ = 0;
  int used_ = 0;
};

// Numbers that are only ever appended: one writer at a time, any readers.
class Numbers {
 public:
  std::uint64_t size() const { return size_.load(std::memory_order_acquire); }
  std::uint32_t operator[](std::uint64_t position) const {
    return numbers_[position].load(std::memory_order_relaxed);
  }
  void reserve_more(std::uint64_t count) {
    numbers_.reserve(size_.load(std::memory_order_relaxed) + count);
  }
  // Room must have been reserved.
  void append(std::uint32_t number) {
    const std::uint64_t size = size_.load(std::memory_order_relaxed);
    numbers_[size].store(number, std::memory_order_relaxed);
    size_.store(size + 1, std::memory_order_release);
  }

 private:
  Segments<std::atomic<std::uint32_t>> numbers_;
  std::atomic<std::uint64_t> size_{0};
};

}  // namespace dusk
