// L-BFGS within bounds lower ≤ w ≤ upper, by projection (Bertsekas 1982): variables that press
// against a bound follow −g, which the projection holds there; the others follow −V g of theirs
// alone.
#pragma once

#include "fastopt/core/norm.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/line_search/lbfgs.hpp"
#include "fastopt/solver/line_search/optimality.hpp"
#include "fastopt/solver/line_search/refinement.hpp"

FASTOPT_BEGIN

class ProjectedLbfgs final : public Solver {
 public:
  ProjectedLbfgs(Objective& objective, const double* w0, const double* lower, const double* upper,
                 const LbfgsSettings& settings)
      : objective_(objective),
        settings_(settings),
        n_(objective.size()),
        w_(n_),
        g_(n_),
        p_(n_),
        lower_(n_),
        upper_(n_),
        free_(n_),
        trial_w_(n_),
        trial_g_(n_),
        best_w_(n_),
        best_g_(n_),
        pairs_(n_, settings.memory) {
    std::copy(lower, lower + n_, lower_.begin());
    std::copy(upper, upper + n_, upper_.begin());
    std::copy(w0, w0 + n_, w_.begin());
    project(w_);
  }

  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }
  double loss() const { return loss_; }
  LbfgsSettings& settings() { return settings_; }

  Report step() override {
    if (status_ != Status::running) return report(0);
    if (!started_) {
      loss_ = evaluate(w_, g_);
      if (!std::isfinite(loss_) || !g_.vector().allFinite()) return stop(Status::non_finite, 0);
      first_loss_ = loss_;
      started_ = 1;
      if (prepare()) return report(0);
    }
    const double promise = -0.5 * g_.vector().cwiseProduct(free_.vector()).dot(p_.vector());
    Status trouble = search();
    if (trouble != Status::running && pairs_.size() > 0 && trouble != Status::unbounded) {
      pairs_.clear();
      set_direction();
      trouble = search();
    }
    if (trouble != Status::running) return give_up(trouble);
    const double before = loss_;
    std::swap_ranges(w_.begin(), w_.end(), best_w_.begin());
    std::swap_ranges(g_.begin(), g_.end(), best_g_.begin());
    best_w_.vector() = w_.vector() - best_w_.vector();
    best_g_.vector() = g_.vector() - best_g_.vector();
    loss_ = best_loss_;
    ++iterations_;
    pairs_.push(best_w_.data(), best_g_.data());
    const double step = norm(best_w_.data(), n_);
    if (prepare()) return report(step);
    const double rounding = 4 * std::numeric_limits<double>::epsilon() * std::abs(before);
    idle_steps_ = before - loss_ <= rounding ? idle_steps_ + 1 : 0;
    late_steps_ = before - loss_ <= 1e-3 * promise ? late_steps_ + 1 : 0;
    if (late_steps_ >= 3 && refine()) {
      prepare();
      return report(step);
    }
    Status status = Status::running;
    if (idle_steps_ >= 3)
      status = Status::noise_floor;
    else if (settings_.ftol > 0 &&
             before - loss_ <= settings_.ftol * std::max({std::abs(before), std::abs(loss_), 1.0}))
      status = Status::function_change;
    else if (settings_.xrtol > 0 && step <= settings_.xrtol * norm(w_.data(), n_))
      status = Status::step;
    if (status == Status::running) return report(step);
    optimal_ = stationary(1e-8, 0.01) && !hides_descent(scales());
    const auto hides = [this](const Scales& scales) { return hides_descent(scales); };
    const Prospect left{promised(), free_step().norm(), norm(w_.data(), n_), largest_slope()};
    optimal_ = optimal_ || is_as_asked(status, settings_, left, scales(), hides);
    return stop(status, step);
  }

  void visit(StateVisitor& visitor) override {
    visitor.array("w", w_.data(), n_);
    visitor.array("g", g_.data(), n_);
    visitor.array("p", p_.data(), n_);
    visitor.array("free", free_.data(), n_, Allowed::non_negative);
    visitor.number("loss", loss_);
    visitor.number("first_loss", first_loss_);
    visitor.number("step_length", step_length_);
    visitor.flag("started", started_);
    visitor.count("small_promises", small_promises_);
    visitor.count("idle_steps", idle_steps_);
    visitor.count("late_steps", late_steps_);
    visitor.count("reprieves", reprieves_);
    visitor.flag("resolved", resolved_);
    visitor.count("iterations", iterations_);
    visitor.count("n_gradient", n_gradient_);
    visitor.flag("optimal", optimal_);
    visitor.choice("status", status_, Status::evaluations);
    pairs_.visit(visitor);
  }

 private:
  void project(Buffer<double>& w) const {
    w.vector() = w.vector().cwiseMax(lower_.vector()).cwiseMin(upper_.vector());
  }

  double evaluate(const Buffer<double>& w, Buffer<double>& g) {
    ++n_gradient_;
    return objective_.value_and_gradient(w.data(), g.data());
  }

  // No step: the reason, and whether the gradient is as small as it can be told.
  Report give_up(Status trouble) {
    if (trouble != Status::noise_floor && trouble != Status::line_search) return stop(trouble, 0);
    if (objective_.has_rough_gradients() && refine()) return prepare() ? report(0) : step();
    optimal_ = stationary(1e-8, 0.01);
    if (optimal_ && hides_descent(scales())) {
      optimal_ = false;
      if (start_anew()) return step();
    } else if (optimal_) {
      if (trouble == Status::line_search) trouble = Status::gradient;
    } else {
      if (refine()) return prepare() ? report(0) : step();
      trial_g_.vector() = g_.vector().cwiseProduct(free_.vector());
      optimal_ = (resolved_ != 0 && !hides_descent(scales())) ||
                 objective_.is_noise(w_.data(), trial_g_.data());
      if (optimal_) trouble = Status::noise_floor;
    }
    return stop(trouble, 0);
  }

  // How far w moves along −g within the bounds: zero at a solution.
  double projected_gradient() const {
    double largest = 0;
    for (Index i = 0; i < n_; ++i) {
      const double room = g_[i] > 0 ? w_[i] - lower_[i] : upper_[i] - w_[i];
      largest = std::max(largest, std::min(std::abs(g_[i]), room));
    }
    return largest;
  }

  // Whether −g leads against a bound that is near, in the units of the weight.
  bool presses(Index i, double moves) const {
    const double bound = g_[i] > 0 ? lower_[i] : upper_[i], distance = std::abs(w_[i] - bound);
    const double size = std::min(upper_[i] - lower_[i], std::abs(w_[i]) + std::abs(bound));
    return g_[i] != 0 && std::isfinite(bound) && distance <= std::min(1e-6 * size, moves);
  }

  void set_direction() {
    const double moves = projected_gradient();
    for (Index i = 0; i < n_; ++i) {
      const bool held = presses(i, moves);
      free_[i] = held ? 0 : 1;
      p_[i] = held ? 0 : -g_[i];
    }
    pairs_.multiply(p_.data(), free_.data());
    if (!(g_.vector().dot(p_.vector()) <= 0) || !p_.vector().allFinite()) {
      pairs_.clear();
      p_.vector() = -g_.vector().cwiseProduct(free_.vector());
    }
    for (Index i = 0; i < n_; ++i)
      if (free_[i] == 0) p_[i] = -g_[i];
  }

  bool prepare() {
    const double slope = projected_gradient();
    bool done = slope == 0 || slope <= settings_.gtol;
    if (!done) {
      set_direction();
      const bool is_resolved = pairs_.size() > 0 && scales().is_small_gain(promised(), 1e-8) &&
                               is_below_resolution(free_step(), w_.vector());
      resolved_ = is_resolved ? 1 : 0;
      small_promises_ = pairs_.size() > 0 && stationary(1e-13, 1e-7) ? small_promises_ + 1 : 0;
      done = std::isnan(settings_.gtol) && small_promises_ >= 2;
    }
    if (done && std::isnan(settings_.gtol) && objective_.has_rough_gradients() && refine())
      return prepare();
    if (!done) return false;
    optimal_ = slope == 0 || slope <= settings_.gtol || !hides_descent(scales());
    if (!optimal_ && start_anew()) return false;
    status_ = optimal_ ? Status::gradient : Status::line_search;
    return true;
  }

  // With nothing known of the curvature; false: that was done often enough.
  bool start_anew() {
    if (reprieves_++ >= most_reprieves) return false;
    idle_steps_ = late_steps_ = small_promises_ = 0;
    pairs_.clear();
    set_direction();
    return true;
  }

  bool hides_descent(const Scales& scales) {
    Buffer<double> g(n_);
    g.vector() = g_.vector().cwiseProduct(free_.vector());
    const auto evaluate_within = [&](Buffer<double>& w, Buffer<double>& gradient) {
      project(w);
      return evaluate(w, gradient);
    };
    return finds_descent(w_, g, scales, trial_w_, trial_g_, evaluate_within);
  }

  Vector<double> free_step() const { return p_.vector().cwiseProduct(free_.vector()); }

  bool refine() {
    if (!refine_gradient(objective_, w_, g_, trial_g_, n_gradient_)) return false;
    idle_steps_ = late_steps_ = small_promises_ = 0;
    return true;
  }

  // Of held variables nothing is to be gained, up to the way that is left to their bound.
  double promised() const {
    double promise = 0;
    for (Index i = 0; i < n_; ++i)
      promise += free_[i] != 0 ? -0.5 * g_[i] * p_[i]
                               : std::abs(g_[i]) * std::max(0.0, g_[i] > 0 ? w_[i] - lower_[i]
                                                                           : upper_[i] - w_[i]);
    return promise;
  }
  // As for methods without bounds.
  bool stationary(double gain, double slope) const {
    return scales().is_small_gain(promised(), gain) &&
           scales().is_small_slope(largest_slope(), slope);
  }
  double largest_slope() const {
    return (free_.vector().array() * g_.vector().array() * w_.vector().array())
        .matrix()
        .lpNorm<Eigen::Infinity>();
  }
  Scales scales() const { return Scales::of(loss_, first_loss_); }

  // f(P(w + αp)) ≤ f(w) + c₁ gᵀ(P(w + αp) − w), the first α that does it; a longer one where the
  // slope along the way is still steep.
  Status search() {
    double alpha = 1;
    if (pairs_.size() == 0) {
      const double length = w_.vector().lpNorm<Eigen::Infinity>();
      alpha = std::min(1.0, length > 0 ? std::max(length, 1e-3) : 1.0) / norm(p_.data(), n_);
    }
    const double c1 = settings_.line_search.c1, c2 = settings_.line_search.c2;
    bool found = false, finite_seen = false;
    double first_slope = 0;
    best_loss_ = loss_;
    finite_ = true;
    for (int k = 0; k < settings_.line_search.max_evaluations; ++k) {
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
          (finite && value < -1e20 * std::max(1.0, std::abs(first_loss_))))
        return Status::unbounded;
      if (finite && value <= loss_ + c1 * slope && value < best_loss_) {
        best_loss_ = value;
        best_w_.copy_from(trial_w_);
        best_g_.copy_from(trial_g_);
        step_length_ = alpha;
        found = true;
        const double ahead = trial_g_.vector().dot(trial_w_.vector() - w_.vector());
        if (!(ahead < c2 * slope)) return Status::running;
        alpha *= 4;
        continue;
      }
      if (found) return Status::running;
      if (finite && -slope <= 4 * std::numeric_limits<double>::epsilon() * std::abs(loss_)) break;
      if (!finite) {
        alpha *= 0.2;
      } else {
        const double bend =
            value - loss_ - slope;  // of the parabola through both values and the slope
        alpha *= std::clamp(bend > 0 ? -0.5 * slope / bend : 0.1, 0.1, 0.5);
      }
    }
    if (found) return Status::running;
    if (!finite_seen && iterations_ == 0) return Status::non_finite;
    // Beyond what rounding could hide, it is no noise that a fall was promised and not found.
    return -first_slope <= 1e-9 * std::abs(loss_) ? Status::noise_floor : Status::line_search;
  }

  Report stop(Status status, double step) {
    const bool stuck =
        (status == Status::noise_floor || status == Status::line_search) && !optimal_;
    status_ = stuck && !finite_ ? Status::non_finite : status;
    return report(step);
  }

  Report report(double step) const {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = step;
    result.step_length = step_length_;
    result.n_value = result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status_;
    result.optimal = optimal_;
    return result;
  }

  Objective& objective_;
  LbfgsSettings settings_;
  Index n_;
  Buffer<double> w_, g_, p_, lower_, upper_, free_, trial_w_, trial_g_, best_w_, best_g_;
  Pairs pairs_;
  double loss_ = 0, first_loss_ = 0, best_loss_ = 0, step_length_ = 1;
  std::int64_t started_ = 0, small_promises_ = 0, idle_steps_ = 0, late_steps_ = 0, reprieves_ = 0,
               resolved_ = 0, iterations_ = 0, n_gradient_ = 0;
  bool optimal_ = false;
  bool finite_ = true;  // what the last search evaluated
  Status status_ = Status::running;
};

FASTOPT_END
