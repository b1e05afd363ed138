// The names that rules want to hear of, prepared so that all other names cost next to nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace dusk {

// Filled first; read by any thread after that.
class Triggers {
 public:
  void add_name(const std::string& name);
  void add_prefix(const std::string& prefix);
  void add_suffix(const std::string& suffix);
  // A directory by its path, by its name, or by the name above it and its own with a slash between: in it and below
  // other names count, except in and below an opening, which is named by its path.
  void add_enclosure(const std::string& name);
  void add_opening(const std::string& path);
  void set_inside(std::unique_ptr<const Triggers> inside) { inside_ = std::move(inside); }

  bool has_enclosures() const { return inside_ != nullptr && !enclosures_.empty(); }
  // Whether other names count in a directory, given whether they do in the one above it. `path` is absolute; where it
  // has more parts than `most_parts`, the last two of them are enough.
  bool encloses(bool above, const std::string& path) const;
  // The same, told from an absolute path alone.
  bool encloses_all(const std::string& path) const;
  std::size_t most_parts() const { return most_parts_; }
  const Triggers* inside() const { return inside_.get(); }

  bool match(const char* text, std::size_t length) const {
    const std::string_view name(text, length);
    const std::uint32_t first = beginning(name), last = end(name);
    return (suffixes_.may_have(last, last >> 16) && has_suffix(name, last)) ||
           (names_.may_have(name_key(first, last, length)) && has_name(name)) ||
           (prefixes_.may_have(first, first & 0xffff) && has_prefix(name, first)) || everything_;
  }

 private:
  // A kilobyte that turns most names away: what is looked at of it stays in the processor's nearest cache,
  // whatever the kernel does between two names. A Bloom filter, the three bits of a key in one word.
  class Filter {
   public:
    void add(std::uint32_t key) {
      const std::uint64_t hash = mixed(key);
      words_[hash >> 57] |= bits(hash);
    }
    bool may_have(std::uint32_t key) const {
      const std::uint64_t hash = mixed(key);
      return (words_[hash >> 57] & bits(hash)) == bits(hash);
    }

   private:
    static std::uint64_t mixed(std::uint32_t key) { return key * 0x9e3779b97f4a7c15u; }
    static std::uint64_t bits(std::uint64_t hash) {
      return std::uint64_t{1} << (hash >> 51 & 63) | std::uint64_t{1} << (hash >> 45 & 63) |
             std::uint64_t{1} << (hash >> 39 & 63);
    }

    std::uint64_t words_[128] = {};
  };

  // Beginnings or ends: the long ones by their four outermost bytes, the others by the outermost two.
  struct Edges {
    Filter of_four, of_two;
    std::unordered_map<std::uint32_t, std::vector<std::string>> four, two;

    void add(std::uint32_t outermost_four, std::uint32_t outermost_two, const std::string& text);
    bool may_have(std::uint32_t outermost_four, std::uint32_t outermost_two) const {
      return of_four.may_have(outermost_four) || of_two.may_have(outermost_two);
    }
    template <class Fits>
    bool has(std::uint32_t outermost_four, std::uint32_t outermost_two, Fits&& fits) const;
  };

  // Four bytes as a number; of a shorter name zeros stand where none is left, which no name on a disk holds.
  static std::uint32_t beginning(std::string_view name) { return name.size() < 4 ? padded(name, 0) : four(name, 0); }
  static std::uint32_t end(std::string_view name) {
    return name.size() < 4 ? padded(name, 4 - name.size()) : four(name, name.size() - 4);
  }
  static std::uint32_t four(std::string_view name, std::size_t from) {
    std::uint32_t bytes;
    std::memcpy(&bytes, name.data() + from, sizeof bytes);
    return bytes;
  }
  static std::uint32_t padded(std::string_view name, std::size_t zeros) {
    std::uint32_t bytes = 0;
    for (const char byte : name) bytes |= static_cast<std::uint32_t>(static_cast<unsigned char>(byte)) << 8 * zeros++;
    return bytes;
  }
  static std::uint32_t name_key(std::uint32_t first, std::uint32_t last, std::size_t length) {
    return first ^ (last << 7 | last >> 25) ^ static_cast<std::uint32_t>(length << 20);
  }

  void note_parts(const std::string& path);
  bool has_name(std::string_view name) const { return all_names_.count(name) != 0; }
  bool has_prefix(std::string_view name, std::uint32_t first) const;
  bool has_suffix(std::string_view name, std::uint32_t last) const;

  Filter names_;
  std::deque<std::string> texts_;  // never moves what the names below point to
  std::unordered_set<std::string_view> all_names_;
  Edges prefixes_, suffixes_;
  bool everything_ = false;
  std::unordered_set<std::string> enclosures_, openings_;
  std::size_t most_parts_ = 0;
  std::unique_ptr<const Triggers> inside_;
};

}  // namespace dusk
