// Lion (Chen et al. 2023): w ← w - η sign(β₁ m + (1-β₁) g) ; m ← β₂ m + (1-β₂) g.
#pragma once

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class Lion final : public RuleFor<Lion> {
 public:
  explicit Lion(const Settings& s) : beta_1_(s["beta_1"]), beta_2_(s["beta_2"]) {}

  int states() const override { return 1; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict m = x.state[0];
    const S beta_1 = static_cast<S>(beta_1_), rest_1 = static_cast<S>(1 - beta_1_);
    const S beta_2 = static_cast<S>(beta_2_), rest_2 = static_cast<S>(1 - beta_2_);
    const S eta = static_cast<S>(rate_);
    for (Index i = 0; i < x.size; ++i) {
      const S sign = sign_of(beta_1 * m[i] + rest_1 * g[i]);
      m[i] = beta_2 * m[i] + rest_2 * g[i];
      w[i] = w[i] - decay * w[i] - eta * sign;
    }
  }

 private:
  double beta_1_, beta_2_, rate_ = 0;
};

FASTOPT_END
