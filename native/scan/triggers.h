// The names that rules want to hear of, prepared so that all other names cost next to nothing.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

namespace dusk {

class Triggers {
 public:
  void add_name(const std::string& name);
  void add_prefix(const std::string& prefix);
  void add_suffix(const std::string& suffix);
  bool match(const char* name, std::size_t length) const;

 private:
  // One bit per pair of bytes: most names are turned away by three looks at them.
  class Pairs {
   public:
    void add(unsigned first, unsigned second) { bits_[first << 2 | second >> 6] |= std::uint64_t{1} << (second & 63); }
    bool has(unsigned first, unsigned second) const { return bits_[first << 2 | second >> 6] >> (second & 63) & 1; }

   private:
    std::uint64_t bits_[1024] = {};
  };

  std::unordered_set<std::string> names_;
  std::vector<std::string> prefixes_[256];  // by first byte
  std::vector<std::string> suffixes_[256];  // by last byte
  Pairs names_seen_;     // first byte and length
  Pairs prefixes_seen_;  // first two bytes
  Pairs suffixes_seen_;  // last two bytes
  bool everything_ = false;
};

}  // namespace dusk
