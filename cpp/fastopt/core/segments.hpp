// The arrays that a flat parameter vector consists of: all that update rules and clipping know of a
// network.
#pragma once

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// One array of the flat vector. `shrinks` tells whether penalties (l2, weight decay) apply to it:
// they do to weights and projections, and leave biases, scales and shifts alone.
struct Segment {
  Index offset, size;
  bool shrinks;
};

FASTOPT_END
