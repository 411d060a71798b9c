// RAdam (Liu et al. 2020): Adam's m and s ; m̂ = m/(1-β₁ᵗ) ; while too little is known of s,
// w ← w - η m̂ ; then w ← w - η r m̂ ÷ (√ŝ + ε), with
//   ϱ∞ = 2/(1-β₂) - 1 ; ϱ = ϱ∞ - 2 t β₂ᵗ/(1-β₂ᵗ) ; r² = (ϱ-4)(ϱ-2) ϱ∞ / ((ϱ∞-4)(ϱ∞-2) ϱ), ϱ > 5.
#pragma once

#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class RAdam final : public RuleFor<RAdam> {
 public:
  explicit RAdam(const Settings& s) : beta_1_(s["beta_1"]), beta_2_(s["beta_2"]), epsilon_(s) {}

  int states() const override { return 2; }
  bool is_sum_of_squares(int k) const override { return k == 1; }

  void begin_step(std::int64_t t, double learning_rate, double) override {
    const auto steps = static_cast<double>(t);
    const double power = std::pow(beta_2_, steps), corrected = 1 - power;
    const double largest = 2 / (1 - beta_2_) - 1, known = largest - 2 * steps * power / corrected;
    adapts_ = known > 5;
    rate_ = learning_rate / (1 - std::pow(beta_1_, steps));
    if (!adapts_) return;
    rate_ *=
        std::sqrt((known - 4) * (known - 2) * largest / ((largest - 4) * (largest - 2) * known));
    const bool uncorrected = epsilon_.position == EpsilonPosition::uncorrected;
    of_s_ = uncorrected ? 1 : 1 / corrected;
    if (uncorrected) rate_ *= std::sqrt(corrected);
  }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict m = x.state[0];
    S* __restrict s = x.state[1];
    const S beta_1 = static_cast<S>(beta_1_), rest_1 = static_cast<S>(1 - beta_1_);
    const S beta_2 = static_cast<S>(beta_2_), rest_2 = static_cast<S>(1 - beta_2_);
    const S eta = static_cast<S>(rate_), of_s = static_cast<S>(of_s_);
    const S inside = static_cast<S>(epsilon_.inside), outside = static_cast<S>(epsilon_.outside);
    for (Index i = 0; i < x.size; ++i) {
      m[i] = beta_1 * m[i] + rest_1 * g[i];
      s[i] = beta_2 * s[i] + rest_2 * (g[i] * g[i]);
      const S by = adapts_ ? std::sqrt(of_s * s[i] + inside) + outside : S(1);
      w[i] = w[i] - decay * w[i] - eta * m[i] / by;
    }
  }

 private:
  double beta_1_, beta_2_;
  Epsilon epsilon_;
  double rate_ = 0, of_s_ = 1;
  bool adapts_ = false;
};

FASTOPT_END
