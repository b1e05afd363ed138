// Reading one open directory: lists names, examines every entry.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "batch.h"
#include "places.h"
#include "system.h"

namespace dusk {

// What all readers of a scan have in common; does not change while they read.
struct Conduct {
  bool cross = false;
  bool inode_order = false;  // examine entries in the order of their index numbers
  bool stands_back = false;  // behind the threads that draw a screen and judge
};

// The memory of one thread for reading; two buffers, so that the names of the batch before stay valid.
class Reader {
 public:
  explicit Reader(const Conduct& conduct) : conduct_(conduct) {}

  // Lists the next part of a directory; returns false at its end. `error` is an errno or 0.
  bool list(int directory, int& error);
  // The inode of the directory by its own entry "."; 0 when the part listed last does not hold that.
  std::uint64_t itself() const { return itself_; }
  // Examines what was listed and appends it to `batch.rows`, whose names live until the list after the next.
  // Returns false when `stop` was set meanwhile. `beat` is told the time now and then.
  bool examine_listed(int directory, const Place* place, std::uint64_t device, Freshness freshness,
                      const std::atomic<bool>& stop, std::atomic<std::int64_t>& beat, Batch& batch);

 private:
  static constexpr std::size_t kBuffer = 64 << 10;

  bool fill(int directory, const Listed& listed, const Place* place, Freshness freshness, Row& row) const;
  void judge(Row& row, const Place* special, std::uint64_t device) const;
  void sort_by_inode();

  const Conduct& conduct_;
  std::unique_ptr<char[]> buffers_[2];
  int current_ = 0;
  std::uint64_t itself_ = 0;
  std::vector<const Listed*> listed_;
};

}  // namespace dusk
