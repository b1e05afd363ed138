// Children of one directory, packed: what was read from the disk in one go, in as few bytes as it takes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "entry.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "packed columns are read as little-endian numbers; the reference scanner serves elsewhere"
#endif

namespace dusk {

// Directories come first; their facts are wide and lie in Directory records, so that only their names are
// here. Of all others every column holds the difference to the block's least value, in the fewest bytes
// that hold the greatest one: none when all are equal. Names lose what all of them begin and end with.
//
// Layout after the header: columns of the entries that are no directories, one after the other; lengths of
// the shortened names; places of every 64th name; common beginning; common end; shortened names; padding.
class Block {
 public:
  enum Column { kInode, kSize, kBlocks, kModified, kOwner, kDevice, kLinks, kState, kColumns };

  struct Facts {
    std::uint64_t inode;
    std::int64_t size, blocks, modified;
    std::uint32_t owner, device_number, links, flags;
    Kind kind;
  };

  // A name in its three pieces.
  struct Name {
    const char* begin;
    const char* middle;
    const char* end;
    std::uint32_t begin_length, middle_length, end_length;

    std::size_t length() const { return std::size_t{begin_length} + middle_length + end_length; }
    void append_to(std::string& text) const;
    bool equals(const char* text, std::size_t length) const;
    int compare(const Name& other) const;
    // Bytes from `start` on, as a number that sorts like them; zeros after the end.
    std::uint64_t key(std::size_t start) const;
    char at(std::size_t position) const;
  };

  // Packs rows; `order` names directories first. With `editable` every column takes its full width.
  // Throws std::bad_alloc.
  static Block* pack(const Row* rows, const std::uint32_t* order, std::uint32_t count,
                     std::uint32_t directories, bool editable);
  static void destroy(Block* block);

  // Returns the same entries in a new block, editable or as small as possible. Throws std::bad_alloc.
  Block* repacked(bool editable) const;

  bool is_directory(std::uint32_t position) const { return position < directories; }
  std::uint32_t slot(std::uint32_t position) const { return first_slot + position; }
  Name name(std::uint32_t position) const;
  Facts facts(std::uint32_t position) const;
  // Calls `visit(index, text, length)` for every name.
  template <class Visit>
  void each_name(Visit&& visit) const;
  // Returns the index of the entry with a name that `accepts`, kNone when there is none.
  template <class Accepts>
  std::uint32_t find(const char* text, std::size_t length, Accepts&& accepts) const;
  std::int64_t value(Column column, std::uint32_t position) const;
  std::int64_t disk_blocks(std::uint32_t position) const;
  std::uint32_t flags(std::uint32_t position) const;
  Kind kind(std::uint32_t position) const;

  // Only in an editable block.
  void set_facts(std::uint32_t position, const Facts& facts);
  void set_flags(std::uint32_t position, std::uint32_t flags);

  bool is_editable() const { return editable_; }
  bool has_links() const { return has_links_; }
  std::size_t bytes() const { return bytes_; }

  std::atomic<std::uint32_t> next;  // number of the same directory's next block, 0 for none
  std::uint32_t first;              // index of the first entry
  std::uint32_t count;
  std::uint32_t directories;  // how many of them are directories
  std::uint32_t parent;       // slot of the directory that holds them
  std::uint32_t first_slot;   // slot of the first directory

 private:
  friend class Packing;

  const unsigned char* data() const { return reinterpret_cast<const unsigned char*>(this + 1); }
  unsigned char* data() { return reinterpret_cast<unsigned char*>(this + 1); }
  std::uint32_t others() const { return count - directories; }
  std::uint64_t base(int column) const { return column < 4 ? wide_[column] : narrow_[column - 4]; }
  std::size_t column_start(int column) const;
  std::size_t names_start() const;
  std::uint32_t middle_length(std::uint32_t position) const;
  void store(Column column, std::uint32_t position, std::uint64_t value);

  std::uint64_t wide_[4];
  std::uint32_t narrow_[4];
  std::uint32_t shortest_;
  std::uint32_t bytes_;
  std::uint8_t widths_[kColumns];
  std::uint8_t length_width_;
  std::uint8_t prefix_;
  std::uint8_t suffix_;
  bool editable_ : 1;
  bool has_links_ : 1;
};

template <class Accepts>
std::uint32_t Block::find(const char* text, std::size_t length, Accepts&& accepts) const {
  const Name sample = name(0);
  const std::size_t around = std::size_t{prefix_} + suffix_;
  if (length < around + shortest_ || std::memcmp(text, sample.begin, prefix_) != 0 ||
      std::memcmp(text + length - suffix_, sample.end, suffix_) != 0) {
    return kNone;
  }
  const char* wanted = text + prefix_;
  const std::size_t wanted_length = length - around;
  const char* middle = sample.middle;
  for (std::uint32_t position = 0; position < count; ++position) {
    const std::uint32_t now = middle_length(position);
    if (now == wanted_length && std::memcmp(middle, wanted, now) == 0 && accepts(position)) return first + position;
    middle += now;
  }
  return kNone;
}

template <class Visit>
void Block::each_name(Visit&& visit) const {
  const Name sample = name(0);
  const char* middle = sample.middle;
  std::string text(sample.begin, prefix_);
  for (std::uint32_t position = 0; position < count; ++position) {
    const std::uint32_t length = middle_length(position);
    text.resize(prefix_);
    text.append(middle, length).append(sample.end, suffix_);
    visit(first + position, text.data(), text.size());
    middle += length;
  }
}

}  // namespace dusk
