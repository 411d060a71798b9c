// A = L Lᵀ in blocks, over threads and open to interruption. Blocks follow from n alone, so that
// the bits are the same for any number of threads.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// A small one, n a few dozen to a hundred: what it takes is calls and packing more than arithmetic,
// so four columns at a time go straight into those that follow. `stride` is between columns.
inline bool factorize_small(double* a, Index n, Index stride) {
  constexpr Index width = 4;
  const auto column = [&](Index j) { return a + j * stride; };
  for (Index k = 0; k < n; k += width) {
    const Index next = std::min(n, k + width);
    for (Index j = k; j < next; ++j) {
      double* __restrict x = column(j);
      for (Index p = k; p < j; ++p) {
        const double* __restrict y = column(p);
        const double factor = y[j];
        for (Index i = j; i < n; ++i) x[i] -= factor * y[i];
      }
      const double root = std::sqrt(x[j]);
      if (!(root > 0) || !std::isfinite(root)) return false;
      const double inverse = 1 / root;
      x[j] = root;
      for (Index i = j + 1; i < n; ++i) x[i] *= inverse;
    }
    if (next < k + width) break;
    const double* __restrict c0 = column(k);
    const double* __restrict c1 = column(k + 1);
    const double* __restrict c2 = column(k + 2);
    const double* __restrict c3 = column(k + 3);
    Index j = next;
    for (; j + 1 < n; j += 2) {  // two columns read the four only once
      double* __restrict x = column(j);
      double* __restrict y = column(j + 1);
      x[j] -= c0[j] * c0[j] + c1[j] * c1[j] + c2[j] * c2[j] + c3[j] * c3[j];
      const double f0 = c0[j], f1 = c1[j], f2 = c2[j], f3 = c3[j];
      const double g0 = c0[j + 1], g1 = c1[j + 1], g2 = c2[j + 1], g3 = c3[j + 1];
      for (Index i = j + 1; i < n; ++i) {
        const double p0 = c0[i], p1 = c1[i], p2 = c2[i], p3 = c3[i];
        x[i] -= f0 * p0 + f1 * p1 + f2 * p2 + f3 * p3;
        y[i] -= g0 * p0 + g1 * p1 + g2 * p2 + g3 * p3;
      }
    }
    if (j < n) column(j)[j] -= c0[j] * c0[j] + c1[j] * c1[j] + c2[j] * c2[j] + c3[j] * c3[j];
  }
  return true;
}

// Works in the lower triangle, diagonal included, of the n x n column-major matrix at `a`; the part
// above the diagonal is neither read nor written. False: A is not positive definite to rounding.
inline bool factorize_lower(double* a, Index n) {
  constexpr Index block = 128, tile = 256;
  MatrixMap<double> m(a, n, n);
  for (Index k = 0; k < n; k += block) {
    const Index width = std::min(block, n - k), below = k + width, rest = n - below;
    auto corner = m.block(k, k, width, width);
    if (!factorize_small(corner.data(), width, n)) return false;
    if (rest == 0) break;
    const Index tiles = (rest + tile - 1) / tile;
    const auto rows_of = [&](Index i) {
      return m.block(below + i * tile, k, std::min(tile, rest - i * tile), width);
    };
    parallel_for(tiles, [&](Index i) {
      auto panel = rows_of(i);
      corner.triangularView<Eigen::Lower>().transpose().solveInPlace<Eigen::OnTheRight>(panel);
    });
    // The trailing matrix, tile by tile of its lower triangle, counted row by row: i (i + 1) / 2 +
    // j.
    parallel_for(tiles * (tiles + 1) / 2, [&](Index t) {
      auto i = static_cast<Index>((std::sqrt(8.0 * static_cast<double>(t) + 1.0) - 1.0) / 2.0);
      while (i * (i + 1) / 2 > t) --i;
      while ((i + 1) * (i + 2) / 2 <= t) ++i;
      const Index j = t - i * (i + 1) / 2;
      const auto left = rows_of(i), right = rows_of(j);
      auto target = m.block(below + i * tile, below + j * tile, left.rows(), right.rows());
      if (i == j)
        target.selfadjointView<Eigen::Lower>().rankUpdate(left, -1.0);
      else
        target.noalias() -= left * right.transpose();
    });
    Interruption::poll(static_cast<double>(width) * static_cast<double>(rest) *
                       static_cast<double>(rest));
  }
  return true;
}

// x from L Lᵀ x = b, in place.
inline void solve_lower(const double* l, Index n, double* x) {
  const ConstMatrixMap<double> m(l, n, n);
  VectorMap<double> b(x, n);
  m.triangularView<Eigen::Lower>().solveInPlace(b);
  m.triangularView<Eigen::Lower>().transpose().solveInPlace(b);
}

// ln |L Lᵀ|
inline double log_determinant(const double* l, Index n) {
  double sum = 0;
  for (Index i = 0; i < n; ++i) sum += std::log(l[i * (n + 1)]);
  return 2 * sum;
}

// The diagonal of (L Lᵀ)⁻¹: the squared norms of the columns of L⁻¹, a few of them at a time.
inline void inverse_diagonal(const double* l, Index n, double* out) {
  constexpr Index width = 32;
  const ConstMatrixMap<double> m(l, n, n);
  parallel_for((n + width - 1) / width, [&](Index t) {
    const Index from = t * width, columns = std::min(width, n - from), rest = n - from;
    Matrix<double> x = Matrix<double>::Identity(rest, columns);
    m.block(from, from, rest, rest).triangularView<Eigen::Lower>().solveInPlace(x);
    VectorMap<double>(out + from, columns) = x.colwise().squaredNorm().transpose();
    Interruption::poll(static_cast<double>(columns) * static_cast<double>(rest) *
                       static_cast<double>(rest));
  });
}

// x ← (H + λ |diag H|)⁻¹ x, with the first λ of a few for which that is positive definite; false:
// there is none.
inline bool solve_damped(const double* h_data, Index n, double* x_data) {
  const ConstMatrixMap<double> h(h_data, n, n);
  for (const double lambda : {0.0, 1e-10, 1e-7, 1e-4, 1e-1, 1e2}) {
    Matrix<double> factor = h;
    factor.diagonal() += lambda * h.diagonal().cwiseAbs();
    if (!factorize_lower(factor.data(), n)) continue;
    Vector<double> x = ConstVectorMap<double>(x_data, n);
    solve_lower(factor.data(), n, x.data());
    if (!x.allFinite()) continue;
    VectorMap<double>(x_data, n) = x;
    return true;
  }
  return false;
}

FASTOPT_END
