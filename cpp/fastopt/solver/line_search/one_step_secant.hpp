// One-step secant (Battiti 1992): p = −V g, V the BFGS update of γ I by the last step s = Δw and
// the change y = Δg that it brought: p = −γ g + A s + B y with
//   A = γ yᵀg/sᵀy − (1 + γ yᵀy/sᵀy) sᵀg/sᵀy,  B = γ sᵀg/sᵀy.
// γ = 1, or sᵀy/yᵀy (Shanno 1978).
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

class OneStepSecant final : public LineSearchSolver {
 public:
  OneStepSecant(Objective& objective, const double* w0, const LineSearchSolverSettings& settings,
                const Settings& own)
      : LineSearchSolver(objective, w0, settings),
        scale_initial_(own["scale_initial"] != 0),
        s_(n_),
        y_(n_) {}

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.array("s", s_.data(), n_);
    visitor.array("y", y_.data(), n_);
    visitor.number("sy", sy_, Allowed::non_negative);
    visitor.number("gain", gain_, Allowed::non_negative);
  }

 protected:
  bool compute() override {
    p_.vector() = -g_.vector();
    if (steepest()) return true;
    const double sg = s_.vector().dot(g_.vector()) / sy_, yg = y_.vector().dot(g_.vector()) / sy_;
    const double yy = y_.vector().squaredNorm() / sy_, gamma = scale_initial_ ? 1 / yy : 1;
    p_.vector() *= gamma;
    p_.vector() += (gamma * yg - (1 + gamma * yy) * sg) * s_.vector();
    p_.vector() += gamma * sg * y_.vector();
    if (!(g_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) reset();
    return true;
  }
  // The curvature must be positive beyond rounding.
  void update(const double* s, const double* y) override {
    std::copy(s, s + n_, s_.begin());
    std::copy(y, y + n_, y_.begin());
    const double sy = s_.vector().dot(y_.vector());
    sy_ = sy > 1e-14 * s_.vector().norm() * y_.vector().norm() ? sy : 0;
    gain_ = std::max(0.0, -s_.vector().dot(g_.vector() - y_.vector()));
  }
  void reset() override {
    p_.vector() = -g_.vector();
    sy_ = 0;
  }
  bool steepest() const override { return sy_ == 0; }
  // Without its scale the direction has that of −g: as far as the last step was foretold to bring.
  double first_length() const override {
    if (steepest()) return cautious_length();
    return scale_initial_ ? 1 : gain_ / -g_.vector().dot(p_.vector());
  }
  double predicted_decrease() const override {
    return -0.5 * g_.vector().dot(p_.vector()) * (steepest() ? 1 : first_length());
  }
  bool knows_scale() const override { return sy_ > 0; }
  // Its model is of one pair alone.
  int patience() const override { return 2; }

 private:
  bool scale_initial_;
  Buffer<double> s_, y_;
  double sy_ = 0, gain_ = 0;  // sᵀy, and −sᵀg before the step
};

FASTOPT_END
