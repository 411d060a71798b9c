// What a user's function returned, as arrays and numbers; whatever is wrong with it is named.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

// `what` must be `expected`: "fun(x)" "one number". An exception of the result's own, raised by its
// __array__, comes out unchanged; what NumPy says of it is given with the name.
inline py::array array_of(const py::object& result, const std::string& what,
                          const std::string& expected) {
  try {
    return py::array(result);
  } catch (py::error_already_set& error) {
    // NumPy itself has no lines of Python that could have raised the exception.
    const bool value = error.matches(PyExc_ValueError);
    if (error.trace() || !(value || error.matches(PyExc_TypeError))) throw;
    const auto text = what + " must return " + expected + ", got what is no array of numbers: " +
                      py::str(error.value()).cast<std::string>();
    py::raise_from(error, value ? PyExc_ValueError : PyExc_TypeError, text.c_str());
    throw py::error_already_set();
  }
}

inline bool is_real(const py::array& array) {
  const char kind = array.dtype().kind();
  return kind == 'f' || kind == 'i' || kind == 'u' || kind == 'b';
}

FASTOPT_END
