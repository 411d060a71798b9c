// Long vectors gone through in pieces, in several threads where that pays.
#pragma once

#include <algorithm>
#include <atomic>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/core/thread_pool.hpp"

FASTOPT_BEGIN

// f(at, count) over `size` elements.
template <class F>
void for_pieces(Index size, F&& f) {
  constexpr Index piece = 1 << 15;
  if (size < 4 * piece) {
    f(Index{0}, size);
  } else {
    parallel_for((size + piece - 1) / piece,
                 [&](Index i) { f(i * piece, std::min(piece, size - i * piece)); });
  }
}

template <class Scalar>
void copy_pieces(const Buffer<Scalar>& from, Buffer<Scalar>& to) {
  for_pieces(from.size(), [&](Index at, Index count) {
    std::copy(from.data() + at, from.data() + at + count, to.data() + at);
  });
}

// Whether |x_i| ≤ most for all i.
template <class Scalar>
bool pieces_within(const Scalar* x, Index size, double most) {
  std::atomic<bool> within{true};
  for_pieces(size, [&](Index at, Index count) {
    if (!all_within(x + at, count, most)) within.store(false);
  });
  return within.load();
}

template <class Scalar>
bool pieces_finite(const Buffer<Scalar>& x) {
  constexpr auto largest = static_cast<double>(std::numeric_limits<Scalar>::max());
  return pieces_within(x.data(), x.size(), largest);
}

FASTOPT_END
