// Names of a packed block: read in their three pieces, and packed anew.
#include <algorithm>
#include <vector>

#include "block.h"

namespace dusk {

void Block::Name::append_to(std::string& text) const {
  text.append(begin, begin_length).append(middle, middle_length).append(end, end_length);
}

bool Block::Name::equals(const char* text, std::size_t length) const {
  return length == this->length() && std::memcmp(text, begin, begin_length) == 0 &&
         std::memcmp(text + begin_length, middle, middle_length) == 0 &&
         std::memcmp(text + begin_length + middle_length, end, end_length) == 0;
}

char Block::Name::at(std::size_t position) const {
  if (position < begin_length) return begin[position];
  position -= begin_length;
  return position < middle_length ? middle[position] : end[position - middle_length];
}

int Block::Name::compare(const Name& other) const {
  const std::size_t mine = length(), others = other.length(), both = std::min(mine, others);
  // Names of one block begin alike; comparing that again for every pair would be most of the work.
  std::size_t position = begin == other.begin ? begin_length : 0;
  for (; position < both; ++position) {
    const auto left = static_cast<unsigned char>(at(position));
    const auto right = static_cast<unsigned char>(other.at(position));
    if (left != right) return left < right ? -1 : 1;
  }
  return mine == others ? 0 : mine < others ? -1 : 1;
}

std::uint64_t Block::Name::key(std::size_t start) const {
  unsigned char bytes[8] = {};
  std::size_t filled = 0;
  const auto take = [&](const char* piece, std::size_t piece_length) {
    if (start >= piece_length) {
      start -= piece_length;
      return;
    }
    const std::size_t count = std::min(piece_length - start, sizeof bytes - filled);
    std::memcpy(bytes + filled, piece + start, count);
    filled += count;
    start = 0;
  };
  take(begin, begin_length);
  take(middle, middle_length);
  if (filled < sizeof bytes) take(end, end_length);
  std::uint64_t key;
  std::memcpy(&key, bytes, sizeof key);
  return __builtin_bswap64(key);
}

Block* Block::repacked(bool editable) const {
  std::vector<Row> rows(count);
  std::vector<std::uint32_t> order(count);
  std::vector<std::size_t> starts(count);
  std::string names;
  for (std::uint32_t position = 0; position < count; ++position) {
    order[position] = position;
    starts[position] = names.size();
    name(position).append_to(names);
    rows[position].name_length = static_cast<std::uint32_t>(names.size() - starts[position]);
    if (is_directory(position)) continue;
    const Facts facts = this->facts(position);
    Status& status = rows[position].status;
    status.inode = facts.inode;
    status.size = facts.size;
    status.blocks = facts.blocks;
    status.modified = facts.modified;
    status.owner = facts.owner;
    status.links = facts.links;
    status.kind = facts.kind;
    rows[position].flags = facts.flags;
    rows[position].device_number = facts.device_number;
  }
  for (std::uint32_t position = 0; position < count; ++position) rows[position].name = names.data() + starts[position];
  Block* block = pack(rows.data(), order.data(), count, directories, editable);
  block->next.store(next.load(std::memory_order_relaxed), std::memory_order_relaxed);
  block->first = first;
  block->parent = parent;
  block->first_slot = first_slot;
  return block;
}

}  // namespace dusk
