// Random matrices that networks start from. The same bits on every platform: basic operations in a
// fixed order alone.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/random.hpp"

FASTOPT_BEGIN

// A uniformly distributed (Haar) matrix with orthonormal columns, rows ≥ columns, in C order: Q of
// the QR decomposition of a Gaussian matrix by Householder's reflections, with the signs that make
// R's diagonal positive (Mezzadri 2007). All inner loops run along rows, so that no sum is
// reordered.
inline void random_orthonormal(const Random& random, Index rows, Index columns, double* q) {
  Buffer<double> a(area(rows, columns)), sums(columns), sign(columns), factors(columns);
  for (Index i = 0; i < rows * columns; ++i) a[i] = random.normal(static_cast<std::uint64_t>(i));
  // matrix ← matrix − v (vᵀ matrix) · factor on rows from `first` on and columns from `left` on,
  // where column `first` of a holds v.
  const auto reflect = [&](double* matrix, Index first, Index left, double factor) {
    std::fill(sums.begin(), sums.end(), 0.0);
    for (Index i = first; i < rows; ++i) {
      const double v = a[i * columns + first];
      const double* row = matrix + i * columns;
      for (Index j = left; j < columns; ++j) sums[j] += v * row[j];
    }
    for (Index i = first; i < rows; ++i) {
      const double v = a[i * columns + first] * factor;
      double* row = matrix + i * columns;
      for (Index j = left; j < columns; ++j) row[j] -= v * sums[j];
    }
  };
  for (Index k = 0; k < columns; ++k) {
    double squares = 0;
    for (Index i = k; i < rows; ++i) squares += a[i * columns + k] * a[i * columns + k];
    double& head = a[k * columns + k];
    const double length = std::sqrt(squares);
    sign[k] = head > 0 ? -1 : 1;  // of R(k, k), so that v = x − R(k, k) e_k cancels nothing
    head -= sign[k] * length;
    factors[k] = length > 0 ? 1 / (length * std::abs(head)) : 0;  // 2/‖v‖²
    reflect(a.data(), k, k + 1, factors[k]);
  }
  std::fill(q, q + rows * columns, 0.0);
  for (Index k = 0; k < columns; ++k) q[k * columns + k] = sign[k];
  for (Index k = columns; k-- > 0;) reflect(q, k, k, factors[k]);
}

FASTOPT_END
