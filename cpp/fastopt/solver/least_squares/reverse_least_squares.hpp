// Levenberg-Marquardt as a trust region by reverse communication: it asks for a value or a Jacobian
// at a point and is told, so that thousands of fits go on side by side and one call of a model
// serves them all. The steps are those of least_squares_solver.hpp; what that one looks at more
// closely (rank, noise, plateaus, stalls) is left to it: such a fit ends as `unclear` here.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/linalg/pivoted_qr.hpp"
#include "fastopt/solver/least_squares/bounded_least_squares.hpp"
#include "fastopt/solver/least_squares/small_step.hpp"
#include "fastopt/solver/least_squares/trust_region.hpp"
#include "fastopt/solver/least_squares/verdict_settings.hpp"

FASTOPT_BEGIN

struct ReverseSettings {
  double ftol = 1e-15, xtol = 1e-8, gtol = 1e-8;
  std::int64_t max_evaluations = 1000;
  double radius = 100;               // Δ at the start, in units of ‖D x0‖ (MINPACK)
  bool exact = false;                // whether J has no errors of differences
  std::vector<double> lower, upper;  // n of each, or none
};

class ReverseLeastSquares {
 public:
  enum class Need { value, jacobian, nothing };
  // Statuses of least_squares, and `unclear`.
  enum Verdict : int {
    running = 100,
    unclear = 101,
    by_evaluations = 0,
    by_gradient = 1,
    by_cost = 2,
    by_step = 3,
    by_noise = 5,
    not_finite = -6
  };

  ReverseLeastSquares(Index m, Index n, const ReverseSettings& settings)
      : settings_(settings),
        m_(m),
        n_(n),
        w_(n),
        trial_(n),
        newton_(n),
        p_(n),
        g_(n),
        d_(n),
        work_(n),
        low_(n),
        high_(n),
        terms_(m),
        free_(static_cast<std::size_t>(n)),
        models_{Model(m, n), Model(m, n)} {
    if (is_bounded()) {
      box_.emplace_back(std::min(m, n) + n, n);
      small_.resize(area(n, n));
      right_.resize(n);
    }
  }

  void start(const double* x0) {
    std::copy(x0, x0 + n_, w_.begin());
    trial_.copy_from(w_);
    d_.fill(0);
    started_ = central_ = upgrading_ = polishing_ = small_step_ = false;
    first_ = true;
    region_ = {};
    gained_ = 1;
    refused_ = 0;
    n_value_ = n_iterations_ = 0;
    loss_ = std::numeric_limits<double>::quiet_NaN();
    verdict_ = running;
    need_ = Need::value;
  }

  Need need() const { return need_; }
  int verdict() const { return verdict_; }
  // Where the value or the Jacobian is needed.
  const double* point() const { return upgrading_ ? w_.data() : trial_.data(); }
  bool asks_at_trial() const { return !upgrading_; }
  bool central() const { return central_; }
  const double* weights() const { return w_.data(); }
  double loss() const { return loss_; }
  std::int64_t evaluations() const { return n_value_; }
  std::int64_t iterations() const { return n_iterations_; }

  // The step of a difference along parameter i at point(), with h its share of the parameter. One
  // that is small beside what it takes to move the residuals counts as large as the others are.
  double difference(Index i, double h) const {
    const double* x = point();
    double typical = 0;
    for (Index k = 0; k < n_; ++k) typical = std::max(typical, std::abs(x[k]));
    typical = typical > 0 ? std::min(typical, 1.0) : 1.0;
    double size = x[i] != 0 ? std::abs(x[i]) : typical;
    const Model& now = model();
    if (started_ && now.norms[i] > 0)
      size = std::max(size, std::min(felt * now.terms / now.norms[i], typical));
    return h * size;
  }

  void take_value(double loss) {
    ++n_value_;
    if (!started_) {
      loss_ = loss;
      if (!std::isfinite(loss)) return finish(not_finite);
      need_ = Need::jacobian;
      return;
    }
    trial_loss_ = std::isfinite(loss) ? loss : std::numeric_limits<double>::infinity();
    if (polishing_) {
      if (Polish::may_stand(trial_loss_, loss_, noise()))
        need_ = Need::jacobian;
      else
        stall();
      return;
    }
    // In shares of ‖e‖²: the model's slope along p, and its decrease, the damping apart.
    for (Index i = 0; i < n_; ++i) work_[i] = model().scale[i] * p_[i];
    const PivotedQr::Image image = model().qr.image(work_.data());
    slope_ = image.slope / (2 * loss_);
    predicted_ = -2 * slope_ - image.norm / (2 * loss_) * image.norm;
    actual_ = TrustRegion::gain(trial_loss_, loss_);
    if (first_) region_.radius = std::min(region_.radius, length_);
    if (predicted_ > 0 && actual_ >= TrustRegion::least_ratio * predicted_) {
      // Near the end, differences to both sides.
      central_ = central_ || std::max(predicted_, actual_) <= nearly;
      need_ = Need::jacobian;
      return;
    }
    refuse();
  }

  // J (m x n, column-major) and the residuals at point(), both destroyed.
  void take_jacobian(double* j, double* e) {
    Model& taken = upgrading_ ? model() : spare();
    const bool good = taken.take(j, e, point(), m_, n_, terms_);
    if (upgrading_) {
      upgrading_ = false;
      if (!good) return finish(unclear);
      adopt();
      return decide();
    }
    if (!started_) {
      if (!good) return finish(unclear);
      current_ = 1 - current_;
      adopt();
      region_.start(settings_.radius, scaled_norm(w_), residual());
      started_ = true;
      return decide();
    }
    if (polishing_) return good ? judge_polish() : finish(unclear);
    if (!good || loses_a_column()) {
      actual_ = -1;
      return refuse();
    }
    follow(actual_ / predicted_);
    first_ = false;
    gained_ = std::max(predicted_, std::abs(actual_));
    small_step_ = nu_was_zero_ && is_small(p_, trial_);
    move();
  }

  // (JᵀJ)⁻¹ at the end, n x n.
  void inverse(double* c) {
    Buffer<double> root(area(n_, n_));
    model().qr.inverse_root(root.data());
    for (Index i = 0; i < n_; ++i) {
      for (Index k = 0; k < n_; ++k) {
        double sum = 0;
        for (Index l = 0; l < n_; ++l) sum += root[l * n_ + i] * root[l * n_ + k];
        c[i * n_ + k] = sum / model().scale[i] / model().scale[k];
      }
    }
  }

 private:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  static constexpr double smallest = std::numeric_limits<double>::min() / epsilon;
  // A step that gains a smaller share than this of the cost, or columns that explain a smaller one
  // of the residuals than its root, are near the end: there J is to be exact.
  static constexpr double nearly = 1e-2;
  // Gains of a smaller share of the cost are judged by what they leave to gain: its rounding, of
  // many terms, is a thousandth of that.
  static constexpr double barely = 1e-11;
  // Steps of differences are no shorter than if the parameter were so large that it made this share
  // of the terms.
  static constexpr double felt = 0.1;
  // J in columns of unit length is of full rank beyond doubt, and each column felt: the errors of
  // central differences are about 1e-10.
  static constexpr double clear_pivot = 1e-5, clear_column = 1e-6;
  static constexpr double jacobian_error = 4e-11;   // of central differences
  static constexpr std::int64_t most_values = 100;  // later it is no usual fit

  struct Model {
    Model(Index m, Index n) : qr(m, n), norms(n), scale(n) {}
    PivotedQr qr;
    Buffer<double> norms, scale;
    double terms = 0;

    bool take(double* j, double* e, const double* x, Index m, Index n, Buffer<double>& size) {
      VectorMap<double> moved(size.data(), m), residuals(e, m);
      moved = residuals.cwiseAbs();
      for (Index i = 0; i < n; ++i) {
        VectorMap<double> column(j + i * m, m);
        norms[i] = column.norm();
        if (!std::isfinite(norms[i])) return false;
        scale[i] = norms[i] > 0 ? norms[i] : 1.0;
        moved += std::abs(x[i]) * column.cwiseAbs();
        column /= scale[i];
      }
      terms = moved.norm();
      qr.compute(j, e);
      return std::isfinite(terms);
    }
  };

  Model& model() { return models_[current_]; }
  const Model& model() const { return models_[current_]; }
  Model& spare() { return models_[1 - current_]; }
  bool is_bounded() const { return !settings_.lower.empty(); }
  double lower(Index i) const { return settings_.lower[static_cast<std::size_t>(i)]; }
  double upper(Index i) const { return settings_.upper[static_cast<std::size_t>(i)]; }
  double residual() const { return std::sqrt(2 * loss_); }
  double noise() const { return epsilon * model().terms; }
  double share() const { return explained_ / residual(); }
  double scaled_norm(const Buffer<double>& x) const {
    return (d_.vector().array() * x.vector().array()).matrix().norm();
  }
  bool trusts_newton() const { return region_.holds(newton_norm_); }
  bool is_exact() const { return central_ || settings_.exact; }
  bool is_small(const Buffer<double>& p, const Buffer<double>& w) {
    return is_small_step(p, w, model().norms.vector().array(), settings_.xtol,
                         SquaresVerdictSettings{}.hardly_felt);
  }

  void finish(Verdict verdict) {
    need_ = Need::nothing;
    const bool claims = verdict >= by_gradient && verdict <= by_noise;
    verdict_ = claims && !is_clear() ? unclear : verdict;
  }

  bool is_clear() {
    if (model().qr.rank() < n_ || model().qr.smallest_pivot() < clear_pivot) return false;
    const double widest = model().norms.vector().maxCoeff();
    for (Index i = 0; i < n_; ++i)
      if (model().norms[i] <= clear_column * widest &&
          model().norms[i] * std::abs(w_[i]) <= clear_column * model().terms)
        return false;
    return true;
  }

  // What the new model at w_ says.
  void adopt() {
    Model& now = model();
    for (Index i = 0; i < n_; ++i) d_[i] = std::max(d_[i], now.norms[i]);
    for (Index i = 0; i < n_; ++i)
      if (d_[i] == 0) d_[i] = 1;
    take_newton();
    newton_norm_ = scaled_norm(newton_);
  }

  // Fills newton_ and explained_, on the face of the bounds that hold w against the gradient.
  void take_newton() {
    Model& now = model();
    Index count = n_;
    if (is_bounded()) {
      now.qr.copy_system(small_.data(), n_, right_.data());
      count = 0;
      for (Index i = 0; i < n_; ++i) {
        const ConstVectorMap<double> column(small_.data() + i * n_, n_);
        g_[i] = column.dot(right_.vector());
        free_[static_cast<std::size_t>(i)] =
            !((w_[i] <= lower(i) && g_[i] >= 0) || (w_[i] >= upper(i) && g_[i] <= 0));
        if (!free_[static_cast<std::size_t>(i)]) continue;
        std::copy_n(small_.data() + i * n_, n_, small_.data() + count++ * n_);
      }
    } else {
      // Jᵀe in columns of unit length, for the first bracket of the damping.
      for (Index i = 0; i < n_; ++i) {
        work_.fill(0);
        work_[i] = now.scale[i];
        g_[i] = now.qr.image(work_.data()).slope;
      }
    }
    if (count == n_) {
      now.qr.gauss_newton(newton_.data());
      explained_ = now.qr.explained();
      for (Index i = 0; i < n_; ++i) newton_[i] /= now.scale[i];
      if (is_bounded())
        for (Index i = 0; i < n_; ++i) g_[i] *= now.scale[i];
      return;
    }
    for (Index i = 0; i < n_; ++i) g_[i] *= now.scale[i];
    newton_.fill(0);
    explained_ = 0;
    if (count == 0) return;
    PivotedQr qr(n_, count);
    qr.compute(small_.data(), right_.data());
    explained_ = qr.explained();
    qr.gauss_newton(work_.data());
    for (Index i = 0, k = 0; i < n_; ++i)
      if (free_[static_cast<std::size_t>(i)]) newton_[i] = work_[k++] / now.scale[i];
  }

  // The end, a Jacobian that is better, or a trial.
  void decide() {
    const bool nothing_left = residual() <= SquaresVerdictSettings{}.roundings * noise();
    const bool explains_little = share() <= std::sqrt(nearly);
    if (!is_exact() && (explains_little || nothing_left || loss_ <= smallest)) return upgrade();
    if (loss_ <= smallest || share() <= settings_.gtol) return finish(by_gradient);
    if (share() * share() <= settings_.ftol && gained_ <= settings_.ftol) return finish(by_cost);
    if (small_step_ && is_small(newton_, w_)) return finish(by_step);
    if (nothing_left) return finish(by_noise);
    if (!std::isfinite(newton_norm_) || model().qr.rank() == 0) return finish(unclear);
    propose();
  }

  void upgrade() {
    central_ = upgrading_ = true;
    need_ = Need::jacobian;
  }

  void propose() {
    if (n_value_ >= settings_.max_evaluations) return finish(by_evaluations);
    if (n_value_ >= most_values) return finish(unclear);
    polishing_ = share() * share() <= std::max(2 * noise() / residual(), barely) && trusts_newton();
    if (polishing_)
      p_.copy_from(newton_);
    else
      take_step();
    length_ = scaled_norm(p_);
    nu_was_zero_ = region_.nu == 0;
    trial_.vector() = w_.vector() + p_.vector();
    if (is_bounded())
      for (Index i = 0; i < n_; ++i)  // w + (upper − w) may lie an ulp away from the bound
        trial_[i] = p_[i] == upper(i) - w_[i]   ? upper(i)
                    : p_[i] == lower(i) - w_[i] ? lower(i)
                                                : std::clamp(trial_[i], lower(i), upper(i));
    need_ = Need::value;
  }

  void follow(double ratio) {
    region_.follow(ratio, actual_, slope_, length_, TrustRegion::explodes(trial_loss_, loss_));
  }

  void refuse() {
    follow(-1);
    const double error = noise() / (residual() * std::sqrt(static_cast<double>(m_)));
    if (predicted_ <= SquaresVerdictSettings{}.hopeless * epsilon + error ||
        region_.radius <= epsilon * scaled_norm(w_))
      return stall();
    propose();
  }

  // No step lowers the cost beyond its rounding: fine where there is nothing more to gain.
  void stall() {
    if (!is_exact()) {
      region_.radius = newton_norm_;
      return upgrade();
    }
    const double error = settings_.exact ? 0 : jacobian_error * residual();
    if (explained_ <= SquaresVerdictSettings{}.errors * (noise() + error)) return finish(by_noise);
    finish(unclear);
  }

  bool loses_a_column() {
    if (trial_loss_ <= Plateau::solved * loss_ || refused_ >= Plateau::most_refusals) return false;
    const bool trap = Plateau::is_ahead(spare().norms, model().norms);
    refused_ += trap ? 1 : 0;
    return trap;
  }

  void move() {
    w_.copy_from(trial_);
    loss_ = trial_loss_;
    current_ = 1 - current_;
    ++n_iterations_;
    adopt();
    decide();
  }

  // Where the cost says nothing, a Gauss-Newton step is kept that leaves less to gain.
  void judge_polish() {
    const double before = explained_;
    work_kept_.assign(w_.begin(), w_.end());
    w_.copy_from(trial_);
    current_ = 1 - current_;
    take_newton();
    if (explained_ < Polish::better * before) {
      gained_ = std::max(share() * share(), std::abs(1 - trial_loss_ / loss_));
      small_step_ = is_small(p_, w_);
      current_ = 1 - current_;  // move() changes the models
      return move();
    }
    std::copy(work_kept_.begin(), work_kept_.end(), w_.begin());
    current_ = 1 - current_;
    take_newton();
    stall();
  }

  // p that minimises the model within ‖D p‖ ≤ Δ and the bounds.
  void take_step() {
    p_.copy_from(newton_);
    const double full = is_bounded() ? within_bounds(0) : newton_norm_;
    if (region_.holds(full)) {
      region_.nu = 0;
    } else if (is_bounded()) {
      region_.damp(full, steepest(), [&](double nu) { return within_bounds(nu); });
    } else {
      const auto take = [&](double nu) {
        damped(nu);
        return scaled_norm(p_);
      };
      const auto slope = [&](bool undamped, double step) {
        for (Index i = 0; i < n_; ++i) work_[i] = d_[i] * p_[i] * (d_[i] / model().scale[i]);
        return model().qr.slope_norm(work_.data(), undamped) / step;
      };
      region_.damp(newton_norm_, steepest(), model().qr.rank() == n_, take, slope);
    }
  }

  double steepest() const { return (g_.vector().array() / d_.vector().array()).matrix().norm(); }

  void damped(double nu) {
    if (nu == 0) {
      model().qr.gauss_newton(p_.data());
    } else {
      for (Index i = 0; i < n_; ++i) work_[i] = std::sqrt(nu) * (d_[i] / model().scale[i]);
      model().qr.damped(work_.data(), p_.data());
    }
    for (Index i = 0; i < n_; ++i) p_[i] /= model().scale[i];
  }

  // Fills p_ for this ν; returns ‖D p‖. Where the step without bounds keeps them, it is the one.
  double within_bounds(double nu) {
    bool kept = model().qr.rank() == n_ || nu > 0;
    if (kept) {
      damped(nu);
      for (Index i = 0; i < n_; ++i)
        kept = kept && w_[i] + p_[i] >= lower(i) && w_[i] + p_[i] <= upper(i);
    }
    if (kept) return scaled_norm(p_);
    const Buffer<double>& scale = model().scale;
    const Index k = std::min(m_, n_);
    BoundedLinearLeastSquares& box = box_.front();
    model().qr.copy_system(box.a(), k + n_, box.b());
    for (Index i = 0; i < n_; ++i) {
      box.a()[i * (k + n_) + k + i] = std::sqrt(nu) * (d_[i] / scale[i]);
      low_[i] = scale[i] * (lower(i) - w_[i]);
      high_[i] = scale[i] * (upper(i) - w_[i]);
    }
    box.solve(low_.data(), high_.data(), work_.data());
    for (Index i = 0; i < n_; ++i)  // a bound that is met is met exactly
      p_[i] = work_[i] == low_[i]    ? lower(i) - w_[i]
              : work_[i] == high_[i] ? upper(i) - w_[i]
                                     : work_[i] / scale[i];
    return scaled_norm(p_);
  }

  const ReverseSettings& settings_;
  Index m_, n_;
  Buffer<double> w_, trial_, newton_, p_, g_, d_, work_, low_, high_, terms_, small_, right_;
  std::vector<bool> free_;
  std::vector<double> work_kept_;
  std::vector<BoundedLinearLeastSquares> box_;  // one within bounds, else none
  std::array<Model, 2> models_;
  std::size_t current_ = 0;
  Need need_ = Need::nothing;
  Verdict verdict_ = running;
  TrustRegion region_;
  double loss_ = 0, trial_loss_ = 0, newton_norm_ = 0, explained_ = 0;
  double length_ = 0, slope_ = 0, predicted_ = 0, actual_ = 0, gained_ = 1;
  bool started_ = false, first_ = true, central_ = false, upgrading_ = false, polishing_ = false;
  bool small_step_ = false, nu_was_zero_ = false;
  std::int64_t refused_ = 0;
  std::int64_t n_value_ = 0, n_iterations_ = 0;
};

FASTOPT_END
