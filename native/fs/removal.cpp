// Removing a tree for good on several threads: by descriptors, following no link and entering no mount.
//
// Directories are removed from below: each counts what still has to go in it, and whoever takes the last
// thing out removes the directory itself. Names of one listing are unlinked in the order of their inodes,
// which on most filesystems is the order in which they lie on the disk.
#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <exception>
#include <mutex>
#include <new>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace {

// Directories further down are first moved up, so that no tree is deeper than the files that may be open.
constexpr int kDeepest = 32;
// Some filesystems skip entries of a listing that shrinks meanwhile.
constexpr int kPasses = 8;
constexpr std::size_t kChunk = 4096;
constexpr std::size_t kBuffer = 256 * 1024;
constexpr auto kBetweenPolls = std::chrono::milliseconds(50);

struct LinuxEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[1];
};

struct Directory {
  Directory(Directory* above, std::string own_name, int levels)
      : parent(above), name(std::move(own_name)), depth(levels) {}

  Directory* parent;  // null for what lies in the holder itself
  std::string name;
  int depth;
  int descriptor = -1;
  int passes = 0;
  std::atomic<std::size_t> pending{1};  // its listing, its chunks of names and its subdirectories
};

struct Name {
  std::uint64_t inode;
  std::string text;
};

struct Task {
  Directory* directory;
  std::vector<Name> names;  // empty: the directory is to be listed
};

class Removal {
 public:
  Removal(int holder, unsigned threads) : holder_(holder), threads_(threads) {}

  // Removes one entry of the holder; `error()` and `stopped()` say how that ended. `poll` is called in the
  // calling thread, and stops all by returning false.
  template <typename Poll>
  void run(const char* name, Poll poll) {
    struct stat status;
    if (fstatat(holder_, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return fail(errno, name);
    if (!S_ISDIR(status.st_mode)) {
      if (!unlink_counted(holder_, name)) return fail(errno, name);
      removed_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    push(Task{new Directory(nullptr, name, 0), {}});
    std::unique_lock<std::mutex> lock(mutex_);
    while (!finished_.wait_for(lock, kBetweenPolls, [this] { return outstanding_ == 0; })) {
      lock.unlock();
      if (!poll(removed())) stop_.store(true, std::memory_order_relaxed);
      lock.lock();
    }
    lock.unlock();
    ready_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }

  std::uint64_t removed() const { return removed_.load(std::memory_order_relaxed); }
  // Bytes on the disk of all that has no name left now.
  std::uint64_t freed() const { return freed_.load(std::memory_order_relaxed); }
  int error() const { return error_; }
  const std::string& failed() const { return failed_; }
  bool stopped() const { return stop_.load(std::memory_order_relaxed); }

 private:
  void push(Task task) {
    std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    ++outstanding_;
    if (idle_ == 0 && workers_.size() < threads_) {
      try {
        workers_.emplace_back([this] { work(); });
      } catch (const std::system_error&) {
        if (workers_.empty()) throw;  // fewer threads do the same
      }
    }
    ready_.notify_one();
  }

  void work() {
    std::vector<char> buffer;
    std::unique_lock<std::mutex> lock(mutex_);
    while (true) {
      ++idle_;
      ready_.wait(lock, [this] { return !tasks_.empty() || outstanding_ == 0; });
      --idle_;
      if (tasks_.empty()) return;
      Task task = std::move(tasks_.back());
      tasks_.pop_back();
      lock.unlock();
      try {
        if (!stopped()) perform(task, buffer);
      } catch (const std::bad_alloc&) {
        fail(ENOMEM, task.directory->name);
      } catch (const std::system_error& problem) {
        fail(problem.code().value(), task.directory->name);
      }
      release(task.directory);
      lock.lock();
      if (--outstanding_ == 0) {
        finished_.notify_all();
        ready_.notify_all();
      }
    }
  }

  void perform(Task& task, std::vector<char>& buffer) {
    if (!task.names.empty()) {
      unlink(*task.directory, task.names);
    } else if (task.directory->descriptor >= 0 || open(*task.directory)) {
      if (buffer.empty()) buffer.resize(kBuffer);
      list(*task.directory, buffer);
    }
  }

  int holder_of(const Directory& directory) const {
    return directory.parent != nullptr ? directory.parent->descriptor : holder_;
  }

  bool open(Directory& directory) {
    const int above = holder_of(directory);
    int descriptor = open_inside(above, directory.name.c_str());
    if (descriptor < 0 && errno == EACCES && allow_owner(above, directory.name.c_str())) {
      descriptor = open_inside(above, directory.name.c_str());
    }
    if (descriptor < 0) {
      fail(errno, directory.name);
      return false;
    }
    directory.descriptor = descriptor;
    return true;
  }

  static int open_inside(int above, const char* name) {
    open_how how{};
    how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
    while (true) {
      const long descriptor = syscall(SYS_openat2, above, name, &how, sizeof how);
      if (descriptor >= 0 || (errno != EINTR && errno != EAGAIN)) return static_cast<int>(descriptor);
    }
  }

  // Lets the owner into a directory, without following a link that was put in its place.
  static bool allow_owner(int above, const char* name) {
    const int descriptor = openat(above, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (descriptor < 0) return false;
    char path[48];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", descriptor);
    const bool allowed = chmod(path, S_IRWXU) == 0;
    close(descriptor);
    errno = EACCES;
    return allowed;
  }

  static bool let_in(const Directory& directory) { return fchmod(directory.descriptor, S_IRWXU) == 0; }

  void list(Directory& directory, std::vector<char>& buffer) {
    std::vector<Name> names;
    if (lseek(directory.descriptor, 0, SEEK_SET) < 0) return fail(errno, directory.name);
    while (!stopped()) {
      const long length = syscall(SYS_getdents64, directory.descriptor, buffer.data(), buffer.size());
      if (length < 0 && errno == EINTR) continue;
      if (length < 0) return fail(errno, directory.name);
      if (length == 0) break;
      for (long place = 0; place < length;) {
        const auto* entry = reinterpret_cast<const LinuxEntry*>(buffer.data() + place);
        place += entry->length;
        const char* name = entry->name;
        if (name[0] == '.' && (name[1] == 0 || (name[1] == '.' && name[2] == 0))) continue;
        if (is_directory(directory, *entry)) {
          descend(directory, name);
        } else {
          names.push_back(Name{entry->inode, name});
        }
      }
      if (names.size() >= kChunk) {
        // Others may unlink this while the listing goes on.
        directory.pending.fetch_add(1, std::memory_order_relaxed);
        push(Task{&directory, std::move(names)});
        names = {};
      }
    }
    unlink(directory, names);
  }

  static bool is_directory(const Directory& directory, const LinuxEntry& entry) {
    if (entry.type != DT_UNKNOWN) return entry.type == DT_DIR;
    struct stat status;
    return fstatat(directory.descriptor, entry.name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
  }

  void descend(Directory& directory, const char* name) {
    if (directory.depth + 1 >= kDeepest) return move_up(directory, name);
    directory.pending.fetch_add(1, std::memory_order_relaxed);
    push(Task{new Directory(&directory, name, directory.depth + 1), {}});
  }

  void move_up(Directory& directory, const char* name) {
    std::uint64_t token;
    if (getrandom(&token, sizeof token, 0) != static_cast<ssize_t>(sizeof token)) return fail(EIO, name);
    char moved[32];
    std::snprintf(moved, sizeof moved, ".deep-%016llx", static_cast<unsigned long long>(token));
    const auto move = [&] {
      return syscall(SYS_renameat2, directory.descriptor, name, holder_, moved, 1 /* RENAME_NOREPLACE */) == 0 ||
             (errno == EINVAL && renameat(directory.descriptor, name, holder_, moved) == 0);
    };
    // A directory that moves is written to, and so is the one that it leaves.
    if (!move() && !(errno == EACCES && allow_owner(directory.descriptor, name) && let_in(directory) && move())) {
      return fail(errno, name);
    }
    push(Task{new Directory(nullptr, moved, 0), {}});
  }

  void unlink(Directory& directory, std::vector<Name>& names) {
    std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) { return a.inode < b.inode; });
    for (const Name& name : names) {
      if (stopped()) return;
      const char* text = name.text.c_str();
      if (!unlink_counted(directory.descriptor, text) && errno != ENOENT) {
        if (errno != EACCES) return fail(errno, name.text);
        if (!let_in(directory) || !unlink_counted(directory.descriptor, text)) return fail(errno, name.text);
      }
      removed_.fetch_add(1, std::memory_order_relaxed);
    }
  }

  // Unlinks what is no directory. Its bytes come free with its last name, so of two threads that take a name
  // of one inode each, one has to look when the other is done.
  bool unlink_counted(int directory, const char* name) {
    struct stat status;
    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return false;
    if (status.st_nlink == 1) {
      if (unlinkat(directory, name, 0) != 0) return false;
      count_freed(status);
      return true;
    }
    std::lock_guard<std::mutex> lock(linked_);
    const bool is_known = fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
    if (unlinkat(directory, name, 0) != 0) return false;
    if (is_known && status.st_nlink == 1) count_freed(status);
    return true;
  }

  void count_freed(const struct stat& status) {
    freed_.fetch_add(static_cast<std::uint64_t>(status.st_blocks) * 512, std::memory_order_relaxed);
  }

  // Takes one thing off what a directory waits for, and removes it when that was the last.
  void release(Directory* directory) {
    while (directory != nullptr && directory->pending.fetch_sub(1, std::memory_order_acq_rel) == 1) {
      if (!stopped() && directory->descriptor >= 0 && !remove(*directory)) return;  // listed once more
      Directory* above = directory->parent;
      if (directory->descriptor >= 0) close(directory->descriptor);
      delete directory;
      directory = above;
    }
  }

  // Removes a directory whose content is gone; false when it is to be listed again, and then it may be
  // in the hands of another thread already.
  bool remove(Directory& directory) {
    const int above = holder_of(directory);
    const char* name = directory.name.c_str();
    struct stat status;
    const bool is_known = fstat(directory.descriptor, &status) == 0;
    bool gone = unlinkat(above, name, AT_REMOVEDIR) == 0;
    if (!gone && errno == EACCES && directory.parent != nullptr && let_in(*directory.parent)) {
      gone = unlinkat(above, name, AT_REMOVEDIR) == 0;
    }
    if (gone) {
      if (is_known) count_freed(status);
      removed_.fetch_add(1, std::memory_order_relaxed);
      return true;
    }
    if (errno != ENOTEMPTY || ++directory.passes >= kPasses) {
      fail(errno, directory.name);
      return true;
    }
    directory.pending.store(1, std::memory_order_release);
    push(Task{&directory, {}});
    return false;
  }

  void fail(int number, const std::string& name) {
    std::lock_guard<std::mutex> lock(failure_);
    if (error_ == 0) {
      error_ = number;
      failed_ = name;
    }
    stop_.store(true, std::memory_order_relaxed);
  }

  const int holder_;
  const unsigned threads_;
  std::atomic<std::uint64_t> removed_{0}, freed_{0};
  std::mutex linked_;
  std::atomic<bool> stop_{false};
  std::mutex failure_;
  int error_ = 0;
  std::string failed_;
  std::mutex mutex_;
  std::condition_variable ready_, finished_;
  std::vector<Task> tasks_;
  std::vector<std::thread> workers_;
  std::size_t outstanding_ = 0;
  unsigned idle_ = 0;
};

PyObject* remove_tree(PyObject*, PyObject* arguments) {
  int holder;
  const char* name;
  Py_ssize_t length;
  unsigned threads;
  PyObject* poll;
  if (!PyArg_ParseTuple(arguments, "iy#IO", &holder, &name, &length, &threads, &poll)) return nullptr;
  if (length == 0 || std::strlen(name) != static_cast<std::size_t>(length) || std::strchr(name, '/')) {
    PyErr_SetString(PyExc_ValueError, "not the name of an entry");
    return nullptr;
  }
  bool raised = false;
  std::string problem;
  Removal removal(holder, threads > 0 ? threads : 1);
  PyThreadState* state = PyEval_SaveThread();
  try {
    const std::string entry(name);
    removal.run(entry.c_str(), [&](std::uint64_t count) {
      PyEval_RestoreThread(state);
      bool go_on = false;
      if (!raised && PyErr_CheckSignals() == 0) {
        PyObject* answer = PyObject_CallFunction(poll, "K", static_cast<unsigned long long>(count));
        go_on = answer != nullptr && PyObject_IsTrue(answer) == 1;
        Py_XDECREF(answer);
      }
      raised = raised || PyErr_Occurred() != nullptr;
      state = PyEval_SaveThread();
      return go_on;
    });
  } catch (const std::exception& trouble) {
    problem = trouble.what();
  }
  PyEval_RestoreThread(state);
  if (raised) return nullptr;
  if (!problem.empty()) {
    PyErr_SetString(PyExc_RuntimeError, problem.c_str());
    return nullptr;
  }
  return Py_BuildValue("KiOy#K", static_cast<unsigned long long>(removal.removed()), removal.error(),
                       removal.stopped() ? Py_True : Py_False, removal.failed().data(),
                       static_cast<Py_ssize_t>(removal.failed().size()),
                       static_cast<unsigned long long>(removal.freed()));
}

PyMethodDef methods[] = {
    {"remove_tree", remove_tree, METH_VARARGS,
     "remove_tree(holder, name, threads, poll) -> (removed, errno, stopped, failed name, freed bytes)\n\n"
     "Remove an entry of an open directory with all below it. poll(removed) is asked now and then whether\n"
     "to go on."},
    {nullptr, nullptr, 0, nullptr}};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "dusk.fs._removal",
                          "Removing a tree on several threads.", 0, methods, nullptr, nullptr, nullptr, nullptr};

}  // namespace

PyMODINIT_FUNC PyInit__removal() { return PyModuleDef_Init(&definition); }
