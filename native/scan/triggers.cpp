#include "triggers.h"

#include <cstring>

namespace dusk {
namespace {

unsigned byte(std::string_view text, std::size_t position) { return static_cast<unsigned char>(text[position]); }

unsigned bounded(std::size_t length) { return length < 255 ? static_cast<unsigned>(length) : 255; }

// A name of one byte has a zero as its other one, which no trigger holds.
unsigned second(std::string_view text) { return text.size() > 1 ? byte(text, 1) : 0; }

unsigned last_but_one(std::string_view text) { return text.size() > 1 ? byte(text, text.size() - 2) : 0; }

}  // namespace

void Triggers::add_name(const std::string& name) {
  if (name.empty()) return;
  names_.insert(texts_.emplace_back(name));
  outer_.add(byte(name, 0), byte(name, name.size() - 1));
  inner_.add(second(name), bounded(name.size()));
}

void Triggers::add_prefix(const std::string& prefix) {
  if (prefix.empty()) {
    everything_ = true;
  } else if (prefix.size() > 1) {
    prefixes_.add(byte(prefix, 0), byte(prefix, 1), prefix);
  } else {
    for (unsigned any = 0; any < 256; ++any) prefixes_.add(byte(prefix, 0), any, prefix);
  }
}

void Triggers::add_suffix(const std::string& suffix) {
  if (suffix.empty()) {
    everything_ = true;
  } else if (suffix.size() > 1) {
    suffixes_.add(last_but_one(suffix), byte(suffix, suffix.size() - 1), suffix);
  } else {
    for (unsigned any = 0; any < 256; ++any) suffixes_.add(any, byte(suffix, 0), suffix);
  }
}

bool Triggers::match(const char* text, std::size_t length) const {
  const std::string_view name(text, length);
  if (everything_ || length == 0) return everything_;
  const unsigned first = byte(name, 0), after = second(name), before = last_but_one(name), last = byte(name, length - 1);
  if (outer_.has(first, last) && inner_.has(after, bounded(length)) && names_.count(name)) return true;
  if (suffixes_.seen.has(before, last)) {
    for (const std::string& suffix : suffixes_.of.find(before << 8 | last)->second) {
      if (suffix.size() <= length && std::memcmp(text + length - suffix.size(), suffix.data(), suffix.size()) == 0) {
        return true;
      }
    }
  }
  if (prefixes_.seen.has(first, after)) {
    for (const std::string& prefix : prefixes_.of.find(first << 8 | after)->second) {
      if (prefix.size() <= length && std::memcmp(text, prefix.data(), prefix.size()) == 0) return true;
    }
  }
  return false;
}

}  // namespace dusk
