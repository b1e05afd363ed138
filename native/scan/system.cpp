#include "system.h"

#include <dirent.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>

// Newer libcs describe statx themselves, and some of them in a way that the kernel's header contradicts.
#ifndef STATX_BASIC_STATS
#include <linux/stat.h>
#endif

namespace dusk {
namespace {

// Not every libc that dusk is built against knows these yet.
struct OpenHow {
  std::uint64_t flags, mode, resolve;
};
struct Scheduling {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;
};
constexpr long kOpenat2 = 437;  // the same number on every architecture
constexpr std::uint64_t kNoMagicLinks = 0x02, kNoSymlinks = 0x04, kBeneath = 0x08;
constexpr int kStatxDontSync = 0x4000;
constexpr long kCloseRange = 436;  // the same number on every architecture
constexpr int kBehind = 10;  // steps of priority: a tenth of the usual share
constexpr std::uint64_t kShortTurn = 100'000;  // nanoseconds, the shortest that the kernel takes
constexpr std::uint64_t kResetOnFork = 0x01;
constexpr unsigned kUnshare = 1u << 1, kAll = ~0u;

template <typename Time>
std::int64_t nanoseconds(const Time& time) {
  std::int64_t whole;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(time.tv_sec), std::int64_t{1'000'000'000}, &whole)) {
    return time.tv_sec > 0 ? kLimit : -kLimit;
  }
  return bounded_sum(whole, time.tv_nsec);
}

Kind kind_of_mode(unsigned mode) {
  switch (mode & S_IFMT) {
    case S_IFREG: return kFile;
    case S_IFDIR: return kDirectory;
    case S_IFLNK: return kSymlink;
    case S_IFIFO: return kFifo;
    case S_IFSOCK: return kSocket;
    case S_IFCHR: return kCharacterDevice;
    case S_IFBLK: return kBlockDevice;
    default: return kUnknown;
  }
}

std::int64_t bounded(std::uint64_t number) { return number > std::uint64_t{kLimit} ? kLimit : static_cast<std::int64_t>(number); }

// Source: vfs_statx of the kernel, which takes statx's word on freshness from fstatat too, and fills 144 bytes
// for it where statx fills 256: 2 % of a walk. A kernel that does not says so.
int fstatat_into(int directory, const char* name, int flags, Status& status) {
  struct stat facts;
  while (fstatat(directory, name, &facts, flags) != 0) {
    if (errno != EINTR) return -errno;
  }
  status.inode = facts.st_ino;
  status.size = bounded(static_cast<std::uint64_t>(facts.st_size));
  status.blocks = bounded(static_cast<std::uint64_t>(facts.st_blocks));
  status.modified = nanoseconds(facts.st_mtim);
  status.device = facts.st_dev;
  status.owner = facts.st_uid;
  status.links = facts.st_nlink;
  status.kind = kind_of_mode(facts.st_mode);
  return 0;
}

int statx_into(int directory, const char* name, int flags, Status& status) {
  struct statx facts;
  while (syscall(SYS_statx, directory, name, flags, STATX_BASIC_STATS, &facts) != 0) {
    if (errno != EINTR) return -errno;
  }
  status.inode = facts.stx_ino;
  status.size = bounded(facts.stx_size);
  status.blocks = bounded(facts.stx_blocks);
  status.modified = nanoseconds(facts.stx_mtime);
  status.device = makedev(facts.stx_dev_major, facts.stx_dev_minor);
  status.owner = facts.stx_uid;
  status.links = facts.stx_nlink;
  status.kind = kind_of_mode(facts.stx_mode);
  return 0;
}

// Kernels before 5.6 and some container filters refuse openat2: one step at a time says the same.
int open_step_by_step(int directory, const std::string& path) {
  int current = -1;
  std::size_t start = 0;
  while (start < path.size()) {
    std::size_t end = path.find('/', start);
    if (end == std::string::npos) end = path.size();
    if (end > start) {
      const int following = open_child(current < 0 ? directory : current, path.substr(start, end - start).c_str());
      if (current >= 0) close(current);
      if (following < 0) return following;
      current = following;
    }
    start = end + 1;
  }
  return current >= 0 ? current : open_child(directory, ".");
}

}  // namespace

int open_child(int directory, const char* name) {
  while (true) {
    const int descriptor = openat(directory, name, kOpenDirectory);
    if (descriptor >= 0) return descriptor;
    if (errno != EINTR) return -errno;
  }
}

int open_beneath(int directory, const std::string& path) {
  OpenHow how{static_cast<std::uint64_t>(kOpenDirectory), 0, kBeneath | kNoSymlinks | kNoMagicLinks};
  while (true) {
    const long descriptor = syscall(kOpenat2, directory, path.c_str(), &how, sizeof how);
    if (descriptor >= 0) return static_cast<int>(descriptor);
    if (errno == ENOSYS || errno == EPERM) return open_step_by_step(directory, path);
    if (errno != EINTR && errno != EAGAIN) return -errno;
  }
}

int open_path(const std::string& path) {
  const int descriptor = open_child(AT_FDCWD, path.c_str());
  if (descriptor != -ENAMETOOLONG) return descriptor;
  // Longer than the system takes at once: piece by piece.
  int current = open_child(AT_FDCWD, "/");
  std::size_t start = 0;
  while (current >= 0 && start < path.size()) {
    std::size_t end = path.size() - start <= 3500 ? path.size() : path.rfind('/', start + 3500);
    if (end == std::string::npos || end <= start) end = path.find('/', start + 1);
    if (end == std::string::npos) end = path.size();
    while (start < end && path[start] == '/') ++start;
    if (start < end) {
      const int following = open_beneath(current, path.substr(start, end - start));
      close(current);
      current = following;
    }
    start = end;
    if (start < path.size() && path[start] == '/') ++start;
  }
  return current;
}

long list_directory(int directory, char* buffer, std::size_t size) {
  while (true) {
    const long bytes = syscall(SYS_getdents64, directory, buffer, size);
    if (bytes >= 0) return bytes;
    if (errno != EINTR) return -errno;
  }
}

int examine(int directory, const char* name, Freshness freshness, Status& status) {
  static std::atomic<bool> needs_statx{false};
  const int sync = freshness == Freshness::kCached ? kStatxDontSync : 0;
  const int flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | sync;
  if (!needs_statx.load(std::memory_order_relaxed)) {
    const int result = fstatat_into(directory, name, flags, status);
    if (result != -EINVAL && result != -EOVERFLOW) return result;
  }
  const int result = statx_into(directory, name, flags, status);
  if (result == 0) needs_statx.store(true, std::memory_order_relaxed);
  return result;
}

int examine_open(int descriptor, Status& status) { return statx_into(descriptor, "", AT_EMPTY_PATH, status); }

void separate_descriptors(int kept) {
#ifndef __SANITIZE_THREAD__  // which takes equal numbers in two tables for one descriptor
  const auto number = static_cast<unsigned>(kept);
  if (syscall(kCloseRange, number + 1, kAll, kUnshare) != 0) return;
  if (number > STDERR_FILENO + 1) syscall(kCloseRange, STDERR_FILENO + 1, number - 1, 0u);
#endif
}

// Source: setpriority(2): on Linux each thread has its own. The kernel else takes the processor from a thread that
// holds the interpreter's lock as often as from a walker, for 4 ms: with two walkers on two processors a third thread
// waited up to 7.7 ms where much is found, and 4.4 with these steps (5 steps: 5.1; 15 and 19: no less).
void stand_back() {
  const auto thread = static_cast<id_t>(syscall(SYS_gettid));
  setpriority(PRIO_PROCESS, thread, getpriority(PRIO_PROCESS, thread) + kBehind);
}

// Source: sched_setattr(2) and the kernel's Documentation/scheduler/sched-eevdf: `runtime` is the length of a turn. A
// kernel that knows of none leaves all as it was.
void take_short_turns() {
#if defined(SYS_sched_getattr) && defined(SYS_sched_setattr)
  Scheduling now{};
  if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0u) != 0 || now.policy != SCHED_OTHER) return;
  now.size = sizeof now;
  now.flags |= kResetOnFork;
  now.runtime = kShortTurn;
  syscall(SYS_sched_setattr, 0, &now, 0u);
#endif
}

Kind kind_of_listed(unsigned char type) {
  switch (type) {
    case DT_DIR: return kDirectory;
    case DT_LNK: return kSymlink;
    case DT_REG: return kFile;
    default: return kUnknown;
  }
}

bool is_gone(int error) { return error == ENOENT || error == ENOTDIR || error == ELOOP; }

std::int64_t milliseconds() {
  using namespace std::chrono;
  return duration_cast<std::chrono::milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace dusk
