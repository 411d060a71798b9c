// RMSProp (Hinton 2012): s ← ρ s + (1-ρ) g⊗g ; w ← w - η g ÷ √(s + ε).
// Centred (Graves 2013): m ← ρ m + (1-ρ) g, and the variance s - m⊗m in the place of s.
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class RMSprop final : public RuleFor<RMSprop> {
 public:
  explicit RMSprop(const Settings& s)
      : epsilon_(s), rho_(s["rho"]), centered_(s["centered"] != 0) {}

  int states() const override { return centered_ ? 2 : 1; }
  bool is_sum_of_squares(int k) const override { return k == 0; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict s = x.state[0];
    const S eta = static_cast<S>(rate_);
    const S rho = static_cast<S>(rho_), rest = static_cast<S>(1 - rho_);
    const S inside = static_cast<S>(epsilon_.inside), outside = static_cast<S>(epsilon_.outside);
    if (centered_) {
      S* __restrict m = x.state[1];
      for (Index i = 0; i < x.size; ++i) {
        s[i] = rho * s[i] + rest * (g[i] * g[i]);
        m[i] = rho * m[i] + rest * g[i];
        const S variance = std::max(s[i] - m[i] * m[i], S(0));  // below zero by rounding alone
        w[i] = w[i] - decay * w[i] - eta * g[i] / (std::sqrt(variance + inside) + outside);
      }
      return;
    }
    for (Index i = 0; i < x.size; ++i) {
      s[i] = rho * s[i] + rest * (g[i] * g[i]);
      w[i] = w[i] - decay * w[i] - eta * g[i] / (std::sqrt(s[i] + inside) + outside);
    }
  }

 private:
  Epsilon epsilon_;
  double rho_, rate_ = 0;
  bool centered_;
};

FASTOPT_END
