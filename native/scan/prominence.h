// The files that a live process uses most likely: the newest and the biggest ones.
#pragma once

#include <cstdint>
#include <vector>

#include "tree.h"

namespace dusk {

// At most so many regular files at or below an entry, half of them the newest, half the biggest; each once, in
// the order of their indexes. The caller holds `replacing` shared.
std::vector<std::uint32_t> prominent(const Tree& tree, std::uint32_t index, std::size_t most);

}  // namespace dusk
