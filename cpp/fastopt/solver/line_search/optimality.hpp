// Whether a run that searches along lines may say that it is at a minimum: by what its estimate of
// the curvature promises, and by what such an estimate cannot know.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

// `whole` is what gains are compared with; E is `loss` and was `first_loss` at first.
struct Scales {
  double whole, loss, first_loss;

  // To |E|, or to what E has lost so far where that is less: a constant in E does not count.
  static Scales of(double loss, double first_loss) {
    return {std::min(std::abs(loss), first_loss - loss), loss, first_loss};
  }
  double start() const { return std::min(1.0, std::abs(first_loss)); }
  // What is left to gain is at most the share `share` of the whole, or below the rounding of E; or,
  // where E falls to zero, tiny against 1 and against what E was at first. Likewise |g_i w_i|.
  bool is_small_gain(double gain, double share) const {
    const double rounding = std::numeric_limits<double>::epsilon() * std::abs(loss);
    return std::abs(gain) <= std::max({share * whole, rounding, 1e-14 * start()});
  }
  bool is_small_slope(double slope, double share) const {
    return slope <= std::max(share * whole, 1e-10 * start());
  }
  // Where gains below `gain` do not matter.
  Scales but_for(double gain) const { return {std::max(whole, 1e6 * gain), loss, first_loss}; }
};

// What is left by the model: to gain, to move ‖p‖ of the weights' ‖w‖, and max |g_i w_i|.
struct Prospect {
  double gain, step, weights, slope;
};

// At an end that a user's ftol or xrtol brings about: whether the model agrees that there is no
// more to gain, or to move, and hides_descent(scales) finds nothing that it has overlooked.
template <class Settings, class HidesDescent>
bool is_as_asked(Status status, const Settings& settings, const Prospect& left,
                 const Scales& scales, HidesDescent&& hides_descent) {
  const double size = std::max(std::abs(scales.loss), 1.0);
  constexpr double steep = 0.1;  // in shares of `size`: no tolerance makes that a minimum
  if (status == Status::function_change)
    return left.gain <= settings.ftol * size &&
           left.slope <= std::min(10 * std::sqrt(settings.ftol), steep) * size &&
           !hides_descent(scales.but_for(settings.ftol * size));
  return status == Status::step && left.step <= settings.xrtol * left.weights &&
         left.slope <= std::min(10 * settings.xrtol, steep) * size &&
         !hides_descent(scales.but_for(10 * left.gain));
}

// No weight would change by more than a few dozen of its own roundings.
template <class Step, class Weights>
bool is_below_resolution(const Step& p, const Weights& w) {
  return (p.array().abs() <= 1e-14 * w.array().abs()).all();
}

// Whether E falls further along some weight near zero. Estimates of the curvature are blind for a
// weight that has hardly moved, and |g_i w_i| says nothing of one that is zero by its start: so
// where its slope would matter to a weight of size 1, the curvature along it is looked at, for a
// few weights, the steepest first. `g` is zero where a weight is held; evaluate(trial_w, trial_g)
// returns E, and may move trial_w back into bounds.
template <class Evaluate>
bool finds_descent(const Buffer<double>& w, const Buffer<double>& g, const Scales& scales,
                   Buffer<double>& trial_w, Buffer<double>& trial_g, Evaluate&& evaluate) {
  constexpr std::size_t most = 20;
  const double size = w.vector().lpNorm<Eigen::Infinity>();
  const double typical = size > 0 ? std::min(size, 1.0) : 1.0;
  std::vector<Index> suspects;
  for (Index i = 0; i < w.size(); ++i)
    if (!scales.is_small_slope(std::abs(g[i]) * std::max(std::abs(w[i]), 1.0), 1e-5))
      suspects.push_back(i);
  const std::size_t count = std::min(most, suspects.size());
  std::partial_sort(suspects.begin(), suspects.begin() + static_cast<std::ptrdiff_t>(count),
                    suspects.end(),
                    [&](Index i, Index j) { return std::abs(g[i]) > std::abs(g[j]); });
  for (std::size_t k = 0; k < count; ++k) {
    const Index i = suspects[k];
    trial_w.copy_from(w);
    trial_w[i] -= std::copysign(1e-4 * std::max(std::abs(w[i]), typical), g[i]);
    const double value = evaluate(trial_w, trial_g), step = trial_w[i] - w[i];
    if (step == 0) continue;
    const double curvature = (trial_g[i] - g[i]) / step, gain = 0.5 * g[i] * g[i] / curvature;
    const bool known =
        curvature > 0 && gain <= std::max(1e-6 * scales.whole, 1e-12 * scales.start());
    if (value <= scales.loss && !known) return true;
  }
  return false;
}

// How often a run goes on, with all that it knew of the curvature forgotten, where descent was
// hidden.
constexpr std::int64_t most_reprieves = 5;

FASTOPT_END
