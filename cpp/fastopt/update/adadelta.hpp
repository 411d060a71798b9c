// Adadelta (Zeiler 2012): s ← ρ s + (1-ρ) g⊗g ; d = √(r + ε) ÷ √(s + ε) ⊗ g ; r ← ρ r + (1-ρ) d⊗d ;
// w ← w - η d.
#pragma once

#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class Adadelta final : public RuleFor<Adadelta> {
 public:
  explicit Adadelta(const Settings& s) : rho_(s["rho"]), epsilon_(s["epsilon"]) {}

  int states() const override { return 2; }
  bool is_sum_of_squares(int /*k*/) const override { return true; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict s = x.state[0];
    S* __restrict r = x.state[1];
    const S rho = static_cast<S>(rho_), rest = static_cast<S>(1 - rho_);
    const S epsilon = static_cast<S>(epsilon_), eta = static_cast<S>(rate_);
    for (Index i = 0; i < x.size; ++i) {
      s[i] = rho * s[i] + rest * (g[i] * g[i]);
      const S d = std::sqrt(r[i] + epsilon) / std::sqrt(s[i] + epsilon) * g[i];
      r[i] = rho * r[i] + rest * (d * d);
      w[i] = w[i] - decay * w[i] - eta * d;
    }
  }

 private:
  double rho_, epsilon_, rate_ = 0;
};

FASTOPT_END
