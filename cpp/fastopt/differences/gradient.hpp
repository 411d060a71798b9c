// Gradients by differences of any callable of n variables, double(const double* x).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "fastopt/core/buffer.hpp"

FASTOPT_BEGIN

// How a derivative is had; the first two and the last are for those who call.
enum class Difference { given, together, two_point, three_point, five_point, complex_step, none };

// So small that x and f(x) do not feel it: nothing is subtracted.
inline constexpr double imaginary_step = 1e-30;

// Relative steps that balance rounding, ε / h, against the terms that a formula neglects: ε^(1/2)
// for forward and ε^(1/3) for central differences. Of fourth order the step is shorter than
// ε^(1/5), since rounding is little already.
inline constexpr double forward_step = 1.5e-8, central_step = 6.1e-6, five_point_step = 1e-4;

// Steps of differences: in proportion to |x_i|, never less than a share of the scale that x_i had
// at the start, nor of the scale at which f was seen to feel x_i.
class DifferenceSteps {
 public:
  DifferenceSteps(const double* x0, Index n) : typical_(n), raised_(n) {
    double smallest = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < n; ++i)
      if (x0[i] != 0) smallest = std::min(smallest, std::abs(x0[i]));
    const double where_zero = std::min(smallest, 1.0);
    for (Index i = 0; i < n; ++i) typical_[i] = x0[i] != 0 ? std::abs(x0[i]) : where_zero;
  }
  double scale(double x, Index i) const {
    return std::max({std::abs(x), 0.01 * typical_[i], raised_[i]});
  }
  void raise(Index i, double scale) { raised_[i] = scale; }
  bool is_raised(Index i) const { return raised_[i] > 0; }
  // A step of about `relative` times the scale of x_i.
  double operator()(double relative, double x, Index i) const {
    return exact(relative * scale(x, i), x);
  }
  // About h, and exact: (x + h) − x == h.
  static double exact(double h, double x) {
    const volatile double shifted = x + (x < 0 ? -h : h);
    return shifted - x;
  }

 private:
  Buffer<double> typical_, raised_;
};

// Steps as a user gives them, n of them or none.
struct GivenSteps {
  std::vector<double> sizes;
  bool relative = true;
};

// Differences of a function of n variables along each of them, within bounds where there are some.
class Differences {
 public:
  Differences(const double* x0, Index n, GivenSteps given, std::vector<double> lower,
              std::vector<double> upper)
      : given_(std::move(given)),
        steps_(x0, n),
        n_(n),
        at_(n),
        lower_(std::move(lower)),
        upper_(std::move(upper)),
        patience_(static_cast<std::size_t>(n), 3) {}

  double step(double relative, double x, Index i) const { return steps_(relative, x, i); }
  bool has_bounds() const { return !lower_.empty(); }
  bool steps_are_given() const { return !given_.sizes.empty(); }

  // The gradient by a formula; `value` is f(x), or NaN where it is not known.
  template <class F>
  void gradient(F&& f, Difference formula, double relative, const double* x, double value,
                double* g) {
    at_.vector() = ConstVectorMap<double>(x, n_);
    centre_ = value;
    for (Index i = 0; i < n_; ++i) {
      if (steps_are_given()) {
        // One that is lost in x is no step.
        const double h = given_step(i);
        g[i] = along(f, formula, i, h != 0 ? h : steps_(relative, x[i], i));
        continue;
      }
      g[i] = along(f, formula, i, steps_(relative, x[i], i));
      if (steps_.is_raised(i) && feels_shorter(relative, i))
        g[i] = along(f, formula, i, steps_(relative, x[i], i));
      if (is_silent() && find_scale(f, i)) g[i] = along(f, formula, i, steps_(relative, x[i], i));
    }
  }

  // f at x, but for x_i, which moves by h: or as far as the bounds let it.
  template <class F>
  double moved(F&& f, Index i, double h) {
    const double x = at_[i];
    at_[i] = x + std::clamp(h, -room(i, false), room(i, true));
    const double value = f(at_.data());
    at_[i] = x;
    lowest_ = std::min(lowest_, value);
    highest_ = std::max(highest_, value);
    return value;
  }
  void place(const double* x) { at_.vector() = ConstVectorMap<double>(x, n_); }

 private:
  static constexpr double infinity = std::numeric_limits<double>::infinity();
  // Of values: what they differ by may be their rounding.
  static constexpr double rounding = 16 * std::numeric_limits<double>::epsilon();

  double given_step(Index i) const {
    const double size = given_.sizes[static_cast<std::size_t>(i)];
    return given_.relative ? steps_(size, at_[i], i) : DifferenceSteps::exact(size, at_[i]);
  }

  double room(Index i, bool above) const {
    if (lower_.empty()) return infinity;
    const auto k = static_cast<std::size_t>(i);
    return std::max(0.0, above ? upper_[k] - at_[i] : at_[i] - lower_[k]);
  }

  template <class F>
  double centre(F&& f) {
    if (std::isnan(centre_)) centre_ = f(at_.data());
    return centre_;
  }

  template <class F>
  double along(F&& f, Difference formula, Index i, double h) {
    lowest_ = infinity;
    highest_ = -infinity;
    const double above = room(i, true), below = room(i, false), widest = std::max(above, below);
    if (widest == 0) return 0;
    if (formula == Difference::two_point) {
      if (std::abs(h) > (h > 0 ? above : below))
        h = std::min(std::abs(h), widest) * (above >= below ? 1 : -1);
      const double value = centre(f);
      return (moved(f, i, h) - value) / h;
    }
    const double nearest = std::min(above, below);
    if (std::abs(h) > nearest) {
      const double side = above >= below ? 1 : -1;
      const double value = centre(f);
      if (formula == Difference::five_point) {
        h = side * std::min(std::abs(h), widest / 4);
        return (48 * moved(f, i, h) - 36 * moved(f, i, 2 * h) + 16 * moved(f, i, 3 * h) -
                3 * moved(f, i, 4 * h) - 25 * value) /
               (12 * h);
      }
      h = side * std::min(std::abs(h), widest / 2);
      return (4 * moved(f, i, h) - moved(f, i, 2 * h) - 3 * value) / (2 * h);
    }
    const double near = (moved(f, i, h) - moved(f, i, -h)) / (2 * h);
    if (formula != Difference::five_point || 2 * std::abs(h) > nearest) return near;
    const double far = (moved(f, i, 2 * h) - moved(f, i, -2 * h)) / (4 * h);
    return near + (near - far) / 3;
  }

  bool is_silent(double share = rounding) const {
    return highest_ - lowest_ <= share * std::max(std::abs(highest_), std::abs(lowest_));
  }

  // Whether f feels the long steps that it needed elsewhere so much that they would be too long.
  bool feels_shorter(double relative, Index i) {
    if (is_silent(100 * relative)) return false;
    steps_.raise(i, 0);
    patience_[static_cast<std::size_t>(i)] = 1;
    return true;
  }

  // Where f does not feel steps in x_i, its first and second derivative being below rounding:
  // whether it feels longer ones, which are taken from then on, as long as it does not feel them
  // too much.
  template <class F>
  bool find_scale(F&& f, Index i) {
    int& patience = patience_[static_cast<std::size_t>(i)];
    if (patience == 0) return false;
    const double first = steps_.scale(at_[i], i), natural = std::max(1.0, std::abs(at_[i]));
    const double last = 1e3 * natural;
    for (double scale = first; scale <= last; scale = std::max(1e3 * scale, 1e-12)) {
      lowest_ = highest_ = centre(f);
      moved(f, i, central_step * scale);
      moved(f, i, -central_step * scale);
      if (!std::isfinite(highest_ - lowest_)) break;
      // Below the natural scale differences should be good to a few figures.
      if (is_silent(scale == first || scale >= natural ? rounding : 1e-12)) continue;
      patience = 0;
      steps_.raise(i, scale);
      return scale > first;
    }
    --patience;
    return false;
  }

  GivenSteps given_;
  DifferenceSteps steps_;
  Index n_;
  Buffer<double> at_;
  std::vector<double> lower_, upper_;
  std::vector<int> patience_;  // how often a scale is still looked for
  double centre_ = 0, lowest_ = 0, highest_ = 0;
};

FASTOPT_END
