// Newton: p = −H⁻¹g with the exact Hessian. Where H is not positive definite, its eigenvalues are
// replaced by their absolute values, so that p stays a descent direction and runs away from
// saddles.
#pragma once

#include <Eigen/Eigenvalues>

#include "fastopt/core/abandonable.hpp"
#include "fastopt/linalg/cholesky.hpp"
#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

class Newton final : public LineSearchSolver {
 public:
  Newton(TwiceDifferentiable& objective, const double* w0, const LineSearchSolverSettings& settings)
      : LineSearchSolver(objective, w0, settings),
        function_(objective),
        h_(area(n_, n_)),
        factor_(area(n_, n_)),
        at_(n_) {}

  Report step() override {
    Report report = LineSearchSolver::step();
    report.positive_definite = positive_definite();
    return report;
  }

  // Of H at the present point; unknown before the first step.
  bool positive_definite() const { return positive_definite_ != 0; }
  const Buffer<double>& hessian() const { return h_; }

  // Without H, which the next step takes anew.
  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.flag("positive_definite", positive_definite_);
    visitor.flag("steepest", steepest_);
  }

 protected:
  bool compute() override {
    if (!factorize()) return false;
    steepest_ = 0;
    p_.vector() = -g_.vector();
    if (positive_definite_ != 0) {
      solve_lower(factor_.data(), n_, p_.data());
    } else {
      solve_by_eigenvalues();
    }
    if (!searches()) return p_.vector().allFinite();
    if (!(g_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) reset();
    return true;
  }
  void describe() override {
    if (!known_ || at_.vector() != w_.vector()) factorize();
  }
  void reset() override {
    p_.vector() = -g_.vector();
    steepest_ = 1;
  }
  bool steepest() const override { return steepest_ != 0; }
  bool knows_scale() const override { return steepest_ == 0; }
  const double* exact_hessian() override {
    if (!function_.has_exact_hessian()) return nullptr;
    const bool here = known_ && at_.vector() == w_.vector();
    return here || factorize() ? h_.data() : nullptr;
  }

 private:
  // Of the largest curvature: those below it are told by rounding, and no step is longer for them.
  static constexpr double flattest = 1e-12;

  // False: H is not finite.
  bool factorize() {
    ++n_hessian_;
    positive_definite_ = 0;
    known_ = false;
    function_.hessian(w_.data(), h_.data());
    if (!h_.vector().allFinite()) return false;
    at_.copy_from(w_);
    known_ = true;
    factor_.copy_from(h_);
    positive_definite_ = factorize_lower(factor_.data(), n_) && pivots_are_safe();
    return true;
  }

  // Each pivot against the entry that it comes from, so that the scales of the weights do not
  // count.
  bool pivots_are_safe() const {
    const double rounding = 4 * static_cast<double>(n_) * std::numeric_limits<double>::epsilon();
    for (Index i = 0; i < n_ * n_; i += n_ + 1)
      if (!(factor_[i] * factor_[i] > rounding * h_[i])) return false;
    return true;
  }

  // In weights scaled so that the largest entry of each row of H is about 1 (Ruiz's equilibration).
  // The diagonal alone is no measure: where H is indefinite, its entries can vanish by chance.
  void solve_by_eigenvalues() {
    const ConstMatrixMap<double> h(h_.data(), n_, n_);
    Vector<double> d = Vector<double>::Ones(n_);
    Matrix<double> scaled = h;
    for (int sweep = 0; sweep < 4; ++sweep) {
      const Vector<double> largest = scaled.cwiseAbs().colwise().maxCoeff().transpose();
      d.array() /= (largest.array() > 0).select(largest.array().sqrt(), 1.0);
      scaled = d.asDiagonal() * h * d.asDiagonal();
    }
    auto decompose = [m = std::move(scaled)] {
      return Eigen::SelfAdjointEigenSolver<Matrix<double>>(m);
    };
    const auto eigen = n_ < long_decomposition ? decompose() : abandonable(std::move(decompose));
    Vector<double> divisors = eigen.eigenvalues();
    if (searches())
      divisors = divisors.cwiseAbs().cwiseMax(flattest * divisors.cwiseAbs().maxCoeff());
    Vector<double> c = eigen.eigenvectors().transpose() * (d.asDiagonal() * p_.vector());
    c.array() /= divisors.array();
    p_.vector() = d.asDiagonal() * (eigen.eigenvectors() * c);
  }

  // From here on, eigenvalues and vectors take longer than tens of milliseconds.
  static constexpr Index long_decomposition = 250;

  TwiceDifferentiable& function_;
  Buffer<double> h_, factor_, at_;  // H, and the w that it is of
  bool known_ = false;
  std::int64_t positive_definite_ = 0, steepest_ = 0;
};

FASTOPT_END
