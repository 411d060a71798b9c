// The trust region ‖D p‖ ≤ Δ of sums of squares, and the damping ν whose step ends on its border
// (Moré 1978).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class TrustRegion {
 public:
  // Steps are kept that gain this share of what the model predicts (MINPACK).
  static constexpr double least_ratio = 1e-4;

  double radius = 0, nu = 0;

  // Δ from the length of the start. One that is zero, or next to it, says nothing of the size of
  // the parameters: a step then is as long as it takes to move the residuals by as much as they
  // are.
  void start(double factor, double length, double residual) {
    radius = factor * (length > tiny_start * residual ? length : residual);
  }

  bool holds(double length) const { return length <= (1 + tolerance) * radius; }

  // What a step gained, in shares of the cost; −1 where the cost has grown beyond measure.
  static double gain(double cost, double before) {
    return explodes(cost, before) ? -1 : 1 - cost / before;
  }

  // After a step of length ‖D p‖ that gained `actual`, `ratio` times what was predicted; `slope`
  // is the model's along p. All in shares of the cost.
  void follow(double ratio, double actual, double slope, double length, bool exploded) {
    if (ratio <= poor_ratio) {
      // To the minimum of the parabola through slope and gain.
      double share = actual >= 0 ? 0.5 : 0.5 * slope / (slope + 0.5 * actual);
      if (exploded || !(share >= least_share)) share = least_share;
      radius = share * std::min(radius, longest_step * length);
      nu /= share;
    } else if (nu == 0 || ratio >= good_ratio) {
      radius = 2 * length;
      nu *= 0.5;
    }
  }
  static bool explodes(double cost, double before) { return !(cost < exploded_cost * before); }

  // Moré's iteration for ‖D p(ν)‖ = Δ, to a tenth, from a Gauss-Newton step of length `newton`.
  // take(ν) makes the step and returns its length; slope(undamped) is ‖R⁻ᵀPᵀDᵀq‖ of it, with
  // q = D p/‖D p‖. `steepest` is ‖D⁻¹Jᵀe‖.
  template <class Take, class Slope>
  void damp(double newton, double steepest, bool full_rank, const Take& take, const Slope& slope) {
    double step = newton, low = 0, high = steepest / radius;
    if (full_rank) low = (step - radius) / radius / square(slope(true, step));
    nu = std::min(std::max(nu, low), high);
    if (nu == 0) nu = steepest / step;
    for (int i = 0; i < most_rounds; ++i) {
      if (nu == 0) nu = std::max(std::numeric_limits<double>::min(), first_share * high);
      step = take(nu);
      const double excess = step - radius;
      if (std::abs(excess) <= tolerance * radius) return;
      if (excess > 0)
        low = std::max(low, nu);
      else
        high = std::min(high, nu);
      nu = std::max(low, nu + excess / radius / square(slope(false, step)));
    }
  }

  // The same where p(ν) has no derivative, as within bounds: 1/‖D p(ν)‖ is nearly a straight line,
  // and regula falsi goes along it.
  template <class Take>
  void damp(double newton, double steepest, const Take& take) {
    double low = 0, high = steepest / radius, at_low = 1 / newton, at_high = 1 / radius;
    if (!(nu > 0 && nu < high)) nu = first_share * high;
    for (int i = 0; i < 2 * most_rounds; ++i) {
      const double step = take(nu);
      if (std::abs(step - radius) <= tolerance * radius) return;
      (step > radius ? low : high) = nu;
      (step > radius ? at_low : at_high) = 1 / step;
      const double guess = low + (1 / radius - at_low) * (high - low) / (at_high - at_low);
      // Where the bracket is wide, or the line is none, halve its magnitude.
      const double middle = low > 0 ? std::sqrt(low) * std::sqrt(high) : first_share * high;
      nu = guess > low && guess < high && i % 3 != 2 ? guess : middle;
    }
  }

 private:
  static double square(double x) { return x * x; }

  // The region shrinks at ratios of the first and grows from the second (Moré 1978).
  static constexpr double poor_ratio = 0.25, good_ratio = 0.75;
  // It shrinks to this share of itself, or of so many times the step, at least (MINPACK).
  static constexpr double least_share = 0.1, longest_step = 10;
  // No model knows anything of a cost that has grown a hundredfold (MINPACK).
  static constexpr double exploded_cost = 100;
  // Steps end on the border to a tenth of Δ, and mostly within three rounds.
  static constexpr double tolerance = 0.1;
  static constexpr int most_rounds = 10;
  // Of the largest damping that can be needed: where to begin if nothing is known.
  static constexpr double first_share = 1e-3;
  // Of the residuals: a start below it is as good as zero.
  static constexpr double tiny_start = 1e-9;
};

// Where the cost differs by its rounding alone a Gauss-Newton step is kept that leaves less to
// gain, by so much, while the cost does not grow beyond the rounding of its terms.
struct Polish {
  static constexpr double better = 0.9;
  static bool may_stand(double cost, double before, double noise) {
    return cost <= before * (1 + 1e-10) + 10 * std::sqrt(2 * before) * noise;
  }
};

// A step to a point where J has lost a column, so that a parameter no longer matters, is made
// shorter: such plateaus are traps.
struct Plateau {
  // Of the column's norm, in one step; a cost that falls below this share of itself is no plateau.
  static constexpr double lost = 1e-6, solved = 1e-6;
  // Of steps to plateaus, in a run: one that leads to nothing else has to end there.
  static constexpr std::int64_t most_refusals = 20;

  template <class Norms>
  static bool is_ahead(const Norms& now, const Norms& before) {
    for (Index i = 0; i < before.size(); ++i)
      if (now[i] < lost * before[i]) return true;
    return false;
  }
};

FASTOPT_END
