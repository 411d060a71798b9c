// The penalty Σ λ_i |w_i| beside a smooth E: its subgradient, and steps that end where a weight
// would change its sign (the orthant-wise method, Andrew & Gao 2007).
#pragma once

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/segments.hpp"

FASTOPT_BEGIN

// λ of each of n parameters: l1 of weights, 0 of biases and of what else does not shrink. Empty
// where l1 is 0.
inline Buffer<double> l1_of_weights(double l1, const std::vector<Segment>& segments, Index n) {
  Buffer<double> lambda(l1 > 0 ? n : 0);
  for (const Segment& s : segments)
    if (l1 > 0 && s.shrinks) std::fill_n(lambda.data() + s.offset, s.size, l1);
  return lambda;
}

template <class Scalar>
class L1Penalty {
 public:
  L1Penalty() = default;
  // λ of each weight, ≥ 0.
  explicit L1Penalty(const Buffer<double>& lambda) : lambda_(lambda.size()) {
    for (Index i = 0; i < lambda.size(); ++i) lambda_[i] = static_cast<Scalar>(lambda[i]);
  }

  bool there() const { return lambda_.size() > 0; }
  bool applies_to(Index i) const { return lambda_[i] > 0; }

  double value(const Scalar* w) const {
    double sum = 0;
    for (Index i = 0; i < lambda_.size(); ++i)
      sum += static_cast<double>(lambda_[i]) * std::abs(static_cast<double>(w[i]));
    return sum;
  }

  // g of E becomes the subgradient of least norm of E + Σ λ|w|, which is zero at a minimum.
  void add_subgradient(const Scalar* w, Scalar* g) const {
    for (Index i = 0; i < lambda_.size(); ++i) {
      const Scalar lambda = lambda_[i];
      if (lambda == 0) continue;
      if (w[i] > 0)
        g[i] += lambda;
      else if (w[i] < 0)
        g[i] -= lambda;
      else if (g[i] > lambda)
        g[i] -= lambda;
      else if (g[i] < -lambda)
        g[i] += lambda;
      else if (std::abs(g[i]) <= lambda)
        g[i] = 0;
    }
  }

  // After a step from `before`, where `subgradient` is: a weight that has left the side of zero it
  // was on, or the one that it was let go to, is zero.
  void stay_in_orthant(const Scalar* before, const Scalar* subgradient, Scalar* w) const {
    for (Index i = 0; i < lambda_.size(); ++i) {
      if (lambda_[i] == 0) continue;
      const Scalar side = before[i] != 0 ? before[i] : -subgradient[i];
      const bool there = (w[i] > 0 && side > 0) || (w[i] < 0 && side < 0);
      if (!there && std::isfinite(w[i])) w[i] = 0;
    }
  }

 private:
  Buffer<Scalar> lambda_;
};

FASTOPT_END
