// Norms of long vectors: pieces in the vector's own precision, their sum in double.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

template <class Scalar>
double squared_norm(const Scalar* x, Index n) {
  constexpr Index piece = 4096;
  double sum = 0;
  for (Index at = 0; at < n; at += piece)
    sum +=
        static_cast<double>(ConstVectorMap<Scalar>(x + at, std::min(piece, n - at)).squaredNorm());
  return sum;
}

// max |x_i|; NaN where one of them is.
template <class Scalar>
double largest_magnitude(const Scalar* x, Index n) {
  if (n == 0) return 0;
  return static_cast<double>(
      ConstVectorMap<Scalar>(x, n).cwiseAbs().template maxCoeff<Eigen::PropagateNaN>());
}

// Whether |x_i| ≤ most for all i; not where one of them is NaN. Squares are summed, twice as fast
// as the largest is found, which is looked for where the sum leaves it open.
template <class Scalar>
bool all_within(const Scalar* x, Index n, double most) {
  constexpr Index piece = 4096;
  for (Index at = 0; at < n; at += piece) {
    const Index count = std::min(piece, n - at);
    const auto sum = static_cast<double>(ConstVectorMap<Scalar>(x + at, count).squaredNorm());
    const bool surely = std::isfinite(sum) && 2 * std::sqrt(sum) <= most;
    if (!surely && !(largest_magnitude(x + at, count) <= most)) return false;
  }
  return true;
}

template <class Scalar>
double norm(const Scalar* x, Index n) {
  using Limits = std::numeric_limits<Scalar>;
  const double sum = squared_norm(x, n);
  // From here on the squares that fell below the smallest number do not count.
  constexpr double least =
      static_cast<double>(Limits::min()) / static_cast<double>(Limits::epsilon());
  if (std::isfinite(sum) && sum >= least * static_cast<double>(n)) return std::sqrt(sum);
  if (n == 0) return 0;
  const auto largest = static_cast<double>(ConstVectorMap<Scalar>(x, n).cwiseAbs().maxCoeff());
  if (!std::isfinite(largest) || largest == 0) return std::sqrt(sum);
  double scaled = 0;
  for (Index i = 0; i < n; ++i) {
    const double ratio = static_cast<double>(x[i]) / largest;
    scaled += ratio * ratio;
  }
  return largest * std::sqrt(scaled);
}

template <class Scalar>
double distance(const Scalar* x, const Scalar* y, Index n) {
  constexpr Index piece = 4096;
  double sum = 0;
  for (Index at = 0; at < n; at += piece) {
    const Index count = std::min(piece, n - at);
    sum += static_cast<double>(
        (ConstVectorMap<Scalar>(x + at, count) - ConstVectorMap<Scalar>(y + at, count))
            .squaredNorm());
  }
  return std::sqrt(sum);
}

FASTOPT_END
