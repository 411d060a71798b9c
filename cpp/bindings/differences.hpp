// How derivatives of Python functions are had where they are not given.
#pragma once

#include <pybind11/pybind11.h>

#include <cmath>
#include <limits>
#include <string>

#include "fastopt/core/buffer.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

enum class Difference { given, together, two_point, three_point, five_point, complex_step, none };

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

// So small that x and f(x) do not feel it: nothing is subtracted.
inline constexpr double imaginary_step = 1e-30;

// Steps of differences: in proportion to |x_i|, never less than a share of the scale that x_i had
// at the start.
class DifferenceSteps {
 public:
  DifferenceSteps(const double* x0, Index n) : typical_(n) {
    double smallest = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < n; ++i)
      if (x0[i] != 0) smallest = std::min(smallest, std::abs(x0[i]));
    const double where_zero = std::min(smallest, 1.0);
    for (Index i = 0; i < n; ++i) typical_[i] = x0[i] != 0 ? std::abs(x0[i]) : where_zero;
  }
  // A step of about `relative` times the scale of x_i that is exact: (x + h) − x == h.
  double operator()(double relative, double x, Index i) const {
    const double h = relative * std::max(std::abs(x), 0.1 * typical_[i]);
    const volatile double shifted = x + (x < 0 ? -h : h);
    return shifted - x;
  }

 private:
  Buffer<double> typical_;
};

FASTOPT_END
