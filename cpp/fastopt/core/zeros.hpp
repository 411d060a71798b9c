// Zeros in memory of any size, so that Ctrl-C is heard meanwhile: where pages are touched for the
// first time, half a gigabyte can take a second.
#pragma once

#include <algorithm>

#include "fastopt/core/interruption.hpp"

FASTOPT_BEGIN

template <class Scalar>
void fill_zeros(Scalar* data, Index size) {
  constexpr Index at_once = Index{1} << 20;
  for (Index i = 0; i < size; i += at_once) {
    if (i > 0) Interruption::poll(static_cast<double>(at_once));
    std::fill_n(data + i, std::min(at_once, size - i), Scalar(0));
  }
}

FASTOPT_END
