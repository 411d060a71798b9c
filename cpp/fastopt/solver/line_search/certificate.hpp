// Whether a point is a minimum, as far as numbers can tell. The verdict is of the point alone: of
// w, E, g and the curvature that is measured there, not of the way that led to it.
//
// A quadratic model is built at w, in variables z = (w' − w)/s scaled by the size s of each weight.
// Its decrease within |z| ≤ 1 is what is attainable. Where that is more than a claim allows, the
// model's point is looked at: if E is lower there, w was no minimum, and the run goes on from it.
#pragma once

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/core/out_of_memory.hpp"
#include "fastopt/solver/line_search/certificate_settings.hpp"

FASTOPT_BEGIN

struct Verdict {
  bool minimum = false;
  bool moved = false;  // w, g and E are now those of a lower point
  double attainable = std::numeric_limits<double>::quiet_NaN();  // decrease of E
  double step = std::numeric_limits<double>::infinity();         // ‖Δw‖ of the model
  bool strict = false;   // a minimum without the caller's own tolerance
  double variation = 0;  // growth of E when the weights move by their own size
};

// Weights that bounds hold have free[i] = 0; nullptr: there are no bounds.
struct Box {
  const double *free = nullptr, *lower = nullptr, *upper = nullptr;
};

// `function` has evaluate(w, g), which returns E and fills g; gradient(w, g); and value(w). All may
// move w into bounds first.
template <class Function>
class Certificate {
 public:
  // E and the largest weight were `first_loss` and `first_size` at the start. `precision` is the
  // relative error of gradients. `hessian`, n x n at w, saves building it.
  Certificate(Buffer<double>& w, Buffer<double>& g, double& loss, double first_loss,
              double first_size, double precision, const Box& box, const double* hessian,
              Function function, const CertificateSettings& settings = {})
      : settings_(settings),
        w_(w),
        g_(g),
        loss_(loss),
        first_loss_(first_loss),
        first_size_(first_size),
        precision_(precision),
        box_(box),
        hessian_(hessian),
        function_(std::move(function)),
        n_(w.size()),
        size_(n_),
        d_(n_),
        trial_w_(n_),
        trial_g_(n_) {}

  // `enough` is a decrease that the caller takes for none.
  Verdict operator()(double enough = 0) {
    Verdict verdict;
    measure_sizes();
    if (free_.empty()) return {true, false, 0, 0, true, 0};
    const bool few = m() <= settings_.few || hessian_ != nullptr;
    if (few && (!build() || !is_trusted())) return verdict;
    for (int round = 0; round < settings_.rounds; ++round) {
      if (few) {
        solve();
      } else if (!solve_by_products() || !is_trusted()) {
        return verdict;
      }
      verdict.variation = 0.5 * largest_;
      verdict.attainable = curved_.gain + flat_gain();
      verdict.step = norm(d_.data(), n_);
      const double allowed = std::max(enough, claimable());
      verdict.minimum = verdict.attainable <= allowed;
      verdict.strict = verdict.attainable <= claimable();
      if (verdict.minimum) {
        if (verdict.strict && settings_.moves && polish()) {
          verdict.moved = true;
          if (few) {
            solve();
            verdict.attainable = curved_.gain + flat_gain();
          }
        }
        return verdict;
      }
      const Look found = look(allowed);
      if (found.lower && !settings_.moves) return verdict;
      if (!found.lower) {
        verdict.attainable = found.gain;
        verdict.strict = found.gain <= claimable() ||
                         (found.gain <= settings_.noise_of_value * std::abs(loss_) &&
                          found.gain <= settings_.noises * noise());
        verdict.minimum = found.gain <= allowed || verdict.strict;
        return verdict;
      }
      verdict.moved = true;
      if (!few || found.length > settings_.short_step) return verdict;
    }
    return verdict;
  }

  // The inverse of H, n x n; false where not all weights are free and few, or where H is not
  // positive definite beyond its error.
  bool inverse_hessian(double* out) const {
    if (m() != n_ || values_.size() != n_ || !(values_.array() > errors_.array()).all())
      return false;
    const Matrix<double> half = size_.vector().asDiagonal() * vectors_;
    MatrixMap<double>(out, n_, n_) = half * values_.cwiseInverse().asDiagonal() * half.transpose();
    return true;
  }

 private:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();

  struct Look {
    bool lower = false;
    double gain = 0;    // by the curvature that was seen
    double length = 0;  // of the step, the largest in sizes of the weights
  };
  struct Direction {
    Vector<double> z;  // scaled, of the free weights
    double gain = 0;
  };

  Index m() const { return static_cast<Index>(free_.size()); }
  Index at(Index k) const { return free_[static_cast<std::size_t>(k)]; }

  double rounding_of_loss() const { return settings_.roundings * epsilon * std::abs(loss_); }
  double claimable() const {
    const double variation = 0.5 * largest_;
    return std::max({rounding_of_loss(),
                     settings_.share_of_value * std::min(std::abs(loss_), variation),
                     settings_.share_of_variation * variation,
                     settings_.share_of_start * std::min(1.0, std::abs(first_loss_))});
  }

  // Each weight's own size: itself; where it is zero, that of the largest, now or at first, and 1
  // at most.
  void measure_sizes() {
    const double big = w_.vector().template lpNorm<Eigen::Infinity>();
    const double larger = std::max(big, first_size_);
    const double unit = larger > 0 ? std::min(larger, 1.0) : 1.0;
    free_.clear();
    for (Index i = 0; i < n_; ++i) {
      size_[i] = w_[i] == 0 ? unit : std::max(std::abs(w_[i]), std::numeric_limits<double>::min());
      if (box_.free == nullptr || box_.free[i] != 0) free_.push_back(i);
    }
  }

  // g at w + h·s·z in trial_g_; false: not finite.
  bool gradient_beside(double h, const Vector<double>& z) {
    trial_w_.copy_from(w_);
    for (Index k = 0; k < m(); ++k) trial_w_[at(k)] += h * size_[at(k)] * z[k];
    function_.gradient(trial_w_, trial_g_);
    return trial_g_.vector().allFinite();
  }

  double one_sided_step() const { return settings_.one_sided_step * std::sqrt(precision_); }

  // H in scaled variables, and its eigenvalues and vectors.
  bool build() {
    Matrix<double> h(m(), m());
    if (hessian_ != nullptr) {
      for (Index j = 0; j < m(); ++j)
        for (Index k = 0; k < m(); ++k)
          h(k, j) = hessian_[at(j) * n_ + at(k)] * size_[at(j)] * size_[at(k)];
      flat_ = settings_.exact_error;
    } else {
      const bool central = m() <= settings_.very_few;
      // Where the error of a formula is that of the gradients over its step.
      const double step = central ? std::cbrt(precision_) : one_sided_step();
      flat_ = central ? settings_.central_error * step * step : settings_.one_sided_error * step;
      for (Index j = 0; j < m(); ++j)
        if (!column(j, step, central, h)) return false;
      h = (0.5 * (h + h.transpose())).eval();
    }
    if (!h.allFinite()) return false;
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> eigen(h);
    values_ = eigen.eigenvalues();
    vectors_ = eigen.eigenvectors();
    largest_ = values_.cwiseAbs().maxCoeff();
    errors_ = Vector<double>::Constant(m(), flat_ * largest_);
    return hessian_ != nullptr || measure_flat_directions();
  }

  // Curvatures below the error of short differences are measured anew by long ones, which rounding
  // spoils a thousand times less, within the space of those directions that matter most.
  bool measure_flat_directions() {
    const Vector<double> c = vectors_.transpose() * scaled_gradient();
    std::vector<Index> flats;
    double gain = 0;
    for (Index i = 0; i < m(); ++i)
      if (std::abs(values_[i]) <= errors_[i]) {
        flats.push_back(i);
        gain += std::abs(c[i]);
      }
    if (gain <= claimable() || settings_.flat_directions == 0) return true;
    std::sort(flats.begin(), flats.end(),
              [&](Index i, Index j) { return std::abs(c[i]) > std::abs(c[j]); });
    const Index k = std::min(static_cast<Index>(flats.size()), Index{settings_.flat_directions});
    Matrix<double> basis(m(), k), products(m(), k);
    for (Index j = 0; j < k; ++j) {
      const Index i = flats[static_cast<std::size_t>(j)];
      basis.col(j) = vectors_.col(i) * (c[i] > 0 ? -1.0 : 1.0);
      if (!gradient_beside(settings_.long_step, basis.col(j))) return false;
      for (Index r = 0; r < m(); ++r)
        products(r, j) = (trial_g_[at(r)] - g_[at(r)]) / settings_.long_step * size_[at(r)];
    }
    Matrix<double> h = basis.transpose() * products;
    h = (0.5 * (h + h.transpose())).eval();
    const Eigen::SelfAdjointEigenSolver<Matrix<double>> eigen(h);
    const Matrix<double> rotated = basis * eigen.eigenvectors();
    const double error = settings_.central_error * precision_ / settings_.long_step * largest_ +
                         settings_.long_step * h.cwiseAbs().maxCoeff();
    for (Index j = 0; j < k; ++j) {
      const Index i = flats[static_cast<std::size_t>(j)];
      vectors_.col(i) = rotated.col(j);
      values_[i] = eigen.eigenvalues()[j];
      errors_[i] = std::min(errors_[i], error);
    }
    return true;
  }

  bool column(Index j, double step, bool central, Matrix<double>& h) {
    const Index i = at(j);
    // Inwards where a bound is near.
    const double room_above = box_.upper == nullptr ? size_[i] : box_.upper[i] - w_[i];
    const double room_below = box_.lower == nullptr ? size_[i] : w_[i] - box_.lower[i];
    double move = step * size_[i];
    if (room_above < move)
      move = room_below >= move ? -move : (room_above >= room_below ? room_above : -room_below);
    const bool both = central && std::min(room_above, room_below) >= std::abs(move);
    if (!gradient_moved(i, move)) return false;
    const double ahead = trial_w_[i] - w_[i];
    for (Index k = 0; k < m(); ++k) h(k, j) = trial_g_[at(k)];
    double behind = 0;
    if (both) {
      if (!gradient_moved(i, -move)) return false;
      behind = trial_w_[i] - w_[i];
    }
    const double width = ahead - behind;
    for (Index k = 0; k < m(); ++k) {
      const double before = both ? trial_g_[at(k)] : g_[at(k)];
      h(k, j) = width != 0 ? (h(k, j) - before) / width * size_[i] * size_[at(k)] : 0;
    }
    return true;
  }
  bool gradient_moved(Index i, double move) {
    trial_w_.copy_from(w_);
    trial_w_[i] += move;
    function_.gradient(trial_w_, trial_g_);
    return trial_g_.vector().allFinite();
  }

  Vector<double> scaled_gradient() const {
    Vector<double> c(m());
    for (Index k = 0; k < m(); ++k) c[k] = g_[at(k)] * size_[at(k)];
    return c;
  }

  // The model's minimum where each eigenvector moves the weights by their own size at most.
  // Directions whose curvature is below its error stand apart: only a look tells what they hold.
  void solve() {
    const Vector<double> c = vectors_.transpose() * scaled_gradient();
    Vector<double> a = Vector<double>::Zero(m());
    curved_.gain = 0;
    flats_.clear();
    // Of c: a slope below it is none, unless it could matter to E.
    const double rounding =
        std::min(precision_ * largest_,
                 std::max(settings_.rounding_of_value * std::abs(loss_), claimable()));
    for (Index i = 0; i < m(); ++i) {
      const double curvature = values_[i];
      if (curvature > errors_[i]) {
        a[i] = std::clamp(-c[i] / curvature, -1.0, 1.0);
      } else if (curvature < -errors_[i]) {
        a[i] = c[i] > 0 ? -1 : 1;
      } else if (std::abs(c[i]) > rounding) {
        flats_.push_back({vectors_.col(i) * (c[i] > 0 ? -1.0 : 1.0), std::abs(c[i])});
      }
      curved_.gain -= c[i] * a[i] + 0.5 * curvature * a[i] * a[i];
    }
    curved_.z = vectors_ * a;
    std::sort(flats_.begin(), flats_.end(),
              [](const Direction& one, const Direction& two) { return one.gain > two.gain; });
    displace(curved_.z, 1);
  }

  // The same by truncated conjugate gradients; false: no finite gradients.
  bool solve_by_products() {
    curved_.z = Vector<double>::Zero(m());
    curved_.gain = 0;
    flats_.clear();
    Vector<double> r = -scaled_gradient(), p = r, hp(m());
    const Vector<double> c = -r;
    double rr = r.squaredNorm();
    const double step = one_sided_step();
    flat_ = settings_.one_sided_error * step;
    largest_ = 0;
    for (int k = 0; k < settings_.products && rr > 0; ++k) {
      const double h = step / p.template lpNorm<Eigen::Infinity>();
      if (!gradient_beside(h, p)) return k > 0;
      for (Index i = 0; i < m(); ++i) hp[i] = (trial_g_[at(i)] - g_[at(i)]) / h * size_[at(i)];
      const double curvature = p.dot(hp), pp = p.squaredNorm();
      largest_ = std::max(largest_, std::abs(curvature) / pp);
      const bool is_convex = curvature > flat_ * largest_ * pp;
      const double longest = to_the_border(curved_.z, p);
      const double alpha = is_convex ? std::min(rr / curvature, longest) : longest;
      // What is below the rounding of g is no slope.
      if (!is_convex && std::sqrt(rr) <= precision_ * largest_) break;
      const double gain = alpha * rr - 0.5 * alpha * alpha * curvature;
      curved_.z += alpha * p;
      curved_.gain += gain;
      if (!is_convex || alpha == longest) break;
      if (gain <= settings_.last_product * curved_.gain && k >= 3) break;
      r -= alpha * hp;
      const double next = r.squaredNorm();
      p = r + (next / rr) * p;
      rr = next;
    }
    displace(curved_.z, 1);
    return true;
  }

  // The largest α with |z + αp| ≤ 1.
  static double to_the_border(const Vector<double>& z, const Vector<double>& p) {
    double alpha = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < z.size(); ++i)
      if (p[i] != 0) alpha = std::min(alpha, (std::copysign(1.0, p[i]) - z[i]) / p[i]);
    return std::max(alpha, 0.0);
  }

  double flat_gain() const {
    double sum = 0;
    for (const Direction& each : flats_) sum += each.gain;
    return sum;
  }

  void displace(const Vector<double>& z, double alpha) {
    d_.fill(0);
    for (Index k = 0; k < m(); ++k) d_[at(k)] = alpha * size_[at(k)] * z[k];
  }

  Look look(double allowed) {
    Look found;
    double left = curved_.gain;
    if (curved_.gain > allowed) {
      found = look_along(curved_.z, curved_.gain, allowed);
      if (found.lower) return found;
      left = found.gain;
    }
    int tried = 0;
    for (const Direction& each : flats_) {
      if (each.gain <= allowed || tried++ >= settings_.flat_looks) {
        left += each.gain;
        continue;
      }
      found = look_along(each.z, each.gain, allowed);
      if (found.lower) return found;
      left += found.gain;
    }
    found.gain = left;
    return found;
  }

  // Trials along z, each at the minimum of the parabola that the one before has shown, until what
  // it still gains is allowed.
  Look look_along(const Vector<double>& z, double predicted, double allowed) {
    Look result;
    double alpha = 1;
    result.gain = std::numeric_limits<double>::infinity();
    for (int k = 0; k < settings_.looks; ++k) {
      displace(z, alpha);
      trial_w_.vector() = w_.vector() + d_.vector();
      const double value = function_.evaluate(trial_w_, trial_g_);
      d_.vector() = trial_w_.vector() - w_.vector();
      const double slope = g_.vector().dot(d_.vector());
      if ((d_.vector().array() == 0).all()) {
        result.gain = 0;
        return result;
      }
      if (!std::isfinite(value) || !trial_g_.vector().allFinite()) {
        alpha *= settings_.next_trial;
        continue;
      }
      if (value < loss_ - rounding_of_loss()) {
        result.lower = true;
        if (!settings_.moves) return result;
        result.length = alpha * z.template lpNorm<Eigen::Infinity>();
        w_.copy_from(trial_w_);
        g_.copy_from(trial_g_);
        loss_ = value;
        return result;
      }
      const double curvature = trial_g_.vector().dot(d_.vector()) - slope;
      if (curvature > 0) {
        // Where the parabola's minimum is far from the trial, its curvature is not that at w.
        const double best = std::max(0.0, -slope / curvature);
        result.gain =
            best >= settings_.near ? 0.5 * slope * slope / curvature : std::abs(alpha) * predicted;
        if (result.gain <= allowed) return result;
        alpha *= std::clamp(best, settings_.shortest_trial, settings_.longest_trial);
      } else {
        result.gain = std::abs(alpha) * predicted;
        if (result.gain <= allowed && std::isinf(allowed)) return result;
        // A saddle falls off to both sides, or to one.
        alpha *= slope == 0 && k == 0 ? -1 : settings_.next_trial;
      }
    }
    return result;
  }

  // At a minimum, the model's point is had for one value: digits that the claim does not need.
  bool polish() {
    if (curved_.gain <= rounding_of_loss()) return false;
    return look_along(curved_.z, curved_.gain, std::numeric_limits<double>::infinity()).lower;
  }

  // Differences of noisy values are no gradients, and differences of these far less.
  bool is_trusted() {
    return precision_ <= epsilon || noise() * settings_.noise_in_curvature <=
                                        largest_ + settings_.share_of_start * std::abs(first_loss_);
  }

  // Of E, by differences of third to fifth order along a line over which E is smooth but for its
  // rounding (Hamming 1971; Moré & Wild 2011).
  double noise() {
    constexpr int count = 7;
    double values[count];
    for (int k = 0; k < count; ++k) {
      trial_w_.copy_from(w_);
      for (Index i = 0; i < m(); ++i)
        trial_w_[at(i)] +=
            settings_.noise_step * (k - count / 2) * size_[at(i)] * (i % 2 == 0 ? 1 : -1);
      values[k] = k == count / 2 ? loss_ : function_.value(trial_w_);
      if (!std::isfinite(values[k])) return 0;
    }
    double smallest = std::numeric_limits<double>::infinity(), binomial = 1;
    for (int order = 1; order <= 5; ++order) {
      double squares = 0;
      for (int k = 0; k + order < count; ++k) {
        values[k] = values[k + 1] - values[k];
        squares += values[k] * values[k];
      }
      binomial *= (4.0 * order - 2) / order;  // (2j)!/(j!)² of j = order
      if (order >= 3) smallest = std::min(smallest, squares / (count - order) / binomial);
    }
    return std::sqrt(smallest);
  }

  CertificateSettings settings_;
  Buffer<double>&w_, &g_;
  double& loss_;
  double first_loss_, first_size_, precision_;
  Box box_;
  const double* hessian_;
  Function function_;
  Index n_;
  Buffer<double> size_, d_, trial_w_, trial_g_;
  std::vector<Index> free_;
  Matrix<double> vectors_;
  Vector<double> values_, errors_;
  Direction curved_;
  std::vector<Direction> flats_;
  double largest_ = 0, flat_ = 0;
};

FASTOPT_END
