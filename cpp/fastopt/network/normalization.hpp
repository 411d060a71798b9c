// Batch and layer normalisation on blocks of samples: z → γ (z - μ) / √(σ² + ε) + β, and back.
//
// Plain loops over the units of one sample after the other: units lie side by side, so that these
// are vector code, and each unit's sums run over the samples in their order.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// Σ f(i) in sixteen running sums, so that the order, and with it the bits, depend on n alone.
template <class Scalar, class F>
Scalar sum_in_lanes(Index n, F&& f) {
  constexpr int lanes = 16;
  Scalar sums[lanes] = {};
  Index i = 0;
  for (; i + lanes <= n; i += lanes)
    for (int k = 0; k < lanes; ++k) sums[k] += f(i + k);
  for (int k = 0; i < n; ++i, ++k) sums[k] += f(i);
  Scalar sum = 0;
  for (const Scalar part : sums) sum += part;
  return sum;
}

// The mean of each unit over n samples, and Σ (z - mean)². Taken from the first sample on, so that
// a constant unit has a variance of exactly zero.
template <class Scalar>
void block_moments(const Scalar* __restrict z, Index width, Index n, Scalar* __restrict mean,
                   Scalar* __restrict squares) {
  std::fill(mean, mean + width, Scalar(0));
  std::fill(squares, squares + width, Scalar(0));
  for (Index c = 1; c < n; ++c) {
    const Scalar* sample = z + c * width;
    for (Index u = 0; u < width; ++u) mean[u] += sample[u] - z[u];
  }
  const Scalar share = Scalar(1) / static_cast<Scalar>(n);
  for (Index u = 0; u < width; ++u) mean[u] = z[u] + share * mean[u];
  for (Index c = 0; c < n; ++c) {
    const Scalar* sample = z + c * width;
    for (Index u = 0; u < width; ++u) {
      const Scalar centred = sample[u] - mean[u];
      squares[u] += centred * centred;
    }
  }
}

// y = (z - mean) factor + shift with one of each for every unit; y may be z.
template <class Scalar>
void normalize_units(const Scalar* z, Index width, Index n, const Scalar* __restrict mean,
                     const Scalar* __restrict factor, const Scalar* __restrict shift, Scalar* y) {
  for (Index c = 0; c < n; ++c)
    for (Index u = 0; u < width; ++u)
      y[c * width + u] = (z[c * width + u] - mean[u]) * factor[u] + shift[u];
}

// Σ d and Σ d (z - mean) of each unit.
template <class Scalar>
void block_products(const Scalar* __restrict d, const Scalar* __restrict z, Index width, Index n,
                    const Scalar* __restrict mean, Scalar* __restrict sums,
                    Scalar* __restrict products) {
  std::fill(sums, sums + width, Scalar(0));
  std::fill(products, products + width, Scalar(0));
  for (Index c = 0; c < n; ++c) {
    const Scalar *di = d + c * width, *zi = z + c * width;
    for (Index u = 0; u < width; ++u) {
      sums[u] += di[u];
      products[u] += di[u] * (zi[u] - mean[u]);
    }
  }
}

// d ← factor d - constant - along (z - mean): the derivative by z, on which μ and σ² depend as
// well.
template <class Scalar>
void normalize_units_back(Scalar* __restrict d, const Scalar* __restrict z, Index width, Index n,
                          const Scalar* __restrict mean, const Scalar* __restrict factor,
                          const Scalar* __restrict constant, const Scalar* __restrict along) {
  for (Index c = 0; c < n; ++c) {
    Scalar* di = d + c * width;
    const Scalar* zi = z + c * width;
    for (Index u = 0; u < width; ++u)
      di[u] = factor[u] * di[u] - constant[u] - along[u] * (zi[u] - mean[u]);
  }
}

// 1/σ of units whose squares overflow, beside which ε is nothing. NaN where the mean has
// overflowed.
template <class Scalar>
Scalar scale_of_large(const Scalar* z, Index width, Scalar mean) {
  Scalar largest = 0;
  for (Index u = 0; u < width; ++u) largest = std::max(largest, std::abs(z[u] - mean));
  const Scalar squares = sum_in_lanes<Scalar>(width, [&](Index u) {
    const Scalar ratio = (z[u] - mean) / largest;
    return ratio * ratio;
  });
  return Scalar(1) / std::sqrt(squares / static_cast<Scalar>(width)) / largest;
}

// Layer normalisation, sample by sample; keeps each one's mean and 1/√(σ² + ε). y may be z.
template <class Scalar>
void normalize_samples(const Scalar* z, Index width, Index n, const Scalar* gamma,
                       const Scalar* beta, Scalar epsilon, Scalar* means, Scalar* scales,
                       Scalar* y) {
  const Scalar share = Scalar(1) / static_cast<Scalar>(width);
  for (Index c = 0; c < n; ++c, z += width, y += width) {
    const Scalar first = z[0];
    const Scalar mean =
        first + share * sum_in_lanes<Scalar>(width, [&](Index u) { return z[u] - first; });
    const Scalar variance =
        share * sum_in_lanes<Scalar>(width, [&](Index u) { return (z[u] - mean) * (z[u] - mean); });
    const Scalar scale = std::isfinite(variance) ? Scalar(1) / std::sqrt(variance + epsilon)
                                                 : scale_of_large(z, width, mean);
    means[c] = mean;
    scales[c] = scale;
    for (Index u = 0; u < width; ++u) y[u] = (z[u] - mean) * scale * gamma[u] + beta[u];
  }
}

// d ← the derivative by z; adds up Σ d and Σ d ẑ of each unit, the derivatives by β and γ.
template <class Scalar>
void normalize_samples_back(Scalar* d, const Scalar* z, Index width, Index n, const Scalar* gamma,
                            const Scalar* means, const Scalar* scales, Scalar* __restrict sums,
                            Scalar* __restrict products) {
  const Scalar share = Scalar(1) / static_cast<Scalar>(width);
  std::fill(sums, sums + width, Scalar(0));
  std::fill(products, products + width, Scalar(0));
  for (Index c = 0; c < n; ++c, d += width, z += width) {
    const Scalar mean = means[c], scale = scales[c];
    for (Index u = 0; u < width; ++u) {
      sums[u] += d[u];
      products[u] += d[u] * ((z[u] - mean) * scale);
    }
    const Scalar constant =
        share * sum_in_lanes<Scalar>(width, [&](Index u) { return d[u] * gamma[u]; });
    const Scalar along = share * sum_in_lanes<Scalar>(width, [&](Index u) {
                           return d[u] * gamma[u] * ((z[u] - mean) * scale);
                         });
    for (Index u = 0; u < width; ++u)
      d[u] = scale * (d[u] * gamma[u] - constant - (z[u] - mean) * scale * along);
  }
}

FASTOPT_END
