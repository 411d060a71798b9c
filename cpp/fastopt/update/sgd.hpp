// Gradient descent, momentum (Polyak 1964) and Nesterov's accelerated gradient (1983).
#pragma once

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class SGD final : public RuleFor<SGD> {
 public:
  explicit SGD(const Settings& s) : momentum_(s["momentum"]), nesterov_(s["nesterov"] != 0) {}

  int states() const override { return momentum_ != 0 ? 1 : 0; }
  bool looks_ahead() const override { return nesterov_ && momentum_ != 0; }
  void begin_step(std::int64_t, double learning_rate, double) override { rate_ = learning_rate; }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    const S eta = static_cast<S>(rate_), beta = static_cast<S>(momentum_);
    if (momentum_ == 0) {  // w ← w - η g
      for (Index i = 0; i < x.size; ++i) w[i] = w[i] - decay * w[i] - eta * g[i];
      return;
    }
    S* __restrict m = x.state[0];
    if (!nesterov_) {  // m ← β m - η g ; w ← w + m
      for (Index i = 0; i < x.size; ++i) {
        m[i] = beta * m[i] - eta * g[i];
        w[i] = w[i] - decay * w[i] + m[i];
      }
      return;
    }
    // The same with θ = w + β m in the place of w, and g taken at θ.
    for (Index i = 0; i < x.size; ++i) {
      const S position = w[i] - beta * m[i];
      m[i] = beta * m[i] - eta * g[i];
      w[i] = position - decay * position + m[i] + beta * m[i];
    }
  }

  void look_ahead(const Slice<float>& slice, double sign) const override { move(slice, sign); }
  void look_ahead(const Slice<double>& slice, double sign) const override { move(slice, sign); }

 private:
  template <class S>
  void move(const Slice<S>& x, double sign) const {
    const S factor = static_cast<S>(sign * momentum_);
    S* __restrict w = x.w;
    const S* __restrict m = x.state[0];
    for (Index i = 0; i < x.size; ++i) w[i] += factor * m[i];
  }

  double momentum_, rate_ = 0;
  bool nesterov_;
};

FASTOPT_END
