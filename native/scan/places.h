// The special places below the root: mounts known before anything on them is touched, kernel filesystems.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace dusk {

// A tree of names; built by who starts a scan or a refresh, never changed while walkers read it.
struct Place {
  std::map<std::string, Place, std::less<>> below;
  bool closed = false;     // must not be touched
  bool mounted = false;    // something is mounted exactly here
  bool remote = false;     // asking for its type could hang
  std::uint32_t flags = 0;
  std::uint64_t device = 0;

  const Place* find(const char* name, std::size_t length) const {
    const auto found = below.find(std::string(name, length));
    return found == below.end() ? nullptr : &found->second;
  }

  // Returns the place at names joined by slashes, made where it is missing.
  Place& at(const std::string& path) {
    Place* place = this;
    std::size_t start = 0;
    while (start < path.size()) {
      std::size_t end = path.find('/', start);
      if (end == std::string::npos) end = path.size();
      if (end > start) place = &place->below[path.substr(start, end - start)];
      start = end + 1;
    }
    return *place;
  }
};

}  // namespace dusk
