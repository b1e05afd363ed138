// The system calls of a walk, as thin as they can be. Source: getdents64(2), statx(2), openat2(2).
#pragma once

#include <fcntl.h>

#include <string>

#include "entry.h"

namespace dusk {

// How directories are opened: a symbolic link that took the place of one is refused.
constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;

enum class Freshness { kCached, kExact };  // whether a network filesystem may answer from what it remembers

// All return a negative errno when they fail.
int open_child(int directory, const char* name);
int open_beneath(int directory, const std::string& path);
int open_path(const std::string& path);
long list_directory(int directory, char* buffer, std::size_t size);
int examine(int directory, const char* name, Freshness freshness, Status& status);
int examine_open(int descriptor, Status& status);
// Gives this thread a table of descriptors of its own, with the standard streams and `kept` in it, where the system
// can: as long as threads share one, the kernel counts every use of a descriptor. A thread that has its own closes what
// it opened itself, because the numbers mean something else elsewhere.
void separate_descriptors(int kept);
// Lowers the priority of this thread, so that one that wakes up to draw need not wait until its time is used up.
void stand_back();
// Lets this thread, when it wakes up, come before threads of longer turns, where the kernel can (Linux 6.12). It gets
// no more of the processor than before, and no thread or program that it starts inherits it.
void take_short_turns();
Kind kind_of_listed(unsigned char type);
// Whether an error says that the directory is not there any more, or something else is.
bool is_gone(int error);

// One entry as getdents64 lists it.
struct Listed {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short length;
  unsigned char type;
  char name[];
};

std::int64_t milliseconds();  // on a clock that never goes back

}  // namespace dusk
