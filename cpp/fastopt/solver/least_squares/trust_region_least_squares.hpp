// Levenberg-Marquardt as a trust region (Moré 1978): the step p that minimises the linear model
// ‖e + J p‖ within ‖D p‖ ≤ Δ, by QR with column pivoting.
#pragma once

#include "fastopt/solver/least_squares/least_squares_solver.hpp"

FASTOPT_BEGIN

class TrustRegionLeastSquares final : public LeastSquaresSolver {
 public:
  using LeastSquaresSolver::LeastSquaresSolver;

 protected:
  void take_newton(ScaledModel& now, const Buffer<double>& /*w*/) override {
    now.gauss_newton(newton_.data());
    explained_ = now.qr().explained();
  }

  // Gauss-Newton where it lies within the region, else the ν whose step ends on its boundary.
  void take_step() override {
    p_.copy_from(newton_);
    if (trusts_newton()) {
      nu_ = 0;
      return;
    }
    const double steepest = (g_.vector().array() / d_.vector().array()).matrix().norm();
    double step = newton_norm_, low = 0, high = steepest / radius_;
    if (model().qr().rank() == n_) {
      const double slope = model().slope_norm(p_.data(), d_.data(), true) / step;
      low = (step - radius_) / radius_ / (slope * slope);
    }
    nu_ = std::min(std::max(nu_, low), high);
    if (nu_ == 0) nu_ = steepest / step;
    for (int i = 0; i < 10; ++i) {
      if (nu_ == 0) nu_ = std::max(std::numeric_limits<double>::min(), 1e-3 * high);
      model().damped(nu_, d_.data(), p_.data());
      step = scaled_norm(p_);
      const double excess = step - radius_;
      if (std::abs(excess) <= 0.1 * radius_) break;
      const double slope = model().slope_norm(p_.data(), d_.data(), false) / step;
      if (excess > 0)
        low = std::max(low, nu_);
      else
        high = std::min(high, nu_);
      nu_ = std::max(low, nu_ + excess / radius_ / (slope * slope));
    }
  }
};

FASTOPT_END
