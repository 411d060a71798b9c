// AdaGrad (Duchi et al. 2011): s ← s + g⊗g ; w ← w - η g ÷ √(s + ε).
#pragma once

#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class AdaGrad final : public RuleFor<AdaGrad> {
 public:
  explicit AdaGrad(const Settings& s) : epsilon_(s), initial_(s["initial_accumulator"]) {}

  int states() const override { return 1; }
  bool is_sum_of_squares(int /*k*/) const override { return true; }
  double initial_state() const override { return initial_; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict s = x.state[0];
    const S eta = static_cast<S>(rate_);
    const S inside = static_cast<S>(epsilon_.inside), outside = static_cast<S>(epsilon_.outside);
    for (Index i = 0; i < x.size; ++i) {
      s[i] = s[i] + g[i] * g[i];
      w[i] = w[i] - decay * w[i] - eta * g[i] / (std::sqrt(s[i] + inside) + outside);
    }
  }

 private:
  Epsilon epsilon_;
  double initial_, rate_ = 0;
};

FASTOPT_END
