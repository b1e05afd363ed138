#include "triggers.h"

#include <cstring>

namespace dusk {
namespace {

unsigned byte(const char* text, std::size_t position) { return static_cast<unsigned char>(text[position]); }

unsigned bounded(std::size_t length) { return length < 255 ? static_cast<unsigned>(length) : 255; }

}  // namespace

void Triggers::add_name(const std::string& name) {
  if (name.empty()) return;
  names_.insert(name);
  names_seen_.add(byte(name.data(), 0), bounded(name.size()));
}

void Triggers::add_prefix(const std::string& prefix) {
  if (prefix.empty()) {
    everything_ = true;
    return;
  }
  prefixes_[byte(prefix.data(), 0)].push_back(prefix);
  if (prefix.size() > 1) {
    prefixes_seen_.add(byte(prefix.data(), 0), byte(prefix.data(), 1));
  } else {
    for (unsigned second = 0; second < 256; ++second) prefixes_seen_.add(byte(prefix.data(), 0), second);
  }
}

void Triggers::add_suffix(const std::string& suffix) {
  if (suffix.empty()) {
    everything_ = true;
    return;
  }
  const unsigned last = byte(suffix.data(), suffix.size() - 1);
  suffixes_[last].push_back(suffix);
  if (suffix.size() > 1) {
    suffixes_seen_.add(byte(suffix.data(), suffix.size() - 2), last);
  } else {
    for (unsigned before = 0; before < 256; ++before) suffixes_seen_.add(before, last);
  }
}

bool Triggers::match(const char* name, std::size_t length) const {
  if (length == 0) return everything_;
  const unsigned first = byte(name, 0), last = byte(name, length - 1);
  // A name of one byte has a zero as its second one, which no trigger of two bytes has.
  const unsigned second = length > 1 ? byte(name, 1) : 0, before = length > 1 ? byte(name, length - 2) : 0;
  if (everything_) return true;
  if (names_seen_.has(first, bounded(length)) && names_.count(std::string(name, length))) return true;
  if (suffixes_seen_.has(before, last)) {
    for (const std::string& suffix : suffixes_[last]) {
      if (suffix.size() <= length && std::memcmp(name + length - suffix.size(), suffix.data(), suffix.size()) == 0) {
        return true;
      }
    }
  }
  if (prefixes_seen_.has(first, second)) {
    for (const std::string& prefix : prefixes_[first]) {
      if (prefix.size() <= length && std::memcmp(name, prefix.data(), prefix.size()) == 0) return true;
    }
  }
  return false;
}

}  // namespace dusk
