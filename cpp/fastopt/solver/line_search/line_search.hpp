// Line searches: a step length α along a descent direction p for φ(α) = E(w + αp).
//
// Strong Wolfe: φ(α) ≤ φ(0) + c₁ α φ'(0) and |φ'(α)| ≤ c₂ |φ'(0)|. An interval that holds such α is
// narrowed by cubic interpolation (Nocedal & Wright, Numerical Optimization, chapter 3). Where
// values differ by their rounding alone, slopes decide (approximate Wolfe, Hager & Zhang 2005).
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// E has no minimum where it falls to so many times what it was where a run or a search began.
constexpr double bottomless = -1e20;

struct LineSearchSettings {
  double c1 = 1e-4, c2 = 0.9;
  bool exact = false;  // go on to the minimum along the line: |φ'(α)| ≤ 1e-12 |φ'(0)|
  int max_evaluations = 40;
};

// φ at α; `moved` is false where w + αp is w itself in floating point.
struct Trial {
  double alpha = 0, value = 0, slope = 0;
  bool moved = true;
  bool finite() const { return std::isfinite(value) && std::isfinite(slope); }
};

enum class Search {
  wolfe,       // the conditions hold
  decrease,    // they do not, but E fell enough
  noise,       // E cannot be told apart from its rounding along p
  failed,      // E does not fall although its slope says so
  non_finite,  // no finite value was found, however short the step
  unbounded,   // E falls without limit
};

struct SearchResult {
  Search outcome;
  Trial best;
  double curvature;  // φ'' near 0, from slopes; NaN where unknown
  double noise;      // error of the values along the line, against the integral of the slopes
  bool kink;         // φ'' near 0 grows as α shrinks: slopes jump
};

class LineSearch {
 public:
  explicit LineSearch(const LineSearchSettings& settings) : s_(settings) {}

  // `evaluate(α)` returns a Trial; `keep()` is called when the last one is the best so far, so that
  // the caller can put its point and gradient aside. `first` is the α to begin with.
  template <class Evaluate, class Keep>
  SearchResult operator()(double value, double slope, double first, Evaluate&& evaluate,
                          Keep&& keep) const {
    const Trial start{0, value, slope, true};
    const double rounding = 4 * epsilon * std::abs(value);
    const double accuracy = s_.exact ? exact_slope : s_.c2;
    const double floor = bottomless * std::max({1.0, std::abs(value), -slope * first});
    Trial low = start, high = start, shortest = start, longest = start, nearest_up = start;
    bool bracketed = false, high_finite = true;
    double alpha = first, width = 0, width_before = 0;
    int contradictions = 0;
    SearchResult result{Search::failed, start, nan, 0, false};

    for (int k = 0; k < s_.max_evaluations; ++k) {
      const Trial t = evaluate(alpha);
      if (!t.moved) {
        result.outcome = high_finite ? Search::noise : Search::non_finite;
        break;
      }
      if (t.value == -std::numeric_limits<double>::infinity() || (t.finite() && t.value < floor)) {
        if (t.finite()) {
          keep();
          low = t;
        }
        result.outcome = Search::unbounded;
        result.best = low;
        return result;
      }
      if (t.finite() && (shortest.alpha == 0 || t.alpha < shortest.alpha)) {
        shortest = t;
        result.curvature = (t.slope - slope) / t.alpha;
        result.noise = std::abs(t.value - value - 0.5 * t.alpha * (slope + t.slope));
      }
      if (t.finite() && t.alpha > longest.alpha) longest = t;
      if (t.finite() && t.slope > 0 && (nearest_up.alpha == 0 || t.alpha < nearest_up.alpha))
        nearest_up = t;
      result.kink = jumps(slope, nearest_up, longest);
      const bool flat = std::abs(t.slope) <= accuracy * std::abs(slope);
      const bool armijo = t.value <= value + s_.c1 * t.alpha * slope;
      // Values within their rounding of E(w): E does not grow, and slopes know more than it does.
      const bool level = t.value <= value && std::abs(t.value - value) <= 4 * rounding &&
                         t.slope <= (2 * s_.c1 - 1) * slope;
      if (t.finite() && flat && (armijo || level)) {
        keep();
        result.outcome = Search::wolfe;
        result.best = t;
        return result;
      }
      const bool too_far = !t.finite() || !(armijo || (level && t.slope < 0)) ||
                           (t.value >= low.value && !(level && t.slope < 0));
      // Slopes fall and values grow: twice is no accident. Or no value could show the difference.
      if (t.finite() && t.value >= value && t.slope < 0 &&
          -slope * t.alpha <= small_fall * std::abs(value) && !s_.exact)
        ++contradictions;
      if (too_far && t.finite() && (contradictions >= 2 || -slope * t.alpha <= rounding)) {
        result.outcome = Search::noise;
        break;
      }
      if (too_far) {
        high = t;
        high_finite = t.finite();
        bracketed = true;
      } else {
        if (bracketed ? t.slope * (high.alpha - low.alpha) >= 0 : t.slope >= 0) {
          high = low;
          high_finite = true;
          bracketed = true;
        }
        const Trial before = low;
        low = t;
        keep();
        if (!bracketed) {
          alpha = beyond(before, low);
          if (!std::isfinite(alpha)) break;
          continue;
        }
      }
      const double now = std::abs(high.alpha - low.alpha);
      if (now <= 2 * epsilon * std::max(low.alpha, high.alpha)) break;
      if (!high_finite) {
        alpha = low.alpha + into_domain * (high.alpha - low.alpha);
      } else {
        alpha = between(low, high, rounding);
        // Two rounds must halve the interval.
        if (width_before > 0 && now > 0.5 * width_before && k > 2)
          alpha = 0.5 * (low.alpha + high.alpha);
      }
      width_before = width;
      width = now;
    }
    result.best = low;
    if (low.alpha > 0) result.outcome = Search::decrease;
    return result;
  }

 private:
  static constexpr double epsilon = std::numeric_limits<double>::epsilon();
  static constexpr double nan = std::numeric_limits<double>::quiet_NaN();

  // Of the slope at 0: exact searches end below it.
  static constexpr double exact_slope = 1e-12;
  // A predicted fall of more than this share of E is no noise.
  static constexpr double small_fall = 1e-6;
  // How far the next trial goes, of the way to one that was not finite.
  static constexpr double into_domain = 0.2;
  // Trials keep off the ends of an interval by this share of it, or one round could gain nothing.
  static constexpr double off_ends = 0.01;
  // Trials beyond all others, in steps that were made: at least and at most (Fletcher).
  static constexpr double least_beyond = 0.1, most_beyond = 9;

  // Whether slopes change, over a step that is a thousand times as short, far more than the
  // thousandth part.
  static bool jumps(double slope, const Trial& near, const Trial& far) {
    constexpr double far_shorter = 1e-3, far_more = 100;
    return near.alpha > 0 && near.alpha < far_shorter * far.alpha &&
           (near.slope - slope) * far.alpha > far_more * near.alpha * std::abs(far.slope - slope);
  }

  // The minimum of the cubic through two values and slopes, or NaN.
  static double cubic(const Trial& a, const Trial& b) {
    const double d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.alpha - b.alpha);
    const double scale = std::max({std::abs(d1), std::abs(a.slope), std::abs(b.slope)});
    if (!(scale > 0) || !std::isfinite(scale)) return nan;
    const double under = (d1 / scale) * (d1 / scale) - (a.slope / scale) * (b.slope / scale);
    if (!(under >= 0)) return nan;
    const double d2 = std::copysign(scale * std::sqrt(under), b.alpha - a.alpha);
    return b.alpha - (b.alpha - a.alpha) * (b.slope + d2 - d1) / (b.slope - a.slope + 2 * d2);
  }

  static double secant(const Trial& a, const Trial& b) {
    return b.alpha - b.slope * (b.alpha - a.alpha) / (b.slope - a.slope);
  }

  static double between(const Trial& low, const Trial& high, double rounding) {
    const double width = high.alpha - low.alpha;
    const bool values_tell = std::abs(high.value - low.value) > rounding;
    double alpha =
        values_tell ? cubic(low, high) : (low.slope * high.slope < 0 ? secant(low, high) : nan);
    const double share = (alpha - low.alpha) / width;
    if (!std::isfinite(share)) return low.alpha + 0.5 * width;
    return low.alpha + std::clamp(share, off_ends, 1 - off_ends) * width;
  }

  // From `before` over `now`, both going down, to a point further on.
  static double beyond(const Trial& before, const Trial& now) {
    const double step = now.alpha - before.alpha;
    const double least = now.alpha + least_beyond * step, most = now.alpha + most_beyond * step;
    double alpha = now.slope > before.slope ? cubic(before, now) : nan;
    if (!(alpha > now.alpha)) alpha = now.slope > before.slope ? secant(before, now) : most;
    return std::clamp(alpha, least, most);
  }

  LineSearchSettings s_;
};

FASTOPT_END
