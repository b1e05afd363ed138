#include "triggers.h"

#include <algorithm>

namespace dusk {
namespace {

constexpr std::uint32_t kAny = 256;

}  // namespace

void Triggers::Edges::add(std::uint32_t outermost_four, std::uint32_t outermost_two, const std::string& text) {
  if (text.size() >= 4) {
    of_four.add(outermost_four);
    four[outermost_four].push_back(text);
  } else {
    of_two.add(outermost_two);
    two[outermost_two].push_back(text);
  }
}

template <class Fits>
bool Triggers::Edges::has(std::uint32_t outermost_four, std::uint32_t outermost_two, Fits&& fits) const {
  const auto any = [&](const auto& texts, std::uint32_t key) {
    const auto found = texts.find(key);
    if (found == texts.end()) return false;
    for (const std::string& text : found->second) {
      if (fits(text)) return true;
    }
    return false;
  };
  return any(four, outermost_four) || any(two, outermost_two);
}

void Triggers::add_name(const std::string& name) {
  names_.add(name_key(beginning(name), end(name), name.size()));
  all_names_.insert(texts_.emplace_back(name));
}

void Triggers::add_prefix(const std::string& prefix) {
  const std::uint32_t first = beginning(prefix);
  if (prefix.empty()) {
    everything_ = true;
  } else if (prefix.size() > 1) {
    prefixes_.add(first, first & 0xffff, prefix);
  } else {
    for (std::uint32_t any = 0; any < kAny; ++any) prefixes_.add(0, first | any << 8, prefix);
  }
}

void Triggers::add_suffix(const std::string& suffix) {
  const std::uint32_t last = end(suffix);
  if (suffix.empty()) {
    everything_ = true;
  } else if (suffix.size() > 1) {
    suffixes_.add(last, last >> 16, suffix);
  } else {
    for (std::uint32_t any = 0; any < kAny; ++any) suffixes_.add(0, last >> 16 | any, suffix);
  }
}

void Triggers::add_enclosure(const std::string& name) {
  enclosures_.insert(name);
  note_parts(name);
}

void Triggers::add_opening(const std::string& path) {
  openings_.insert(path);
  note_parts(path);
}

void Triggers::note_parts(const std::string& path) {
  if (path.empty() || path[0] != '/') return;
  most_parts_ = std::max(most_parts_, static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')));
}

bool Triggers::encloses(bool above, const std::string& path) const {
  if (openings_.count(path) != 0) return false;
  if (above || enclosures_.count(path) != 0) return true;
  const std::size_t last = path.rfind('/');
  if (last == std::string::npos) return false;
  if (enclosures_.count(path.substr(last + 1)) != 0) return true;
  if (last == 0) return false;
  const std::size_t before = path.rfind('/', last - 1);
  return enclosures_.count(path.substr(before == std::string::npos ? 0 : before + 1)) != 0;
}

bool Triggers::encloses_all(const std::string& path) const {
  bool enclosed = false;
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    enclosed = encloses(enclosed, path.substr(0, end));
    if (end == std::string::npos) return enclosed;
  }
}

bool Triggers::has_prefix(std::string_view name, std::uint32_t first) const {
  return prefixes_.has(first, first & 0xffff, [&](const std::string& prefix) {
    return name.compare(0, prefix.size(), prefix) == 0;
  });
}

bool Triggers::has_suffix(std::string_view name, std::uint32_t last) const {
  return suffixes_.has(last, last >> 16, [&](const std::string& suffix) {
    return suffix.size() <= name.size() && name.compare(name.size() - suffix.size(), suffix.size(), suffix) == 0;
  });
}

}  // namespace dusk
