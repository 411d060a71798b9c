// AdaMax (Kingma & Ba 2014): m ← β₁ m + (1-β₁) g ; u ← max(β₂ u, |g|) ; w ← w - η/(1-β₁ᵗ) · m ÷ (u
// + ε). ε inside: u ← max(β₂ u, |g| + ε), and nothing is added to it.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class AdaMax final : public RuleFor<AdaMax> {
 public:
  explicit AdaMax(const Settings& s) : beta_1_(s["beta_1"]), beta_2_(s["beta_2"]), epsilon_(s) {}

  int states() const override { return 2; }
  void begin_step(std::int64_t t, double learning_rate, double) override {
    rate_ = learning_rate / (1 - std::pow(beta_1_, static_cast<double>(t)));
  }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict m = x.state[0];
    S* __restrict u = x.state[1];
    const S beta_1 = static_cast<S>(beta_1_), rest = static_cast<S>(1 - beta_1_);
    const S beta_2 = static_cast<S>(beta_2_), eta = static_cast<S>(rate_);
    const S inside = static_cast<S>(epsilon_.inside), outside = static_cast<S>(epsilon_.outside);
    for (Index i = 0; i < x.size; ++i) {
      m[i] = beta_1 * m[i] + rest * g[i];
      u[i] = std::max(beta_2 * u[i], std::abs(g[i]) + inside);
      w[i] = w[i] - decay * w[i] - eta * m[i] / (u[i] + outside);
    }
  }

 private:
  double beta_1_, beta_2_;
  Epsilon epsilon_;
  double rate_ = 0;
};

FASTOPT_END
