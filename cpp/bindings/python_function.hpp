// A user's Python functions: how they are called, and how what they return is validated.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <complex>
#include <string>
#include <vector>

#include "bindings/gil.hpp"
#include "bindings/results.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

// f(x, *args, **kwargs), x a fresh array each time: whatever the function does with it stays its
// own affair.
class PythonFunction {
 public:
  PythonFunction(py::object function, py::tuple args, py::dict kwargs = py::dict())
      : function_(std::move(function)), args_(std::move(args)), kwargs_(std::move(kwargs)) {}

  explicit operator bool() const { return !function_.is_none(); }

  // `second` stands behind x where it is given.
  py::object operator()(const double* x, Index n, PyObject* second = nullptr) const {
    const py::array_t<double> copy = copied(x, {n});
    return call(copy.ptr(), second);
  }

  // f at x, with a step of `h` along the imaginary axis of x_i.
  py::object at_complex(const double* x, Index n, Index i, double h) const {
    py::array_t<std::complex<double>> z(n);
    std::copy(x, x + n, z.mutable_data());
    z.mutable_data()[i] += std::complex<double>(0, h);
    return call(z.ptr());
  }

 private:
  py::object call(PyObject* x, PyObject* second = nullptr) const {
    // Others may call us from inside the function: the arguments are put down anew for each call.
    PyObject* few[8];
    std::vector<PyObject*> many;
    PyObject** arguments = few;
    const std::size_t needed = 2 + args_.size();
    if (needed > 8) {
      many.resize(needed);
      arguments = many.data();
    }
    std::size_t count = 0;
    arguments[count++] = x;
    if (second != nullptr) arguments[count++] = second;
    for (const py::handle extra : args_) arguments[count++] = extra.ptr();
    PyObject* result = or_stop([&] {
      return PyObject_VectorcallDict(function_.ptr(), arguments, count,
                                     kwargs_.empty() ? nullptr : kwargs_.ptr());
    });
    if (result == nullptr) throw py::error_already_set();
    const auto owned = py::reinterpret_steal<py::object>(result);
    // A function without any Python code of its own never looks at signals.
    if (or_stop([] { return PyErr_CheckSignals(); }) != 0) throw py::error_already_set();
    return owned;
  }

  py::object function_;
  py::tuple args_;
  py::dict kwargs_;
};

FASTOPT_END
