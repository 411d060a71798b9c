// Differences with the errors that they may have, to check derivatives against.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/differences/gradient.hpp"

FASTOPT_BEGIN

// Derivatives of m functions of n variables, d (n x m, C order), by differences of fourth order;
// and how far rounding and the terms that these neglect can lead them astray. `f(x, values)` fills
// m values; `centre` are those at x.
template <class F>
void differences_with_errors(F&& f, const Differences& differences, const double* x, Index n,
                             const double* centre, Index m, double* d, double* error) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  // Longer than what is best for central differences: errors of the order of h⁴ are less than those
  // of rounding.
  constexpr double relative = 2e-5;
  constexpr Index points = 5, middle = 2;
  Buffer<double> at(n), values(area(m, points));
  at.vector() = ConstVectorMap<double>(x, n);
  std::copy(centre, centre + m, values.data() + middle * m);
  for (Index i = 0; i < n; ++i) {
    const double h = differences.step(relative, x[i], i);
    for (const Index k : {0, 1, 3, 4}) {
      at[i] = x[i] + static_cast<double>(k - middle) * h;
      f(at.data(), values.data() + k * m);
    }
    at[i] = x[i];
    for (Index j = 0; j < m; ++j) {
      const auto value = [&](Index k) { return values[k * m + j]; };
      const double near = (value(3) - value(1)) / (2 * h), far = (value(4) - value(0)) / (4 * h);
      const double second_derivative = std::abs(value(3) - 2 * value(middle) + value(1)) / (h * h);
      double largest = 0;
      for (Index k = 0; k < points; ++k) largest = std::max(largest, std::abs(value(k)));
      d[i * m + j] = near + (near - far) / 3;
      error[i * m + j] = std::abs(near - far) / 3 +
                         epsilon * (4 * largest / std::abs(h) + std::abs(x[i]) * second_derivative);
    }
  }
}

FASTOPT_END
