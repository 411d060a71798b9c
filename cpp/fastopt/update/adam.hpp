// Adam (Kingma & Ba 2014) and Nadam (Dozat 2016): one pass, m̂ a combination of m and g.
//   m ← β₁ m + (1-β₁) g ; s ← β₂ s + (1-β₂) g⊗g ; ŝ = s/(1-β₂ᵗ)
//   Adam:  m̂ = m/(1-β₁ᵗ)
//   Nadam: m̂ = μ_{t+1} m/(1-∏_{j≤t+1} μ_j) + (1-μ_t) g/(1-∏_{j≤t} μ_j)
//   w ← w - η m̂ ÷ (√ŝ + ε)
//   AMSGrad (Reddi et al. 2018): v ← max(v, s), and v in the place of s
#pragma once

#include <algorithm>
#include <cmath>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class AdamFamily : public RuleFor<AdamFamily> {
 public:
  explicit AdamFamily(const Settings& s)
      : beta_1_(s["beta_1"]), beta_2_(s["beta_2"]), epsilon_(s) {}

  int states() const override { return amsgrad_ ? 3 : 2; }
  bool is_sum_of_squares(int k) const override { return k >= 1; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict m = x.state[0];
    S* __restrict s = x.state[1];
    const S beta_1 = static_cast<S>(beta_1_), rest_1 = static_cast<S>(1 - beta_1_);
    const S beta_2 = static_cast<S>(beta_2_), rest_2 = static_cast<S>(1 - beta_2_);
    const S of_m = static_cast<S>(of_m_), of_g = static_cast<S>(of_g_),
            of_s = static_cast<S>(of_s_);
    const S inside = static_cast<S>(epsilon_.inside), outside = static_cast<S>(epsilon_.outside);
    if (amsgrad_) {
      S* __restrict v = x.state[2];
      for (Index i = 0; i < x.size; ++i) {
        m[i] = beta_1 * m[i] + rest_1 * g[i];
        s[i] = beta_2 * s[i] + rest_2 * (g[i] * g[i]);
        v[i] = std::max(v[i], s[i]);
        const S step = (of_m * m[i] + of_g * g[i]) / (std::sqrt(of_s * v[i] + inside) + outside);
        w[i] = w[i] - decay * w[i] - step;
      }
      return;
    }
    for (Index i = 0; i < x.size; ++i) {
      m[i] = beta_1 * m[i] + rest_1 * g[i];
      s[i] = beta_2 * s[i] + rest_2 * (g[i] * g[i]);
      const S step = (of_m * m[i] + of_g * g[i]) / (std::sqrt(of_s * s[i] + inside) + outside);
      w[i] = w[i] - decay * w[i] - step;
    }
  }

 protected:
  // η m̂ = of_m · m + of_g · g, ŝ = of_s · s.
  void combine(std::int64_t t, double of_m, double of_g) {
    const double corrected = 1 - std::pow(beta_2_, static_cast<double>(t));
    // The ε-hat form moves the correction of s to the learning rate: √s + ε, η √(1-β₂ᵗ).
    const bool uncorrected = epsilon_.position == EpsilonPosition::uncorrected;
    of_s_ = uncorrected ? 1 : 1 / corrected;
    of_m_ = uncorrected ? of_m * std::sqrt(corrected) : of_m;
    of_g_ = uncorrected ? of_g * std::sqrt(corrected) : of_g;
  }

  double beta_1_, beta_2_;
  bool amsgrad_ = false;

 private:
  Epsilon epsilon_;
  double of_m_ = 0, of_g_ = 0, of_s_ = 1;
};

class Adam final : public AdamFamily {
 public:
  explicit Adam(const Settings& s) : AdamFamily(s) { amsgrad_ = s["amsgrad"] != 0; }
  void begin_step(std::int64_t t, double learning_rate, double) override {
    combine(t, learning_rate / (1 - std::pow(beta_1_, static_cast<double>(t))), 0);
  }
};

class Nadam final : public AdamFamily {
 public:
  explicit Nadam(const Settings& s) : AdamFamily(s), momentum_decay_(s["momentum_decay"]) {}

  void begin_step(std::int64_t t, double learning_rate, double) override {
    const double now = momentum(t), next = momentum(t + 1);
    product_ *= now;
    combine(t, learning_rate * next / (1 - product_ * next),
            learning_rate * (1 - now) / (1 - product_));
  }
  std::vector<double> memory() const override { return {product_}; }
  void set_memory(const std::vector<double>& memory) override { product_ = memory.at(0); }
  void reset() override { product_ = 1; }

 private:
  double momentum(std::int64_t t) const {
    return beta_1_ * (1 - 0.5 * std::pow(0.96, static_cast<double>(t) * momentum_decay_));
  }

  double momentum_decay_, product_ = 1;
};

FASTOPT_END
