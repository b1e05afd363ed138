// A scan: its tree, its walk, and the requests to bring parts of it up to date.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "places.h"
#include "tree.h"
#include "walker.h"

namespace dusk {

class Pool;

struct Progress {
  std::int64_t entries, directories, errors, size, blocks;
  double seconds;
  std::uint32_t current;  // slot of the directory being read; kNone when idle
  bool finished, cancelled;
  std::string failure;
};

// Owned by whoever looks at it and by its threads: the last one to leave frees it, however long a mount hangs.
class Scan : public std::enable_shared_from_this<Scan> {
 public:
  // How to walk; what suits the disk.
  struct Pace {
    unsigned threads = 1;
    unsigned held = 8;  // descriptors that each thread may keep open
    bool inode_order = false;
    bool stands_back = false;
  };

  Scan(const std::string& path, bool cross, bool awaits_report);

  void start(std::unique_ptr<Place> places, const Pace& pace);
  // Ends the scan with a reason before it began.
  void fail(const std::string& why);
  void cancel();
  // Waits at most so long; returns whether it has finished.
  bool wait(std::int64_t milliseconds);
  Progress progress() const;
  // `path` lies below the root; `places` are the special places as they are now.
  void refresh(const std::string& path, std::unique_ptr<Place> places);
  std::size_t refreshes_pending() const;
  // Ends all threads soon; nobody looks at the scan any more.
  void abandon();

  Tree tree;

 private:
  struct Request {
    std::string path;
    std::unique_ptr<Place> places;
  };

  void launch();
  void run();
  void walk();
  void prepare_root(Walk& walk, const Status& status);
  bool watch(Pool& pool, const std::shared_ptr<Walk>& walk);
  void serve();
  void serve_one(bool walking);
  void end(const std::string& failure);
  void give_up(const std::string& why);

  const std::string path_;
  Pace pace_;  // these do not change any more once the scan runs
  Conduct conduct_;

  mutable std::mutex mutex_;  // for all below
  std::condition_variable changed_;
  std::unique_ptr<Place> places_;
  std::deque<std::shared_ptr<Request>> requests_;
  std::shared_ptr<Walk> walk_;      // the first walk, while it runs
  std::shared_ptr<Walk> refresh_;   // the refresh that runs now
  bool running_ = false;            // whether the scan's own thread runs
  bool cancelled_ = false, finished_ = false, walked_ = false, abandoned_ = false;
  std::int64_t started_ = 0, ended_ = 0;  // nanoseconds
  std::string failure_;
};

}  // namespace dusk
