// Levenberg-Marquardt: steps p with (JᵀJ + ν D) p = −Jᵀe on E = ½Σe², ν by one of three rules.
// Sources: Hagan & Menhaj 1994 (networks), Nielsen 1999, Osowski 2020 (Marquardt's rule).
#pragma once

#include <algorithm>
#include <memory>
#include <vector>

#include "fastopt/core/norm.hpp"
#include "fastopt/differences/residual_accuracy.hpp"
#include "fastopt/solver/least_squares/damping.hpp"
#include "fastopt/solver/least_squares/small_step.hpp"
#include "fastopt/solver/least_squares/step_computer.hpp"
#include "fastopt/solver/least_squares/verdict.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

enum class Scaling { identity, diagonal };

struct LevenbergMarquardtSettings {
  DampingSettings damping;
  Scaling scaling = Scaling::identity;
  // MINPACK's tests, relative; zero switches one off.
  double ftol = 0, xtol = 0, gtol = 0;
  // Values of E at most; below zero: no limit.
  std::int64_t max_evaluations = -1;
  // From which weight on all of them enter the residuals linearly; 0: of none or all it is known.
  Index linear_from = 0;
  // How exact the residuals and J are; null: to rounding.
  ResidualAccuracy* accuracy = nullptr;
  SquaresVerdictSettings verdict;
};

class LevenbergMarquardt final : public Solver {
 public:
  LevenbergMarquardt(SumOfSquares& objective, const double* w0,
                     const LevenbergMarquardtSettings& settings)
      : LevenbergMarquardt(objective, default_computer(objective), w0, settings) {}

  LevenbergMarquardt(SumOfSquares& objective, std::unique_ptr<StepComputer> computer,
                     const double* w0, const LevenbergMarquardtSettings& settings)
      : objective_(objective),
        computer_(std::move(computer)),
        settings_(settings),
        damping_(settings.damping),
        n_(objective.size()),
        w_(n_),
        trial_(n_),
        p_(n_),
        g_(n_),
        squares_(n_),
        largest_(n_),
        d_(n_),
        columns_(n_) {
    std::copy(w0, w0 + n_, w_.begin());
  }

  // One iteration: more and more damping until a step is kept. Where none can be, w stays and the
  // report says why.
  Report step() override {
    if (!std::isfinite(loss_)) {
      loss_ = value(w_.data());
      if (!std::isfinite(loss_)) return report(Status::non_finite);
    }
    if (!linear_ && !linearize()) return report(Status::non_finite);
    const bool held = !started_ && start();
    if (stationary()) return report(Status::gradient);

    // A copy, so that a step that throws leaves ν as it was.
    Damping damping = damping_;
    damping.begin();
    finite_ = true;
    bool anew = false;
    // ν may still be from where J was many times as large: a search that fails begins anew, once.
    const auto once_more = [&] {
      if (anew || optimal()) return false;
      anew = true;
      damping.start(largest_ratio());
      return true;
    };
    for (;;) {
      if (settings_.max_evaluations >= 0 && n_value_ >= settings_.max_evaluations)
        return report(Status::evaluations);
      const double nu = damping.value();
      bool more = false;
      if (computer_->solve(nu, d_.data(), p_.data())) {
        const double predicted = predicted_decrease(nu);
        trial_.vector() = w_.vector() + p_.vector();
        if ((trial_.vector().array() == w_.vector().array()).all())
          return report(Status::noise_floor);
        const double loss = value(trial_.data());
        finite_ = finite_ && std::isfinite(loss);
        if (std::isfinite(loss) && damping.keeps(loss - loss_, predicted)) {
          damping.accept((loss_ - loss) / predicted);
          damping_ = damping;
          started_ = !held;  // ν begins with the step that moves all weights
          return accept(loss, nu, predicted);
        }
        if (predicted <= rounding * loss_) {
          if (once_more()) continue;
          return report(Status::noise_floor);
        }
        more = damping.reject();
      } else {
        more = damping.reject_singular();
      }
      if (!more && !once_more()) {
        damping_ = damping;
        return report(optimal() ? Status::noise_floor : Status::damping);
      }
    }
  }

  void expect_last(bool last) override { last_ = last; }

  // Goes on from other weights; ν and D stay what they have become.
  void move_to(const double* w) {
    std::copy(w, w + n_, w_.begin());
    loss_ = std::numeric_limits<double>::quiet_NaN();
    linear_ = false;
    if (n_gradient_ > iterations_ + moves_) ++moves_;
  }

  // Goes on from the same weights where E has become another function: a penalty that changed.
  void change_objective(double loss) {
    loss_ = loss;
    linear_ = false;
  }

  double loss() const { return loss_; }
  std::int64_t iterations() const { return iterations_; }
  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }

  LevenbergMarquardtSettings& settings() { return settings_; }

  // The parameters without influence at w, while residuals are left.
  std::vector<Index> inactive() {
    if (!linear_ && !linearize()) return {};
    return at_point().inactive();
  }

  void visit(StateVisitor& visitor) override {
    trial_.vector() = w_.vector();
    visitor.array("w", trial_.data(), n_);
    put(trial_.data());
    visit_course(visitor);
  }

  // The weights of a state; what else belongs to them is visited beside them.
  void put(const double* w) {
    if ((ConstVectorMap<double>(w, n_).array() != w_.vector().array()).any()) linear_ = false;
    std::copy(w, w + n_, w_.begin());
  }
  void visit_course(StateVisitor& visitor) {
    visitor.array("largest_squares", largest_.data(), n_, Allowed::non_negative);
    const bool started = visitor.flag("started", started_);
    visitor.number("loss", loss_, started ? Allowed::non_negative : Allowed::any);
    damping_.visit(visitor);
    visitor.count("iterations", iterations_);
    visitor.count("moves", moves_);
    visitor.count("n_value", n_value_);
    visitor.count("n_gradient", n_gradient_);
  }

 private:
  static constexpr double rounding = 2 * std::numeric_limits<double>::epsilon();
  // D of a weight that is not to move: its step is far below the rounding of any weight.
  static constexpr double held_weight = 1e60;

  static std::unique_ptr<StepComputer> default_computer(SumOfSquares& objective) {
    LeastSquaresProblem* const problem = objective.with_residuals();
    if (problem != nullptr && problem->n_residuals() < problem->size())
      return std::make_unique<DualStep>(*problem);
    return std::make_unique<NormalEquationsStep>(objective);
  }

  double value(const double* w) {
    ++n_value_;
    return objective_.value(w);
  }

  // A model that is taken again where it was taken before, after an import, counts once.
  void count_model() {
    if (n_gradient_ <= iterations_ + moves_) ++n_gradient_;
  }

  // g, diag(JᵀJ) and D at w; false where they are not finite.
  bool linearize() {
    computer_->linearize(w_.data(), g_.data(), squares_.data());
    count_model();
    if (!g_.vector().allFinite() || !squares_.vector().allFinite()) return false;
    for (Index i = 0; i < n_; ++i) {
      largest_[i] = std::max(largest_[i], squares_[i]);
      d_[i] = settings_.scaling == Scaling::diagonal && largest_[i] > 0 ? largest_[i] : 1.0;
    }
    linear_ = true;
    return true;
  }

  // The size of what e is the difference of.
  double reach() const {
    return (squares_.vector().array().sqrt() * w_.vector().array().abs()).sum();
  }

  bool is_small(const Buffer<double>& p, double share) const {
    return is_small_step(p, w_, squares_.vector().array().sqrt(), share,
                         settings_.verdict.hardly_felt);
  }

  // A step with no more damping than makes it possible, whatever the units of the parameters are.
  bool solve_hardly_damped() {
    for (Index i = 0; i < n_; ++i) columns_[i] = squares_[i] > 0 ? squares_[i] : 1.0;
    return computer_->solve(std::numeric_limits<double>::epsilon(), columns_.data(), p_.data());
  }

  // Of the loss: a gain below it is none. Of the weights: they no longer move.
  static constexpr double no_gain = 1e-14, unmoved = 1e-8;

  // ν₀; true: the step holds all but the linear weights. For one that were many times as long as
  // the weights (targets far from order one) would throw them where the model around w says
  // nothing: hidden units into saturation, out of which no gradient leads.
  bool start() {
    constexpr double longest = 10;  // times ‖w‖: targets of order one lead to about 1 at most
    damping_.start(largest_ratio());
    const Index first = settings_.linear_from;
    started_ = true;
    if (iterations_ > 0 || first <= 0 || first >= n_) return false;
    if (!computer_->solve(damping_.value(), d_.data(), p_.data())) return false;
    if (p_.vector().norm() <= longest * std::max(1.0, w_.vector().norm())) return false;
    started_ = false;
    linearize();
    std::fill_n(d_.begin(), first, held_weight);
    damping_.start(largest_ratio());
    return true;
  }

  double largest_ratio() const {
    return (squares_.vector().array() / d_.vector().array()).maxCoeff();
  }

  // E(w) − model(w + p) = ½ pᵀ (ν D p − g), without cancellation.
  double predicted_decrease(double nu) const {
    const auto p = p_.vector().array();
    return 0.5 * (nu * (d_.vector().array() * p * p).sum() - g_.vector().dot(p_.vector()));
  }

  // g = 0; or the largest cosine between e and a column of J is at most gtol, and all columns
  // together, which can do more where they are nearly dependent, explain little of e.
  bool stationary() {
    if (g_.vector().cwiseAbs().maxCoeff() == 0) return true;
    const double norm_e = std::sqrt(2 * loss_);
    for (Index i = 0; i < n_; ++i)
      if (std::abs(g_[i]) > settings_.gtol * std::sqrt(squares_[i]) * norm_e) return false;
    if (!solve_hardly_damped()) return true;
    return -g_.vector().dot(p_.vector()) <= settings_.verdict.stationary * loss_;
  }

  SquaresAtPoint at_point() {
    columns_.vector() = squares_.vector().cwiseSqrt();
    const double residual = std::sqrt(2 * loss_), terms = residual + reach();
    const ResidualAccuracy* accuracy = settings_.accuracy;
    const double epsilon = std::numeric_limits<double>::epsilon();
    const double noise = accuracy != nullptr ? accuracy->relative_noise() : epsilon;
    return {n_,       w_.data(), columns_.data(), accuracy ? accuracy->column_errors() : nullptr,
            residual, terms,     noise * terms,   settings_.verdict};
  }

  // The verdict: nothing is left; or the columns of J, one by one or by a step that is hardly
  // damped, explain as little of e as was asked for, or no more than the errors of both; or that
  // step is as short as was asked for. A parameter without influence stands against it.
  bool optimal() {
    if (loss_ == 0) return true;
    if (squares_.vector().maxCoeff() == 0) return false;
    const SquaresVerdictSettings& allowed = settings_.verdict;
    const SquaresAtPoint here = at_point();
    if (here.is_nothing_left()) return true;
    if (!here.inactive().empty()) return false;
    const double residual = here.residual, noise = here.noise;
    const double error = settings_.accuracy != nullptr ? settings_.accuracy->jacobian_error() : 0;
    double cosine = 0;
    for (Index i = 0; i < n_; ++i)
      if (squares_[i] > 0)
        cosine = std::max(cosine, std::abs(g_[i]) / std::sqrt(squares_[i]) / residual);
    if (cosine <= allowed.cosine) return true;
    if (!solve_hardly_damped()) return false;
    const double explained = std::sqrt(std::max(0.0, -g_.vector().dot(p_.vector())));
    const double share = explained / residual;
    // That a short step is right, though E should fall by far, was seen when one was taken.
    return explained <= allowed.errors * (noise + error * residual) ||
           share * share <= settings_.ftol || (as_asked_ && is_small(p_, settings_.xtol));
  }

  Report accept(double loss, double nu, double predicted) {
    const double gain = loss_ - loss, old_loss = loss_;
    const bool small_gain =
        gain <= settings_.ftol * old_loss && predicted <= settings_.ftol * old_loss;
    const bool small_step = is_small(p_, settings_.xtol), no_step = is_small(p_, unmoved);
    step_norm_ = p_.vector().norm();
    w_.copy_from(trial_);
    loss_ = loss;
    ++iterations_;
    linear_ = false;
    Status status = Status::running;
    const bool put_off = last_ && !small_gain && !small_step && gradient_suffices();
    if (put_off)
      count_model();
    else if (!linearize())
      status = Status::non_finite;
    else if (stationary())
      status = Status::gradient;
    else if (small_gain || small_step)
      status = end_as_asked(small_gain, gain <= no_gain * old_loss, small_step, no_step);
    Report result = report(status);
    if (put_off) result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = step_norm_;
    result.damping = nu;
    return result;
  }

  // Takes g at w, where it is all that tells whether the run goes on, and says that it does.
  bool gradient_suffices() {
    return settings_.gtol == 0 && computer_->gradient(w_.data(), g_.data()) &&
           g_.vector().allFinite() && g_.vector().cwiseAbs().maxCoeff() > 0;
  }

  // A step that is as small as a user asked for ends the run where a full one would be too. Damping
  // alone can make it small: then the run goes on, unless it no longer moves at all.
  Status end_as_asked(bool small_gain, bool no_gain, bool small_step, bool no_step) {
    const bool solved = solve_hardly_damped();
    as_asked_ = true;
    if (solved && small_gain && -0.5 * g_.vector().dot(p_.vector()) <= settings_.ftol * loss_)
      return Status::function_change;
    if (solved && small_step && is_small(p_, settings_.xtol)) return Status::step;
    as_asked_ = false;
    if (small_gain && no_gain) return Status::function_change;
    return small_step && no_step ? Status::step : Status::running;
  }

  Report report(Status status) {
    Report result;
    result.loss = loss_;
    if (linear_) result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = 0;
    result.damping = damping_.value();
    result.n_value = n_value_;
    result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status;
    result.optimal = linear_ &&
                     (status == Status::gradient || status == Status::step ||
                      status == Status::function_change || status == Status::noise_floor ||
                      status == Status::damping) &&
                     optimal();
    // What looks like a stall is the boundary of the finite numbers.
    const bool stuck = status != Status::running && status != Status::gradient &&
                       status != Status::evaluations && !result.optimal;
    if (stuck && !finite_) result.status = Status::non_finite;
    return result;
  }

  SumOfSquares& objective_;
  std::unique_ptr<StepComputer> computer_;
  LevenbergMarquardtSettings settings_;
  Damping damping_;
  Index n_;
  // D follows from the largest squared column norms so far.
  Buffer<double> w_, trial_, p_, g_, squares_, largest_, d_, columns_;
  double loss_ = std::numeric_limits<double>::quiet_NaN(), step_norm_ = 0;
  bool started_ = false, linear_ = false;
  bool finite_ = true;  // what the last search for a step evaluated
  bool as_asked_ = false;
  bool last_ = false;  // no further step is asked for: its model is left to be taken when one is
  std::int64_t iterations_ = 0, n_value_ = 0, n_gradient_ = 0;
  std::int64_t moves_ = 0;  // away from weights whose model has counted
};

FASTOPT_END
