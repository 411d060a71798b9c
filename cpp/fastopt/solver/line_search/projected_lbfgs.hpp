// L-BFGS within bounds lower ≤ w ≤ upper, by projection (Bertsekas 1982): variables that press
// against a bound follow −g, which the projection holds there; the others follow −V g of theirs
// alone.
#pragma once

#include "fastopt/solver/line_search/lbfgs.hpp"

FASTOPT_BEGIN

class ProjectedLbfgs final : public LineSearchSolver {
 public:
  ProjectedLbfgs(Objective& objective, const double* w0, const double* lower, const double* upper,
                 const LbfgsSettings& settings)
      : LineSearchSolver(objective, w0, settings),
        lower_(n_),
        upper_(n_),
        free_(n_),
        pairs_(n_, settings.memory) {
    std::copy(lower, lower + n_, lower_.begin());
    std::copy(upper, upper + n_, upper_.begin());
    project(w_);
  }

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.array("free", free_.data(), n_, Allowed::non_negative);
    pairs_.visit(visitor);
  }

 protected:
  void project(Buffer<double>& w) const override {
    w.vector() = w.vector().cwiseMax(lower_.vector()).cwiseMin(upper_.vector());
  }
  Box box() override {
    hold();
    return {free_.data(), lower_.data(), upper_.data()};
  }

  // How far w moves along −g within the bounds: zero at a solution.
  void stationarity(Buffer<double>& out) const override {
    for (Index i = 0; i < n_; ++i) out[i] = std::min(std::abs(g_[i]), room(i));
  }

  bool compute() override {
    hold();
    p_.vector() = -g_.vector().cwiseProduct(free_.vector());
    pairs_.multiply(p_.data(), free_.data());
    if (!(g_.vector().dot(p_.vector()) <= 0) || !p_.vector().allFinite()) {
      pairs_.clear();
      p_.vector() = -g_.vector().cwiseProduct(free_.vector());
    }
    for (Index i = 0; i < n_; ++i)
      if (free_[i] == 0) p_[i] = -g_[i];
    return true;
  }
  void update(const double* s, const double* y) override { pairs_.push(s, y); }
  void reset() override { pairs_.clear(); }
  bool steepest() const override { return pairs_.size() == 0; }
  bool knows_scale() const override { return pairs_.size() > 0; }
  int patience() const override { return 2; }

  // Of held variables nothing is to be gained, up to the way that is left to their bound.
  double predicted_decrease() const override {
    double sum = 0;
    for (Index i = 0; i < n_; ++i)
      sum += free_[i] != 0 ? -0.5 * g_[i] * p_[i] : std::abs(g_[i]) * room(i);
    return sum;
  }

  // f(P(w + αp)) ≤ f(w) + c₁ gᵀ(P(w + αp) − w), the first α that does it; a longer one where the
  // slope along the way is still steep.
  SearchResult search(double first) override {
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const double c1 = line_search().c1, c2 = line_search().c2;
    double alpha = first, first_slope = 0;
    bool found = false, finite_seen = false;
    SearchResult result{Search::failed, {0, loss_, 0, true}, Report::none, 0, false};
    finite_ = true;
    for (int k = 0; k < line_search().max_evaluations; ++k) {
      trial_w_.vector() = w_.vector() + alpha * p_.vector();
      project(trial_w_);
      const double slope = g_.vector().dot(trial_w_.vector() - w_.vector());
      if ((trial_w_.vector().array() == w_.vector().array()).all()) break;
      if (k == 0) first_slope = slope;
      const double value = evaluate(trial_w_, trial_g_);
      const bool finite = std::isfinite(value) && trial_g_.vector().allFinite();
      finite_seen = finite_seen || finite;
      finite_ = finite_ && finite;
      if (value == -std::numeric_limits<double>::infinity() ||
          (finite && value < bottomless * std::max(1.0, std::abs(first_loss())))) {
        result.outcome = Search::unbounded;
        return result;
      }
      if (finite && value <= loss_ + c1 * slope && value < result.best.value) {
        result.best.value = value;
        result.best.alpha = alpha;
        best_w_.copy_from(trial_w_);
        best_g_.copy_from(trial_g_);
        found = true;
        const double ahead = trial_g_.vector().dot(trial_w_.vector() - w_.vector());
        if (!(ahead < c2 * slope)) break;
        alpha *= 4;
        continue;
      }
      if (found || (finite && -slope <= 4 * epsilon * std::abs(loss_))) break;
      if (!finite) {
        alpha *= into_domain;
      } else {
        // Of the parabola through both values and the slope.
        const double curvature = value - loss_ - slope;
        alpha *= std::clamp(curvature > 0 ? -0.5 * slope / curvature : shortest, shortest, longest);
      }
    }
    if (found)
      result.outcome = Search::decrease;
    else if (!finite_seen && iterations_ == 0)
      result.outcome = Search::non_finite;
    else if (-first_slope <= small_fall * std::abs(loss_))
      // Beyond what rounding could hide, it is no noise that a fall was predicted and not found.
      result.outcome = Search::noise;
    return result;
  }

 private:
  // How far the next trial goes, of the way to one that was not finite; and to one that did not
  // fall enough, at least and at most.
  static constexpr double into_domain = 0.2, shortest = 0.1, longest = 0.5;
  // A predicted fall of more than this share of E is no noise.
  static constexpr double small_fall = 1e-9;
  // Bounds are near within this share of the size of a weight.
  static constexpr double near = 1e-6;

  // Along −g to the bound.
  double room(Index i) const { return g_[i] > 0 ? w_[i] - lower_[i] : upper_[i] - w_[i]; }

  // free[i] = 0 where −g leads against a bound that is near, in the units of the weight.
  void hold() {
    double moves = 0;
    for (Index i = 0; i < n_; ++i) moves = std::max(moves, std::min(std::abs(g_[i]), room(i)));
    for (Index i = 0; i < n_; ++i) {
      const double bound = g_[i] > 0 ? lower_[i] : upper_[i], distance = std::abs(w_[i] - bound);
      const double size = std::min(upper_[i] - lower_[i], std::abs(w_[i]) + std::abs(bound));
      const bool held =
          g_[i] != 0 && std::isfinite(bound) && distance <= std::min(near * size, moves);
      free_[i] = held ? 0 : 1;
    }
  }

  Buffer<double> lower_, upper_, free_;
  Pairs pairs_;
};

FASTOPT_END
