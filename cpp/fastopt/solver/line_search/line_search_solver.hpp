// What all methods share that search along a line in each iteration: the iteration itself, the
// tests of convergence, and what happens where no step can be found.
#pragma once

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/linalg/cholesky.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/line_search/line_search.hpp"
#include "fastopt/solver/line_search/optimality.hpp"
#include "fastopt/solver/line_search/refinement.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

struct LineSearchSolverSettings {
  LineSearchSettings line_search;
  double fixed_length = std::numeric_limits<double>::quiet_NaN();  // α without any search
  // ‖g‖∞ ≤ gtol ends it. NaN: a test that knows the scale of the problem takes its place.
  double gtol = std::numeric_limits<double>::quiet_NaN();
  double norm = std::numeric_limits<double>::infinity();  // ‖g‖ₚ ≤ gtol instead, p ≥ 1
  double xrtol = 0;  // ‖Δw‖ ≤ xrtol ‖w‖ ends it too,
  double ftol = 0;   // and E falling by no more than ftol · max(|E|, |E before|, 1)
};

class LineSearchSolver : public Solver {
 public:
  LineSearchSolver(Objective& objective, const double* w0, const LineSearchSolverSettings& settings)
      : objective_(objective),
        n_(objective.size()),
        w_(n_),
        g_(n_),
        p_(n_),
        settings_(settings),
        trial_w_(n_),
        trial_g_(n_),
        best_w_(n_),
        best_g_(n_) {
    std::copy(w0, w0 + n_, w_.begin());
  }

  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }
  double loss() const { return loss_; }
  LineSearchSolverSettings& settings() { return settings_; }

  // Goes on from other weights, as at a start; what was evaluated so far still counts.
  void move_to(const double* w) {
    std::copy(w, w + n_, w_.begin());
    forget_all();
    restart();
    started_ = reprieves_ = resolved_ = optimal_ = 0;
  }

  Report step() override {
    if (status_ != Status::running) return report(0);
    if (!started_) {
      loss_ = evaluate(w_, g_);
      if (!std::isfinite(loss_) || !g_.vector().allFinite()) return stop(Status::non_finite, 0);
      first_loss_ = loss_;
      started_ = 1;
      ready_ = 0;
    }
    if (!ready_ && prepare()) return report(0);

    const bool known = knows_scale();
    SearchResult found = search(first_length());
    const bool stuck =
        !accepted(found) || (found.kink && is_rounding(loss_ - found.best.value, loss_));
    if (stuck && searches() && !steepest() && found.outcome != Search::unbounded) {
      // What has been learned of the curvature misleads: once more along −g. Where that leads
      // nowhere either, it was not to blame, and stays.
      p_.vector() = -g_.vector();
      found = search(cautious_length());
      if (accepted(found)) forget();
    }
    return accepted(found) ? accept(found) : give_up(found, known);
  }

  void visit(StateVisitor& visitor) override {
    visitor.array("w", w_.data(), n_);
    visitor.array("g", g_.data(), n_);
    visitor.array("p", p_.data(), n_);
    visitor.number("loss", loss_);
    visitor.number("first_loss", first_loss_);
    visitor.number("promise", promise_, Allowed::not_nan);
    visitor.number("step_length", step_length_);
    visitor.count("small_promises", small_promises_);
    visitor.count("idle_steps", idle_steps_);
    visitor.count("late_steps", late_steps_);
    visitor.count("reprieves", reprieves_);
    visitor.flag("resolved", resolved_);
    visitor.flag("started", started_);
    visitor.flag("ready", ready_);
    visitor.flag("optimal", optimal_);
    visitor.count("iterations", iterations_);
    visitor.count("n_gradient", n_gradient_);
    visitor.count("n_hessian", n_hessian_);
    visitor.choice("status", status_, Status::evaluations);
  }

 protected:
  // p from g at w, a descent direction; false: derivatives are not finite.
  virtual bool direction() = 0;
  // s = Δw, r = Δg of an accepted step; g_ is the new gradient already.
  virtual void learn(const double* /*s*/, const double* /*r*/) {}
  // At the end, where the gradient alone has told it: what a method has to say beyond w.
  virtual void describe() {}
  // Back to p = −g.
  virtual void forget() {}
  // And without anything else that was learned on the way.
  virtual void forget_all() { forget(); }
  virtual bool steepest() const = 0;
  // α to begin the search with.
  virtual double first_length() const { return steepest() ? cautious_length() : 1; }
  bool searches() const { return std::isnan(settings_.fixed_length); }
  // What is left to gain, by the model: −gᵀp/2 for p = −H⁻¹g. And whether that can be believed: the
  // curvature must be that of this problem.
  virtual double promised() const { return -0.5 * g_.vector().dot(p_.vector()); }
  virtual bool knows_scale() const = 0;
  // Whether that curvature is H itself and not an estimate, which may miss a flat direction.
  virtual bool exact_curvature() const { return false; }
  // How many iterations in turn it must say so.
  virtual int patience() const { return 1; }

  // For the first step along −g, where nothing is known of the scale: w moves by itself, or by 1
  // where that is less but can be told from its rounding.
  double cautious_length() const {
    const double g = g_.vector().lpNorm<Eigen::Infinity>();
    const double w = w_.vector().lpNorm<Eigen::Infinity>();
    if (w > 0) return std::max(std::min(1.0, std::max(w, 1e-3)), 1e-6 * w) / norm(g_.data(), n_);
    return std::min(1.0, 1 / g);
  }

  Objective& objective_;
  Index n_;
  Buffer<double> w_, g_, p_;
  double loss_ = 0, step_length_ = 1;
  std::int64_t n_hessian_ = 0, iterations_ = 0;

 private:
  static bool accepted(const SearchResult& found) {
    return found.outcome == Search::wolfe || found.outcome == Search::decrease;
  }

  double evaluate(const Buffer<double>& w, Buffer<double>& g) {
    ++n_gradient_;
    return objective_.value_and_gradient(w.data(), g.data());
  }

  double size_of_gradient() const {
    const double largest = g_.vector().lpNorm<Eigen::Infinity>();
    if (std::isinf(settings_.norm)) return largest;
    return largest * std::pow((g_.vector().array().abs() / largest).pow(settings_.norm).sum(),
                              1 / settings_.norm);
  }

  // p and the tests at the present point; true: the run is over.
  bool prepare() {
    const bool none = (g_.vector().array() == 0).all();
    if (none && objective_.has_rough_gradients() && refine()) return prepare();
    if (none || size_of_gradient() <= settings_.gtol) {
      optimal_ = 1;
      status_ = Status::gradient;
      describe();
      return true;
    }
    if (!direction()) {
      status_ = Status::non_finite;
      return true;
    }
    ready_ = 1;
    promise_ = promised();
    resolved_ = knows_scale() && is_below_resolution(p_.vector(), w_.vector()) ? 1 : 0;
    const bool small = knows_scale() && stationary(1e-13, 1e-7);
    small_promises_ = small ? small_promises_ + 1 : 0;
    if (std::isnan(settings_.gtol) && small_promises_ >= patience()) {
      if (objective_.has_rough_gradients() && refine()) return prepare();
      const bool hidden = hides_descent(scales());
      if (!hidden || reprieves_++ >= most_reprieves) {
        optimal_ = hidden ? 0 : 1;
        status_ = hidden ? Status::line_search : Status::gradient;
        return true;
      }
      small_promises_ = 0;
      forget();
      direction();
    }
    return false;
  }

  // A first-order condition. Its second part does not depend on the curvature: estimates of it are
  // too optimistic along directions that no step has explored.
  bool stationary(double gain, double slope) const {
    if (!scales().is_small_gain(promise_, gain)) return false;
    return scales().is_small_slope(largest_slope(), exact_curvature() ? 0.01 : slope);
  }
  double largest_slope() const {
    return (g_.vector().array() * w_.vector().array()).matrix().lpNorm<Eigen::Infinity>();
  }
  Scales scales() const { return Scales::of(loss_, first_loss_); }
  bool hides_descent(const Scales& scales) {
    const auto evaluate_at = [&](const Buffer<double>& w, Buffer<double>& g) {
      return evaluate(w, g);
    };
    return finds_descent(w_, g_, scales, trial_w_, trial_g_, evaluate_at);
  }

  SearchResult search(double first) {
    finite_ = true;
    const double slope = g_.vector().dot(p_.vector());
    const auto at = [&](double alpha) {
      Trial t;
      t.alpha = alpha;
      trial_w_.vector() = w_.vector() + alpha * p_.vector();
      t.moved = (trial_w_.vector().array() != w_.vector().array()).any();
      if (!t.moved) return t;
      t.value = evaluate(trial_w_, trial_g_);
      t.slope = trial_g_.vector().dot(p_.vector());
      finite_ = finite_ && t.finite();
      return t;
    };
    const auto keep = [&] {
      best_w_.copy_from(trial_w_);
      best_g_.copy_from(trial_g_);
    };
    if (!searches()) {
      const Trial t = at(settings_.fixed_length);
      keep();
      const Search outcome =
          !t.moved ? Search::noise : (t.finite() ? Search::wolfe : Search::non_finite);
      return {outcome, t, Report::none, 0, false};
    }
    if (!(slope < 0)) return {Search::failed, {}, Report::none, 0, false};
    return LineSearch(settings_.line_search)(loss_, slope, first, at, keep);
  }

  // The error of a trial that is not small beside E is that of a long step.
  double noise_of(const SearchResult& found) const {
    return found.noise <= 1e-3 * std::abs(loss_) ? found.noise : 0;
  }

  Report accept(const SearchResult& found) {
    // s and r take the places of the old w and g.
    const double before = loss_;
    std::swap_ranges(w_.begin(), w_.end(), best_w_.begin());
    std::swap_ranges(g_.begin(), g_.end(), best_g_.begin());
    best_w_.vector() = w_.vector() - best_w_.vector();
    best_g_.vector() = g_.vector() - best_g_.vector();
    loss_ = found.best.value;
    step_length_ = found.best.alpha;
    ready_ = 0;
    ++iterations_;
    const double step = norm(best_w_.data(), n_);
    learn(best_w_.data(), best_g_.data());
    const bool idle = searches() && is_idle(before, found);
    idle_steps_ = idle ? idle_steps_ + 1 : 0;
    // Next to nothing of what was promised, time and again: the gradient may be to blame.
    const bool late = searches() && knows_scale() && before - loss_ <= 1e-3 * promise_;
    late_steps_ = late ? late_steps_ + 1 : 0;
    if (late_steps_ >= 3 && refine()) return report(step);
    if (!prepare()) {
      if (idle_steps_ >= 3)
        stall(found.kink ? Status::line_search : Status::noise_floor);
      else if (before - loss_ <=
                   settings_.ftol * std::max({std::abs(before), std::abs(loss_), 1.0}) &&
               settings_.ftol > 0)
        end(Status::function_change);
      else if (settings_.xrtol > 0 && step <= settings_.xrtol * norm(w_.data(), n_))
        end(Status::step);
    }
    return report(step);
  }

  static bool is_rounding(double gain, double of) {
    return gain <= 4 * std::numeric_limits<double>::epsilon() * std::abs(of);
  }

  // Whether a step brought no more than rounding, or next to nothing of what the model promised.
  bool is_idle(double before, const SearchResult& found) const {
    const double gain = before - loss_;
    return is_rounding(gain, before) ||
           (gain <= 1e-2 * promise_ && promise_ <= std::max(1e-6 * std::abs(before), found.noise));
  }

  // No step: the reason, and whether the gradient is as small as it can be told.
  Report give_up(const SearchResult& found, bool known) {
    if (found.outcome == Search::unbounded) {
      if (found.best.alpha > 0) {
        std::swap_ranges(w_.begin(), w_.end(), best_w_.begin());
        std::swap_ranges(g_.begin(), g_.end(), best_g_.begin());
        loss_ = found.best.value;
        ++iterations_;
      }
      return stop(Status::unbounded, 0);
    }
    if (found.outcome == Search::non_finite) return stop(Status::non_finite, 0);
    // Along −g the slopes give the gain of a step to the minimum of the parabola.
    const bool promised = known || found.curvature > 0;
    if (found.curvature > 0) {
      const double slope = g_.vector().dot(p_.vector());
      const double gain = 0.5 * slope * slope / found.curvature;
      promise_ = known ? std::max(promise_, gain) : gain;
    }
    // Values that err by more than rounding along the line speak of a wrong gradient instead.
    const double rounding = 16 * std::numeric_limits<double>::epsilon() * std::abs(loss_);
    const bool noise =
        !found.kink && ((found.outcome == Search::noise && found.noise <= 1e-9 * std::abs(loss_)) ||
                        (promised && promise_ <= std::max(rounding, 4 * noise_of(found))));
    stall(noise ? Status::noise_floor : Status::line_search);
    return status_ == Status::running ? step() : report(0);
  }

  // The end by a user's tolerance.
  void end(Status status) {
    const auto hides = [this](const Scales& scales) { return hides_descent(scales); };
    const Prospect left{promise_, norm(p_.data(), n_), norm(w_.data(), n_), largest_slope()};
    const bool small = stationary(1e-8, 0.01) && !hides_descent(scales());
    optimal_ =
        small || (knows_scale() && is_as_asked(status, settings_, left, scales(), hides)) ? 1 : 0;
    status_ = status;
  }

  // A stall: the end, unless it is the gradient's inexactness or the estimate of the curvature that
  // keeps us from the minimum.
  void stall(Status status) {
    status_ = status;
    optimal_ = 0;
    if (objective_.has_rough_gradients() && refine()) return;
    if (stationary(1e-8, 0.01)) {
      const bool blind = hides_descent(scales());
      if (!blind && !misses_descent()) {
        optimal_ = 1;
        if (status == Status::line_search) status_ = Status::gradient;
      } else if (reprieves_++ < most_reprieves) {
        if (blind) forget();
        restart();
        if (!blind && !steepest()) ready_ = 1;  // the next search goes along Newton's direction
      }
    } else if (!refine()) {
      if ((is_resolved() || objective_.is_noise(w_.data(), g_.data())) && !misses_descent()) {
        optimal_ = 1;
        status_ = Status::noise_floor;
      } else if (!finite_) {
        status_ = Status::non_finite;
      }
    }
  }

  // Whether E falls along Newton's direction, which is p then, by more than a claim of success
  // allows: a stalled run has an estimate of the curvature that did not lead on, and in a bent
  // valley it may promise far less than there is. Only for few weights, where H is cheap.
  bool misses_descent() {
    constexpr Index few = 20;
    if (exact_curvature() || n_ > few || !objective_.has_hessian()) return false;
    Buffer<double> h(n_ * n_), p(n_);
    ++n_hessian_;
    objective_.hessian(w_.data(), h.data());
    p.vector() = -g_.vector();
    if (!h.vector().allFinite() || !solve_damped(h.data(), n_, p.data())) return false;
    const double worthwhile = std::max(1e-6 * scales().whole, 1e-12 * scales().start());
    for (double alpha = 1; alpha > 0.01; alpha *= 0.25) {
      trial_w_.vector() = w_.vector() + alpha * p.vector();
      if (!(evaluate(trial_w_, trial_g_) < loss_ - worthwhile)) continue;
      p_.vector() = alpha * p.vector();
      promise_ = -0.5 * g_.vector().dot(p_.vector());
      return true;
    }
    return false;
  }

  // The minimum lies within the rounding of w: g need not be small there.
  bool is_resolved() {
    return resolved_ != 0 && scales().is_small_gain(promise_, 1e-8) && !hides_descent(scales());
  }

  bool refine() {
    if (!refine_gradient(objective_, w_, g_, trial_g_, n_gradient_)) return false;
    restart();
    return true;
  }

  void restart() {
    status_ = Status::running;
    ready_ = idle_steps_ = late_steps_ = small_promises_ = 0;
  }

  Report stop(Status status, double step) {
    status_ = status;
    optimal_ = 0;
    return report(step);
  }

  Report report(double step) const {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = step;
    result.step_length = step_length_;
    result.n_value = n_gradient_;
    result.n_gradient = n_gradient_;
    result.n_hessian = n_hessian_;
    result.iterations = iterations_;
    result.status = status_;
    result.optimal = optimal_ != 0;
    return result;
  }

  LineSearchSolverSettings settings_;
  Buffer<double> trial_w_, trial_g_, best_w_, best_g_;
  double first_loss_ = 0, promise_ = 0;
  std::int64_t n_gradient_ = 0, small_promises_ = 0, idle_steps_ = 0, late_steps_ = 0,
               reprieves_ = 0, resolved_ = 0, started_ = 0, ready_ = 0, optimal_ = 0;
  bool finite_ = true;  // what the last search evaluated
  Status status_ = Status::running;
};

FASTOPT_END
