// Methods of dusk.scan._native.Tree that look at many entries: other threads of Python run meanwhile.
#include "binding_tree.h"
#include "prominence.h"
#include "shared.h"

namespace dusk {
namespace {

constexpr std::int64_t kShort = 5000;  // entries: a fraction of a millisecond

// Runs `body`, which looks at so many entries, while no block is replaced, and without the interpreter's lock where that
// takes a while. Not otherwise: whoever lets go of the lock a thousand times for a microsecond each never lets
// the thread in that waits for it (60 ms were measured), because that one begins its wait anew every time.
template <class Body>
auto undisturbed(const Tree& tree, std::int64_t entries, Body&& body) {
  struct Release {
    PyThreadState* state;
    ~Release() {
      if (state != nullptr) PyEval_RestoreThread(state);
    }
  } release{entries < kShort ? nullptr : PyEval_SaveThread()};
  const Shared lock(tree.replacing);
  return body();
}

// How many entries there are at and below one.
std::int64_t entries_below(const Tree& tree, std::uint32_t index) {
  const Spot spot = tree.locate(index);
  return spot.is_directory() ? tree.directory(spot.slot()).items.load(std::memory_order_relaxed) + 1 : 1;
}

bool parse_indexes(const Tree& tree, PyObject* argument, std::vector<std::uint32_t>& indexes) {
  char* bytes;
  Py_ssize_t length;
  if (PyBytes_AsStringAndSize(argument, &bytes, &length) != 0) return false;
  indexes.resize(static_cast<std::size_t>(length) / sizeof(std::uint32_t));
  std::memcpy(indexes.data(), bytes, indexes.size() * sizeof(std::uint32_t));
  for (const std::uint32_t index : indexes) {
    if (index < tree.count()) continue;
    PyErr_SetString(PyExc_IndexError, "no such entry");
    return false;
  }
  return true;
}

// The first entries of a kind from an index on; removed ones too.
std::vector<std::uint32_t> of_kind(const Tree& tree, Kind kind, std::uint32_t begin, std::uint32_t most) {
  std::vector<std::uint32_t> found;
  const std::uint32_t count = tree.count();
  while (begin < count) {
    const Spot spot = tree.locate(begin);
    for (std::uint32_t position = spot.position; position < spot.block->count; ++position) {
      if (spot.block->kind(position) != kind) continue;
      found.push_back(spot.block->first + position);
      if (found.size() >= most) return found;
    }
    begin = spot.block->first + spot.block->count;
  }
  return found;
}

}  // namespace

PyObject* from_blocks(std::int64_t blocks) {
  unsigned long long bytes;
  if (blocks < 0) return PyLong_FromLongLong(blocks * 512);
  if (__builtin_mul_overflow(static_cast<unsigned long long>(blocks), 512ull, &bytes)) bytes = ~0ull;
  return PyLong_FromUnsignedLongLong(bytes);
}

PyObject* from_indexes(const std::vector<std::uint32_t>& indexes) {
  return PyBytes_FromStringAndSize(reinterpret_cast<const char*>(indexes.data()),
                                   static_cast<Py_ssize_t>(indexes.size() * sizeof(std::uint32_t)));
}

bool parse_index(const Tree& tree, PyObject* argument, std::uint32_t& index) {
  const long long number = PyLong_AsLongLong(argument);
  if (number == -1 && PyErr_Occurred()) {
    if (!PyErr_ExceptionMatches(PyExc_OverflowError)) return false;
    PyErr_Clear();
  }
  if (number < 0 || number >= static_cast<long long>(tree.count())) {
    PyErr_SetString(PyExc_IndexError, "no such entry");
    return false;
  }
  index = static_cast<std::uint32_t>(number);
  return true;
}

// sums_of(entries): (apparent size, disk size, bytes that come free) of entries, given as the bytes of an array
// of unsigned 32-bit integers, none of which lies in another one.
PyObject* sums_of_entries(PyObject* self, PyObject* argument) {
  const Tree& tree = tree_of(self);
  return guarded([&]() -> PyObject* {
    std::vector<std::uint32_t> entries;
    if (!parse_indexes(tree, argument, entries)) return nullptr;
    std::int64_t looked_at = 0;
    for (const std::uint32_t entry : entries) looked_at += entries_below(tree, entry);
    const Sums found = undisturbed(tree, looked_at, [&] { return sums(tree, entries); });
    return Py_BuildValue("(LNN)", static_cast<long long>(found.size), from_blocks(found.blocks),
                         from_blocks(found.freed));
  });
}

// prominent_files(index, most): the newest and the biggest regular files at or below an entry, half of each, as
// the bytes of an array of unsigned 32-bit integers.
PyObject* prominent_files(PyObject* self, PyObject* arguments) {
  PyObject* argument;
  unsigned most;
  if (!PyArg_ParseTuple(arguments, "OI", &argument, &most)) return nullptr;
  const Tree& tree = tree_of(self);
  std::uint32_t index;
  if (!parse_index(tree, argument, index)) return nullptr;
  return guarded([&]() -> PyObject* {
    return from_indexes(undisturbed(tree, entries_below(tree, index), [&] { return prominent(tree, index, most); }));
  });
}

// Returns a list of (device, inode, links, found, disk size, whether the size of the entry holds it).
PyObject* linked_inodes_below(PyObject* self, PyObject* argument) {
  const Tree& tree = tree_of(self);
  std::uint32_t index;
  if (!parse_index(tree, argument, index)) return nullptr;
  return guarded([&]() -> PyObject* {
    const std::int64_t looked_at = entries_below(tree, index);
    const std::vector<LinkedInode> inodes = undisturbed(tree, looked_at, [&] { return linked_inodes(tree, index); });
    PyObject* list = PyList_New(static_cast<Py_ssize_t>(inodes.size()));
    for (std::size_t position = 0; list != nullptr && position < inodes.size(); ++position) {
      const LinkedInode& inode = inodes[position];
      PyObject* item = Py_BuildValue("(KKIINO)", static_cast<unsigned long long>(inode.device),
                                     static_cast<unsigned long long>(inode.inode), inode.links, inode.found,
                                     from_blocks(inode.blocks), inode.counted ? Py_True : Py_False);
      if (item == nullptr || PyList_SetItem(list, static_cast<Py_ssize_t>(position), item) != 0) {
        Py_DECREF(list);
        return nullptr;
      }
    }
    return list;
  });
}

// entries_of_kind(kind, begin, most): the first entries of a kind from an index on, removed ones too, as the bytes of an
// array of unsigned 32-bit integers.
PyObject* entries_of_kind(PyObject* self, PyObject* arguments) {
  int kind;
  unsigned begin, most;
  if (!PyArg_ParseTuple(arguments, "iII", &kind, &begin, &most)) return nullptr;
  const Tree& tree = tree_of(self);
  return guarded([&]() -> PyObject* {
    const std::vector<std::uint32_t> found =
        undisturbed(tree, tree.count() - begin, [&] { return of_kind(tree, static_cast<Kind>(kind), begin, most); });
    return from_indexes(found);
  });
}

}  // namespace dusk
