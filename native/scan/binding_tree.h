// dusk.scan._native.Tree from inside: what its methods share.
#pragma once

#include <shared_mutex>
#include <vector>

#include "binding.h"
#include "ordering.h"

namespace dusk {

struct TreeObject {
  PyObject_HEAD
  std::shared_ptr<Scan>* scan;
  Ordering* ordering;
};

using Shared = std::shared_lock<std::shared_mutex>;

inline const Tree& tree_of(PyObject* self) { return (*reinterpret_cast<TreeObject*>(self)->scan)->tree; }

bool parse_index(const Tree& tree, PyObject* argument, std::uint32_t& index);
PyObject* from_blocks(std::int64_t blocks);
// Returns the bytes of an array of unsigned 32-bit integers.
PyObject* from_indexes(const std::vector<std::uint32_t>& indexes);

// Methods that look at many entries, without the interpreter's lock.
PyObject* sums_of_entries(PyObject* self, PyObject* argument);
PyObject* linked_inodes_below(PyObject* self, PyObject* argument);
PyObject* prominent_files(PyObject* self, PyObject* arguments);
PyObject* entries_of_kind(PyObject* self, PyObject* arguments);

}  // namespace dusk
