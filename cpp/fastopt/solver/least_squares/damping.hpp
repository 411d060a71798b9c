// How Levenberg-Marquardt's damping ν follows what its steps bring.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

enum class DampingRule { nielsen, marquardt, matlab };

struct DampingSettings {
  DampingRule rule = DampingRule::nielsen;
  double initial = -1;  // ν₀; below zero: the rule's own
  double max = 1e10;    // Nielsen: a multiple of `scale`, as ν₀ is one
};

class Damping {
 public:
  explicit Damping(const DampingSettings& settings) : settings_(settings) {}

  // `scale` is max diag(JᵀJ) / D: what ν has to be compared with.
  void start(double scale) {
    scale_ = scale > 0 ? scale : 1.0;
    nu_ = settings_.initial;
    if (nu_ < 0)
      nu_ = rule() == DampingRule::nielsen     ? first * scale_
            : rule() == DampingRule::marquardt ? first_of_marquardt
                                               : first;
    factor_ = 2;
  }

  double value() const { return nu_; }

  // The ν of an iteration's first try.
  void begin() {
    if (rule() == DampingRule::marquardt) nu_ = std::max(nu_ / ratio, smallest);
  }

  // Whether a try that changed E by `change`, where a decrease of `predicted` was expected, is
  // kept.
  bool keeps(double change, double predicted) const {
    if (rule() == DampingRule::marquardt) return change <= 0;
    return change < 0 && (rule() == DampingRule::matlab || predicted > 0);
  }

  void accept(double gain_ratio) {
    if (rule() == DampingRule::nielsen) {
      const double r = 2 * gain_ratio - 1;
      nu_ = std::max(nu_ * std::max(1.0 / 3.0, 1 - r * r * r), smallest);
      factor_ = 2;
    } else if (rule() == DampingRule::matlab) {
      nu_ = std::max(nu_ / ratio, smallest);
    }
  }

  // False: ν has reached its largest value, which is tried too.
  bool reject() {
    const double largest = settings_.max * (rule() == DampingRule::nielsen ? scale_ : 1.0);
    if (!(nu_ < largest)) return false;
    if (rule() == DampingRule::nielsen) {
      nu_ *= factor_;
      factor_ *= 2;
    } else {
      nu_ *= ratio;
    }
    nu_ = std::min(nu_, largest);
    return std::isfinite(nu_);
  }

  // After a factorisation that failed: at least as much damping as can be told from rounding.
  bool reject_singular() {
    nu_ = std::max(nu_, std::numeric_limits<double>::epsilon() * scale_);
    return reject();
  }

  void visit(StateVisitor& visitor) {
    visitor.number("damping", nu_, Allowed::non_negative);
    visitor.number("damping_factor", factor_, Allowed::positive);
    visitor.number("damping_scale", scale_, Allowed::non_negative);
  }

 private:
  // ν₀ (Nielsen 1999; MATLAB's trainlm; Marquardt 1963), and the factor of the last two.
  static constexpr double first = 1e-3, first_of_marquardt = 10, ratio = 10;
  static constexpr double smallest = 1e-300;  // from which ν can still grow
  DampingRule rule() const { return settings_.rule; }

  DampingSettings settings_;
  double nu_ = 0, factor_ = 2, scale_ = 1;
};

FASTOPT_END
