// The module dusk.scan._native.
#include "binding.h"
#include "system.h"

namespace {

PyObject* take_short_turns(PyObject*, PyObject*) {
  dusk::take_short_turns();
  Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"take_short_turns", take_short_turns, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyModuleDef definition = {PyModuleDef_HEAD_INIT, "_native", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};

bool add(PyObject* module, const char* name, PyObject* type) {
  if (type == nullptr) return false;
  // The module takes over the reference only when that succeeds.
  if (PyModule_AddObject(module, name, type) == 0) return true;
  Py_DECREF(type);
  return false;
}

}  // namespace

PyMODINIT_FUNC PyInit__native() {
  PyObject* module = PyModule_Create(&definition);
  if (module == nullptr) return nullptr;
  PyObject* scan = dusk::make_scan_type(module);
  // Kept for good: trees check what they are made from.
  Py_XINCREF(scan);
  if (!add(module, "Scan", scan) || !add(module, "Tree", dusk::make_tree_type(module))) {
    Py_DECREF(module);
    return nullptr;
  }
  return module;
}
