// What callers of Python name a way to have derivatives.
#pragma once

#include <pybind11/pybind11.h>

#include <string>

#include "fastopt/differences/gradient.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

inline Difference difference_named(const py::object& given) {
  if (given.is_none()) return Difference::none;
  if (py::isinstance<py::bool_>(given)) return Difference::together;
  if (!py::isinstance<py::str>(given)) return Difference::given;
  const auto name = given.cast<std::string>();
  if (name == "2-point") return Difference::two_point;
  if (name == "3-point") return Difference::three_point;
  if (name == "cs") return Difference::complex_step;
  throw std::invalid_argument("unknown difference '" + name + "'");
}

FASTOPT_END
