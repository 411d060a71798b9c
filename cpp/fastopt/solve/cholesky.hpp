// A = L Lᵀ in blocks, over threads and open to interruption. Blocks follow from n alone, so that
// the bits are the same for any number of threads.
#pragma once

#include <Eigen/Cholesky>
#include <cmath>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// Works in the lower triangle, diagonal included, of the n x n column-major matrix at `a`; the part
// above the diagonal is neither read nor written. False: A is not positive definite to rounding.
inline bool factorize_lower(double* a, Index n) {
  constexpr Index block = 128, tile = 256;
  MatrixMap<double> m(a, n, n);
  for (Index k = 0; k < n; k += block) {
    const Index width = std::min(block, n - k), below = k + width, rest = n - below;
    auto corner = m.block(k, k, width, width);
    const Eigen::LLT<Eigen::Ref<Matrix<double>>> llt(corner);
    if (llt.info() != Eigen::Success || !corner.diagonal().allFinite()) return false;
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
