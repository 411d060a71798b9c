// Whether a step of a sum of squares is small, whatever the units of the parameters are.
#pragma once

#include "fastopt/core/buffer.hpp"

FASTOPT_BEGIN

// Whether each parameter changes by no more than `share` of itself; one that hardly matters beside
// the others (`hardly` of them) is compared with their share. `columns`: the norms of the columns
// of J, as an array.
template <class Columns>
bool is_small_step(const Buffer<double>& p, const Buffer<double>& w, const Columns& columns,
                   double share, double hardly) {
  const auto moved = p.vector().array().abs(), size = w.vector().array().abs();
  const double all = hardly * (columns * size).matrix().norm();
  return (moved <= share * size || columns * moved <= share * all).all();
}

FASTOPT_END
