// L-BFGS for E + Σ λ|w|, orthant-wise (OWL-QN, Andrew & Gao 2007): the direction is −V times the
// subgradient of least norm, V of the differences of ∇E alone; components that lead against the
// subgradient are left out; trial points stay on the side of zero where each weight is, or ends
// there.
#pragma once

#include <cmath>

#include "fastopt/core/norm.hpp"
#include "fastopt/objective/l1_penalty.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/line_search/lbfgs.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

struct OrthantLbfgsSettings {
  Index memory = 10;
  double c1 = 1e-4;  // of the decrease that the subgradient promises along the way
  double gtol = std::numeric_limits<double>::quiet_NaN();  // NaN: by what is left to gain
  double xrtol = 0, ftol = 0;                              // as for LineSearchSolver
};

class OrthantLbfgs final : public Solver {
 public:
  OrthantLbfgs(Objective& objective, const double* w0, const Buffer<double>& lambda,
               const OrthantLbfgsSettings& settings)
      : objective_(objective),
        penalty_(lambda),
        settings_(settings),
        n_(objective.size()),
        w_(n_),
        g_(n_),
        slope_(n_),
        p_(n_),
        free_(n_),
        trial_w_(n_),
        trial_g_(n_),
        pairs_(n_, settings.memory) {
    std::copy(w0, w0 + n_, w_.begin());
  }

  const Buffer<double>& weights() const { return w_; }

  void move_to(const double* w) {
    std::copy(w, w + n_, w_.begin());
    pairs_.clear();
    started_ = false;
    small_predictions_ = 0;
    status_ = Status::running;
  }

  Report step() override {
    if (status_ != Status::running) return report(0);
    if (!started_) {
      loss_ = evaluate(w_.data(), g_.data());
      if (!std::isfinite(loss_) || !g_.vector().allFinite()) return stop(Status::non_finite);
      first_loss_ = loss_;
      started_ = true;
    }
    find_subgradient();
    const double size = slope_.vector().lpNorm<Eigen::Infinity>();
    if (size == 0 || size <= settings_.gtol) return stop(Status::gradient);
    const double before = loss_, predicted = find_direction();
    double step = search();
    if (step < 0 && pairs_.size() > 0) {
      // What is known of the curvature may mislead: once more along the subgradient.
      pairs_.clear();
      find_direction();
      step = search();
    }
    const double attained = std::max(std::abs(loss_), first_loss_ - loss_);
    if (step < 0)
      return stop(predicted <= rounding_of_loss * attained ? Status::noise_floor
                                                           : Status::line_search);
    ++iterations_;
    // As for L-BFGS without l1: next to nothing is left to gain, in two iterations in a row.
    const bool small = std::isnan(settings_.gtol) && predicted <= least_gain * attained;
    small_predictions_ = small ? small_predictions_ + 1 : 0;
    find_subgradient();
    if (small_predictions_ >= patience) return stop(Status::gradient, step);
    if (slope_.vector().lpNorm<Eigen::Infinity>() == 0) return stop(Status::gradient, step);
    const double scale = std::max({std::abs(before), std::abs(loss_), 1.0});
    if (settings_.ftol > 0 && before - loss_ <= settings_.ftol * scale)
      return stop(Status::function_change, step);
    if (settings_.xrtol > 0 && step <= settings_.xrtol * norm(w_.data(), n_))
      return stop(Status::step, step);
    return report(step);
  }

  void visit(StateVisitor& visitor) override {
    visitor.array("w", w_.data(), n_);
    visitor.array("g", g_.data(), n_);
    visitor.number("loss", loss_);
    visitor.number("first_loss", first_loss_);
    visitor.flag("started", started_);
    visitor.count("small_predictions", small_predictions_);
    visitor.count("iterations", iterations_);
    visitor.count("n_gradient", n_gradient_);
    visitor.choice("status", status_, Status::evaluations);
    pairs_.visit(visitor);
  }

 private:
  // Of L-BFGS' own tests: the share of E, or of what it lost, that counts as nothing; how often in
  // turn; and what rounding of a sum over samples may hide.
  static constexpr double least_gain = 1e-13, rounding_of_loss = 1e-9;
  static constexpr int patience = 2;
  // As many as a line search by the Wolfe conditions may have: 2^-30 is shorter than rounding.
  static constexpr int most_trials = 30;

  double evaluate(const double* w, double* g) {
    ++n_gradient_;
    return objective_.value_and_gradient(w, g) + penalty_.value(w);
  }

  void find_subgradient() {
    slope_.copy_from(g_);
    penalty_.add_subgradient(w_.data(), slope_.data());
  }

  // p, and half of what it promises. Weights that the penalty holds at zero have no part in it.
  double find_direction() {
    for (Index i = 0; i < n_; ++i)
      free_[i] = penalty_.applies_to(i) && w_[i] == 0 && slope_[i] == 0 ? 0.0 : 1.0;
    p_.vector() = -slope_.vector();
    pairs_.multiply(p_.data(), free_.data());
    for (Index i = 0; i < n_; ++i)
      if (penalty_.applies_to(i) && p_[i] * slope_[i] >= 0) p_[i] = 0;
    if (!(slope_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) {
      pairs_.clear();
      p_.vector() = -slope_.vector();
    }
    return -0.5 * slope_.vector().dot(p_.vector());
  }

  // Takes the first point of the way that lowers E + Σ λ|w| by a share of what the subgradient
  // promises. Returns the length of the step, or −1: there is none.
  double search() {
    double alpha = pairs_.size() > 0 ? 1.0 : first_length();
    for (int k = 0; k < most_trials; ++k) {
      trial_w_.vector() = w_.vector() + alpha * p_.vector();
      penalty_.stay_in_orthant(w_.data(), slope_.data(), trial_w_.data());
      if (trial_w_.vector() == w_.vector()) return -1;
      const double promised = slope_.vector().dot(trial_w_.vector() - w_.vector());
      const double value = evaluate(trial_w_.data(), trial_g_.data());
      const bool finite = std::isfinite(value) && trial_g_.vector().allFinite();
      if (finite && value < loss_ && value <= loss_ + settings_.c1 * promised) {
        trial_w_.swap(w_);
        trial_g_.swap(g_);
        loss_ = value;
        trial_w_.vector() = w_.vector() - trial_w_.vector();
        trial_g_.vector() = g_.vector() - trial_g_.vector();
        const double length = norm(trial_w_.data(), n_);
        pairs_.push(trial_w_.data(), trial_g_.data());
        alpha_ = alpha;
        return length;
      }
      alpha *= finite ? 0.5 : 0.1;
    }
    return -1;
  }

  // Where nothing is known of the scale, w moves by its own size, or by 1 where that is less.
  double first_length() const {
    const double w = w_.vector().lpNorm<Eigen::Infinity>();
    return std::min(1.0, std::max(w, 1e-3)) / norm(slope_.data(), n_);
  }

  Report stop(Status status, double step = 0) {
    status_ = status;
    return report(step);
  }

  Report report(double step) const {
    Report result;
    result.loss = loss_;
    result.gradient_norm = norm(slope_.data(), n_);
    result.step_norm = step;
    result.step_length = alpha_;
    result.n_value = result.n_gradient = n_gradient_;
    result.iterations = iterations_;
    result.status = status_;
    result.optimal = status_ == Status::gradient || status_ == Status::noise_floor;
    return result;
  }

  Objective& objective_;
  L1Penalty<double> penalty_;
  OrthantLbfgsSettings settings_;
  Index n_;
  // slope_ is the subgradient, g_ that of E alone.
  Buffer<double> w_, g_, slope_, p_, free_, trial_w_, trial_g_;
  Pairs pairs_;
  double loss_ = 0, first_loss_ = 0, alpha_ = 1;
  bool started_ = false;
  std::int64_t small_predictions_ = 0, iterations_ = 0, n_gradient_ = 0;
  Status status_ = Status::running;
};

FASTOPT_END
