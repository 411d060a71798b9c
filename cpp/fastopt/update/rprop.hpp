// iRprop⁻ and iRprop⁺ (Riedmiller & Braun 1993; Igel & Hüsken 2003): each weight has a step of its
// own,
//   Δ ← min(1.2 Δ, Δmax) where g and the last one have the same sign, max(0.5 Δ, Δmin) and g ← 0
//   where they have not ; w ← w - sign(g) Δ.
// iRprop⁺ takes the last step of the weights where they have not back, if E grew by it.
#pragma once

#include <algorithm>

#include "fastopt/update/rule.hpp"

FASTOPT_BEGIN

class Rprop final : public RuleFor<Rprop> {
 public:
  explicit Rprop(const Settings& s)
      : increase_(s["increase"]),
        decrease_(s["decrease"]),
        step_min_(s["step_min"]),
        step_max_(s["step_max"]),
        plus_(s["variant"] != 0) {}

  int states() const override { return 2; }
  // η is Δ of the first step.
  void begin_step(std::int64_t t, double learning_rate, double loss) override {
    first_ = t == 1;
    rate_ = learning_rate;
    takes_back_ = plus_ && loss > loss_;
    loss_ = loss;
  }

  template <class S>
  void update(const Slice<S>& x, S decay) const {
    S* __restrict w = x.w;
    const S* __restrict g = x.g;
    S* __restrict last = x.state[0];
    S* __restrict step = x.state[1];
    const S increase = static_cast<S>(increase_), decrease = static_cast<S>(decrease_);
    const S least = static_cast<S>(step_min_), most = static_cast<S>(step_max_);
    const S back = takes_back_ ? S(1) : S(0);
    if (first_) std::fill_n(step, x.size, static_cast<S>(rate_));
    for (Index i = 0; i < x.size; ++i) {
      const S sign = sign_of(g[i]);
      const S agree = sign * last[i];  // of signs: a product of small gradients would underflow
      const S factor = agree > 0 ? increase : agree < 0 ? decrease : S(1);
      const S taken_back = agree < 0 ? back * last[i] * step[i] : S(0);
      step[i] = std::min(std::max(step[i] * factor, least), most);
      last[i] = agree < 0 ? S(0) : sign;
      w[i] = w[i] - decay * w[i] - last[i] * step[i] + taken_back;
    }
  }

  std::vector<double> memory() const override {
    return plus_ ? std::vector<double>{loss_} : std::vector<double>{};
  }
  void set_memory(const std::vector<double>& memory) override {
    if (plus_ && !memory.empty()) loss_ = memory[0];
  }
  // Nothing is taken back in a first step, for there is no last sign.
  void reset() override { loss_ = 0; }

 private:
  double increase_, decrease_, step_min_, step_max_, rate_ = 0, loss_ = 0;
  bool plus_, first_ = false, takes_back_ = false;
};

FASTOPT_END
