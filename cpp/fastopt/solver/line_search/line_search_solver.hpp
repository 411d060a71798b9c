// What all methods share that search along a line in each iteration: the iteration itself, the
// tests of convergence, and what happens where no step can be found.
#pragma once

#include <optional>

#include "fastopt/solver/line_search/certifying_solver.hpp"
#include "fastopt/solver/line_search/line_search.hpp"

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

class LineSearchSolver : public CertifyingSolver {
 public:
  LineSearchSolver(Objective& objective, const double* w0, const LineSearchSolverSettings& settings)
      : CertifyingSolver(objective, w0), p_(n_), best_w_(n_), best_g_(n_), settings_(settings) {}

  LineSearchSolverSettings& settings() { return settings_; }

  // Goes on from other weights, as at a start; what was evaluated so far still counts.
  void move_to(const double* w) {
    std::copy(w, w + n_, w_.begin());
    reset_all();
    restart();
    started_ = restarts_ = optimal_ = 0;
    asked_below_ = 1;
  }

  Report step() override {
    while (status_ == Status::running) {
      if (!started_) {
        loss_ = evaluate(w_, g_);
        if (!std::isfinite(loss_) || !g_.vector().allFinite()) return stop(Status::non_finite, 0);
        first_loss_ = loss_;
        first_size_ = w_.vector().lpNorm<Eigen::Infinity>();
        started_ = 1;
        ready_ = 0;
      }
      if (!ready_ && prepare()) break;
      if (due_ != 0) {
        if (const std::optional<Report> judged = judge()) return *judged;
        continue;
      }
      const bool known = knows_scale();
      const SearchResult found = find_step();
      if (accepted(found)) return accept(found);
      give_up(found, known);
    }
    return report(0);
  }

  void visit(StateVisitor& visitor) override {
    visitor.array("w", w_.data(), n_);
    visitor.array("g", g_.data(), n_);
    visitor.array("p", p_.data(), n_);
    visitor.number("loss", loss_);
    visitor.number("first_loss", first_loss_);
    visitor.number("first_size", first_size_, Allowed::non_negative);
    visitor.number("predicted", predicted_, Allowed::not_nan);
    visitor.number("asked_below", asked_below_, Allowed::non_negative);
    visitor.number("step_length", step_length_);
    visitor.count("small_predictions", small_predictions_);
    visitor.count("idle_steps", idle_steps_);
    visitor.count("late_steps", late_steps_);
    visitor.count("restarts", restarts_);
    visitor.flag("started", started_);
    visitor.flag("ready", ready_);
    visitor.flag("due", due_);
    visitor.choice("why", why_, Status::evaluations);
    visitor.flag("optimal", optimal_);
    visitor.count("iterations", iterations_);
    visitor.count("n_gradient", n_gradient_);
    visitor.count("n_hessian", n_hessian_);
    visitor.choice("status", status_, Status::evaluations);
  }

 protected:
  // p from g at w, a descent direction; false: derivatives are not finite.
  virtual bool compute() = 0;
  // And without anything else that is known of the way so far.
  virtual void reset_all() { reset(); }
  // At the end, where the gradient alone has told it: what a method has to say beyond w.
  virtual void describe() {}
  virtual bool steepest() const = 0;
  // α to begin the search with.
  virtual double first_length() const { return steepest() ? cautious_length() : 1; }
  bool searches() const { return std::isnan(settings_.fixed_length); }
  // What is left to gain, by the method's model: −gᵀp/2 for p = −H⁻¹g. And whether that can be
  // believed: its curvature must be that of this problem. It only tells when to ask for a verdict.
  virtual double predicted_decrease() const { return -0.5 * g_.vector().dot(p_.vector()); }
  virtual bool knows_scale() const = 0;
  // It is asked for where so much of the decrease of E since the start is predicted, so many
  // iterations in turn.
  virtual double asking_share() const { return monitor_.asking_share; }
  virtual int patience() const { return 1; }
  virtual bool estimates_curvature() const { return false; }

  // For the first step along −g, where nothing is known of the scale: w moves by itself, or by 1
  // where that is less but can be told from its rounding.
  double cautious_length() const {
    const double g = g_.vector().lpNorm<Eigen::Infinity>();
    const double w = w_.vector().lpNorm<Eigen::Infinity>();
    if (w > 0) return std::max(std::min(1.0, std::max(w, 1e-3)), 1e-6 * w) / norm(g_.data(), n_);
    return std::min(1.0, 1 / g);
  }

  // How far each weight could move along −g, which is zero at a solution.
  virtual void stationarity(Buffer<double>& out) const { out.copy_from(g_); }

  const LineSearchSettings& line_search() const { return settings_.line_search; }

  // Along p.
  virtual SearchResult search(double first) {
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
    // Until it has seen all directions, an estimate of the curvature is too large as often as too
    // small: then steps go on to where the slope has fallen by more.
    LineSearchSettings settings = settings_.line_search;
    if (estimates_curvature() && iterations_ < std::min<Index>(3 * n_, 30))
      settings.c2 = std::min(settings.c2, std::max(0.5, 2 * settings.c1));
    return LineSearch(settings)(loss_, slope, first, at, keep);
  }

  Buffer<double> p_, best_w_, best_g_;
  double step_length_ = 1;
  bool finite_ = true;  // what the last search evaluated
  std::int64_t n_hessian_ = 0, iterations_ = 0;

 private:
  static bool accepted(const SearchResult& found) {
    return found.outcome == Search::wolfe || found.outcome == Search::decrease;
  }

  double size_of_gradient() {
    stationarity(trial_g_);
    const double largest = trial_g_.vector().lpNorm<Eigen::Infinity>();
    if (std::isinf(settings_.norm) || largest == 0) return largest;
    return largest * std::pow((trial_g_.vector().array().abs() / largest).pow(settings_.norm).sum(),
                              1 / settings_.norm);
  }

  // p and the tests at the present point; true: the run is over.
  bool prepare() {
    while (true) {
      const double size = size_of_gradient();
      const bool none = size == 0;
      if (none && has_rough_gradients() && refine()) continue;
      if (size <= settings_.gtol) {
        optimal_ = 1;
        status_ = Status::gradient;
        describe();
        return true;
      }
      // Ready only once p is whole: an interruption may break off its computation.
      if (!none && !compute()) {
        status_ = Status::non_finite;
        return true;
      }
      ready_ = 1;
      due_ = 1;
      vanished_ = none;
      if (none) return false;
      predicted_ = predicted_decrease();
      due_ = is_time_to_ask() ? 1 : 0;
      if (due_ == 0 || !has_rough_gradients() || !refine()) return false;
    }
  }

  // A verdict costs gradients: it is asked for where the method's model predicts next to nothing.
  bool is_time_to_ask() {
    if (!std::isnan(settings_.gtol) || paused_) return false;
    // A user's tolerance comes first.
    const bool asked = settings_.ftol > 0 || settings_.xrtol > 0;
    const double share = asked ? std::min(asking_share(), monitor_.patient_share) : asking_share();
    const double small = std::max(share * (first_loss_ - loss_), rounding(loss_));
    const bool next_to_nothing = knows_scale() && std::abs(predicted_) <= asked_below_ * small;
    small_predictions_ = next_to_nothing ? small_predictions_ + 1 : 0;
    return small_predictions_ >= patience();
  }

  // The verdict where one is due; without a report the run goes on in the same step. A lower point
  // is an iteration of its own.
  std::optional<Report> judge() {
    const Status why = why_;
    due_ = 0;
    why_ = Status::running;
    const bool none = size_of_gradient() == 0;
    const Buffer<double> before = w_;
    ask(searches());
    const double step = verdict_.moved ? (w_.vector() - before.vector()).norm() : 0;
    if (verdict_.moved) {
      ++iterations_;
      step_length_ = 1;
    }
    if (verdict_.minimum) {
      optimal_ = 1;
      status_ = why == Status::running || why == Status::line_search ? Status::gradient : why;
      describe();
      return report(step);
    }
    asked_below_ *= verdict_.moved ? monitor_.after_move : monitor_.after_none;
    if (verdict_.moved || hidden_) {
      if (!verdict_.moved) reset();
      restart();
      if (restarts_++ < monitor_.most_restarts || (why == Status::running && !none)) {
        if (restarts_ >= monitor_.most_restarts) asked_below_ = 0;
        paused_ = !verdict_.moved;
        if (paused_) return std::nullopt;
        return report(step);
      }
    } else if ((why == Status::running && !none) || refine()) {
      paused_ = true;
      return std::nullopt;
    }
    status_ = none ? Status::gradient : why;
    if (gradient_is_noise()) {
      optimal_ = 1;
      status_ = Status::noise_floor;
    } else if (!finite_) {
      status_ = Status::non_finite;
    } else if (!none) {
      doubtful_gradient_ = contradicts_gradient();
    }
    describe();
    return report(step);
  }

  // Along p; where no step can be found, what is known of the curvature misleads: once more along
  // −g. Where that leads nowhere either, it was not the cause, and stays.
  SearchResult find_step() {
    SearchResult found = search(first_length());
    const bool stuck =
        !accepted(found) || (found.kink && loss_ - found.best.value <= rounding(loss_));
    if (!stuck || !searches() || steepest() || found.outcome == Search::unbounded) return found;
    p_.vector() = -g_.vector();
    found = search(cautious_length());
    if (accepted(found)) reset();
    return found;
  }

  // The error of a trial that is not small beside E is that of a long step.
  double noise_of(const SearchResult& found) const {
    return found.noise <= monitor_.long_error * std::abs(loss_) ? found.noise : 0;
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
    paused_ = false;
    ++iterations_;
    const double step = norm(best_w_.data(), n_);
    update(best_w_.data(), best_g_.data());
    const bool idle = searches() && is_idle(before, found);
    idle_steps_ = idle ? idle_steps_ + 1 : 0;
    // Next to nothing of what was predicted, time and again: the gradient may be the cause.
    const bool late =
        searches() && knows_scale() && before - loss_ <= monitor_.late_share * predicted_;
    late_steps_ = late ? late_steps_ + 1 : 0;
    if (late_steps_ >= monitor_.late_steps && refine()) return report(step);
    const double change = before - loss_;
    const double size = std::max({std::abs(before), std::abs(loss_), 1.0});
    if (!prepare() && !vanished_) {
      if (idle_steps_ >= monitor_.idle_steps && due_ == 0)
        stall(found.kink ? Status::line_search : Status::noise_floor);
      else if (change <= settings_.ftol * size && settings_.ftol > 0)
        end(Status::function_change, settings_.ftol * size);
      else if (settings_.xrtol > 0 && step <= settings_.xrtol * norm(w_.data(), n_))
        end(Status::step, 0);
    }
    return report(step);
  }

  // Whether a step brought no more than rounding, or next to nothing of what the model
  // predicted.
  bool is_idle(double before, const SearchResult& found) const {
    const double gain = before - loss_;
    return gain <= rounding(before) ||
           (gain <= monitor_.idle_share * predicted_ &&
            predicted_ <= std::max(monitor_.idle_of_value * std::abs(before), found.noise));
  }

  // No step: the reason, and whether w is a minimum.
  void give_up(const SearchResult& found, bool known) {
    if (found.outcome == Search::unbounded) {
      if (found.best.alpha > 0) {
        std::swap_ranges(w_.begin(), w_.end(), best_w_.begin());
        std::swap_ranges(g_.begin(), g_.end(), best_g_.begin());
        loss_ = found.best.value;
        ++iterations_;
      }
      status_ = Status::unbounded;
      return;
    }
    if (found.outcome == Search::non_finite) {
      status_ = Status::non_finite;
      return;
    }
    // Along −g the slopes give the gain of a step to the minimum of the parabola.
    if (found.curvature > 0) {
      const double slope = g_.vector().dot(p_.vector());
      const double gain = 0.5 * slope * slope / found.curvature;
      predicted_ = known ? std::max(predicted_, gain) : gain;
    }
    // Values that err by more than rounding along the line speak of a wrong gradient instead.
    const double rounding =
        monitor_.rounding_of_line * std::numeric_limits<double>::epsilon() * std::abs(loss_);
    const bool predicts = known || found.curvature > 0;
    const bool noise =
        !found.kink &&
        ((found.outcome == Search::noise &&
          found.noise <= monitor_.noise_of_line * std::abs(loss_)) ||
         (predicts && predicted_ <= std::max(rounding, monitor_.errors_of_line * noise_of(found))));
    stall(noise ? Status::noise_floor : Status::line_search);
  }

  // The end by a user's tolerance.
  void end(Status status, double enough) {
    ask(false, enough);
    const double slope =
        free_gradient().vector().cwiseProduct(w_.vector()).lpNorm<Eigen::Infinity>();
    optimal_ = is_as_asked(status, settings_.ftol, settings_.xrtol, certificate_, verdict_, slope,
                           loss_, norm(w_.data(), n_))
                   ? 1
                   : 0;
    status_ = status;
  }

  // A stall: the end, unless it is the gradient's inexactness or the estimate of the curvature that
  // keeps us from the minimum.
  void stall(Status why) {
    if (has_rough_gradients() && refine()) return;
    why_ = why;
    due_ = 1;
  }

  bool refine() {
    if (!refine_gradient()) return false;
    restart();
    return true;
  }

  void restart() {
    status_ = Status::running;
    ready_ = due_ = idle_steps_ = late_steps_ = small_predictions_ = 0;
    why_ = Status::running;
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
    if (status_ != Status::running) result.attainable = verdict_.attainable;
    result.doubtful_gradient = doubtful_gradient_;
    return result;
  }

  LineSearchSolverSettings settings_;
  double predicted_ = 0, asked_below_ = 1;
  std::int64_t small_predictions_ = 0, idle_steps_ = 0, late_steps_ = 0, restarts_ = 0,
               started_ = 0, ready_ = 0, due_ = 0, optimal_ = 0;
  Status why_ = Status::running;  // a verdict is due: the stall that led to it
  bool doubtful_gradient_ = false;
  bool vanished_ = false;  // g is zero
  bool paused_ = false;    // no verdict before the next step
  Status status_ = Status::running;
};

FASTOPT_END
