// A P = Q R by Householder reflections with column pivoting, and what Levenberg-Marquardt does with
// R: Gauss-Newton and damped steps without ever forming AᵀA. Source: Moré 1978.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/interruption.hpp"
#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class PivotedQr {
 public:
  PivotedQr(Index m, Index n)
      : m_(m),
        n_(n),
        k_(std::min(m, n)),
        r_(area(n, n)),
        s_(area(n, n)),
        q_(n),
        z_(n),
        row_(n),
        norms_(n),
        kept_norms_(n),
        order_(static_cast<std::size_t>(n)) {}

  // Takes A (m x n, column-major, destroyed) and b (m, becomes Qᵀb).
  void compute(double* a, double* b) {
    std::iota(order_.begin(), order_.end(), Index{0});
    for (Index j = 0; j < n_; ++j) norms_[j] = kept_norms_[j] = column(a, j, 0).norm();
    for (Index j = 0; j < k_; ++j) {
      pivot(a, j);
      auto v = column(a, j, j);
      double alpha = v.norm();
      if (alpha != 0) {
        // I − v vᵀ / v₀ with v = x/α + e₀, α with the sign of x₀.
        if (v[0] < 0) alpha = -alpha;
        v /= alpha;
        v[0] += 1;
        for (Index i = j + 1; i < n_; ++i) {
          auto c = column(a, i, j);
          c -= (v.dot(c) / v[0]) * v;
          downdate(a, i, j);
        }
        VectorMap<double> rest(b + j, m_ - j);
        rest -= (v.dot(rest) / v[0]) * v;
      }
      diagonal(a, j) = -alpha;
      Interruption::poll(4.0 * static_cast<double>((m_ - j) * (n_ - j)));
    }
    r_.fill(0);
    for (Index i = 0; i < k_; ++i)
      for (Index j = i; j < n_; ++j) r_[i * n_ + j] = a[j * m_ + i];
    q_.fill(0);
    std::copy(b, b + k_, q_.begin());
    const double small = static_cast<double>(std::max(m_, n_)) *
                         std::numeric_limits<double>::epsilon() * std::abs(r_[0]);
    rank_ = 0;
    while (rank_ < k_ && std::abs(r_[rank_ * (n_ + 1)]) > small) ++rank_;
  }

  Index rank() const { return rank_; }
  // The smallest diagonal entry of R in shares of the largest.
  double smallest_pivot() const {
    return k_ < n_ || r_[0] == 0 ? 0.0 : std::abs(r_[n_ * n_ - 1] / r_[0]);
  }
  // ‖Qᵀb‖ over the range of A: how much of b the columns of A explain.
  double explained() const { return ConstVectorMap<double>(q_.data(), rank_).norm(); }
  // ‖A x‖ and (A x)ᵀb. The latter through Qᵀb, which is small where b is nearly orthogonal to A,
  // so that nothing cancels.
  struct Image {
    double norm, slope;
  };
  Image image(const double* x) {
    for (Index j = 0; j < n_; ++j) z_[j] = x[order_[to_size(j)]];
    double squares = 0, slope = 0;
    for (Index i = 0; i < k_; ++i) {
      const double y = row(r_, i).dot(tail(z_, i));
      squares += y * y;
      slope += y * q_[i];
    }
    return {std::sqrt(squares), slope};
  }

  // A and b again, but for a rotation: R Pᵀ on top of `rows` x n numbers, column-major, zero below,
  // and Qᵀb.
  void copy_system(double* a, Index rows, double* b) const {
    std::fill(a, a + rows * n_, 0.0);
    std::fill(b, b + rows, 0.0);
    for (Index i = 0; i < k_; ++i) {
      for (Index j = i; j < n_; ++j) a[order_[to_size(j)] * rows + i] = r_[i * n_ + j];
      b[i] = q_[i];
    }
  }

  // x that minimises ‖A x + b‖, the shortest where A is rank-deficient.
  void gauss_newton(double* x) {
    for (Index i = 0; i < rank_; ++i) z_[i] = -q_[i];
    if (rank_ == n_) {
      back_substitute(r_, z_.data());
    } else {
      shortest();
    }
    unpermute(x);
  }

  // x that minimises ‖A x + b‖² + ‖diag(root) x‖².
  void damped(const double* root, double* x) {
    std::copy(r_.begin(), r_.end(), s_.begin());
    for (Index i = 0; i < n_; ++i) z_[i] = -q_[i];
    for (Index j = 0; j < n_; ++j) {
      const double first = root[order_[to_size(j)]];
      if (first == 0) continue;
      // Rotate the row (0 … first … 0) into S.
      row_.fill(0);
      row_[j] = first;
      double rest = 0;
      for (Index k = j; k < n_; ++k) {
        if (row_[k] == 0) continue;
        const double diagonal = s_[k * n_ + k], h = std::hypot(diagonal, row_[k]);
        const double c = diagonal / h, s = row_[k] / h;
        double* sk = s_.data() + k * n_;
        for (Index i = k; i < n_; ++i) {
          const double t = c * sk[i] + s * row_[i];
          row_[i] = c * row_[i] - s * sk[i];
          sk[i] = t;
        }
        const double t = c * z_[k] + s * rest;
        rest = c * rest - s * z_[k];
        z_[k] = t;
      }
      Interruption::poll(6.0 * static_cast<double>((n_ - j) * (n_ - j)));
    }
    back_substitute(s_, z_.data());
    unpermute(x);
  }

  // X (n x n, column-major) with X Xᵀ = (AᵀA)⁻¹, where A has full rank.
  void inverse_root(double* x) {
    for (Index j = 0; j < n_; ++j) {
      z_.fill(0);
      z_[j] = 1;
      back_substitute(r_, z_.data());
      unpermute(x + j * n_);
    }
  }

  // ‖S⁻ᵀ Pᵀ x‖ with S of the last damped() (or R where `undamped`): the slope of ‖x(ν)‖.
  double slope_norm(const double* x, bool undamped) {
    const Buffer<double>& t = undamped ? r_ : s_;
    for (Index j = 0; j < n_; ++j) z_[j] = x[order_[to_size(j)]];
    for (Index i = 0; i < n_; ++i) {
      z_[i] /= t[i * n_ + i];
      for (Index j = i + 1; j < n_; ++j) z_[j] -= t[i * n_ + j] * z_[i];
    }
    return ConstVectorMap<double>(z_.data(), n_).norm();
  }

 private:
  static std::size_t to_size(Index i) { return static_cast<std::size_t>(i); }
  VectorMap<double> column(double* a, Index j, Index from) const {
    return {a + j * m_ + from, m_ - from};
  }
  double& diagonal(double* a, Index j) { return a[j * m_ + j]; }
  ConstVectorMap<double> row(const Buffer<double>& t, Index i) const {
    return {t.data() + i * (n_ + 1), n_ - i};
  }
  ConstVectorMap<double> tail(const Buffer<double>& x, Index i) const {
    return {x.data() + i, n_ - i};
  }

  void pivot(double* a, Index j) {
    const Index best = std::max_element(norms_.begin() + j, norms_.end()) - norms_.begin();
    if (best == j) return;
    std::swap_ranges(a + j * m_, a + (j + 1) * m_, a + best * m_);
    std::swap(order_[to_size(j)], order_[to_size(best)]);
    norms_[best] = norms_[j];
    kept_norms_[best] = kept_norms_[j];
  }

  // The norm of column i below row j, computed anew where the difference has lost its digits.
  void downdate(double* a, Index i, Index j) {
    if (norms_[i] == 0) return;
    const double t = a[i * m_ + j] / norms_[i];
    norms_[i] *= std::sqrt(std::max(0.0, 1 - t * t));
    const double part = norms_[i] / kept_norms_[i];
    if (part * part <= 20 * std::numeric_limits<double>::epsilon())
      norms_[i] = kept_norms_[i] = j + 1 < m_ ? column(a, i, j + 1).norm() : 0.0;
  }

  // x from T x = x, T upper triangular by rows.
  void back_substitute(const Buffer<double>& t, double* x) const {
    for (Index i = n_; i-- > 0;) {
      double sum = x[i];
      for (Index j = i + 1; j < n_; ++j) sum -= t[i * n_ + j] * x[j];
      x[i] = sum / t[i * n_ + i];
    }
  }

  // The shortest z with [R₁₁ R₁₂] z = z₀, through the QR of its transpose: the rows of R are
  // columns.
  void shortest() {
    const Index k = rank_;
    std::copy(r_.begin(), r_.begin() + k * n_, s_.begin());
    MatrixMap<double> t(s_.data(), n_, k);  // becomes Q (below the diagonal) and T (`row_`, above)
    for (Index j = 0; j < k; ++j) {
      auto v = t.col(j).tail(n_ - j);
      double alpha = v.norm();
      if (v[0] < 0) alpha = -alpha;
      v /= alpha;
      v[0] += 1;
      for (Index i = j + 1; i < k; ++i) {
        auto c = t.col(i).tail(n_ - j);
        c -= (v.dot(c) / v[0]) * v;
      }
      row_[j] = -alpha;
    }
    // Tᵀ y = z₀ forward, then z = Q y.
    for (Index i = 0; i < k; ++i) {
      double sum = z_[i];
      for (Index j = 0; j < i; ++j) sum -= t(j, i) * z_[j];
      z_[i] = sum / row_[i];
    }
    std::fill(z_.begin() + k, z_.end(), 0.0);
    for (Index j = k; j-- > 0;) {
      const auto v = t.col(j).tail(n_ - j);
      VectorMap<double> rest(z_.data() + j, n_ - j);
      rest -= (v.dot(rest) / v[0]) * v;
    }
  }

  void unpermute(double* x) const {
    for (Index j = 0; j < n_; ++j) x[order_[to_size(j)]] = z_[j];
  }

  Index m_, n_, k_, rank_ = 0;
  Buffer<double> r_, s_;  // by rows
  Buffer<double> q_, z_, row_, norms_, kept_norms_;
  std::vector<Index> order_;
};

FASTOPT_END
