// How noisy residuals are where they are computed with less than double precision, rounded, or by
// simulation: differences of high order along a line cancel what is smooth and leave the noise
// (Hamming 1971; Moré & Wild 2011).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/buffer.hpp"

FASTOPT_BEGIN

// Residuals at w + k·h·direction, k = 1 … 7.
constexpr int line_points = 7;
// h: what is smooth leaves h⁶ = 1e-24 in differences of the sixth order. Where nothing moves
// over this step, as where outputs are rounded to decimals, one that is a hundred times as long.
constexpr double line_step = 1e-4, longer_line_step = 1e-2;
// Fewer differences of one order say little of a variance.
constexpr Index fewest_differences = 3;

// The error of m residuals near w as a vector's norm; zero where none is seen, or they are not
// finite. `f(x, e)` fills the residuals at x.
template <class F>
double residual_noise(F&& f, const double* w, const double* direction, Index n, Index m) {
  Buffer<double> at(n), line(area(m, line_points));
  double smallest = 0;
  for (const double h : {line_step, longer_line_step}) {
    for (int k = 0; k < line_points; ++k) {
      for (Index i = 0; i < n; ++i) at[i] = w[i] + (k + 1) * h * direction[i];
      f(at.data(), line.data() + k * m);
    }
    if (!line.vector().allFinite()) return smallest;
    // Differences of independent errors of unit variance have the variance (2k)! / (k!)².
    double variance = 1;
    smallest = std::numeric_limits<double>::infinity();
    for (int order = 1; order < line_points; ++order) {
      variance *= 2.0 * (2 * order - 1) / order;
      const Index count = m * (line_points - order);
      if (count < fewest_differences) break;
      double sum = 0;
      for (Index i = 0; i < count; ++i) {
        line[i] = line[i + m] - line[i];
        sum += line[i] * line[i];
      }
      const auto lines = static_cast<double>(line_points - order);
      smallest = std::min(smallest, std::sqrt(sum / lines / variance));
    }
    if (smallest > 0) return smallest;
  }
  return smallest;
}

FASTOPT_END
