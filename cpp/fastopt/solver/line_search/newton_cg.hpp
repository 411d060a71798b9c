// Newton without a Hessian: H p = −g solved by conjugate gradients from products H v alone, for n
// too large for n² (Nocedal & Wright, chapter 7).
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

class NewtonCg final : public LineSearchSolver {
 public:
  NewtonCg(TwiceDifferentiable& objective, const double* w0,
           const LineSearchSolverSettings& settings)
      : LineSearchSolver(objective, w0, settings),
        function_(objective),
        residual_(n_),
        d_(n_),
        hd_(n_) {}

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.number("first_norm", first_norm_, Allowed::non_negative);
    visitor.flag("convex", convex_);
    visitor.flag("steepest", steepest_);
  }

 protected:
  // The closer to the minimum, the more exactly: superlinear convergence. Where the curvature along
  // a direction of the method is not positive, what has been found so far is taken.
  bool compute() override {
    const double norm_g = norm(g_.data(), n_);
    if (first_norm_ == 0) first_norm_ = norm_g;
    const double wanted = std::min(coarsest, std::sqrt(norm_g / first_norm_)) * norm_g;
    p_.fill(0);
    residual_.vector() = g_.vector();
    d_.vector() = -g_.vector();
    double rr = residual_.vector().squaredNorm();
    convex_ = 1;
    steepest_ = 0;
    for (Index k = 0; k < most_rounds * (n_ + 1); ++k) {
      function_.hessian_vector(w_.data(), d_.data(), hd_.data());
      ++n_hessian_;
      const double curvature = d_.vector().dot(hd_.vector());
      if (!std::isfinite(curvature)) return false;
      if (!(curvature > flat * d_.vector().squaredNorm() * largest_)) {
        convex_ = 0;
        if (k == 0) p_.vector() = (curvature < 0 ? rr / -curvature : 1.0) * d_.vector();
        break;
      }
      largest_ = std::max(largest_, curvature / d_.vector().squaredNorm());
      const double alpha = rr / curvature;
      p_.vector() += alpha * d_.vector();
      residual_.vector() += alpha * hd_.vector();
      const double next = residual_.vector().squaredNorm();
      if (std::sqrt(next) <= wanted) break;
      d_.vector() = -residual_.vector() + (next / rr) * d_.vector();
      rr = next;
    }
    largest_ = 0;
    if (!(g_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) reset();
    return true;
  }
  void reset() override {
    p_.vector() = -g_.vector();
    convex_ = 0;
    steepest_ = 1;
  }
  void reset_all() override {
    reset();
    first_norm_ = 0;
  }
  bool steepest() const override { return steepest_ != 0; }
  bool knows_scale() const override { return convex_ != 0; }

 private:
  // Of ‖g‖: no step is taken less exactly (Nocedal & Wright, 7.1).
  static constexpr double coarsest = 0.5;
  // Curvatures below this share of the largest one are rounding.
  static constexpr double flat = 1e-15;
  // In exact arithmetic n products are enough; rounding makes many times as many of them.
  static constexpr Index most_rounds = 20;

  TwiceDifferentiable& function_;
  Buffer<double> residual_, d_, hd_;
  double first_norm_ = 0, largest_ = 0;
  std::int64_t convex_ = 0, steepest_ = 0;
};

FASTOPT_END
