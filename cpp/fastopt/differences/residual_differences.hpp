// The Jacobian of residuals by differences along each parameter, with steps that follow the
// precision that the residuals have.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/differences/residual_noise.hpp"

FASTOPT_BEGIN

class ResidualDifferences {
 public:
  // `relative_steps`: n of them, or none where they are chosen here. Bounds likewise.
  ResidualDifferences(bool central, const double* x0, Index n, std::vector<double> relative_steps,
                      std::vector<double> lower, std::vector<double> upper)
      : central_(central),
        n_(n),
        given_(std::move(relative_steps)),
        lower_(std::move(lower)),
        upper_(std::move(upper)),
        x_(n),
        step_(n),
        width_(n),
        moved_(n),
        curvature_(n),
        errors_(n),
        stretch_(n) {
    for (Index i = 0; i < n; ++i) scale_at_start_ = std::max(scale_at_start_, std::abs(x0[i]));
    scale_at_start_ = std::min(scale_at_start_, 1.0);
    errors_.fill(0);
    stretch_.fill(1);
  }

  // Fills j (m x n, C order) at w, where the residuals are e. `f(x, e)` fills those at x.
  template <class F>
  void jacobian(F&& f, const double* w, const double* e, Index m, double* j) {
    plus_.resize(to_size(m));
    minus_.resize(to_size(m));
    std::copy(w, w + n_, x_.begin());
    take_columns(f, e, m, j);
    if (given_.empty() && looks_ >= 0 && is_suspicious(f, e, m)) {
      // Twice: what looks like noise at the start may be a curvature, and noise may appear later
      // on.
      looks_ = looks_ == 1 ? -1 : 1;
      if (measure(f, w, m)) {
        const double noise = noise_ * terms_;
        take_columns(f, e, m, j);
        // The first columns may have been little but noise, and so the terms, of which the noise
        // is then a larger share than steps were chosen for.
        if (is_noisy()) {
          const double before = noise_;
          noise_ = std::clamp(noise / terms_, least_noise, largest_noise);
          if (noise_ > 2 * before) take_columns(f, e, m, j);
        }
      }
    }
    take_errors(m, j);
  }

  // The noise at w; true where it is another one than was assumed.
  template <class F>
  bool measure(F&& f, const double* w, Index m) {
    Buffer<double> direction(n_);
    std::copy(w, w + n_, x_.begin());
    for (Index i = 0; i < n_; ++i) {
      direction[i] = along(i);
      // A zero whose unit moves the residuals by more than their terms would be all that is seen.
      const double share = x_[i] == 0 && step_[i] > 0 ? share_moved(i) / step_[i] : 0;
      if (share > 1) direction[i] /= share;
    }
    const double noise = residual_noise(f, w, direction.data(), n_, m) / terms_;
    // Within a few roundings it is that of double precision; beyond a thousandth, no noise.
    const double before = noise_;
    noise_ = noise > least_noise && noise < largest_noise ? noise : epsilon;
    return noise_ > 1.5 * before || noise_ < before / 1.5;
  }

  double noise() const { return noise_; }
  bool is_noisy() const { return noise_ > epsilon; }
  // The size of the terms whose difference the residuals are, where the noise is measured without
  // differences.
  void set_terms(double terms) { terms_ = terms; }
  double relative_error() const {
    const double h = standard();
    return central_ ? h * h : h;
  }
  const double* column_errors() const { return errors_.data(); }
  // Whether residuals along x_i can be had above, below, or not at all, and x_i's size.
  double along(Index i) const {
    const double size = x_[i] != 0 ? std::abs(x_[i]) : 1.0;
    if (lower_.empty()) return size;
    const double room = 0.1 * size;
    return x_[i] + room <= upper_[to_size(i)]   ? size
           : x_[i] - room >= lower_[to_size(i)] ? -size
                                                : 0;
  }

 private:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  static constexpr double least_noise = 16 * epsilon, largest_noise = 1e-2;
  // Steps of a parameter that is felt little in noise are made longer, up to this multiple.
  static constexpr double longest_stretch = 10;
  // The largest step from zero in search of a parameter's unit.
  static constexpr double largest_zero = 1e12;
  // Second differences over the standard step, in shares of the terms, that a smooth function
  // hardly has: over h = 6e-6 its curvature leaves 4e-11, over h = 1.5e-8 2e-16.
  static constexpr double central_curvature = 1e-10, forward_curvature = 1e-12;

  static std::size_t to_size(Index i) { return static_cast<std::size_t>(i); }

  // The step, in shares of a parameter, that balances noise / h against h² or h.
  double standard() const { return central_ ? std::cbrt(noise_) : std::sqrt(noise_); }

  // Steps in proportion to each parameter. Where the parameter is zero its scale is unknown: that
  // of the others, at most 1. A step that hardly moves the residuals beyond their noise, which is a
  // share of the terms in them, is made larger, so that a parameter near zero is not lost in it: up
  // to that scale or that of the start, and where nothing moves at all up to a unit.
  template <class F>
  void take_columns(F&& f, const double* e, Index m, double* j) {
    double typical = 0;
    for (Index i = 0; i < n_; ++i) typical = std::max(typical, std::abs(x_[i]));
    typical = typical > 0 ? std::min(typical, 1.0) : 1.0;
    for (Index i = 0; i < n_; ++i) column(f, e, m, j, i, first_step(i, typical));
    terms_ = size_of_terms(e, m, j);
    if (!given_.empty()) return;
    const double hardly = std::min(1e3, 0.1 * standard() / noise_) * noise_;
    for (Index i = 0; i < n_; ++i) {
      const double size = std::max({std::abs(x_[i]), typical, scale_at_start_});
      bool balanced = false, lost = false;
      for (int attempt = 0; attempt < 12; ++attempt) {
        const double share = share_moved(i);
        lost = lost || share <= 4 * noise_;
        const double limit = standard() * (lost ? std::max(size, 1.0) : size);
        double h = step_[i];
        if (h >= limit) {
          if (!is_noisy() || x_[i] != 0 || share > 4 * noise_ || h > largest_zero) break;
          column(f, e, m, j, i, h * 1e3);
          if (std::isfinite(moved_[i])) continue;
          column(f, e, m, j, i, h);  // beyond what the residuals can be had for
          break;
        }
        if (share < hardly) {
          h = std::min(std::max(h * 1e3, 1e-12 * limit), limit);
        } else if (share < 1e-3 * standard() && !balanced) {
          // The best balance of noise and truncation.
          h = std::min(h * std::pow(standard() / share, central_ ? 1.0 / 3.0 : 0.5), limit);
          balanced = true;
        } else {
          break;
        }
        column(f, e, m, j, i, h);
      }
    }
    terms_ = size_of_terms(e, m, j);
    if (is_noisy()) stretch_steps();
  }

  double first_step(Index i, double typical) const {
    const double size = x_[i] != 0 ? std::abs(x_[i]) : typical;
    const double given = given_.empty() ? standard() * stretch_[i] : given_[to_size(i)];
    return (x_[i] + given * size != x_[i] ? given : standard()) * size;  // lost in x it is none
  }

  // For the next Jacobian: noise / (c h) balances h² or h at a longer step where the share c that
  // the parameter has of the terms is small.
  void stretch_steps() {
    for (Index i = 0; i < n_; ++i) {
      const double c = share_moved(i) * std::abs(x_[i]) / step_[i];
      const double longer = c > 0 ? std::pow(c, central_ ? -1.0 / 3.0 : -0.5) : longest_stretch;
      stretch_[i] = std::clamp(longer, 1.0, longest_stretch);
    }
  }

  double share_moved(Index i) const {
    return terms_ > 0 ? moved_[i] / (sqrt_two * terms_) : moved_[i] > 0 ? 1.0 : 0.0;
  }

  // Of that of which rounding is a share: the residuals, and the terms whose difference they are.
  double size_of_terms(const double* e, Index m, const double* j) const {
    double sum = 0;
    for (Index k = 0; k < m; ++k) {
      double terms = std::abs(e[k]);
      for (Index i = 0; i < n_; ++i) terms += std::abs(j[k * n_ + i] * x_[i]);
      sum += terms * terms;
    }
    return std::sqrt(sum);
  }

  // Column i with a step of length h.
  template <class F>
  void column(F&& f, const double* e, Index m, double* j, Index i, double h) {
    const double xi = x_[i], step = xi < 0 ? -h : h;
    step_[i] = h;
    double up = xi + step, down = central_ ? xi - step : xi;
    if (!lower_.empty()) {  // stay within the bounds
      const double lower = lower_[to_size(i)], upper = upper_[to_size(i)];
      if (!central_ && (up < lower || up > upper))  // to the side that has more room
        up = upper - xi >= xi - lower ? xi + h : xi - h;
      up = std::clamp(up, lower, upper);
      down = std::clamp(down, lower, upper);
    }
    shifted(f, i, up, plus_.data());
    const bool fresh = down != xi;
    if (fresh) shifted(f, i, down, minus_.data());
    x_[i] = xi;
    const double* low = fresh ? minus_.data() : e;
    double moved = 0, curvature = 0;
    for (Index k = 0; k < m; ++k) {
      const double high = plus_[to_size(k)], difference = high - low[k];
      moved += difference * difference;
      const double second = high - e[k] - (e[k] - low[k]);
      curvature += second * second;
      j[k * n_ + i] = difference / (up - down);
    }
    width_[i] = std::abs(up - down);
    moved_[i] = std::sqrt(moved);
    curvature_[i] = fresh ? std::sqrt(curvature) : 0;
  }

  template <class F>
  void shifted(F&& f, Index i, double value, double* e) {
    x_[i] = value;
    f(x_.data(), e);
  }

  // Whether second differences are larger than those of a smooth function, or nothing moves at all.
  // Forward differences need one value more for it, which is worth it once.
  template <class F>
  bool is_suspicious(F&& f, const double* e, Index m) {
    if (is_noisy() || !(terms_ > 0) || !std::isfinite(terms_)) return false;
    const Index most = std::max_element(moved_.begin(), moved_.end()) - moved_.begin();
    if (moved_[most] <= 4 * epsilon * terms_) return true;
    if (central_) return curvature_.vector().maxCoeff() > central_curvature * terms_;
    if (looks_ != 0) return false;
    looks_ = 1;
    const double xi = x_[most], h = xi < 0 ? -step_[most] : step_[most];
    if (!lower_.empty() && !(xi - h >= lower_[to_size(most)] && xi - h <= upper_[to_size(most)] &&
                             xi + h >= lower_[to_size(most)] && xi + h <= upper_[to_size(most)]))
      return false;
    shifted(f, most, xi - h, minus_.data());
    shifted(f, most, xi + h, plus_.data());
    x_[most] = xi;
    double sum = 0;
    for (Index k = 0; k < m; ++k) {
      const double second = plus_[to_size(k)] - e[k] - (e[k] - minus_[to_size(k)]);
      sum += second * second;
    }
    return std::sqrt(sum) > forward_curvature * terms_;
  }

  // Noise, and what the next term of Taylor's series leaves: of a central difference the square of
  // the share that the second difference has in the first, as in an exponential.
  void take_errors(Index m, const double* j) {
    for (Index i = 0; i < n_; ++i) {
      double squares = 0;
      for (Index k = 0; k < m; ++k) squares += j[k * n_ + i] * j[k * n_ + i];
      const double norm = std::sqrt(squares), noise = sqrt_two * noise_ * terms_ / width_[i];
      const double curvature = moved_[i] > 0 ? std::min(1.0, 2 * curvature_[i] / moved_[i]) : 1.0;
      const double rest = central_ ? curvature * curvature / 6 : relative_error();
      errors_[i] = noise + rest * norm;
    }
  }

  static constexpr double sqrt_two = 1.4142135623730951;

  bool central_;
  Index n_;
  std::vector<double> given_, lower_, upper_, plus_, minus_;
  // By parameter: the last step as it was meant and, within bounds, between its two ends; how far
  // the residuals moved over it, and their second difference.
  Buffer<double> x_, step_, width_, moved_, curvature_, errors_, stretch_;
  double scale_at_start_ = 0;  // the largest |x0_i|, at most 1
  double noise_ = epsilon, terms_ = 0;
  int looks_ = 0;  // for noise; −1: no more of them
};

FASTOPT_END
