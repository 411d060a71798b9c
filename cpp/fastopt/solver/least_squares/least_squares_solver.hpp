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

#include <algorithm>
#include <array>
#include <vector>

#include "fastopt/core/norm.hpp"
#include "fastopt/differences/residual_accuracy.hpp"
#include "fastopt/solver/least_squares/scaled_model.hpp"
#include "fastopt/solver/least_squares/small_step.hpp"
#include "fastopt/solver/least_squares/trust_region.hpp"
#include "fastopt/solver/least_squares/verdict.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

struct LeastSquaresSettings {
  double ftol = 1e-15, xtol = 1e-8, gtol = 1e-8;
  // How exact the objective is; null: to rounding.
  ResidualAccuracy* accuracy = nullptr;
  // Values of E at most; below zero: no limit.
  std::int64_t max_evaluations = -1;
  // D where it is given, n numbers; otherwise it follows the columns of J.
  const double* scale = nullptr;
  SquaresVerdictSettings verdict;
  double radius = 100;  // Δ at the start, in units of ‖D w0‖ (MINPACK)
};

class LeastSquaresSolver : public Solver {
 public:
  LeastSquaresSolver(LeastSquaresProblem& objective, const double* w0,
                     const LeastSquaresSettings& settings)
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
        loss_ = loss;
        n_value_ = n_gradient_ = 1;
      }
      if (!std::isfinite(loss) || !model().take(objective_, settings_.accuracy, w_.data()))
        return report(Status::non_finite);
      adopt();
      linear_ = true;
      if (!started_) {
        region_.start(settings_.radius, scaled_norm(w_), residual());
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
  // The error of each column of J.
  const Buffer<double>& jacobian_errors() { return model().errors; }
  LeastSquaresSettings& settings() { return settings_; }
  // The parameters without influence at w, while residuals are left.
  std::vector<Index> inactive() {
    std::vector<Index> found = at_point().inactive();
    found.erase(std::remove_if(found.begin(), found.end(), [&](Index i) { return !can_move(i); }),
                found.end());
    return found;
  }
  // Whether J is so far from rank deficiency that its own error plays no part.
  double smallest_pivot() { return model().qr().smallest_pivot(); }

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
    visitor.number("gained", gained_, Allowed::non_negative);
    visitor.count("slow_steps", slow_steps_);
    visitor.number("damping", region_.nu, Allowed::non_negative);
    visitor.number("radius", region_.radius, Allowed::non_negative);
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
  bool trusts_newton() const { return region_.holds(newton_norm_); }
  double steepest() const { return (g_.vector().array() / d_.vector().array()).matrix().norm(); }
  virtual void set_trial() { trial_.vector() = w_.vector() + p_.vector(); }
  // After a trial that is not finite: whether one that keeps off the bounds may take its place; and
  // back, where that one is not finite either, so that the bounds are not the cause.
  virtual bool avoid_bounds() { return false; }
  virtual void meet_bounds() {}
  // The columns of J that count at w.
  virtual bool is_free(Index /*i*/) const { return true; }
  // Whether there is room for a parameter to move in.
  virtual bool can_move(Index /*i*/) const { return true; }

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
    constexpr int in_one_search = 6;  // each of them shortens the step
    ++n_gradient_;
    if (!spare().take(objective_, settings_.accuracy, trial_.data())) {
      finite_ = false;
      return false;
    }
    if (loss <= Plateau::solved * loss_ || refused_ >= Plateau::most_refusals ||
        ++refused_in_search_ > in_one_search)
      return true;
    const bool trap = Plateau::is_ahead(spare().norms, model().norms);
    refused_ += trap ? 1 : 0;
    return !trap;
  }

  Report report(Status status) {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = 0;
    result.damping = region_.nu;
    result.n_value = n_value_;
    result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status;
    const bool ended = status == Status::gradient || status == Status::step ||
                       status == Status::function_change || status == Status::noise_floor;
    result.optimal = ended && optimal();
    // A search that met the end of where the residuals and J are finite, and got no further.
    const bool stuck = status == Status::noise_floor || status == Status::step;
    if (stuck && !result.optimal && !finite_) result.status = Status::non_finite;
    return result;
  }

  LeastSquaresProblem& objective_;
  LeastSquaresSettings settings_;
  Index n_;
  bool has_scale_;
  Buffer<double> w_, trial_, newton_, p_, g_, d_;
  double loss_ = std::numeric_limits<double>::quiet_NaN();
  TrustRegion region_;
  double newton_norm_ = 0, explained_ = 0;

 private:
  // Steps in a row that gain less than `nearly_all` of the cost are slow; where the model promises
  // `most_of_it` all the same, E may be a power of what the model sees.
  static constexpr double nearly_all = 0.97, most_of_it = 0.7;
  // Steps that are to gain no more than this share of the cost are short.
  static constexpr double short_gain = 1e-3;
  // A column is rounding where it is this share of the widest one, and its parameter changes the
  // residuals by a few of their errors.
  static constexpr double short_column = 1e-10, few_errors = 4;

  // An iteration: tries steps until one is kept, or none can be.
  Report search() {
    bool avoiding = false;
    int failed = 0;
    const bool slow = slow_steps_ > 0 && slow_steps_ % settings_.verdict.few_failures == 0;
    if (slow && share() > most_of_it && trusts_newton() && leaps())
      return accept(asked_value_, 1, 1);
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
      double actual = TrustRegion::gain(loss, loss_);
      double ratio = predicted > 0 ? actual / predicted : 0;
      if (first_) region_.radius = std::min(region_.radius, length);
      if (ratio >= TrustRegion::least_ratio && !spare_is_good(loss)) actual = ratio = -1;
      region_.follow(ratio, actual, slope, length, TrustRegion::explodes(loss, loss_));
      if (ratio >= TrustRegion::least_ratio) return accept(loss, predicted, actual);
      const bool hopeless = predicted <= settings_.verdict.hopeless * epsilon + noise_of_loss();
      if (hopeless || region_.radius <= epsilon * scaled_norm(w_))
        return stall(hopeless ? Status::noise_floor : Status::step);
      // Steps this short should succeed, if it were not for noise.
      if (++failed == settings_.verdict.few_failures && predicted <= short_gain && measure_noise())
        return step();
      if (out_of_evaluations()) return report(Status::evaluations);
    }
  }

  // Where no step is short enough, or none can be told from noise: what is claimed then may rest on
  // the noise, which is measured here.
  Report stall(Status status) {
    const bool rests_on_noise = settings_.accuracy != nullptr && relative_noise() > epsilon;
    if ((rests_on_noise || !optimal()) && measure_noise()) return step();
    return report(status);
  }

  Report accept(double loss, double predicted, double actual) {
    first_ = false;
    gained_ = std::max(predicted, std::abs(actual));
    slow_steps_ = actual < nearly_all ? slow_steps_ + 1 : 0;
    small_step_ = region_.nu == 0 && is_small(p_, trial_);
    return move_to_trial(loss);
  }

  // At a root where J vanishes with e, (x − a)ᵏ say, Gauss-Newton goes a k-th of the way, again and
  // again, though the model predicts all of it: whether twice, three or four times as far leads to
  // nothing. Fills the trial and its model.
  bool leaps() {
    for (int k = 2; k <= 4; ++k) {
      if (out_of_evaluations()) return false;
      p_.vector() = k * newton_.vector();
      set_trial();
      const double loss = value(trial_.data());
      if (std::sqrt(2 * loss) <= settings_.verdict.nothing && spare_is_good(loss)) {
        region_.nu = 0;
        return true;
      }
    }
    return false;
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
    const double error =
        few_errors * (relative_noise() * now.terms + jacobian_error() * residual());
    const double short_one = std::max(short_column, few_errors * jacobian_error());
    return now.norms[i] <= short_one * widest && w_[i] != 0 &&
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
  double share() const { return explained_ / residual(); }

  // The largest cosine between e and a column of J.
  double cosine() {
    double largest = 0;
    for (Index i = 0; i < n_; ++i)
      if (model().norms[i] > 0 && is_free(i))
        largest = std::max(largest, std::abs(g_[i]) / model().norms[i] / residual());
    return largest;
  }

  Status test() {
    if (loss_ <= smallest || model().qr().rank() == 0 || share() <= settings_.gtol)
      return Status::gradient;
    if (gains_as_little_as_asked() && gained_ <= settings_.ftol) return Status::function_change;
    if (small_step_ && optimal()) return Status::step;
    if (slow_steps_ >= settings_.verdict.many_slow_steps && at_point().is_nothing_left())
      return Status::noise_floor;
    return Status::running;
  }

  bool gains_as_little_as_asked() const { return share() * share() <= settings_.ftol; }

  bool at_noise_floor() { return share() * share() <= 2 * noise() / residual(); }

  double residual() const { return std::sqrt(2 * loss_); }
  double relative_noise() const {
    return settings_.accuracy != nullptr ? settings_.accuracy->relative_noise() : epsilon;
  }
  double jacobian_error() const {
    return settings_.accuracy != nullptr ? settings_.accuracy->jacobian_error() : 0.0;
  }
  // The error of e.
  double noise() { return relative_noise() * model().terms; }
  // The error of E, in shares of it, where those of the residuals are independent.
  double noise_of_loss() {
    return noise() / (residual() * std::sqrt(static_cast<double>(model().e.size())));
  }

  SquaresAtPoint at_point() {
    return {n_,
            w_.data(),
            model().norms.data(),
            model().errors.data(),
            residual(),
            model().terms,
            noise(),
            settings_.verdict};
  }

  // The verdict: nothing is left; or the columns of J explain as little of e as was asked for, or
  // no more than the errors of both; or a full step is as short as was asked for. A parameter that
  // is not felt stands against it.
  bool optimal() {
    if (loss_ <= smallest) return true;
    if (model().qr().rank() == 0) return false;
    if (at_point().is_nothing_left()) return true;
    if (!inactive().empty()) return false;
    const SquaresVerdictSettings& allowed = settings_.verdict;
    const double errors = allowed.errors * (noise() + jacobian_error() * residual());
    // That a short step is right, though E should fall by far, was seen when one was taken.
    return share() <= settings_.gtol || explained_ <= errors || cosine() <= allowed.cosine ||
           gains_as_little_as_asked() || (small_step_ && is_small(newton_, w_));
  }

  // Once at a point and a few times a run; true where it is another one than was assumed, and J, if
  // it comes from differences, is had anew.
  bool measure_noise() {
    constexpr int times = 3;
    const std::int64_t limit = settings_.max_evaluations;
    const auto calls = static_cast<std::int64_t>(ResidualAccuracy::most_calls);
    if (settings_.accuracy == nullptr || measured_ >= times ||
        (limit >= 0 && n_value_ + calls > limit))
      return false;
    ++measured_;
    if (!settings_.accuracy->measure_noise(w_.data(), model().terms, n_value_)) return false;
    if (settings_.accuracy->has_differences()) {
      value(w_.data());
      ++n_gradient_;
      model().take(objective_, settings_.accuracy, w_.data());
      adopt();
    }
    region_.radius = newton_norm_;
    return true;
  }

  // A Gauss-Newton step where E says nothing: kept where it leaves less to gain.
  Report polish() {
    p_.copy_from(newton_);
    set_trial();
    const double loss = value(trial_.data()), before = explained_;
    if (!Polish::may_stand(loss, loss_, noise())) return stall(Status::noise_floor);
    ++n_gradient_;
    if (!spare().take(objective_, settings_.accuracy, trial_.data()))
      return report(Status::noise_floor);
    factorize(spare());
    take_newton(spare(), trial_);
    const bool better = explained_ < Polish::better * before;
    explained_ = before;
    if (!better) {
      take_newton(model(), w_);
      return stall(Status::noise_floor);
    }
    gained_ = std::max(share() * share(), std::abs(1 - loss / loss_));
    small_step_ = is_small(p_, trial_);
    return move_to_trial(loss);
  }

  bool is_small(const Buffer<double>& p, const Buffer<double>& w) {
    return is_small_step(p, w, model().norms.vector().array(), settings_.xtol,
                         settings_.verdict.hardly_felt);
  }

  Buffer<double> largest_, asked_;
  std::array<ScaledModel, 2> models_;
  std::size_t current_ = 0;
  double asked_value_ = 0;
  double gained_ = 1;  // by the last step, and by the model of it, in shares of E: the larger one
  bool started_ = false, first_ = true, linear_ = false, small_step_ = false;
  bool finite_ = true;  // what the last search evaluated
  int refused_in_search_ = 0, measured_ = 0;
  std::int64_t slow_steps_ = 0, refused_ = 0, iterations_ = 0, n_value_ = 0, n_gradient_ = 0;
};

FASTOPT_END
