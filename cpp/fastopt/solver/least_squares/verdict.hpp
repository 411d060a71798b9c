// What can be claimed of a sum of squares at a point. It follows from w, e, J and their errors
// there alone: another way to the same point comes to the same verdict.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

struct SquaresAtPoint {
  Index n;
  const double* w;
  const double* norms;   // of the columns of J
  const double* errors;  // of these columns beyond rounding; null: none
  double residual;       // ‖e‖
  double terms;          // ‖|e| + |J||w|‖: what e is the difference of
  double noise;          // the error of e, as a norm

  // Residuals that are not beyond a few times their error are none; nor are those that are nothing
  // beside a unit, where they are little beside their terms: where J falls with e to zero.
  static constexpr double roundings = 10, nothing = 1e-20, little = 1e-6;
  bool is_nothing_left() const {
    return residual <= roundings * noise || (residual <= nothing && residual <= little * terms);
  }

  // A column of J is its own error where it is within twice of it; or where it is this much shorter
  // than the widest one and its parameter as a whole adds less than `unfelt` of the terms. Both, so
  // that neither the unit of a parameter nor a parameter that is nearly zero makes it one.
  static constexpr double column_errors = 2, short_column = 1e-10, unfelt = 1e-8;

  // The parameters that are not felt at w, while residuals are left.
  std::vector<Index> inactive() const {
    std::vector<Index> found;
    if (is_nothing_left()) return found;
    const double widest = *std::max_element(norms, norms + n);
    if (!std::isfinite(widest)) return found;
    for (Index i = 0; i < n; ++i) {
      const bool is_error = errors != nullptr && norms[i] <= column_errors * errors[i];
      const bool is_short =
          norms[i] <= short_column * widest && norms[i] * std::abs(w[i]) <= unfelt * terms;
      if (norms[i] == 0 || is_error || is_short) found.push_back(i);
    }
    return found;
  }
};

FASTOPT_END
