// Dropout masks: pure functions of (seed, iteration, layer, sample, unit), whoever makes them.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/core/random.hpp"
#include "fastopt/network/activation.hpp"

FASTOPT_BEGIN

// h → factor · h + offset, with one pair for units that are kept and one for those that are
// dropped. Inverted dropout (Srivastava et al. 2014) keeps the mean; alpha dropout (Klambauer et
// al. 2017), where the activation is selu, puts units at its lower limit and keeps mean and
// variance.
struct Dropout {
  std::uint32_t threshold;  // of 65536 equal chances, those that drop a unit
  double factor, kept_offset, dropped_offset;

  Dropout(double rate, Activation activation) {
    threshold = static_cast<std::uint32_t>(std::min(65535.0, std::floor(rate * 65536.0 + 0.5)));
    const double p = static_cast<double>(threshold) / 65536.0;  // what the rate is in fact
    if (activation != Activation::selu) {
      factor = 1 / (1 - p);
      kept_offset = dropped_offset = 0;
      return;
    }
    const double lower = -activation::Selu::scale * activation::Selu::alpha;
    factor = 1 / std::sqrt((1 - p) * (1 + p * lower * lower));
    kept_offset = -factor * p * lower;
    dropped_offset = factor * lower * (1 - p);
  }
};

// Which masks: `first` is the place in the batch of a pass's first sample.
struct Masks {
  bool on = false;
  std::uint64_t seed = 0, iteration = 0;
  Index first = 0;

  Random stream(Index layer) const {
    return random_stream(seed, Stream::dropout,
                         (iteration << 16) | static_cast<std::uint64_t>(layer));
  }
};

// Random numbers of 16 bits, for f(first element, how many, the numbers) in long runs: number i of
// a stream is the i / 32 % 8-th half word of the Philox block 32 (i / 256) + i % 32, since blocks
// side by side are vector code.
template <class F>
void random_chances(const Random& random, Index first, Index count, F&& f) {
  constexpr int lanes = 32, group = 8 * lanes;
  alignas(alignment) std::uint32_t words[4][lanes], chances[group];
  for (Index at = first; at < first + count;) {
    const Index g = at / group, stop = std::min((g + 1) * group, first + count);
    random.blocks(static_cast<std::uint64_t>(g * lanes), words);
    for (int k = 0; k < 4; ++k) {
      std::uint32_t* to = chances + 2 * k * lanes;
      for (int i = 0; i < lanes; ++i) to[i] = words[k][i] & 0xFFFF;
      for (int i = 0; i < lanes; ++i) to[lanes + i] = words[k][i] >> 16;
    }
    f(at, stop - at, chances + at % group);
    at = stop;
  }
}

// out = dropped(in) of `count` elements, which are those from `first` on of the batch's; out may be
// in. `factors`, where given, gets each element's factor.
template <class Scalar>
void drop(const Dropout& dropout, const Random& random, Index first, Index count, const Scalar* in,
          Scalar* out, Scalar* factors) {
  const auto factor = static_cast<Scalar>(dropout.factor);
  const auto kept = static_cast<Scalar>(dropout.kept_offset);
  const auto dropped = static_cast<Scalar>(dropout.dropped_offset);
  const Scalar slope = (kept - dropped) / factor;
  // Signed: what vectors compare.
  const auto threshold = static_cast<std::int32_t>(dropout.threshold);
  random_chances(random, first, count, [=](Index at, Index n, const std::uint32_t* chances) {
    alignas(alignment) Scalar f[256];
    const Scalar* x = in + (at - first);
    Scalar* y = out + (at - first);
    for (Index i = 0; i < n; ++i)
      f[i] = factor * static_cast<Scalar>(static_cast<std::int32_t>(chances[i]) >= threshold);
    if (kept == dropped) {
      for (Index i = 0; i < n; ++i) y[i] = x[i] * f[i];
    } else {
      for (Index i = 0; i < n; ++i) y[i] = x[i] * f[i] + (slope * f[i] + dropped);
    }
    if (factors != nullptr) std::copy(f, f + n, factors + (at - first));
  });
}

FASTOPT_END
