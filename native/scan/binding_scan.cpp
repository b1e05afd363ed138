// dusk.scan._native.Scan: started, watched, cancelled from Python. Threads of a scan never touch Python.
#include <unistd.h>

#include <new>

#include "binding.h"

namespace dusk {

PyTypeObject* scan_type = nullptr;

namespace {

Scan& scan_of(PyObject* self) { return **reinterpret_cast<ScanObject*>(self)->scan; }

template <class Add>
bool each_bytes(PyObject* sequence, Add&& add) {
  PyObject* iterator = PyObject_GetIter(sequence);
  if (iterator == nullptr) return false;
  while (PyObject* item = PyIter_Next(iterator)) {
    char* text;
    Py_ssize_t length;
    const bool valid = PyBytes_AsStringAndSize(item, &text, &length) == 0;
    if (valid) add(std::string(text, static_cast<std::size_t>(length)));
    Py_DECREF(item);
    if (!valid) break;
  }
  Py_DECREF(iterator);
  return PyErr_Occurred() == nullptr;
}

// Places come as (path below the root, closed, mounted, remote, flags, device).
bool parse_places(PyObject* sequence, Place& root) {
  PyObject* iterator = PyObject_GetIter(sequence);
  if (iterator == nullptr) return false;
  while (PyObject* item = PyIter_Next(iterator)) {
    const char* path;
    Py_ssize_t length;
    int closed, mounted, remote;
    unsigned flags;
    unsigned long long device;
    const bool valid =
        PyArg_ParseTuple(item, "y#pppIK", &path, &length, &closed, &mounted, &remote, &flags, &device) != 0;
    if (valid) {
      Place& place = root.at(std::string(path, static_cast<std::size_t>(length)));
      place.closed = closed;
      place.mounted = mounted;
      place.remote = remote;
      place.flags = flags;
      place.device = device;
    }
    Py_DECREF(item);
    if (!valid) break;
  }
  Py_DECREF(iterator);
  return PyErr_Occurred() == nullptr;
}

// From names, beginnings and ends.
std::unique_ptr<Triggers> parse_names(PyObject* arguments) {
  auto parsed = std::make_unique<Triggers>();
  PyObject *names, *prefixes, *suffixes;
  const bool valid = PyArg_ParseTuple(arguments, "OOO", &names, &prefixes, &suffixes) &&
                     each_bytes(names, [&](const std::string& name) { parsed->add_name(name); }) &&
                     each_bytes(prefixes, [&](const std::string& prefix) { parsed->add_prefix(prefix); }) &&
                     each_bytes(suffixes, [&](const std::string& suffix) { parsed->add_suffix(suffix); });
  return valid ? std::move(parsed) : nullptr;
}

std::unique_ptr<Triggers> parse_triggers(PyObject* arguments) {
  PyObject *outside, *inside, *enclosures, *openings;
  if (!PyArg_ParseTuple(arguments, "O!O!OO", &PyTuple_Type, &outside, &PyTuple_Type, &inside, &enclosures, &openings)) {
    return nullptr;
  }
  std::unique_ptr<Triggers> parsed = parse_names(outside);
  if (!parsed || !each_bytes(enclosures, [&](const std::string& name) { parsed->add_enclosure(name); }) ||
      !each_bytes(openings, [&](const std::string& path) { parsed->add_opening(path); })) {
    return nullptr;
  }
  parsed->set_inside(parse_names(inside));
  return parsed->inside() ? std::move(parsed) : nullptr;
}

PyObject* create(PyTypeObject* type, PyObject* arguments, PyObject*) {
  const char* path;
  Py_ssize_t length;
  int cross, awaits_report;
  if (!PyArg_ParseTuple(arguments, "y#pp", &path, &length, &cross, &awaits_report)) return nullptr;
  return guarded([&]() -> PyObject* {
    auto scan = std::make_unique<std::shared_ptr<Scan>>(
        std::make_shared<Scan>(std::string(path, static_cast<std::size_t>(length)), cross, awaits_report));
    const auto allocate = reinterpret_cast<allocfunc>(PyType_GetSlot(type, Py_tp_alloc));
    PyObject* self = allocate(type, 0);
    if (self == nullptr) return nullptr;
    reinterpret_cast<ScanObject*>(self)->scan = scan.release();
    reinterpret_cast<ScanObject*>(self)->process = getpid();
    return self;
  });
}

void destroy(PyObject* self) {
  PyTypeObject* type = Py_TYPE(self);
  auto*& scan = reinterpret_cast<ScanObject*>(self)->scan;
  // A forked child has none of the threads, and a lock that one of them held stays held for good.
  if (scan != nullptr && reinterpret_cast<ScanObject*>(self)->process == getpid()) {
    try {
      // Trees may outlive it; its threads need not.
      (*scan)->abandon();
    } catch (...) {
    }
    delete scan;
  }
  reinterpret_cast<freefunc>(PyType_GetSlot(type, Py_tp_free))(self);
  Py_DECREF(type);
}

PyObject* start(PyObject* self, PyObject* arguments) {
  PyObject* sequence;
  Scan::Pace pace;
  int inode_order, stands_back;
  if (!PyArg_ParseTuple(arguments, "OIIpp", &sequence, &pace.threads, &pace.held, &inode_order, &stands_back)) {
    return nullptr;
  }
  pace.inode_order = inode_order;
  pace.stands_back = stands_back;
  return guarded([&]() -> PyObject* {
    auto places = std::make_unique<Place>();
    if (!parse_places(sequence, *places)) return nullptr;
    scan_of(self).start(std::move(places), pace);
    Py_RETURN_NONE;
  });
}

PyObject* report(PyObject* self, PyObject* arguments) {
  return guarded([&]() -> PyObject* {
    std::unique_ptr<Triggers> triggers = parse_triggers(arguments);
    if (!triggers) return nullptr;
    const std::shared_ptr<Scan> scan = *reinterpret_cast<ScanObject*>(self)->scan;
    bool failed = false;
    Py_BEGIN_ALLOW_THREADS
    try {
      scan->tree.report(std::move(triggers));
    } catch (const std::bad_alloc&) {
      failed = true;
    }
    Py_END_ALLOW_THREADS
    if (failed) return PyErr_NoMemory();
    Py_RETURN_NONE;
  });
}

PyObject* fail(PyObject* self, PyObject* argument) {
  PyObject* text = PyUnicode_AsUTF8String(argument);
  if (text == nullptr) return nullptr;
  scan_of(self).fail(PyBytes_AsString(text));
  Py_DECREF(text);
  Py_RETURN_NONE;
}

PyObject* cancel(PyObject* self, PyObject*) {
  scan_of(self).cancel();
  Py_RETURN_NONE;
}

PyObject* wait(PyObject* self, PyObject* argument) {
  const long milliseconds = PyLong_AsLong(argument);
  if (milliseconds == -1 && PyErr_Occurred()) return nullptr;
  bool finished;
  const std::shared_ptr<Scan> scan = *reinterpret_cast<ScanObject*>(self)->scan;
  Py_BEGIN_ALLOW_THREADS
  finished = scan->wait(milliseconds);
  Py_END_ALLOW_THREADS
  return PyBool_FromLong(finished);
}

PyObject* progress(PyObject* self, PyObject*) {
  return guarded([&]() -> PyObject* {
    const Scan& scan = scan_of(self);
    const Progress now = scan.progress();
    const long long current = now.current == kNone ? -1 : static_cast<long long>(scan.tree.directory(now.current).index);
    return Py_BuildValue("(LLLLLdLOOs)", static_cast<long long>(now.entries), static_cast<long long>(now.directories),
                         static_cast<long long>(now.errors), static_cast<long long>(now.size),
                         static_cast<long long>(now.blocks), now.seconds, current, now.finished ? Py_True : Py_False,
                         now.cancelled ? Py_True : Py_False, now.failure.c_str());
  });
}

PyObject* refresh(PyObject* self, PyObject* arguments) {
  const char* path;
  Py_ssize_t length;
  PyObject* sequence;
  if (!PyArg_ParseTuple(arguments, "y#O", &path, &length, &sequence)) return nullptr;
  return guarded([&]() -> PyObject* {
    auto places = std::make_unique<Place>();
    if (!parse_places(sequence, *places)) return nullptr;
    scan_of(self).refresh(std::string(path, static_cast<std::size_t>(length)), std::move(places));
    Py_RETURN_NONE;
  });
}

PyObject* refreshes_pending(PyObject* self, PyObject*) {
  return PyLong_FromSize_t(scan_of(self).refreshes_pending());
}

PyObject* hit_count(PyObject* self, PyObject*) { return PyLong_FromUnsignedLongLong(scan_of(self).tree.hits().size()); }

PyObject* completed_count(PyObject* self, PyObject*) {
  return PyLong_FromUnsignedLongLong(scan_of(self).tree.completed_count());
}

// Returns the numbers from `begin` to `end` as the bytes of an array of unsigned 32-bit integers.
PyObject* slice(const Numbers& numbers, std::uint64_t count, PyObject* arguments) {
  unsigned long long begin, end;
  if (!PyArg_ParseTuple(arguments, "KK", &begin, &end)) return nullptr;
  if (end > count) end = count;
  if (begin > end) begin = end;
  PyObject* bytes = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>((end - begin) * 4));
  if (bytes == nullptr) return nullptr;
  auto* place = reinterpret_cast<std::uint32_t*>(PyBytes_AsString(bytes));
  for (unsigned long long position = begin; position < end; ++position) *place++ = numbers[position];
  return bytes;
}

PyObject* hits(PyObject* self, PyObject* arguments) {
  const Tree& tree = scan_of(self).tree;
  return slice(tree.hits(), tree.hits().size(), arguments);
}

PyObject* completed(PyObject* self, PyObject* arguments) {
  const Tree& tree = scan_of(self).tree;
  return slice(tree.completed(), tree.completed_count(), arguments);
}

PyMethodDef methods[] = {
    {"start", start, METH_VARARGS, nullptr},
    {"report", report, METH_VARARGS, nullptr},
    {"fail", fail, METH_O, nullptr},
    {"cancel", cancel, METH_NOARGS, nullptr},
    {"wait", wait, METH_O, nullptr},
    {"progress", progress, METH_NOARGS, nullptr},
    {"refresh", refresh, METH_VARARGS, nullptr},
    {"refreshes_pending", refreshes_pending, METH_NOARGS, nullptr},
    {"hit_count", hit_count, METH_NOARGS, nullptr},
    {"completed_count", completed_count, METH_NOARGS, nullptr},
    {"hits", hits, METH_VARARGS, nullptr},
    {"completed", completed, METH_VARARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
    {Py_tp_methods, methods},
    {0, nullptr},
};

PyType_Spec spec = {"dusk.scan._native.Scan", sizeof(ScanObject), 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

PyObject* make_scan_type(PyObject* module) {
  PyObject* type = PyType_FromModuleAndSpec(module, &spec, nullptr);
  scan_type = reinterpret_cast<PyTypeObject*>(type);
  return type;
}

}  // namespace dusk
