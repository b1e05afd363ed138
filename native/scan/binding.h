// What the two Python types share. CPython's stable ABI only.
#pragma once

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#include <Python.h>

#include <sys/types.h>

#include <memory>

#include "scan.h"

namespace dusk {

// A Python object that owns its part of a scan.
struct ScanObject {
  PyObject_HEAD
  std::shared_ptr<Scan>* scan;
  pid_t process;  // that made it; a forked child has none of its threads
};

PyObject* make_scan_type(PyObject* module);
PyObject* make_tree_type(PyObject* module);
extern PyTypeObject* scan_type;

// Runs `body`; turns C++ exceptions into Python's.
template <class Body>
PyObject* guarded(Body&& body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return PyErr_NoMemory();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_RuntimeError, error.what());
    return nullptr;
  }
}

}  // namespace dusk
