// A first-order rule on any objective, one iteration a step.
#pragma once

#include <utility>
#include <vector>

#include "fastopt/core/norm.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/line_search/line_search.hpp"
#include "fastopt/solver/line_search/optimality.hpp"
#include "fastopt/solver/solver.hpp"
#include "fastopt/update/updater.hpp"

FASTOPT_BEGIN

class Descent final : public Solver {
 public:
  // gtol: ‖g‖∞ that ends the run; NaN: max |g_i| · max(1, ‖w‖∞) at most 1e-8 of the loss, or of
  // what it has lost where that is less; or 1e-10 of 1 and of the first loss.
  Descent(Objective& objective, const double* w0, std::unique_ptr<Rule> rule, double weight_decay,
          double gtol)
      : objective_(objective),
        n_(objective.size()),
        updater_(std::move(rule), weight_decay, {}, n_),
        weight_decay_(weight_decay),
        gtol_(gtol),
        w_(n_),
        g_(n_),
        next_w_(n_),
        next_g_(n_) {
    std::copy(w0, w0 + n_, w_.begin());
  }

  const Buffer<double>& weights() const { return w_; }
  const Buffer<double>& gradient() const { return g_; }
  double loss() const { return loss_; }

  // η of each iteration to come, the last one from then on.
  void set_learning_rates(std::vector<double> rates) {
    if (rates.empty()) throw std::invalid_argument("at least one learning rate is needed");
    rates_ = std::move(rates);
  }

  Report step() override {
    if (status_ != Status::running) return report(0, 0);
    if (!started_) {
      loss_ = first_loss_ = evaluate(w_, g_);
      if (!finite(loss_, g_)) return stop(Status::non_finite);
      started_ = 1;
      if (converged()) return stop(Status::gradient);
    }
    const auto k = static_cast<std::size_t>(iterations_);
    const double rate = rates_[std::min(k, rates_.size() - 1)];
    next_w_.copy_from(w_);
    next_g_.copy_from(g_);
    can_undo_ = true;
    if (updater_.rule().looks_ahead()) {
      updater_.look_ahead(next_w_.data(), 1);
      if (!finite(evaluate(next_w_, next_g_), next_g_)) return stop(off());
    }
    updater_.begin_step(rate, loss_);
    updater_.apply(next_w_.data(), next_g_.data(), 0, n_, weight_decay_ != 0);
    updater_.look_ahead(next_w_.data(), -1);
    const double loss = next_w_.vector().allFinite() ? evaluate(next_w_, next_g_) : Report::none;
    // A mean of squares that has overflowed would leave w where it is for ever.
    if (!finite(loss, next_g_) || !updater_.is_finite()) return stop(off());
    const double moved = distance(w_.data(), next_w_.data(), n_);
    std::swap_ranges(w_.begin(), w_.end(), next_w_.begin());
    std::swap_ranges(g_.begin(), g_.end(), next_g_.begin());
    loss_before_ = std::exchange(loss_, loss);
    ++iterations_;
    if (converged()) status_ = Status::gradient;
    return report(moved, rate);
  }

  // The loss before the last step.
  double loss_before() const { return loss_before_; }

  // Back to where the last step began, with the rule's state reset; also a step to where nothing is
  // finite. Returns what the step, which `last` tells of, comes to then.
  Report undo(const Report& last) {
    if (!can_undo_) throw std::logic_error("there is no step to take back");
    can_undo_ = false;
    updater_.reset();
    if (status_ == Status::diverged || status_ == Status::unbounded) {
      ++iterations_;  // w was not moved
    } else {
      std::swap_ranges(w_.begin(), w_.end(), next_w_.begin());
      std::swap_ranges(g_.begin(), g_.end(), next_g_.begin());
      loss_ = loss_before_;
    }
    status_ = Status::running;
    return report(0, last.learning_rate);
  }

  void visit(StateVisitor& visitor) override {
    can_undo_ = false;
    visitor.array("w", w_.data(), n_);
    visitor.array("g", g_.data(), n_);
    visitor.number("loss", loss_);
    visitor.number("first_loss", first_loss_);
    visitor.flag("started", started_);
    visitor.count("iterations", iterations_);
    visitor.count("n_gradient", n_gradient_);
    visitor.choice("status", status_, Status::evaluations);
    updater_.visit(visitor);
  }

 private:
  // Slopes times weights are small below these shares of E, or of what it has lost, and of what it
  // was at first: to the square root of rounding, as far as E itself can tell.
  static constexpr double small_slope = 1e-8, small_of_start = 1e-10;

  static bool finite(double loss, const Buffer<double>& g) {
    return std::isfinite(loss) && g.vector().allFinite();
  }
  double evaluate(const Buffer<double>& w, Buffer<double>& g) {
    ++n_gradient_;
    return objective_.value_and_gradient(w.data(), g.data());
  }
  // Off to where nothing is finite: so far below the start E has no minimum, and does not swing.
  Status off() const {
    const bool fallen = loss_ < bottomless * std::max(1.0, std::abs(first_loss_));
    return fallen ? Status::unbounded : Status::diverged;
  }
  bool converged() const {
    const double g = g_.vector().lpNorm<Eigen::Infinity>();
    if (!std::isnan(gtol_)) return g <= gtol_;
    const double w = std::max(1.0, w_.vector().lpNorm<Eigen::Infinity>());
    // Against E, or what E has lost where that is less: a constant in E does not count.
    const double whole = std::min(std::abs(loss_), first_loss_ - loss_);
    return Scales{whole, loss_, first_loss_}.is_small_slope(g * w, small_slope, small_of_start);
  }
  Report stop(Status status) {
    status_ = status;
    return report(0, Report::none);
  }
  Report report(double moved, double rate) const {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(g_.data(), n_);
    result.step_norm = moved;
    result.learning_rate = rate;
    result.n_value = result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status_;
    result.optimal = status_ == Status::gradient;
    return result;
  }

  Objective& objective_;
  Index n_;
  Updater<double> updater_;
  double weight_decay_, gtol_;
  Buffer<double> w_, g_, next_w_, next_g_;
  std::vector<double> rates_{0.01};
  double loss_ = 0, loss_before_ = 0, first_loss_ = 0;
  bool can_undo_ = false;  // whether a step was made and not taken back
  std::int64_t started_ = 0, iterations_ = 0, n_gradient_ = 0;
  Status status_ = Status::running;
};

FASTOPT_END
