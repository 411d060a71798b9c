// Bayesian regularisation (MacKay 1992; Foresee & Hagan 1997): Levenberg-Marquardt on
//   S = ½ β Σe² + ½ Σ α_c Σ_c w²,
// with precisions α_c of groups of weights and β of the noise that follow from the data. With
// λ = α/β, H = JᵀJ + Λ and A = βH the Hessian of S,
//   γ_c = n_c − λ_c Σ_c (H⁻¹)ᵢᵢ,  α_c ← γ_c / Σ_c w²,  β ← (m − γ) / Σe².
#pragma once

#include <cmath>
#include <memory>
#include <optional>
#include <vector>

#include "fastopt/solver/least_squares/levenberg_marquardt.hpp"
#include "fastopt/solver/least_squares/posterior_step.hpp"

FASTOPT_BEGIN

struct BayesianSettings {
  LevenbergMarquardtSettings damped;
  // The group of each weight; −1: it has no prior.
  std::vector<Index> groups;
  Index n_groups = 0;
  Index n_residuals = 0;   // m: those with a weight
  double log_weights = 0;  // Σ ln v over them
  double tolerance = 0;
  double first_alpha = 1;
};

class BayesianRegularization final : public Solver {
 public:
  BayesianRegularization(SumOfSquares& data, const double* w0, const BayesianSettings& settings)
      : settings_(settings),
        m_(static_cast<double>(settings.n_residuals)),
        n_(data.size()),
        lambda_(n_),
        inverse_(n_),
        g_(n_),
        diagonal_(n_),
        before_(n_),
        alpha_(settings.n_groups),
        gamma_(settings.n_groups),
        sizes_(static_cast<std::size_t>(settings.n_groups)),
        objective_(data, lambda_),
        posterior_(new PosteriorStep(data, lambda_)),
        solver_(objective_, std::unique_ptr<StepComputer>(posterior_), w0, settings.damped) {
    for (const Index c : settings_.groups)
      if (c >= 0) ++sizes_[static_cast<std::size_t>(c)];
  }

  // One step of Levenberg-Marquardt that is kept, before it α and β from where the last one led.
  // Where none is kept these may still be on their way.
  Report step() override {
    bool first = beta_ == 0;
    if (first)
      begin();
    else
      update();
    Report report;
    for (int i = 0; i < most_updates; ++i) {
      report = damped_step(first);
      first = false;
      if (report.status == Status::non_finite || beta_ == 0) break;
      estimate();
      if (settled_) {
        if (report.status == Status::running) report.status = Status::function_change;
        report.optimal = true;
        break;
      }
      if (report.iterations > iterations_) {
        report.status = Status::running;
        break;
      }
      update();
    }
    iterations_ = report.iterations;
    report.loss = squares_;
    return report;
  }

  void move_to(const double* w) {
    solver_.move_to(w);
    estimated_ = false;
  }

  const Buffer<double>& weights() const { return solver_.weights(); }

  // Of the last step, at the weights that it led to: the α and β that it was made with.
  struct Estimates {
    const Buffer<double>& alpha;
    double beta;
    const Buffer<double>& gamma;
    double evidence;
  };
  Estimates estimates() {
    if (beta_ > 0) estimate();
    return {alpha_, beta_, gamma_, evidence_};
  }

  void visit(StateVisitor& visitor) override {
    solver_.visit(visitor);
    visitor.array("alpha", alpha_.data(), alpha_.size(), Allowed::non_negative);
    visitor.array("gamma", gamma_.data(), gamma_.size(), Allowed::non_negative);
    visitor.number("beta", beta_, Allowed::non_negative);
    visitor.number("evidence", evidence_);
    visitor.number("squares", squares_, Allowed::non_negative);
    visitor.flag("estimated", estimated_);
    visitor.flag("settled", settled_);
    visitor.count("kept", iterations_);
    const Buffer<double> before = lambda_;
    take_lambda();
    if (before.vector() != lambda_.vector()) solver_.change_objective(solver_.loss());
  }

 private:
  // Updates of α and β at one w, where none of them lets it move.
  static constexpr int most_updates = 100;
  // Below this Σe² is nothing, and β would overflow with the next.
  static constexpr double least_squares = 1e-200;
  // λ at most and at least, beside the largest curvature that the data give a weight: beyond, a
  // weight stays at zero to rounding, or Cholesky cannot tell.
  static constexpr double largest_share = 1e12, least_share = 1e-14;

  void begin() {
    const double* w = weights().data();
    linearize();
    squares_ = objective_.data_value(w);
    const double largest = posterior_->largest_square();
    if (!std::isfinite(largest) || !std::isfinite(squares_) || !(largest > 0)) return;
    beta_ = squares_ > least_squares ? m_ / (2 * squares_) : 1;
    alpha_.fill(settings_.first_alpha);
    take_lambda();
    solver_.change_objective(objective_.value(w));
  }

  // The model at w, which is taken where it is not known.
  void linearize() { posterior_->linearize(weights().data(), g_.data(), diagonal_.data()); }

  // α and β for the next step.
  void update() {
    estimate();
    if (!estimated_) return;
    linearize();
    const double beta = next_beta();
    for (Index c = 0; c < alpha_.size(); ++c) alpha_[c] = next_alpha(c, beta);
    beta_ = beta;
    take_lambda();
    solver_.change_objective(objective_.value(weights().data()));
  }

  // A step that is broken off before it has moved w leaves what α and β follow from.
  Report damped_step(bool first) {
    before_.copy_from(weights());
    const bool estimated = estimated_;
    estimated_ = false;
    const auto take_squares = [&] {
      if (objective_.is_known(weights().data())) squares_ = objective_.data_value(weights().data());
    };
    Report report;
    try {
      report = solver_.step();
    } catch (...) {
      take_squares();
      if (before_.vector() == weights().vector()) {
        estimated_ = estimated;
        if (first) beta_ = 0;
      }
      throw;
    }
    squares_ = objective_.data_value(weights().data());
    return report;
  }

  // γ and the evidence at w, where H is positive definite.
  void estimate() {
    if (estimated_) return;
    const double* w = weights().data();
    linearize();
    squares_ = objective_.data_value(w);
    const auto found = posterior_->posterior(inverse_.data());
    if (!found) {
      settled_ = false;
      return;
    }
    for (Index c = 0; c < gamma_.size(); ++c) gamma_[c] = size_of(c);
    for (Index i = 0; i < n_; ++i)
      if (group(i) >= 0) gamma_[group(i)] -= lambda_[i] * inverse_[i];
    gamma_.vector() = gamma_.vector().cwiseMax(0.0);
    const double error = squares_ + objective_.penalty(w);
    evidence_ = log_evidence(error, found->log_determinant);
    settled_ = found->decrease <= settings_.tolerance * error && at_fixed_point();
    estimated_ = true;
  }

  // ln ∫ p(t|w) p(w) dw, with the Gaussian around w in place of the integrand.
  double log_evidence(double error, double log_determinant) const {
    const double two_pi = 2 * std::acos(-1.0);
    double sum = 0, without_prior = static_cast<double>(n_);
    for (Index c = 0; c < alpha_.size(); ++c) {
      const double size = size_of(c);
      if (size > 0) sum += size * std::log(alpha_[c]);
      without_prior -= size;
    }
    sum += m_ * std::log(beta_) + settings_.log_weights - m_ * std::log(two_pi);
    sum += without_prior * std::log(two_pi);
    sum -= log_determinant + static_cast<double>(n_) * std::log(beta_);
    return 0.5 * sum - beta_ * error;
  }

  // Whether α and β would stay; α counts as much as the group has effective parameters.
  bool at_fixed_point() const {
    const double beta = next_beta(), gamma = gamma_.vector().sum();
    double change = 0;
    for (Index c = 0; c < alpha_.size(); ++c)
      change += gamma_[c] * std::abs(std::log(next_alpha(c, beta) / alpha_[c]));
    return change <= settings_.tolerance * gamma &&
           std::abs(std::log(beta / beta_)) <= settings_.tolerance;
  }

  double next_beta() const {
    const double left = std::max(m_ - all_gamma(), std::numeric_limits<double>::epsilon() * m_);
    return squares_ > least_squares ? left / (2 * squares_) : beta_;
  }
  double next_alpha(Index c, double beta) const {
    const double squares = sum_of_squares(c), largest = posterior_->largest_square() * beta;
    const double wanted =
        gamma_[c] > 0 && squares > 0 ? gamma_[c] / squares : largest_share * largest;
    return std::min(std::max(wanted, least_share * largest), largest_share * largest);
  }
  // γ of all parameters; those without a prior count whole.
  double all_gamma() const {
    double sum = static_cast<double>(n_);
    for (Index c = 0; c < gamma_.size(); ++c) sum += gamma_[c] - size_of(c);
    return sum;
  }
  double sum_of_squares(Index c) const {
    double sum = 0;
    for (Index i = 0; i < n_; ++i)
      if (group(i) == c) sum += weights()[i] * weights()[i];
    return sum;
  }

  void take_lambda() {
    for (Index i = 0; i < n_; ++i)
      lambda_[i] = group(i) >= 0 && beta_ > 0 ? alpha_[group(i)] / beta_ : 0.0;
  }

  double size_of(Index c) const { return static_cast<double>(sizes_[static_cast<std::size_t>(c)]); }
  Index group(Index i) const { return settings_.groups[static_cast<std::size_t>(i)]; }

  BayesianSettings settings_;
  double m_;
  Index n_;
  Buffer<double> lambda_, inverse_, g_, diagonal_, before_, alpha_, gamma_;
  std::vector<Index> sizes_;
  ShrunkSquares objective_;
  PosteriorStep* posterior_;
  LevenbergMarquardt solver_;
  double beta_ = 0, evidence_ = 0, squares_ = 0;
  bool estimated_ = false;  // γ and the evidence are those at w
  bool settled_ = false;
  std::int64_t iterations_ = 0;
};

FASTOPT_END
