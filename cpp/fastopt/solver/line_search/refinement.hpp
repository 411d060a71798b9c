// Where a run stalls because its gradient is not exact enough.
#pragma once

#include <cmath>
#include <cstdint>

#include "fastopt/core/buffer.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

// A more exact gradient at w, in place of g; false: there is none. `work` is a workspace.
inline bool refine_gradient(Objective& objective, const Buffer<double>& w, Buffer<double>& g,
                            Buffer<double>& work, std::int64_t& evaluations) {
  while (objective.refine_gradients()) {
    ++evaluations;
    const double value = objective.value_and_gradient(w.data(), work.data());
    if (!std::isfinite(value) || !work.vector().allFinite()) continue;
    g.copy_from(work);
    return true;
  }
  return false;
}

FASTOPT_END
