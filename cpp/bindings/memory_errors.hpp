// Memory that runs out comes out of C++ as Python's MemoryError, whoever asked for it.
#pragma once

#include <pybind11/pybind11.h>

#include <new>
#include <stdexcept>

#include "fastopt/core/out_of_memory.hpp"

FASTOPT_BEGIN

inline void register_memory_errors() {
  pybind11::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const OutOfMemory& error) {
      PyErr_SetString(PyExc_MemoryError, error.what());
    } catch (const std::bad_alloc&) {  // of the standard library and of Eigen, which tell no size
      PyErr_SetString(PyExc_MemoryError,
                      "out of memory: a temporary array of this call cannot be allocated; "
                      "memory_needed tells how much a method takes");
    } catch (const std::length_error&) {  // a std::vector beyond what can be addressed
      PyErr_SetString(
          PyExc_MemoryError,
          "out of memory: an array of more numbers than can be addressed was asked for");
    } catch (const std::runtime_error&) {
      // pybind11 says so where Python could not make an object, and Python's own error is pending.
      if (PyErr_Occurred() == nullptr || PyErr_ExceptionMatches(PyExc_MemoryError) == 0) throw;
    }
  });
}

FASTOPT_END
