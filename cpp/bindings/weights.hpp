// Vectors of weights between NumPy and solvers.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <string>

#include "bindings/numbers.hpp"
#include "fastopt/core/buffer.hpp"
#include "fastopt/objective/objective.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

inline py::array_t<double> copy_of(const Buffer<double>& b) { return copied(b.data(), {b.size()}); }

inline const double* checked(const Objective& objective, const Numbers<double>& w0) {
  if (w0.ndim() != 1 || w0.size() != objective.size())
    throw py::value_error("w0 must hold " + std::to_string(objective.size()) + " numbers, got " +
                          std::to_string(w0.size()));
  return w0.data();
}

// Where a solver stands.
template <class Class>
void def_place(Class& bound) {
  using Type = typename Class::type;
  bound.def_property_readonly("weights", [](const Type& s) { return copy_of(s.weights()); })
      .def_property_readonly("gradient", [](const Type& s) { return copy_of(s.gradient()); });
}

// How many values a search along a line may take.
template <class Class>
void def_search_limit(Class& bound) {
  using Type = typename Class::type;
  bound.def(
      "limit_search", [](Type& s, int n) { s.settings().line_search.max_evaluations = n; },
      py::arg("evaluations"));
}

FASTOPT_END
