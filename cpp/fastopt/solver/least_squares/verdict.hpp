// What can be claimed of a sum of squares at a point. It follows from w, e, J and their errors
// there alone: another way to the same point comes to the same verdict.
#pragma once

#include <algorithm>
#include <cmath>
#include <vector>

#include "fastopt/solver/least_squares/verdict_settings.hpp"

FASTOPT_BEGIN

struct SquaresAtPoint {
  Index n;
  const double* w;
  const double* norms;   // of the columns of J
  const double* errors;  // of these columns beyond rounding; null: none
  double residual;       // ‖e‖
  double terms;          // ‖|e| + |J||w|‖: what e is the difference of
  double noise;          // the error of e, as a norm

  const SquaresVerdictSettings& settings;

  // Residuals that are no more than rounding.
  bool is_nothing_left() const {
    return residual <= settings.roundings * noise ||
           (residual <= settings.nothing && residual <= settings.little * terms);
  }

  // The parameters without influence at w, while residuals are left.
  std::vector<Index> inactive() const {
    std::vector<Index> found;
    if (is_nothing_left()) return found;
    const double widest = *std::max_element(norms, norms + n);
    if (!std::isfinite(widest)) return found;
    for (Index i = 0; i < n; ++i) {
      const bool is_error = errors != nullptr && norms[i] <= settings.column_errors * errors[i];
      const bool is_short = norms[i] <= settings.short_column * widest &&
                            norms[i] * std::abs(w[i]) <= settings.unfelt * terms;
      if (norms[i] == 0 || is_error || is_short) found.push_back(i);
    }
    return found;
  }
};

FASTOPT_END
