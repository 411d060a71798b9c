// What a verdict is completed by: weights near zero, and the tolerances of a user.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/solver/line_search/certificate.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

// `whole` is what slopes are compared with, or with what E was at first.
struct Scales {
  double whole, loss, first_loss;

  double start() const { return std::min(1.0, std::abs(first_loss)); }
  bool is_small_slope(double slope, double share, double share_of_start) const {
    return slope <= std::max(share * whole, share_of_start * start());
  }
};

// At an end that a user's ftol or xrtol brings about: whether no more is to be gained, or to be
// moved, than was asked for. `slope` is max |g_i w_i|.
inline bool is_as_asked(Status status, double ftol, double xrtol, const CertificateSettings& limits,
                        const Verdict& verdict, double slope, double loss, double weights) {
  if (verdict.strict && verdict.minimum) return true;
  const double size = std::max(std::abs(loss), 1.0);
  if (status == Status::function_change)
    return verdict.minimum && slope <= std::min(limits.slope_of_tolerance * std::sqrt(ftol),
                                                limits.steepest_of_tolerance) *
                                           size;
  return status == Status::step && verdict.step <= xrtol * weights &&
         slope <= std::min(limits.slope_of_tolerance * xrtol, limits.steepest_of_tolerance) * size;
}

// Whether E falls further along some weight near zero. Estimates of the curvature are blind for a
// weight that has hardly moved, and |g_i w_i| says nothing of one that is zero by its start: so
// where its slope would matter to a weight of size 1, the curvature along it is looked at, for a
// few weights, the steepest first; and E at the parabola's minimum, where the step was too long and
// longer than the weight. `g` is zero where a weight is held; evaluate(trial_w, trial_g) returns E,
// and may move trial_w back into bounds.
template <class Evaluate>
bool finds_descent(const Buffer<double>& w, const Buffer<double>& g, const Scales& scales,
                   const CertificateSettings& settings, Buffer<double>& trial_w,
                   Buffer<double>& trial_g, Evaluate&& evaluate) {
  const double size = w.vector().lpNorm<Eigen::Infinity>();
  const double typical = size > 0 ? std::min(size, 1.0) : 1.0;
  std::vector<Index> suspects;
  for (Index i = 0; i < w.size(); ++i)
    if (!scales.is_small_slope(std::abs(g[i]) * std::max(std::abs(w[i]), 1.0), settings.steep,
                               settings.steep_of_start))
      suspects.push_back(i);
  const std::size_t count =
      std::min(static_cast<std::size_t>(settings.hidden_weights), suspects.size());
  std::partial_sort(suspects.begin(), suspects.begin() + static_cast<std::ptrdiff_t>(count),
                    suspects.end(),
                    [&](Index i, Index j) { return std::abs(g[i]) > std::abs(g[j]); });
  for (std::size_t k = 0; k < count; ++k) {
    const Index i = suspects[k];
    const double longest = settings.hidden_step * std::max(std::abs(w[i]), typical);
    trial_w.copy_from(w);
    trial_w[i] -= std::copysign(longest, g[i]);
    const double value = evaluate(trial_w, trial_g), step = trial_w[i] - w[i];
    if (step == 0) continue;
    const double curvature = (trial_g[i] - g[i]) / step, gain = 0.5 * g[i] * g[i] / curvature;
    const bool known =
        curvature > 0 && gain <= std::max(settings.hidden_gain * scales.whole,
                                          settings.hidden_gain_of_start * scales.start());
    if (known) continue;
    if (value <= scales.loss) return true;
    if (!(curvature > 0) || std::abs(w[i]) >= longest) continue;
    trial_w.copy_from(w);
    trial_w[i] -= g[i] / curvature;
    if (trial_w[i] != w[i] && evaluate(trial_w, trial_g) <= scales.loss - 0.5 * gain) return true;
  }
  return false;
}

FASTOPT_END
