// dusk.scan._native.Tree: reading the size tree from Python, an index at a time or a page.
#include <string>

#include "binding_tree.h"

namespace dusk {
namespace {

constexpr auto relaxed = std::memory_order_relaxed;
constexpr std::size_t kQuick = 4096;  // children that are sorted without giving other threads a turn

// Calls `body(tree, spot)` for the entry that `argument` names, while no block is replaced.
template <class Body>
PyObject* with_spot(PyObject* self, PyObject* argument, Body&& body) {
  const Tree& tree = tree_of(self);
  std::uint32_t index;
  if (!parse_index(tree, argument, index)) return nullptr;
  return guarded([&]() -> PyObject* {
    const Shared lock(tree.replacing);
    return body(tree, tree.locate(index));
  });
}

PyObject* from_text(const std::string& text) {
  return PyBytes_FromStringAndSize(text.data(), static_cast<Py_ssize_t>(text.size()));
}

std::int64_t blocks_of(const Tree& tree, const Spot& spot) {
  return spot.is_directory() ? tree.directory(spot.slot()).blocks.load(relaxed) : spot.block->disk_blocks(spot.position);
}

std::int64_t size_of(const Tree& tree, const Spot& spot) {
  return spot.is_directory() ? tree.directory(spot.slot()).size.load(relaxed)
                             : spot.block->value(Block::kSize, spot.position);
}

std::int64_t newest_of(const Tree& tree, const Spot& spot) {
  return spot.is_directory() ? tree.directory(spot.slot()).newest() : spot.block->value(Block::kModified, spot.position);
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject*) {
  PyObject* scan;
  if (!PyArg_ParseTuple(arguments, "O!", scan_type, &scan)) return nullptr;
  return guarded([&]() -> PyObject* {
    auto owned = std::make_unique<std::shared_ptr<Scan>>(*reinterpret_cast<ScanObject*>(scan)->scan);
    auto ordering = std::make_unique<Ordering>((*owned)->tree);
    const auto allocate = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
    PyObject* self = allocate(type, 0);
    if (self == nullptr) return nullptr;
    reinterpret_cast<TreeObject*>(self)->scan = owned.release();
    reinterpret_cast<TreeObject*>(self)->ordering = ordering.release();
    return self;
  });
}

void destroy(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  delete reinterpret_cast<TreeObject*>(self)->ordering;
  delete reinterpret_cast<TreeObject*>(self)->scan;
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

Py_ssize_t length(PyObject* self) { return static_cast<Py_ssize_t>(tree_of(self).count()); }

PyObject* name(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree&, const Spot& spot) {
    std::string text;
    spot.block->name(spot.position).append_to(text);
    return from_text(text);
  });
}

PyObject* parent(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) {
    const std::uint32_t index = tree.parent_index(spot);
    return index == kNone ? PyLong_FromLong(-1) : PyLong_FromUnsignedLong(index);
  });
}

PyObject* kind_number(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree&, const Spot& spot) {
    return PyLong_FromLong(spot.block->kind(spot.position));
  });
}

PyObject* flag_bits(PyObject* self, PyObject* argument) {
  return with_spot(self, argument,
                   [](const Tree& tree, const Spot& spot) { return PyLong_FromUnsignedLong(tree.flags(spot)); });
}

PyObject* disk_size(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) { return from_blocks(blocks_of(tree, spot)); });
}

PyObject* apparent_size(PyObject* self, PyObject* argument) {
  return with_spot(self, argument,
                   [](const Tree& tree, const Spot& spot) { return PyLong_FromLongLong(size_of(tree, spot)); });
}

PyObject* newest_mtime_ns(PyObject* self, PyObject* argument) {
  return with_spot(self, argument,
                   [](const Tree& tree, const Spot& spot) { return PyLong_FromLongLong(newest_of(tree, spot)); });
}

PyObject* is_complete(PyObject* self, PyObject* argument) {
  return with_spot(self, argument,
                   [](const Tree& tree, const Spot& spot) { return PyBool_FromLong(!(tree.flags(spot) & kScanning)); });
}

PyObject* is_removed(PyObject* self, PyObject* argument) {
  return with_spot(self, argument,
                   [](const Tree& tree, const Spot& spot) { return PyBool_FromLong(tree.is_removed(spot)); });
}

PyObject* revision(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) {
    const std::uint32_t slot = spot.is_directory() ? spot.slot() : spot.block->parent;
    return PyLong_FromUnsignedLong(tree.directory(slot).revision.load(std::memory_order_acquire));
  });
}

PyObject* child_count(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) {
    return PyLong_FromUnsignedLong(spot.is_directory() ? tree.directory(spot.slot()).children.load(relaxed) : 0);
  });
}

// The path below the root, as pieces joined by slashes.
PyObject* path_below(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) {
    std::vector<Spot> chain;
    for (Spot now = spot; now.block->parent != kNone; now = tree.locate(tree.directory(now.block->parent).index)) {
      chain.push_back(now);
    }
    std::string path;
    for (std::size_t step = chain.size(); step-- > 0;) {
      chain[step].block->name(chain[step].position).append_to(path);
      if (step) path += '/';
    }
    return from_text(path);
  });
}

PyObject* child(PyObject* self, PyObject* arguments) {
  PyObject* parent_argument;
  const char* text;
  Py_ssize_t text_length;
  if (!PyArg_ParseTuple(arguments, "Oy#", &parent_argument, &text, &text_length)) return nullptr;
  return with_spot(self, parent_argument, [&](const Tree& tree, const Spot& spot) -> PyObject* {
    if (!spot.is_directory() || text_length == 0) Py_RETURN_NONE;
    const std::uint32_t found = tree.child(spot.slot(), text, static_cast<std::size_t>(text_length));
    if (found == kNone) Py_RETURN_NONE;
    return PyLong_FromUnsignedLong(found);
  });
}

// Returns (directories, others): the children in no order, as bytes of arrays of unsigned 32-bit integers.
PyObject* listed(PyObject* self, PyObject* argument) {
  return with_spot(self, argument, [](const Tree& tree, const Spot& spot) -> PyObject* {
    std::vector<std::uint32_t> directories, others;
    if (spot.is_directory()) {
      tree.each_child(spot.slot(), [&](const Block& block, std::uint32_t, std::uint32_t position, std::uint32_t index) {
        (block.is_directory(position) ? directories : others).push_back(index);
      });
    }
    return Py_BuildValue("(NN)", from_indexes(directories), from_indexes(others));
  });
}

// order(index, sort, apparent, offset, limit): one page as bytes of an array of unsigned 32-bit integers.
PyObject* order(PyObject* self, PyObject* arguments) {
  PyObject* argument;
  int sort, apparent;
  unsigned long long offset, limit;
  if (!PyArg_ParseTuple(arguments, "OipKK", &argument, &sort, &apparent, &offset, &limit)) return nullptr;
  const Tree& tree = tree_of(self);
  std::uint32_t index;
  if (!parse_index(tree, argument, index)) return nullptr;
  return guarded([&]() -> PyObject* {
    std::uint32_t slot = kNone;
    {
      const Shared lock(tree.replacing);
      const Spot spot = tree.locate(index);
      if (spot.is_directory()) slot = spot.slot();
    }
    if (slot == kNone) return PyBytes_FromStringAndSize("", 0);
    Ordering& ordering = *reinterpret_cast<TreeObject*>(self)->ordering;
    const bool quick = tree.directory(slot).children.load(relaxed) <= kQuick;
    PyThreadState* state = quick ? nullptr : PyEval_SaveThread();
    std::vector<std::uint32_t> page;
    bool failed = false;
    try {
      page = ordering.page(slot, static_cast<Sort>(sort), apparent, offset, limit);
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    if (state) PyEval_RestoreThread(state);
    return failed ? PyErr_NoMemory() : from_indexes(page);
  });
}

// Returns (parent, name, kind, apparent size, disk size, items, newest, owner, flags, device, inode, own size,
// own modification, links, errno).
PyObject* facts(PyObject* self, PyObject* argument) {
  const Tree& tree = tree_of(self);
  std::uint32_t index;
  if (!parse_index(tree, argument, index)) return nullptr;
  return guarded([&]() -> PyObject* {
    Shared lock(tree.replacing);
    const Spot spot = tree.locate(index);
    const std::uint32_t above = tree.parent_index(spot), flags = tree.flags(spot);
    std::string text;
    spot.block->name(spot.position).append_to(text);
    const std::int64_t blocks = blocks_of(tree, spot), size = size_of(tree, spot), newest = newest_of(tree, spot);
    std::int64_t items = 0, own_size = size, own_modified = newest;
    std::uint64_t inode, device;
    std::uint32_t owner, links;
    if (spot.is_directory()) {
      const Directory& directory = tree.directory(spot.slot());
      items = directory.items.load(relaxed);
      own_size = directory.own_size.load(relaxed);
      own_modified = directory.own_modified.load(relaxed);
      inode = directory.inode.load(relaxed);
      device = tree.device(directory.device_number.load(relaxed));
      owner = directory.owner.load(relaxed);
      links = directory.links.load(relaxed);
    } else {
      const Block::Facts known = spot.block->facts(spot.position);
      inode = known.inode;
      device = tree.device(known.device_number);
      owner = known.owner;
      links = known.links;
    }
    const int kind = spot.block->kind(spot.position);
    lock.unlock();
    const int error = flags & kUnreadable ? tree.error(index) : 0;
    return Py_BuildValue("(LNiLNLLIIKKLLIi)", above == kNone ? -1LL : static_cast<long long>(above), from_text(text), kind,
                         static_cast<long long>(size), from_blocks(blocks), static_cast<long long>(items),
                         static_cast<long long>(newest), owner, flags, static_cast<unsigned long long>(device),
                         static_cast<unsigned long long>(inode), static_cast<long long>(own_size),
                         static_cast<long long>(own_modified), links, error);
  });
}

PyMethodDef methods[] = {
    {"name", name, METH_O, nullptr},
    {"parent", parent, METH_O, nullptr},
    {"kind_number", kind_number, METH_O, nullptr},
    {"flag_bits", flag_bits, METH_O, nullptr},
    {"disk_size", disk_size, METH_O, nullptr},
    {"apparent_size", apparent_size, METH_O, nullptr},
    {"newest_mtime_ns", newest_mtime_ns, METH_O, nullptr},
    {"is_complete", is_complete, METH_O, nullptr},
    {"is_removed", is_removed, METH_O, nullptr},
    {"revision", revision, METH_O, nullptr},
    {"child_count", child_count, METH_O, nullptr},
    {"path_below", path_below, METH_O, nullptr},
    {"child", child, METH_VARARGS, nullptr},
    {"listed", listed, METH_O, nullptr},
    {"order", order, METH_VARARGS, nullptr},
    {"facts", facts, METH_O, nullptr},
    {"sums_of", sums_of_entries, METH_O, nullptr},
    {"linked", linked_inodes_below, METH_O, nullptr},
    {"prominent_files", prominent_files, METH_VARARGS, nullptr},
    {"entries_of_kind", entries_of_kind, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_methods, methods},
    {Py_sq_length, reinterpret_cast<void*>(length)},
    {0, nullptr},
};

PyType_Spec spec = {"dusk.scan._native.Tree", sizeof(TreeObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};

}  // namespace

PyObject* make_tree_type(PyObject* module) { return PyType_FromModuleAndSpec(module, &spec, nullptr); }

}  // namespace dusk
