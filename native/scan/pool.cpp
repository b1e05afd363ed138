#include "pool.h"

#include <pthread.h>

#include <csignal>
#include <stdexcept>

#include "system.h"

namespace dusk {
namespace {

constexpr unsigned kSpares = 64;          // threads at most beside those asked for
constexpr std::int64_t kStalled = 200;    // milliseconds without an answer
constexpr std::size_t kStack = 512 << 10; // walkers do not recurse

void* run_body(void* body) {
  const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(body));
  (*owned)();
  return nullptr;
}

}  // namespace

bool start_thread(const char* name, std::function<void()> body) {
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes)) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStack);
  // Signals are the application's: none may be delivered to a thread that never returns to it.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, run_body, owned.get()) == 0;
  if (started) owned.release();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  (void)name;
  return started;
}

class Pool::Worker : public Sink {
 public:
  explicit Worker(Pool& pool) : pool_(pool) {}
  void take(const std::vector<Item>& items) override { pool_.push(*this, items); }

  std::mutex mutex;
  std::vector<Item> stack;  // under mutex
  std::atomic<std::int64_t> beat{0};  // when it last got an answer; 0 while it is idle
  std::atomic<bool> has_left{false};

 private:
  Pool& pool_;
};

Pool::Pool(std::shared_ptr<Walk> walk, unsigned threads, unsigned held, std::function<void(const std::string&)> ended)
    : walk_(std::move(walk)), threads_(threads), held_(held), ended_(std::move(ended)) {
  workers_.resize(threads + kSpares);
}

Pool::~Pool() = default;

bool Pool::start(const Item& root) {
  workers_[0] = std::make_unique<Worker>(*this);
  workers_[0]->stack.push_back(root);
  queued_ = outstanding_ = 1;
  bool any = false;
  for (unsigned count = 0; count < threads_; ++count) {
    if (!add_worker()) break;
    any = true;
  }
  return any;
}

bool Pool::add_worker() {
  const unsigned number = started_.load();
  if (number >= workers_.size()) return false;
  if (!workers_[number]) workers_[number] = std::make_unique<Worker>(*this);
  Worker& worker = *workers_[number];
  {
    const std::lock_guard<std::mutex> lock(waiting_);
    ++alive_;
  }
  started_.store(number + 1);
  if (start_thread("dusk-walk", [self = shared_from_this(), &worker] { self->run(worker); })) return true;
  const std::lock_guard<std::mutex> lock(waiting_);
  --alive_;
  worker.has_left = true;
  return false;
}

void Pool::run(Worker& worker) {
  try {
    separate_descriptors(walk_->root);
    if (walk_->conduct.stands_back) stand_back();
    Walker walker(*walk_, held_, worker.beat);
    Item item;
    while (next(worker, item)) {
      walker.walk(item, worker);
      done_with_one();
    }
  } catch (const std::bad_alloc&) {
    fail("not enough memory for the whole tree");
  } catch (const std::length_error&) {
    fail("more entries than a tree can hold");
  } catch (const std::exception& error) {
    fail(std::string("the scan stopped unexpectedly: ") + error.what());
  }
  leave(worker);
}

bool Pool::next(Worker& worker, Item& item) {
  while (true) {
    if (walk_->stop.load(std::memory_order_relaxed)) return false;
    {
      const std::lock_guard<std::mutex> lock(worker.mutex);
      if (!worker.stack.empty()) {
        item = worker.stack.back();
        worker.stack.pop_back();
        queued_.fetch_sub(1);
        return true;
      }
    }
    if (steal(worker)) continue;
    std::unique_lock<std::mutex> lock(waiting_);
    worker.beat.store(0, std::memory_order_relaxed);
    idle_.fetch_add(1);
    wake_.wait(lock, [&] { return queued_.load() > 0 || outstanding_.load() == 0 || walk_->stop.load(); });
    idle_.fetch_sub(1);
    if (outstanding_.load() == 0) return false;
  }
}

bool Pool::steal(Worker& thief) {
  if (queued_.load() == 0) return false;
  const unsigned started = started_.load();
  std::vector<Item> taken;
  for (unsigned number = 0; number < started && taken.empty(); ++number) {
    Worker& victim = *workers_[number];
    if (&victim == &thief) continue;
    const std::lock_guard<std::mutex> lock(victim.mutex);
    // The older half: nearest to the root, so most is below it.
    const std::size_t count = (victim.stack.size() + 1) / 2;
    const auto end = victim.stack.begin() + static_cast<std::ptrdiff_t>(count);
    taken.assign(victim.stack.begin(), end);
    victim.stack.erase(victim.stack.begin(), end);
  }
  if (taken.empty()) return false;
  const std::lock_guard<std::mutex> lock(thief.mutex);
  thief.stack.insert(thief.stack.begin(), taken.begin(), taken.end());
  return true;
}

void Pool::push(Worker& worker, const std::vector<Item>& items) {
  outstanding_.fetch_add(static_cast<std::int64_t>(items.size()));
  {
    const std::lock_guard<std::mutex> lock(worker.mutex);
    worker.stack.insert(worker.stack.end(), items.begin(), items.end());
  }
  queued_.fetch_add(static_cast<std::int64_t>(items.size()));
  if (idle_.load() > 0) {
    const std::lock_guard<std::mutex> lock(waiting_);
    wake_.notify_all();
  }
}

void Pool::done_with_one() {
  if (outstanding_.fetch_sub(1) == 1) {
    const std::lock_guard<std::mutex> lock(waiting_);
    wake_.notify_all();
  }
}

void Pool::fail(const std::string& why) {
  const std::lock_guard<std::mutex> lock(waiting_);
  if (failure_.empty()) failure_ = why;
  walk_->stop = true;
  wake_.notify_all();
}

void Pool::leave(Worker& worker) {
  worker.has_left = true;
  std::string failure;
  {
    const std::lock_guard<std::mutex> lock(waiting_);
    wake_.notify_all();
    if (--alive_ > 0) return;
    failure = failure_;
  }
  ended_(failure);
}

void Pool::relieve() {
  if (queued_.load() == 0 || idle_.load() > 0 || walk_->stop.load()) return;
  const std::int64_t now = milliseconds();
  const unsigned started = started_.load();
  for (unsigned number = 0; number < started; ++number) {
    const Worker& worker = *workers_[number];
    if (!worker.has_left && now - worker.beat.load(std::memory_order_relaxed) < kStalled) return;
  }
  add_worker();
}

void Pool::stop() {
  const std::lock_guard<std::mutex> lock(waiting_);
  walk_->stop = true;
  wake_.notify_all();
}

bool Pool::is_abandoned() const {
  const std::int64_t now = milliseconds();
  const unsigned started = started_.load();
  for (unsigned number = 0; number < started; ++number) {
    const Worker& worker = *workers_[number];
    const std::int64_t beat = worker.beat.load(std::memory_order_relaxed);
    if (!worker.has_left && (beat == 0 || now - beat < kStalled)) return false;
  }
  return true;
}

}  // namespace dusk
