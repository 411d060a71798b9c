// Levenberg-Marquardt as a trust region (Moré 1978): the step p that minimises the linear model
// ‖e + J p‖ within ‖D p‖ ≤ Δ, by QR with column pivoting; D follows the columns of J, so that the
// units of the parameters play no part. All is done in the scaled variables s = D p.
#pragma once

#include "fastopt/solve/least_squares_solver.hpp"

FASTOPT_BEGIN

class TrustRegionLeastSquares final : public LeastSquaresSolver {
 public:
  // Δ at the start is `factor` times ‖D w0‖.
  TrustRegionLeastSquares(Objective& objective, const double* w0,
                          const LeastSquaresSettings& settings, double factor)
      : LeastSquaresSolver(objective, w0, settings), factor_(factor), s_(n_), root_(n_) {}

  void visit(StateVisitor& visitor) override {
    LeastSquaresSolver::visit(visitor);
    visitor.number("radius", radius_);
  }

 protected:
  void begin() override {
    radius_ = factor_ * scaled_norm(w_);
    if (radius_ == 0) radius_ = factor_;
  }

  bool trusts_newton() const override { return newton_norm_ <= 1.1 * radius_; }

  void take_newton(ScaledModel& now, const Buffer<double>& /*w*/) override {
    now.qr().gauss_newton(newton_.data());
    explained_ = now.qr().explained();
  }

  // Moré's control of Δ by the gain ratio, actual over predicted decrease.
  Report search() override {
    for (;;) {
      take_step();
      const double step = norm(s_.data(), n_);
      set_trial();
      const double loss = value(trial_.data());
      const double f = std::sqrt(2 * loss_), image = model().qr().image_norm(s_.data()) / f;
      const double damped = nu_ * (step / f) * (step / f), predicted = image * image + 2 * damped;
      double actual = loss < 100 * loss_ ? 1 - loss / loss_ : -1;
      double ratio = predicted > 0 ? actual / predicted : 0;
      if (first_) radius_ = std::min(radius_, step);
      if (ratio >= 1e-4 && !spare_is_good(loss)) actual = ratio = -1;
      if (ratio <= 0.25) {
        const double slope = -(image * image + damped);
        double shrink = actual >= 0 ? 0.5 : 0.5 * slope / (slope + 0.5 * actual);
        if (!(loss < 100 * loss_) || !(shrink >= 0.1)) shrink = 0.1;
        radius_ = shrink * std::min(radius_, 10 * step);
        nu_ /= shrink;
      } else if (nu_ == 0 || ratio >= 0.75) {
        radius_ = 2 * step;
        nu_ *= 0.5;
      }
      if (ratio >= 1e-4) return accept(loss, predicted, actual);
      if (hopeless(predicted)) return report(Status::noise_floor);
      if (radius_ <= epsilon * scaled_norm(w_)) return report(stalled());
      if (out_of_evaluations()) return report(Status::evaluations);
    }
  }

 private:
  // s and p = D⁻¹ s: Gauss-Newton where it lies within the region, else the ν whose step ends on
  // its border, to a tenth.
  void take_step() {
    PivotedQr& qr = model().qr();
    s_.copy_from(newton_);
    if (trusts_newton()) {
      nu_ = 0;
    } else {
      const double steepest = (g_.vector().array() / d_.vector().array()).matrix().norm();
      double step = newton_norm_, low = 0, high = steepest / radius_;
      if (qr.rank() == n_) {
        const double slope = qr.slope_norm(s_.data(), true) / step;
        low = (step - radius_) / radius_ / (slope * slope);
      }
      nu_ = std::min(std::max(nu_, low), high);
      if (nu_ == 0) nu_ = steepest / step;
      for (int i = 0; i < 10; ++i) {
        if (nu_ == 0) nu_ = std::max(std::numeric_limits<double>::min(), 1e-3 * high);
        root_.fill(std::sqrt(nu_));
        qr.damped(root_.data(), s_.data());
        step = norm(s_.data(), n_);
        const double excess = step - radius_;
        if (std::abs(excess) <= 0.1 * radius_) break;
        const double slope = qr.slope_norm(s_.data(), false) / step;
        if (excess > 0)
          low = std::max(low, nu_);
        else
          high = std::min(high, nu_);
        nu_ = std::max(low, nu_ + excess / radius_ / (slope * slope));
      }
    }
    p_.vector() = (s_.vector().array() / d_.vector().array()).matrix();
  }

  double factor_, radius_ = 0;
  Buffer<double> s_, root_;
};

FASTOPT_END
