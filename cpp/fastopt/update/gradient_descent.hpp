// Gradient descent as MATLAB writes it (traingd … traingdx): m ← β m - (1-β) η g ; w ← w + m.
#pragma once

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class GradientDescent final : public RuleFor<GradientDescent> {
 public:
  explicit GradientDescent(const Settings& s) : momentum_(s["momentum"]) {}

  int states() const override { return momentum_ != 0 ? 1 : 0; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    const S beta = static_cast<S>(momentum_), eta = static_cast<S>((1 - momentum_) * rate_);
    if (momentum_ == 0) {
      for (Index i = 0; i < x.size; ++i) w[i] = w[i] - decay * w[i] - eta * g[i];
      return;
    }
    S* __restrict m = x.state[0];
    for (Index i = 0; i < x.size; ++i) {
      m[i] = beta * m[i] - eta * g[i];
      w[i] = w[i] - decay * w[i] + m[i];
    }
  }

 private:
  double momentum_, rate_ = 0;
};

FASTOPT_END
