// How noisy residuals are where they are computed with less than double precision, or by
// simulation: differences of high order along a line cancel what is smooth and leave the noise
// (Hamming 1971; Moré & Wild 2011).
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

// The error of e as a vector's norm, from `line_points` residuals at w + k·h·direction, k > 0; zero
// where these are not finite.
constexpr int line_points = 7;
inline double residual_noise(Objective& objective, const double* w, const double* direction) {
  const Index n = objective.size(), m = objective.n_residuals();
  constexpr double h = 1e-4;
  Buffer<double> at(n), e(area(m, line_points));
  for (int k = 0; k < line_points; ++k) {
    for (Index i = 0; i < n; ++i) at[i] = w[i] + (k + 1) * h * direction[i];
    objective.residuals(at.data(), e.data() + k * m);
  }
  if (!e.vector().allFinite()) return 0;
  // Differences of independent errors of unit variance have the variance (2k)! / (k!)².
  double smallest = std::numeric_limits<double>::infinity(), variance = 1;
  for (int order = 1; order < line_points; ++order) {
    variance *= 2.0 * (2 * order - 1) / order;
    const int count = line_points - order;
    double sum = 0;
    for (Index i = 0; i < m * count; ++i) {
      e[i] = e[i + m] - e[i];
      sum += e[i] * e[i];
    }
    smallest = std::min(smallest, std::sqrt(sum / count / variance));
  }
  return smallest;
}

FASTOPT_END
