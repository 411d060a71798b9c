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

  // Gauss-Newton where it lies within the region, else the ν whose step ends on its border.
  void take_step() override {
    p_.copy_from(newton_);
    if (trusts_newton()) {
      region_.nu = 0;
      return;
    }
    const auto take = [&](double nu) {
      model().damped(nu, d_.data(), p_.data());
      return scaled_norm(p_);
    };
    const auto slope = [&](bool undamped, double step) {
      return model().slope_norm(p_.data(), d_.data(), undamped) / step;
    };
    region_.damp(newton_norm_, steepest(), model().qr().rank() == n_, take, slope);
  }
};

FASTOPT_END
