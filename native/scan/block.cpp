#include "block.h"

#include <algorithm>
#include <utility>

namespace dusk {
namespace {

constexpr std::uint32_t kEvery = 64;  // names between two noted places

std::uint64_t load(const unsigned char* place, unsigned width) {
  // Eight bytes at once: blocks end with enough padding.
  std::uint64_t number;
  std::memcpy(&number, place, sizeof number);
  return width == 8 ? number : number & ((std::uint64_t{1} << (8 * width)) - 1);
}

// What most filesystems spend for a size; only the difference to it is kept.
std::int64_t usual_blocks(std::int64_t size) { return (size / 4096 + (size % 4096 != 0)) * 8; }

}  // namespace

void Block::destroy(Block* block) { std::free(block); }

std::size_t Block::column_start(int column) const {
  std::size_t widths = 0;
  for (int before = 0; before < column; ++before) widths += widths_[before];
  return widths * others();
}

std::size_t Block::names_start() const { return column_start(kColumns); }

std::int64_t Block::value(Column column, std::uint32_t position) const {
  const unsigned width = widths_[column];
  const std::uint64_t base_value = base(column);
  if (width == 0) return static_cast<std::int64_t>(base_value);
  const unsigned char* place = data() + column_start(column) + std::size_t{position - directories} * width;
  return static_cast<std::int64_t>(base_value + load(place, width));
}

std::int64_t Block::disk_blocks(std::uint32_t position) const {
  return value(kBlocks, position) + usual_blocks(value(kSize, position));
}

std::uint32_t Block::flags(std::uint32_t position) const {
  return static_cast<std::uint32_t>(value(kState, position)) >> 3;
}

Kind Block::kind(std::uint32_t position) const {
  return is_directory(position) ? kDirectory : static_cast<Kind>(value(kState, position) & 7);
}

Block::Facts Block::facts(std::uint32_t position) const {
  Facts facts;
  facts.inode = static_cast<std::uint64_t>(value(kInode, position));
  facts.size = value(kSize, position);
  facts.blocks = value(kBlocks, position) + usual_blocks(facts.size);
  facts.modified = value(kModified, position);
  facts.owner = static_cast<std::uint32_t>(value(kOwner, position));
  facts.device_number = static_cast<std::uint32_t>(value(kDevice, position));
  facts.links = static_cast<std::uint32_t>(value(kLinks, position));
  const auto state = static_cast<std::uint32_t>(value(kState, position));
  facts.flags = state >> 3;
  facts.kind = static_cast<Kind>(state & 7);
  return facts;
}

void Block::store(Column column, std::uint32_t position, std::uint64_t value) {
  const unsigned width = widths_[column];
  const std::uint64_t difference = value - base(column);
  std::memcpy(data() + column_start(column) + std::size_t{position - directories} * width, &difference, width);
}

void Block::set_facts(std::uint32_t position, const Facts& facts) {
  store(kInode, position, facts.inode);
  store(kSize, position, static_cast<std::uint64_t>(facts.size));
  store(kBlocks, position, static_cast<std::uint64_t>(facts.blocks - usual_blocks(facts.size)));
  store(kModified, position, static_cast<std::uint64_t>(facts.modified));
  store(kOwner, position, facts.owner);
  store(kDevice, position, facts.device_number);
  store(kLinks, position, facts.links);
  store(kState, position, facts.flags << 3 | facts.kind);
  has_links_ |= (facts.flags & kHardLink) != 0;
}

void Block::set_flags(std::uint32_t position, std::uint32_t flags) {
  store(kState, position, flags << 3 | static_cast<std::uint32_t>(kind(position)));
  has_links_ |= (flags & kHardLink) != 0;
}

std::uint32_t Block::middle_length(std::uint32_t position) const {
  if (length_width_ == 0) return shortest_;
  const unsigned char* place = data() + names_start() + std::size_t{position} * length_width_;
  return shortest_ + static_cast<std::uint32_t>(load(place, length_width_));
}

Block::Name Block::name(std::uint32_t position) const {
  const unsigned char* lengths = data() + names_start();
  const unsigned char* places = lengths + std::size_t{count} * length_width_;
  const bool even = length_width_ == 0;
  const std::size_t noted = even ? 0 : (count - 1) / kEvery;
  const char* begin = reinterpret_cast<const char*>(places + 4 * noted);
  const char* end = begin + prefix_;
  const char* middle = end + suffix_;
  if (even) {
    middle += std::size_t{position} * shortest_;
  } else {
    std::uint32_t at = position / kEvery;
    if (at) middle += load(places + 4 * (at - 1), 4);
    for (std::uint32_t before = at * kEvery; before < position; ++before) middle += middle_length(before);
  }
  return {begin, middle, end, prefix_, middle_length(position), suffix_};
}

// Measures rows, then writes them.
class Packing {
 public:
  Packing(const Row* rows, const std::uint32_t* order, std::uint32_t count, std::uint32_t directories)
      : rows_(rows), order_(order), count_(count), directories_(directories) {}

  Block* pack(bool editable) {
    measure_columns(editable, AllColumns());
    measure_names();
    std::size_t widths = 0;
    for (unsigned width : widths_) widths += width;
    const std::size_t noted = length_width_ ? (count_ - 1) / kEvery : 0;
    const std::size_t size = sizeof(Block) + widths * (count_ - directories_) +
                             std::size_t{count_} * length_width_ + 4 * noted + prefix_ + suffix_ + middles_ + 8;
    void* memory = size > 0xffffffffu ? nullptr : std::malloc(size);
    if (memory == nullptr) throw std::bad_alloc();
    Block* block = new (memory) Block;
    fill_header(*block, size, editable);
    write_columns(*block, AllColumns());
    write_names(*block, noted);
    return block;
  }

 private:
  using AllColumns = std::make_integer_sequence<int, Block::kColumns>;

  const Row& row(std::uint32_t position) const { return rows_[order_[position]]; }

  // The column is known when this is compiled: asked for every number, it took a third of the packing.
  template <int column>
  static std::uint64_t number(const Row& row) {
    const Status& status = row.status;
    switch (column) {
      case Block::kInode: return status.inode;
      case Block::kSize: return static_cast<std::uint64_t>(status.size);
      case Block::kBlocks: return static_cast<std::uint64_t>(status.blocks - usual_blocks(status.size));
      case Block::kModified: return static_cast<std::uint64_t>(status.modified);
      case Block::kOwner: return status.owner;
      case Block::kDevice: return row.device_number;
      case Block::kLinks: return status.links;
      default: return row.flags << 3 | status.kind;
    }
  }

  template <int... columns>
  void measure_columns(bool editable, std::integer_sequence<int, columns...>) {
    (measure_column<columns>(editable), ...);
  }

  template <int column>
  void measure_column(bool editable) {
    if (count_ == directories_) return;
    if (editable) {
      widths_[column] = column < 4 ? 8 : 4;
      return;
    }
    auto least = static_cast<std::int64_t>(number<column>(row(directories_))), greatest = least;
    for (std::uint32_t position = directories_ + 1; position < count_; ++position) {
      const auto value = static_cast<std::int64_t>(number<column>(row(position)));
      least = std::min(least, value);
      greatest = std::max(greatest, value);
    }
    bases_[column] = static_cast<std::uint64_t>(least);
    widths_[column] = width_of(static_cast<std::uint64_t>(greatest) - static_cast<std::uint64_t>(least));
  }

  static std::uint8_t width_of(std::uint64_t number) {
    return number ? static_cast<std::uint8_t>((71 - __builtin_clzll(number)) / 8) : 0;
  }

  void measure_names() {
    const Row& sample = row(0);
    std::uint32_t shortest = sample.name_length, longest = shortest;
    std::uint32_t begin = std::min(shortest, 255u), end = begin;
    std::size_t total = 0;
    for (std::uint32_t position = 0; position < count_; ++position) {
      const Row& now = row(position);
      const std::uint32_t length = now.name_length;
      total += length;
      shortest = std::min(shortest, length);
      longest = std::max(longest, length);
      begin = std::min(begin, length);
      end = std::min(end, length);
      std::uint32_t same = 0;
      while (same < begin && now.name[same] == sample.name[same]) ++same;
      begin = same;
      same = 0;
      const char* now_end = now.name + length;
      const char* sample_end = sample.name + sample.name_length;
      while (same < end && now_end[-1 - static_cast<int>(same)] == sample_end[-1 - static_cast<int>(same)]) ++same;
      end = same;
    }
    prefix_ = begin;
    suffix_ = std::min(end, shortest - begin);
    shortest_ = shortest - prefix_ - suffix_;
    middles_ = total - std::size_t{count_} * (prefix_ + suffix_);
    length_width_ = width_of(longest - shortest);
  }

  void fill_header(Block& block, std::size_t size, bool editable) const {
    block.next.store(0, std::memory_order_relaxed);
    block.first = block.parent = block.first_slot = 0;
    block.count = count_;
    block.directories = directories_;
    for (int column = 0; column < 4; ++column) {
      block.wide_[column] = bases_[column];
      block.narrow_[column] = static_cast<std::uint32_t>(bases_[column + 4]);
    }
    block.shortest_ = shortest_;
    block.bytes_ = static_cast<std::uint32_t>(size);
    std::copy(widths_, widths_ + Block::kColumns, block.widths_);
    block.length_width_ = length_width_;
    block.prefix_ = static_cast<std::uint8_t>(prefix_);
    block.suffix_ = static_cast<std::uint8_t>(suffix_);
    block.editable_ = editable;
    block.has_links_ = false;
    for (std::uint32_t position = directories_; position < count_; ++position) {
      if (row(position).flags & kHardLink) block.has_links_ = true;
    }
  }

  template <int... columns>
  void write_columns(Block& block, std::integer_sequence<int, columns...>) const {
    unsigned char* place = block.data();
    (write_column<columns>(place), ...);
  }

  template <int column>
  void write_column(unsigned char*& place) const {
    const unsigned width = widths_[column];
    if (width == 0) return;
    // Each number is written with eight bytes, the later ones over what was too much; all of it lies in
    // the block, because more columns, names or padding follow.
    for (std::uint32_t position = directories_; position < count_; ++position, place += width) {
      const std::uint64_t difference = number<column>(row(position)) - bases_[column];
      std::memcpy(place, &difference, sizeof difference);
    }
  }

  void write_names(Block& block, std::size_t noted) const {
    unsigned char* lengths = block.data() + block.names_start();
    unsigned char* places = lengths + std::size_t{count_} * length_width_;
    char* begin = reinterpret_cast<char*>(places + 4 * noted);
    char* middle = begin + prefix_ + suffix_;
    const Row& sample = row(0);
    const char* const start = middle;
    for (std::uint32_t position = 0; position < count_; ++position) {
      const Row& now = row(position);
      const std::uint32_t length = now.name_length - prefix_ - suffix_;
      if (length_width_) {
        const std::uint32_t difference = length - shortest_;
        std::memcpy(lengths + std::size_t{position} * length_width_, &difference, length_width_);
        if (position && position % kEvery == 0) {
          const auto distance = static_cast<std::uint32_t>(middle - start);
          std::memcpy(places + 4 * (position / kEvery - 1), &distance, 4);
        }
      }
      std::memcpy(middle, now.name + prefix_, length);
      middle += length;
    }
    std::memcpy(begin, sample.name, prefix_);
    std::memcpy(begin + prefix_, sample.name + sample.name_length - suffix_, suffix_);
    std::memset(middle, 0, 8);
  }

  const Row* rows_;
  const std::uint32_t* order_;
  std::uint32_t count_, directories_;
  std::uint64_t bases_[Block::kColumns] = {};
  std::uint8_t widths_[Block::kColumns] = {};
  std::uint32_t prefix_ = 0, suffix_ = 0, shortest_ = 0;
  std::size_t middles_ = 0;
  std::uint8_t length_width_ = 0;
};

Block* Block::pack(const Row* rows, const std::uint32_t* order, std::uint32_t count,
                   std::uint32_t directories, bool editable) {
  return Packing(rows, order, count, directories).pack(editable);
}

}  // namespace dusk
