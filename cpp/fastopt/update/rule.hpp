// First-order update rules: one fused pass over the weights, the gradient and the rule's state.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "fastopt/core/settings.hpp"
#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// The largest number of state vectors that a rule has.
constexpr std::size_t max_states = 3;

// A stretch of the weights with the stretches of the gradient and of the state that belong to it.
template <class Scalar>
struct Slice {
  Scalar* w;
  const Scalar* g;
  std::array<Scalar*, max_states> state;
  Index size;
};

class Rule {
 public:
  Rule() = default;
  Rule(const Rule&) = delete;
  Rule& operator=(const Rule&) = delete;
  virtual ~Rule() = default;

  // How many state vectors of the weights' length, and what they start from.
  virtual int states() const = 0;
  virtual double initial_state() const { return 0; }

  // Everything that all elements share: called once a step, t = 1, 2, … The loss is the one that
  // the gradient is of; NaN where it is not known, as in mini-batches.
  virtual void begin_step(std::int64_t t, double learning_rate, double loss) = 0;

  // w ← the next weights. `decay` is η · weight_decay: w shrinks by that factor of itself first.
  virtual void apply(const Slice<float>& slice, double decay) const = 0;
  virtual void apply(const Slice<double>& slice, double decay) const = 0;

  // A rule that takes its gradient ahead of w keeps the look-ahead point in place of w.
  virtual bool looks_ahead() const { return false; }
  // Between w and the look-ahead point: w += sign · (look-ahead - w).
  virtual void look_ahead(const Slice<float>&, double /*sign*/) const {}
  virtual void look_ahead(const Slice<double>&, double /*sign*/) const {}

  // Whether the k-th of them holds squares, which are not negative.
  virtual bool is_sum_of_squares(int /*k*/) const { return false; }

  // What begin_step carries from step to step, beyond t.
  virtual std::vector<double> memory() const { return {}; }
  virtual void set_memory(const std::vector<double>&) {}
  virtual void reset() {}
};

// Forwards both precisions to one template: Derived::update<Scalar>(slice, decay).
template <class Derived>
class RuleFor : public Rule {
 public:
  void apply(const Slice<float>& slice, double decay) const override {
    self().update(slice, static_cast<float>(decay));
  }
  void apply(const Slice<double>& slice, double decay) const override {
    self().update(slice, decay);
  }

 private:
  const Derived& self() const { return static_cast<const Derived&>(*this); }
};

// 1, 0 or −1; of NaN it is NaN, which is not to pass for a gradient of zero.
template <class S>
S sign_of(S x) {
  return x > 0 ? S(1) : x < 0 ? S(-1) : x;
}

// Where ε stands: √(s + inside) + outside, one of the two being zero. Bias correction divides s
// by 1 - β₂ᵗ, except for the "uncorrected" form of Adam's paper.
enum class EpsilonPosition { outside = 0, inside = 1, uncorrected = 2 };

struct Epsilon {
  double inside, outside;
  EpsilonPosition position;

  explicit Epsilon(const Settings& settings)
      : inside(0),
        outside(0),
        position(static_cast<EpsilonPosition>(static_cast<int>(settings["epsilon_position"]))) {
    (position == EpsilonPosition::inside ? inside : outside) = settings["epsilon"];
  }
};

FASTOPT_END
