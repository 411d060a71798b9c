// What a user's function returned, as arrays and numbers; whatever is wrong with it is named.
#pragma once

#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <complex>
#include <string>

#include "bindings/numbers.hpp"
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

// Real numbers, sparse ones too. `expected()` spells what should have been returned: most often
// nobody asks.
template <class Expected>
Numbers<double> real_array(const py::object& result, const char* what, const Expected& expected) {
  if (py::isinstance<py::array_t<double, py::array::c_style>>(result))
    return py::reinterpret_borrow<Numbers<double>>(result);
  const bool sparse = !py::isinstance<py::array>(result) && py::hasattr(result, "toarray");
  const py::array array =
      array_of(sparse ? py::object(result.attr("toarray")()) : result, what, expected());
  if (!is_real(array))
    throw py::type_error(std::string(what) + " must return real numbers, got " +
                         (array.size() > 0 ? py::str(array.dtype()).cast<std::string>()
                                           : py::repr(result).cast<std::string>()));
  return Numbers<double>(array);
}

// What fun returned for complex x: `size` numbers.
inline Numbers<std::complex<double>> complex_array(const py::object& result, Index size,
                                                   const std::string& expected) {
  const py::array array = array_of(result, "fun(x)", expected);
  const bool numbers = is_real(array) || array.dtype().kind() == 'c';
  if (!numbers || array.size() != size || (array.ndim() > 1 && size != 1))
    throw py::value_error("jac='cs' needs a fun that takes complex x and returns " + expected +
                          ", got " + py::repr(result).cast<std::string>());
  // Real ones have lost the step along the imaginary axis: their derivatives would be zero.
  if (array.dtype().kind() != 'c')
    throw py::type_error("jac='cs' needs a fun that returns complex numbers for complex x, got " +
                         py::str(array.dtype()).cast<std::string>());
  return Numbers<std::complex<double>>(array);
}

inline std::string shape_of(const py::array& array) {
  return py::str(array.attr("shape")).cast<std::string>();
}

inline std::string spelled(double value) {
  if (std::isnan(value)) return "nan";
  return std::isinf(value) ? (value > 0 ? "inf" : "-inf")
                           : py::repr(py::float_(value)).cast<std::string>();
}

FASTOPT_END
