// What the solvers of sums of squares share: the model at w and a spare one at the trial point, the
// control of the trust region ‖D p‖ ≤ Δ by the gain ratio (Moré 1978), and the tests of
// convergence. D follows the columns of J, so that the units of the parameters play no part.
//
// Where this goes beyond Moré's program:
// - It ends by what is left to gain: the part of e that the columns of J still explain.
// - Near the end E cannot be told apart from its own rounding, long before the parameters are
//   exact: there a Gauss-Newton step is judged by what it leaves to gain.
// - A step to a point where J has lost a column, so that a parameter no longer matters, is made
//   shorter: such plateaus are traps.
#pragma once

#include <array>

#include "fastopt/core/norm.hpp"
#include "fastopt/solver/least_squares/residual_noise.hpp"
#include "fastopt/solver/least_squares/scaled_model.hpp"
#include "fastopt/solver/least_squares/small_step.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

struct LeastSquaresSettings {
  double ftol = 1e-15, xtol = 1e-8, gtol = 1e-8;
  // Relative error of the objective's Jacobian beyond rounding.
  double jacobian_error = 0;
  // Values of E at most; below zero: no limit.
  std::int64_t max_evaluations = -1;
  // D where it is given, n numbers; otherwise it follows the columns of J.
  const double* scale = nullptr;
  double radius = 100;  // Δ at the start, in units of ‖D w0‖ (MINPACK)
};

class LeastSquaresSolver : public Solver {
 public:
  LeastSquaresSolver(Objective& objective, const double* w0, const LeastSquaresSettings& settings)
      : objective_(objective),
        settings_(settings),
        n_(objective.size()),
        has_scale_(settings.scale != nullptr),
        w_(n_),
        trial_(n_),
        newton_(n_),
        p_(n_),
        g_(n_),
        d_(n_),
        largest_(n_),
        asked_(n_),
        models_{ScaledModel(objective.n_residuals(), n_),
                ScaledModel(objective.n_residuals(), n_)} {
    std::copy(w0, w0 + n_, w_.begin());
    if (has_scale_) std::copy(settings.scale, settings.scale + n_, d_.begin());
    settings_.scale = nullptr;
    asked_.fill(std::numeric_limits<double>::quiet_NaN());
  }

  Report step() override {
    if (!linear_) {
      const double loss = objective_.value(w_.data());
      if (!started_) {
        loss_ = first_loss_ = loss;
        n_value_ = n_gradient_ = 1;
      }
      if (!std::isfinite(loss) || !model().take(objective_, w_.data()))
        return report(Status::non_finite);
      adopt();
      linear_ = true;
      if (!started_) {
        radius_ = settings_.radius * scaled_norm(w_);
        if (radius_ == 0) radius_ = settings_.radius;
      }
      started_ = true;
    }
    if (const Status status = test(); status != Status::running) return report(status);
    if (out_of_evaluations()) return report(Status::evaluations);
    if (at_noise_floor() && trusts_newton()) return polish();
    refused_in_search_ = 0;
    finite_ = true;
    return search();
  }

  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }
  const Buffer<double>& residuals() { return model().e; }
  const Buffer<double>& jacobian() { return model().j; }
  Index rank() { return model().qr().rank(); }
  // Some parameter has lost its influence on the residuals on the way: its column of J, and what
  // the parameter as a whole contributes.
  bool vanished() {
    const double terms = model().noise / epsilon;
    for (Index i = 0; i < n_; ++i)
      if (model().norms[i] <= 1e-10 * largest_[i] && largest_[i] > 0 &&
          model().norms[i] * std::abs(w_[i]) <= 1e-8 * terms)
        return true;
    return false;
  }

  void visit(StateVisitor& visitor) override {
    trial_.copy_from(w_);
    visitor.array("w", w_.data(), n_);
    if ((trial_.vector().array() != w_.vector().array()).any()) linear_ = false;
    const bool started = visitor.flag("started", started_);
    visitor.flag("first", first_);
    visitor.flag("small_step", small_step_);
    visitor.array("largest_norms", largest_.data(), n_, Allowed::non_negative);
    // NaN: nothing was asked yet.
    visitor.array("asked", asked_.data(), n_, Allowed::any);
    visitor.number("asked_value", asked_value_, Allowed::not_nan);
    visitor.number("loss", loss_, started ? Allowed::non_negative : Allowed::any);
    visitor.number("first_loss", first_loss_, Allowed::non_negative);
    visitor.number("measured_noise", measured_noise_);  // -1: not measured
    visitor.count("slow_steps", slow_steps_);
    visitor.number("damping", nu_, Allowed::non_negative);
    visitor.number("radius", radius_, Allowed::non_negative);
    visitor.number("last_predicted", last_predicted_);
    visitor.number("last_actual", last_actual_);
    visitor.count("refused", refused_);
    visitor.count("iterations", iterations_);
    visitor.count("n_value", n_value_);
    visitor.count("n_gradient", n_gradient_);
  }

 protected:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  // Squares that have lost digits to underflow.
  static constexpr double smallest = std::numeric_limits<double>::min() / epsilon;

  // Fills newton_, the Gauss-Newton step, and explained_, from a factorised model at w.
  virtual void take_newton(ScaledModel& now, const Buffer<double>& w) = 0;
  // Fills p_ and ν: the minimum of the model within ‖D p‖ ≤ Δ, to a tenth of Δ.
  virtual void take_step() = 0;
  bool trusts_newton() const { return newton_norm_ <= 1.1 * radius_; }
  virtual void set_trial() { trial_.vector() = w_.vector() + p_.vector(); }
  // After a trial that is not finite: whether one that keeps off the bounds may take its place; and
  // back, where that one is not finite either, so that the bounds are not to blame.
  virtual bool avoid_bounds() { return false; }
  virtual void meet_bounds() {}
  // A line through w, to length h in units of the parameters, on which residuals may be had.
  virtual double along(Index i) const { return w_[i] != 0 ? std::abs(w_[i]) : 1.0; }
  // The columns of J that count at w.
  virtual bool is_free(Index /*i*/) const { return true; }

  ScaledModel& model() { return models_[current_]; }
  ScaledModel& spare() { return models_[1 - current_]; }

  // Steps that differ by less than rounding end at the same point: it is evaluated once.
  double value(const double* w) {
    if (std::equal(w, w + n_, asked_.begin())) return asked_value_;
    ++n_value_;
    asked_value_ = objective_.value(w);
    std::copy(w, w + n_, asked_.begin());
    if (!std::isfinite(asked_value_)) {
      finite_ = false;
      asked_value_ = std::numeric_limits<double>::infinity();
    }
    return asked_value_;
  }

  bool out_of_evaluations() const {
    return settings_.max_evaluations >= 0 && n_value_ >= settings_.max_evaluations;
  }

  double scaled_norm(const Buffer<double>& x) const {
    return (d_.vector().array() * x.vector().array()).matrix().norm();
  }

  // Evaluates J at the trial point into the spare model; false where it is not to be trusted.
  bool spare_is_good(double loss) {
    constexpr double lost = 1e-6;          // of a column's norm, in one step
    constexpr std::int64_t refusals = 20;  // of steps to plateaus, in a run
    constexpr int in_one_search = 6;       // each of them shortens the step
    ++n_gradient_;
    if (!spare().take(objective_, trial_.data())) {
      finite_ = false;
      return false;
    }
    if (loss <= 1e-6 * loss_ || refused_ >= refusals || ++refused_in_search_ > in_one_search)
      return true;
    for (Index i = 0; i < n_; ++i) {
      if (spare().norms[i] < lost * model().norms[i]) {
        ++refused_;
        return false;
      }
    }
    return true;
  }

  Report report(Status status) {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = 0;
    result.damping = nu_;
    result.n_value = n_value_;
    result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status;
    if (status == Status::gradient || status == Status::step || status == Status::function_change)
      result.optimal = first_order(status == Status::function_change);
    else if (status == Status::noise_floor)
      result.optimal = optimal();
    // A search that met the end of where the residuals and J are finite, and got no further.
    const bool stuck = status == Status::noise_floor || status == Status::step;
    if (stuck && !result.optimal && !finite_) result.status = Status::non_finite;
    return result;
  }

  Objective& objective_;
  LeastSquaresSettings settings_;
  Index n_;
  bool has_scale_;
  Buffer<double> w_, trial_, newton_, p_, g_, d_;
  double loss_ = std::numeric_limits<double>::quiet_NaN();
  double nu_ = 0, radius_ = 0, newton_norm_ = 0, explained_ = 0;

 private:
  // An iteration: tries steps until one is kept, or none can be.
  Report search() {
    bool avoiding = false;
    for (;;) {
      take_step();
      const double length = scaled_norm(p_);
      set_trial();
      const double loss = value(trial_.data());
      if (std::isinf(loss)) {
        if (avoiding) meet_bounds();
        avoiding = !avoiding && !out_of_evaluations() && avoid_bounds();
        if (avoiding) continue;
      }
      avoiding = false;
      // In shares of ‖e‖²: the model's slope along p, and its decrease, the damping apart.
      const PivotedQr::Image image = model().image(p_.data());
      const double slope = image.slope / (2 * loss_);
      const double predicted = -2 * slope - image.norm / (2 * loss_) * image.norm;
      double actual = loss < 100 * loss_ ? 1 - loss / loss_ : -1;
      double ratio = predicted > 0 ? actual / predicted : 0;
      if (first_) radius_ = std::min(radius_, length);
      if (ratio >= 1e-4 && !spare_is_good(loss)) actual = ratio = -1;
      if (ratio <= 0.25) {
        double shrink = actual >= 0 ? 0.5 : 0.5 * slope / (slope + 0.5 * actual);
        if (!(loss < 100 * loss_) || !(shrink >= 0.1)) shrink = 0.1;
        radius_ = shrink * std::min(radius_, 10 * length);
        nu_ /= shrink;
      } else if (nu_ == 0 || ratio >= 0.75) {
        radius_ = 2 * length;
        nu_ *= 0.5;
      }
      if (ratio >= 1e-4) return accept(loss, predicted, actual);
      const bool hopeless = predicted <= 4 * epsilon;
      if (hopeless || radius_ <= epsilon * scaled_norm(w_)) {
        // No step is short enough: does J say, too, that none could be? Or is it noise?
        if (optimal()) return report(Status::noise_floor);
        if (measure_noise()) return step();
        return report(hopeless ? Status::noise_floor : Status::step);
      }
      if (out_of_evaluations()) return report(Status::evaluations);
    }
  }

  Report accept(double loss, double predicted, double actual) {
    first_ = false;
    last_predicted_ = predicted;
    last_actual_ = actual <= 2 * predicted ? actual : 1.0;
    slow_steps_ = is_nothing() && actual < 0.5 ? slow_steps_ + 1 : 0;
    small_step_ = nu_ == 0 && is_small(p_);
    return move_to_trial(loss);
  }

  // Makes the model that was taken last the current one: D, its factors and what follows from them.
  void adopt() {
    ScaledModel& now = model();
    const double widest = now.norms.vector().maxCoeff();
    for (Index i = 0; i < n_; ++i) {
      if (!is_rounding(now, i, widest)) largest_[i] = std::max(largest_[i], now.norms[i]);
      if (!has_scale_) d_[i] = largest_[i] > 0 ? largest_[i] : 1.0;
    }
    factorize(now);
    now.gradient(g_.data());
    take_newton(now, w_);
    newton_norm_ = scaled_norm(newton_);
  }

  // By the columns as they are here: D may be from where they were many times as long.
  void factorize(ScaledModel& now) const {
    const double widest = now.norms.vector().maxCoeff();
    for (Index i = 0; i < n_; ++i)
      now.scale[i] = now.norms[i] > 0 && !is_rounding(now, i, widest) ? now.norms[i] : d_[i];
    now.factorize();
  }

  // Whether a column of J is zero but for errors: such a parameter would have to grow beyond all
  // bounds to be felt. As a scale the column is no better than one of zeros.
  bool is_rounding(const ScaledModel& now, Index i, double widest) const {
    const double error = 4 * (now.noise + settings_.jacobian_error * std::sqrt(2 * loss_));
    return now.norms[i] <= std::max(1e-10, 4 * settings_.jacobian_error) * widest && w_[i] != 0 &&
           now.norms[i] * std::abs(w_[i]) <= error;
  }

  Report move_to_trial(double loss) {
    const double moved = norm(p_.data(), n_);
    w_.copy_from(trial_);
    loss_ = loss;
    current_ = 1 - current_;
    ++iterations_;
    adopt();
    Report result = report(test());
    result.step_norm = moved;
    return result;
  }

  // The share of e that the columns of J explain: the model says that E can fall by its square.
  double share() const { return explained_ / std::sqrt(2 * loss_); }

  // The largest cosine between e and a column of J.
  double cosine() {
    double largest = 0;
    for (Index i = 0; i < n_; ++i)
      if (model().norms[i] > 0 && is_free(i))
        largest = std::max(largest, std::abs(g_[i]) / model().norms[i] / std::sqrt(2 * loss_));
    return largest;
  }

  Status test() {
    if (loss_ <= smallest || model().qr().rank() == 0 || share() <= settings_.gtol)
      return Status::gradient;
    if (slow_steps_ >= 10) return Status::noise_floor;
    if (small_step_) return Status::step;
    const double c = std::min(share(), cosine());
    if (last_predicted_ <= settings_.ftol && std::abs(last_actual_) <= settings_.ftol &&
        c * c <= settings_.ftol)
      return Status::function_change;
    return Status::running;
  }

  bool at_noise_floor() {
    return share() * share() <= 100 * epsilon + 2 * noise() / std::sqrt(2 * loss_);
  }

  // What is left to gain is small beside e, or below its rounding.
  bool optimal() {
    if (loss_ <= smallest) return true;
    if (model().qr().rank() == 0) return false;
    const double f = std::sqrt(2 * loss_);
    const double errors = 10 * (noise() + settings_.jacobian_error * f);
    if (is_nothing()) return true;
    if (vanished() && f > errors) return false;
    return explained_ <= std::max(errors, 1e-6 * f) || cosine() <= 1e-6;
  }

  // Beside what it was at the start, and beside what it is the difference of. Where J vanishes with
  // e, no other test sees the end.
  bool is_nothing() {
    return loss_ <= 1e-40 * first_loss_ && std::sqrt(2 * loss_) <= 1e-6 * model().noise / epsilon;
  }

  // The error of e: its rounding, or what was measured where E stalled without any other reason.
  double noise() { return std::max(model().noise, measured_noise_); }

  // Once, and true where it is more than rounding: then Gauss-Newton steps may lead on.
  bool measure_noise() {
    const std::int64_t limit = settings_.max_evaluations;
    if (measured_noise_ >= 0 || (limit >= 0 && n_value_ + line_points > limit)) return false;
    for (Index i = 0; i < n_; ++i) p_[i] = along(i);
    measured_noise_ = residual_noise(objective_, w_.data(), p_.data());
    n_value_ += line_points;
    asked_.fill(std::numeric_limits<double>::quiet_NaN());
    const double rounding = model().noise, terms = rounding / epsilon;
    if (!(measured_noise_ > 10 * rounding && measured_noise_ < 1e-3 * terms)) measured_noise_ = 0;
    radius_ = newton_norm_;
    return measured_noise_ > 0;
  }

  // What a passed test claims is not undone by a parameter that has lost its influence.
  bool first_order(bool as_asked) {
    if (loss_ <= smallest) return true;
    if (model().qr().rank() == 0) return false;
    if (vanished()) return std::sqrt(2 * loss_) <= 10 * model().noise;
    return as_asked || small_step_ || share() <= std::max(settings_.gtol, 1e-6) || optimal();
  }

  // A Gauss-Newton step where E says nothing: kept where it leaves less to gain.
  Report polish() {
    p_.copy_from(newton_);
    set_trial();
    const double loss = value(trial_.data()), before = explained_;
    if (!(loss <= loss_ * (1 + 1e-10) + 10 * std::sqrt(2 * loss_) * noise()))
      return report(Status::noise_floor);
    ++n_gradient_;
    if (!spare().take(objective_, trial_.data())) return report(Status::noise_floor);
    factorize(spare());
    take_newton(spare(), trial_);
    const bool better = explained_ < 0.9 * before;
    explained_ = before;
    if (!better) {
      take_newton(model(), w_);
      return report(Status::noise_floor);
    }
    last_predicted_ = share() * share();
    last_actual_ = 1 - loss / loss_;
    small_step_ = is_small(p_);
    return move_to_trial(loss);
  }

  bool is_small(const Buffer<double>& p) {
    return is_small_step(p, trial_, model().norms.vector().array(), settings_.xtol);
  }

  Buffer<double> largest_, asked_;
  std::array<ScaledModel, 2> models_;
  std::size_t current_ = 0;
  double asked_value_ = 0;
  bool started_ = false, first_ = true, linear_ = false, small_step_ = false;
  bool finite_ = true;  // what the last search evaluated
  double last_predicted_ = 1, last_actual_ = 1, first_loss_ = 0, measured_noise_ = -1;
  int refused_in_search_ = 0;
  std::int64_t slow_steps_ = 0, refused_ = 0, iterations_ = 0, n_value_ = 0, n_gradient_ = 0;
};

FASTOPT_END
