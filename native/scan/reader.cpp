#include "reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace dusk {
namespace {

constexpr unsigned kBetweenLooks = 64;  // entries between two looks at whether to stop

bool is_itself(const char* name) { return name[0] == '.' && !name[1]; }
bool is_above(const char* name) { return name[0] == '.' && name[1] == '.' && !name[2]; }

}  // namespace

bool Reader::list(int directory, int& error) {
  current_ ^= 1;
  if (!buffers_[current_]) buffers_[current_].reset(new char[kBuffer]);
  char* buffer = buffers_[current_].get();
  const long bytes = list_directory(directory, buffer, kBuffer);
  error = bytes < 0 ? static_cast<int>(-bytes) : 0;
  listed_.clear();
  itself_ = 0;
  if (bytes <= 0) return false;
  for (long offset = 0; offset < bytes;) {
    const auto* listed = reinterpret_cast<const Listed*>(buffer + offset);
    offset += listed->length;
    if (is_itself(listed->name)) {
      itself_ = listed->inode;
    } else if (!is_above(listed->name)) {
      listed_.push_back(listed);
    }
  }
  if (conduct_.inode_order) sort_by_inode();
  return true;
}

void Reader::sort_by_inode() {
  const auto earlier = [](const Listed* left, const Listed* right) { return left->inode < right->inode; };
  // Most filesystems list files that were made together in order already.
  if (!std::is_sorted(listed_.begin(), listed_.end(), earlier)) std::sort(listed_.begin(), listed_.end(), earlier);
}

bool Reader::examine_listed(int directory, const Place* place, std::uint64_t device, Freshness freshness,
                            const std::atomic<bool>& stop, std::atomic<std::int64_t>& beat, Batch& batch) {
  batch.rows.reserve(listed_.size());
  if (place != nullptr && place->below.empty()) place = nullptr;
  unsigned count = 0;
  for (const Listed* listed : listed_) {
    if (count++ % kBetweenLooks == 0) {
      if (stop.load(std::memory_order_relaxed)) return false;
      beat.store(milliseconds(), std::memory_order_relaxed);
    }
    Row& row = batch.rows.emplace_back();
    row.name = listed->name;
    row.name_length = static_cast<std::uint32_t>(std::strlen(listed->name));
    const Place* special = place == nullptr ? nullptr : place->find(row.name, row.name_length);
    if (!fill(directory, *listed, special, freshness, row)) {
      // It vanished between listing and looking.
      batch.rows.pop_back();
      continue;
    }
    judge(row, special, device);
  }
  return true;
}

// With all that it calls in it: a processor predicts every return wrongly that follows a system call, and one less for
// each entry is half a percent of a walk.
[[gnu::flatten]] bool Reader::fill(int directory, const Listed& listed, const Place* special, Freshness freshness,
                                   Row& row) const {
  Status& status = row.status;
  if (special != nullptr && special->closed) {
    // Only single files are mounted otherwise, and locally.
    status.kind = special->remote || listed.type == 0 ? kDirectory : kind_of_listed(listed.type);
    status.device = special->device;
    row.flags = special->flags;
    row.untouched = true;
    return true;
  }
  const int error = -examine(directory, row.name, freshness, status);
  if (error == 0) return true;
  if (error == ENOENT || error == ENOTDIR) return false;
  status = Status{};
  status.kind = kind_of_listed(listed.type);
  status.inode = listed.inode;
  row.flags = kUnreadable;
  row.untouched = true;
  row.error = error;
  return true;
}

void Reader::judge(Row& row, const Place* special, std::uint64_t device) const {
  Status& status = row.status;
  if (status.kind == kDirectory) {
    if (!row.flags && !conduct_.cross && status.device != device) row.flags = kOtherFilesystem;
    if (row.flags) {
      status.blocks = 0;
    } else {
      row.flags = kScanning;
      row.walked = true;
    }
    if (special != nullptr && special->mounted) row.flags |= kMountPoint;
  } else {
    if (status.kind == kFile && status.blocks < (kLimit / 512) && status.blocks * 512 < status.size) {
      row.flags |= kSparse;
    }
    if (special != nullptr && special->mounted) row.flags |= kMountPoint | kCountedElsewhere;
    if (status.links > 1) row.flags |= kHardLink;
  }
}

}  // namespace dusk
