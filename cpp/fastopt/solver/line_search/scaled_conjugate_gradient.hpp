// Scaled conjugate gradients (Møller 1993): p = −g + β d, β = gᵀy/μ₋₁; the step is μ/δ with
// μ = −gᵀp and δ = pᵀH p + λ‖p‖², and no search: λ follows how well the parabola foretold E.
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

class ScaledConjugateGradient final : public LineSearchSolver {
 public:
  ScaledConjugateGradient(Objective& objective, const double* w0,
                          const LineSearchSolverSettings& settings, const Settings& own)
      : LineSearchSolver(objective, w0, settings),
        products_(own["exact"] != 0 ? objective.twice_differentiable() : nullptr),
        sigma_(own["sigma"]),
        first_damping_(own["damping"]),
        damping_(first_damping_),
        d_(n_),
        y_(n_),
        hp_(n_) {}

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.array("d", d_.data(), n_);
    visitor.array("y", y_.data(), n_);
    visitor.number("mu", mu_, Allowed::non_negative);
    visitor.number("curvature", curvature_);
    visitor.number("damping", damping_, Allowed::non_negative);
    visitor.count("since_restart", since_restart_);
    visitor.flag("measured", measured_);
  }

 protected:
  bool compute() override {
    p_.vector() = -g_.vector();
    if (since_restart_ > 0) {
      p_.vector() += g_.vector().dot(y_.vector()) / mu_ * d_.vector();
      const double slope = g_.vector().dot(p_.vector());
      if (slope > 0) p_.vector() = -p_.vector();  // the paper's step along p is negative there
      if (slope == 0 || !p_.vector().allFinite()) reset();
    }
    measure_curvature();
    return true;
  }

  void update(const double* /*s*/, const double* y) override {
    d_.copy_from(p_);
    std::copy(y, y + n_, y_.begin());
    mu_ = -d_.vector().dot(g_.vector() - y_.vector());
    const bool restarts = since_restart_ + 1 >= n_ || !(mu_ > 0);
    since_restart_ = restarts ? 0 : since_restart_ + 1;
  }
  void reset() override {
    p_.vector() = -g_.vector();
    since_restart_ = 0;
  }
  void reset_all() override {
    reset();
    damping_ = first_damping_;
  }
  bool steepest() const override { return since_restart_ == 0; }
  double predicted_decrease() const override {
    const double slope = g_.vector().dot(p_.vector());
    return 0.5 * slope * slope / std::abs(curvature_);
  }
  bool knows_scale() const override { return curvature_ > 0; }
  // Its model is the curvature along one direction alone.
  int patience() const override { return 2; }

  SearchResult search(double /*first*/) override {
    // A second search at the same point goes along −g.
    if (measured_ == 0) measure_curvature();
    const SearchResult found = step_along();
    measured_ = 0;
    return found;
  }

 private:
  // λ grows until E does not; it is kept only where a step was found.
  SearchResult step_along() {
    finite_ = true;
    SearchResult result{Search::failed, {0, loss_, 0, true}, Report::none, 0, false};
    const double mu = -g_.vector().dot(p_.vector()), pp = p_.vector().squaredNorm();
    const double rounding = 4 * std::numeric_limits<double>::epsilon() * std::abs(loss_);
    if (!(mu > 0)) return result;
    if (curvature_ > 0) result.curvature = curvature_;
    double damping = damping_;
    if (curvature_ + damping * pp <= 0)
      damping = curvature_ < 0 ? -2 * curvature_ / pp : mu / (cautious_length() * pp);
    bool none_finite = false;  // of those that were tried
    for (int k = 0; k < line_search().max_evaluations; ++k) {
      const double delta = curvature_ + damping * pp;
      Trial t;
      t.alpha = mu / delta;
      trial_w_.vector() = w_.vector() + t.alpha * p_.vector();
      if ((trial_w_.vector().array() == w_.vector().array()).all()) {
        result.outcome = none_finite ? Search::non_finite : Search::noise;
        return result;
      }
      t.value = evaluate(trial_w_, trial_g_);
      t.slope = trial_g_.vector().dot(p_.vector());
      finite_ = finite_ && t.finite();
      none_finite = !t.finite() && (k == 0 || none_finite);
      if (falls_without_limit(t)) {
        result.outcome = Search::unbounded;
        return result;
      }
      // Where values differ by their rounding alone, slopes know more.
      const double by_slopes = 0.5 * t.alpha * (mu - t.slope);
      const double difference = loss_ - t.value;
      const double gain = std::abs(difference) <= 4 * rounding ? by_slopes : difference;
      const double ratio = t.finite() ? 2 * gain / (t.alpha * mu) : -3;
      if (t.finite()) result.noise = std::abs(difference - by_slopes);
      const double larger = damping + delta * (1 - ratio) / pp;
      if (ratio >= 0 && t.finite()) {
        damping_ = ratio >= 0.75 ? 0.25 * damping : (ratio < 0.25 ? larger : damping);
        best_w_.copy_from(trial_w_);
        best_g_.copy_from(trial_g_);
        result.outcome = Search::decrease;
        result.best = t;
        return result;
      }
      if (t.finite() && 0.5 * t.alpha * mu <= rounding) {
        result.outcome = Search::noise;
        return result;
      }
      damping = larger;
    }
    return result;
  }

  // pᵀH p; 0, as if nothing were known, where it is not finite.
  void measure_curvature() {
    if (products_ != nullptr) {
      products_->hessian_vector(w_.data(), p_.data(), hp_.data());
      ++n_hessian_;
    } else {
      const double step = sigma_ / norm(p_.data(), n_);
      trial_w_.vector() = w_.vector() + step * p_.vector();
      ++n_gradient_;
      objective_.gradient(trial_w_.data(), trial_g_.data());
      hp_.vector() = (trial_g_.vector() - g_.vector()) / step;
    }
    curvature_ = p_.vector().dot(hp_.vector());
    if (!std::isfinite(curvature_)) curvature_ = 0;
    measured_ = 1;
  }
  bool falls_without_limit(const Trial& t) const {
    return t.value == -std::numeric_limits<double>::infinity() ||
           (t.finite() && t.value < -1e20 * std::max(1.0, std::abs(first_loss())));
  }

  TwiceDifferentiable* products_;
  double sigma_, first_damping_, damping_;
  Buffer<double> d_, y_, hp_;
  double mu_ = 0, curvature_ = 0;
  std::int64_t since_restart_ = 0, measured_ = 0;
};

FASTOPT_END
