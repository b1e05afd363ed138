// The names that rules want to hear of, prepared so that all other names cost next to nothing.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
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
  // One bit per pair of bytes: most names are turned away by four looks at such tables.
  class Pairs {
   public:
    void add(unsigned first, unsigned second) { bits_[first << 2 | second >> 6] |= std::uint64_t{1} << (second & 63); }
    bool has(unsigned first, unsigned second) const { return bits_[first << 2 | second >> 6] >> (second & 63) & 1; }

   private:
    std::uint64_t bits_[1024] = {};
  };
  // Beginnings or ends by their outermost two bytes.
  struct Ends {
    Pairs seen;
    std::unordered_map<unsigned, std::vector<std::string>> of;

    void add(unsigned first, unsigned second, const std::string& end) {
      seen.add(first, second);
      of[first << 8 | second].push_back(end);
    }
  };

  std::deque<std::string> texts_;                // never moves what the names below point to
  std::unordered_set<std::string_view> names_;
  Pairs outer_;  // first and last byte of names
  Pairs inner_;  // second byte and length of names
  Ends prefixes_, suffixes_;
  bool everything_ = false;
};

}  // namespace dusk
