// QR of a linear least-squares problem min ‖A c − Y‖ whose rows come block by block: R and Qᵀ Y are
// kept, Q and the rows are not (Golub & Van Loan, "updating QR factorizations").
#pragma once

#include <cmath>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class RowwiseQr {
 public:
  RowwiseQr(Index columns, Index right)
      : r_(Matrix<double>::Zero(columns, columns)), z_(Matrix<double>::Zero(columns, right)) {}

  void clear() {
    r_.setZero();
    z_.setZero();
  }

  // Rows of A and of Y, which are overwritten: Householder reflections of R's row j with all of
  // them, column by column.
  void add(Eigen::Ref<Matrix<double>> a, Eigen::Ref<Matrix<double>> y) {
    for (Index j = 0; j < a.cols(); ++j) {
      auto v = a.col(j);
      const double below = v.squaredNorm();
      if (below == 0) continue;
      const double alpha = r_(j, j), norm = std::sqrt(alpha * alpha + below);
      const double beta = alpha > 0 ? -norm : norm, tau = (beta - alpha) / beta;
      v /= alpha - beta;
      r_(j, j) = beta;
      const auto reflect = [&](double& top, auto rest) {
        const double t = tau * (top + v.dot(rest));
        top -= t;
        rest -= t * v;
      };
      for (Index k = j + 1; k < a.cols(); ++k) reflect(r_(j, k), a.col(k));
      for (Index k = 0; k < y.cols(); ++k) reflect(z_(j, k), y.col(k));
    }
  }
  void add(const RowwiseQr& other) {
    Matrix<double> a = other.r_, y = other.z_;
    add(a, y);
  }
  // Rows `value` · eⱼ of A, zero in Y, for the first `count` unknowns.
  void add_diagonal(double value, Index count) {
    Matrix<double> a = Matrix<double>::Zero(count, r_.cols());
    a.diagonal().setConstant(value);
    Matrix<double> y = Matrix<double>::Zero(count, z_.cols());
    add(a, y);
  }

  // ‖A‖², the trace of AᵀA.
  double squared_norm() const { return r_.squaredNorm(); }
  // Where A is zero there is nothing to solve for: c = 0.
  void set_trivial() {
    r_.setIdentity();
    z_.setZero();
  }

  const Matrix<double>& r() const { return r_; }
  Matrix<double> solution() const { return r_.triangularView<Eigen::Upper>().solve(z_); }

 private:
  Matrix<double> r_, z_;
};

FASTOPT_END
