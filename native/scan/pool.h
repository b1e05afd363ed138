// The threads of a walk: each has a stack of directories, and takes from the others when its own is empty.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "walker.h"

namespace dusk {

// Starts a detached thread that handles no signals; returns whether it could be started. A thread that
// waits for a hung mount cannot be joined, so none is: what it uses it owns together with the others.
bool start_thread(const char* name, std::function<void()> body);

// Threads own the pool together with whoever made it. The last one to find nothing left ends the walk.
class Pool : public std::enable_shared_from_this<Pool> {
 public:
  // `ended` is called once, by some thread: when everything is walked, stopped or failed.
  Pool(std::shared_ptr<Walk> walk, unsigned threads, unsigned held, std::function<void(const std::string&)> ended);

  ~Pool();

  // Returns whether any thread could be started.
  bool start(const Item& root);
  // Starts one more thread when all others wait for an answer and directories are left: a mount that hangs
  // holds up nothing but itself.
  void relieve();
  // Ends the walk; returns at once, also while a thread waits for an answer.
  void stop();
  // After a stop: returns whether no thread is left that will look at it soon.
  bool is_abandoned() const;

 private:
  class Worker;

  bool add_worker();
  void run(Worker& worker);
  bool next(Worker& worker, Item& item);
  bool steal(Worker& thief);
  void push(Worker& worker, const std::vector<Item>& items);
  void done_with_one();
  void fail(const std::string& why);
  void leave(Worker& worker);

  std::shared_ptr<Walk> walk_;
  const unsigned threads_, held_;
  std::function<void(const std::string&)> ended_;
  std::vector<std::unique_ptr<Worker>> workers_;  // room for all from the beginning, so that none moves
  std::atomic<unsigned> started_{0};
  std::atomic<std::int64_t> queued_{0};       // on any stack
  std::atomic<std::int64_t> outstanding_{0};  // queued or being read
  std::atomic<int> idle_{0};
  std::mutex waiting_;
  std::condition_variable wake_;
  int alive_ = 0;       // under waiting_
  std::string failure_; // under waiting_
};

}  // namespace dusk
