#include "scan.h"

#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include "pool.h"
#include "refresher.h"
#include "system.h"

namespace dusk {
namespace {

constexpr auto kTick = std::chrono::milliseconds(50);

std::int64_t now() {
  using namespace std::chrono;
  return duration_cast<nanoseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

Scan::Scan(const std::string& path, bool cross, bool awaits_report) : tree(path, awaits_report), path_(path) {
  conduct_.cross = cross;
}

void Scan::start(std::unique_ptr<Place> places, const Pace& pace) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (started_ || !failure_.empty()) return;
  started_ = now();
  places_ = std::move(places);
  pace_ = pace;
  conduct_.inode_order = pace.inode_order;
  conduct_.stands_back = pace.stands_back;
  launch();
}

void Scan::fail(const std::string& why) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!started_) give_up(why);
}

void Scan::cancel() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (walk_) walk_->stop = true;
  if (refresh_) refresh_->stop = true;
  if (!finished_) {
    cancelled_ = true;
    ended_ = now();
  }
  changed_.notify_all();
}

void Scan::abandon() {
  cancel();
  const std::lock_guard<std::mutex> lock(mutex_);
  abandoned_ = true;
  requests_.clear();
}

bool Scan::wait(std::int64_t milliseconds) {
  std::unique_lock<std::mutex> lock(mutex_);
  return changed_.wait_for(lock, std::chrono::milliseconds(milliseconds), [&] { return finished_; });
}

Progress Scan::progress() const {
  const Directory& root = tree.directory(kRoot);
  Progress progress;
  progress.entries = root.items.load(std::memory_order_relaxed) + 1;
  progress.directories = tree.directory_count();
  progress.errors = static_cast<std::int64_t>(tree.errors());
  progress.size = root.size.load(std::memory_order_relaxed);
  progress.blocks = root.blocks.load(std::memory_order_relaxed);
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::int64_t end = ended_ ? ended_ : now();
  progress.seconds = started_ ? static_cast<double>(end - started_) / 1e9 : 0.0;
  progress.current = walk_ ? walk_->current.load(std::memory_order_relaxed) : kNone;
  progress.finished = finished_ || cancelled_;
  progress.cancelled = cancelled_;
  progress.failure = failure_;
  return progress;
}

void Scan::refresh(const std::string& path, std::unique_ptr<Place> places) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!failure_.empty()) return;
  requests_.push_back(std::make_shared<Request>(Request{path, std::move(places)}));
  if (started_ && !running_) launch();
  changed_.notify_all();
}

std::size_t Scan::refreshes_pending() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return requests_.size();
}

// The caller holds the mutex, as in `give_up`.
void Scan::launch() {
  running_ = true;
  if (!start_thread("dusk-scan", [self = shared_from_this()] { self->run(); })) give_up("no thread could be started");
}

void Scan::give_up(const std::string& why) {
  failure_ = why;
  requests_.clear();
  running_ = false;
  finished_ = true;
  if (!ended_) ended_ = now();
  changed_.notify_all();
}

void Scan::run() {
  std::string failure;
  try {
    bool walked;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      walked = std::exchange(walked_, true);
    }
    if (!walked) walk();
    serve();
    return;
  } catch (const std::bad_alloc&) {
    failure = "not enough memory for the whole tree";
  } catch (const std::exception& error) {
    failure = std::string("the scan stopped unexpectedly: ") + error.what();
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  if (walk_) walk_->stop = true;
  give_up(failure);
}

void Scan::walk() {
  Descriptor root(open_path(path_));
  const auto walk = std::make_shared<Walk>(tree, conduct_, root.number());
  Status status;
  const int error = root.is_open() ? -examine_open(root.number(), status) : -root.number();
  if (error) {
    {
      const std::lock_guard<std::mutex> lock(tree.writing);
      tree.mark_unreadable_directory(kRoot, error);
      tree.directory(kRoot).reading = kRead;
      tree.release(kRoot);
    }
    end("");
    return;
  }
  prepare_root(*walk, status);
  const Place* places;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    walk_ = walk;
    if (cancelled_) walk->stop = true;
    places = places_.get();
  }
  const auto ended = [self = shared_from_this()](const std::string& failure) { self->end(failure); };
  const auto pool = std::make_shared<Pool>(walk, pace_.threads, pace_.held, ended);
  if (!pool->start({kRoot, places})) {
    const std::lock_guard<std::mutex> lock(mutex_);
    walk_.reset();
    give_up("no thread could be started");
    return;
  }
  // A thread that hangs may yet come back and look for it.
  if (!watch(*pool, walk)) root.release();
}

void Scan::prepare_root(Walk& walk, const Status& status) {
  const std::lock_guard<std::mutex> lock(tree.writing);
  walk.device = status.device;
  tree.apply_upwards(kRoot, tree.note_directory(kRoot, status));
  if (conduct_.cross) tree.visit(status.device, status.inode, kRoot);
}

// Looks after the walk until it has ended; refreshes meanwhile. Returns whether all its threads are done.
bool Scan::watch(Pool& pool, const std::shared_ptr<Walk>& walk) {
  while (true) {
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait_for(lock, kTick, [&] { return finished_ || cancelled_ || !requests_.empty(); });
      if (finished_) return true;
    }
    if (!walk->stop) {
      pool.relieve();
      bool asked;
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        asked = !requests_.empty();
      }
      if (asked) serve_one(true);
      continue;
    }
    pool.stop();
    if (pool.is_abandoned()) {
      // What is left hangs; it will find that it was stopped, whenever it gets its answer.
      end("");
      return false;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

void Scan::serve() {
  while (true) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      if (requests_.empty() || abandoned_ || !failure_.empty()) {
        running_ = false;
        return;
      }
    }
    serve_one(false);
  }
}

void Scan::serve_one(bool walking) {
  const Descriptor root(open_path(path_));
  const auto walk = std::make_shared<Walk>(tree, conduct_, root.number());
  walk->freshness = Freshness::kExact;
  walk->device = tree.device(tree.directory(kRoot).device_number.load());
  std::shared_ptr<Request> request;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (requests_.empty()) return;
    refresh_ = walk;
    // It stays listed until it is done: whoever asks sees that it is pending.
    request = requests_.front();
  }
  Refresher refresher(*walk, *request->places, walking);
  if (root.is_open()) {
    refresher.refresh(request->path);
  } else {
    refresher.close_off(kRoot, -root.number());
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  refresh_.reset();
  if (!requests_.empty()) requests_.pop_front();
}

void Scan::end(const std::string& failure) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (finished_) return;
  walk_.reset();
  if (!ended_) ended_ = now();
  finished_ = true;
  if (!failure.empty()) give_up(failure);
  changed_.notify_all();
}

}  // namespace dusk
