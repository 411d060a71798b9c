// An update rule at work on one vector of weights: its state, its step counter, its threads.
#pragma once

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <string>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/norm.hpp"
#include "fastopt/core/pieces.hpp"
#include "fastopt/core/segments.hpp"
#include "fastopt/core/state_visitor.hpp"
#include "fastopt/update/registry.hpp"

FASTOPT_BEGIN

// The state vectors of a rule.
template <class Scalar>
class RuleState {
 public:
  RuleState(const Rule& rule, Index size) : size_(size) {
    for (int k = 0; k < rule.states(); ++k) vectors_.emplace_back(size);
    reset(rule);
  }

  Index size() const { return size_; }
  std::vector<Buffer<Scalar>>& vectors() { return vectors_; }
  void reset(const Rule& rule) {
    for (auto& vector : vectors_) vector.fill(static_cast<Scalar>(rule.initial_state()));
  }

  // `size` weights from w on, with their gradient and the state from `offset` on.
  Slice<Scalar> slice(Scalar* w, const Scalar* g, Index offset, Index size) {
    Slice<Scalar> slice{w, g, {}, size};
    for (std::size_t k = 0; k < vectors_.size(); ++k) slice.state[k] = vectors_[k].data() + offset;
    return slice;
  }

  template <class F>
  void for_slices(Scalar* w, const Scalar* g, Index offset, Index size, F&& f) {
    for_pieces(size, [&](Index at, Index count) {
      f(slice(w + at, g == nullptr ? g : g + at, offset + at, count));
    });
  }

 private:
  Index size_;
  std::vector<Buffer<Scalar>> vectors_;
};

template <class Scalar>
class Updater {
 public:
  Updater(std::unique_ptr<Rule> rule, double weight_decay, std::vector<Segment> segments,
          Index size)
      : rule_(std::move(rule)),
        weight_decay_(weight_decay),
        segments_(std::move(segments)),
        state_(*rule_, size) {}

  const Rule& rule() const { return *rule_; }
  const std::vector<Segment>& segments() const { return segments_; }
  std::int64_t iteration() const { return iteration_; }

  // Whether all that the rule keeps is: squares of finite gradients may overflow, and never return.
  bool is_finite() {
    for (const auto& vector : state_.vectors())
      if (!pieces_finite(vector)) return false;
    return true;
  }

  // `loss` is the one that g is of; NaN where it is not known.
  void step(Scalar* w, const Scalar* g, double learning_rate, double loss) {
    begin_step(learning_rate, loss);
    if (weight_decay_ == 0) {
      update(w, g, {0, state_.size(), false});
      return;
    }
    for (const Segment& s : segments_) update(w + s.offset, g + s.offset, s);
  }

  // The same in parts, for a caller whose arrays lie apart, or that has a part of the gradient at
  // hand while it is in the cache: begin_step once, then every stretch of the weights once.
  void begin_step(double learning_rate, double loss) {
    learning_rate_ = learning_rate;
    ++iteration_;
    rule_->begin_step(++rule_iteration_, learning_rate, loss);
  }
  // w and g begin with the stretch.
  void update(Scalar* w, const Scalar* g, const Segment& s) {
    state_.for_slices(w, g, s.offset, s.size,
                      [&](const Slice<Scalar>& slice) { rule_->apply(slice, decay(s.shrinks)); });
  }
  // The same. Returns the number of the state vector that is not finite there afterwards, or -1:
  // each piece is looked at while it is in the cache.
  int update_and_check(Scalar* w, const Scalar* g, const Segment& s) {
    std::atomic<int> overflowed{-1};
    state_.for_slices(w, g, s.offset, s.size, [&](const Slice<Scalar>& slice) {
      rule_->apply(slice, decay(s.shrinks));
      for (std::size_t k = 0; k < state_.vectors().size(); ++k)
        if (!all_within(slice.state[k], slice.size, largest)) overflowed.store(static_cast<int>(k));
    });
    return overflowed.load();
  }
  // The largest |g_i| with which nothing overflows in one step: a rule that squares its gradients
  // would keep an infinite mean of them, and leave w where it is for ever.
  double largest_gradient() const {
    for (int k = 0; k < rule_->states(); ++k)
      if (rule_->is_sum_of_squares(k)) return std::sqrt(largest);
    return largest;
  }
  bool gradient_is_within(const Scalar* g, Index size, double most) const {
    return pieces_within(g, size, most);
  }
  // What a user may know a state vector by.
  std::string state_name(int k) const {
    return (rule_->is_sum_of_squares(k) ? "squares of gradients" : "momentum") +
           std::string(" (rule_state_") + std::to_string(k) + ")";
  }
  // w and g are whole vectors. May be called in any thread.
  void apply(Scalar* w, const Scalar* g, Index offset, Index size, bool shrinks) {
    rule_->apply(state_.slice(w + offset, g + offset, offset, size), decay(shrinks));
  }

  // For rules that look ahead: from w to the point where the gradient is taken (+1) and back (-1).
  void look_ahead(Scalar* w, double sign) { look_ahead(w, {0, state_.size(), false}, sign); }
  // The same for one stretch, with which w begins.
  void look_ahead(Scalar* w, const Segment& s, double sign) {
    if (!rule_->looks_ahead()) return;
    state_.for_slices(w, nullptr, s.offset, s.size,
                      [&](const Slice<Scalar>& slice) { rule_->look_ahead(slice, sign); });
  }

  // The rule starts anew, as if w had been given just now; `iteration` goes on.
  void reset() {
    state_.reset(*rule_);
    rule_->reset();
    rule_iteration_ = 0;
  }

  // All that steps change.
  struct Saved {
    std::vector<Buffer<Scalar>> vectors;
    std::vector<double> memory;
    std::int64_t iteration = 0, rule_iteration = 0;
  };
  void save(Saved& saved) {
    saved.vectors.resize(state_.vectors().size());
    for (std::size_t k = 0; k < saved.vectors.size(); ++k) {
      if (saved.vectors[k].size() == 0) saved.vectors[k].resize(state_.size());
      copy_pieces(state_.vectors()[k], saved.vectors[k]);
    }
    saved.memory = rule_->memory();
    saved.iteration = iteration_;
    saved.rule_iteration = rule_iteration_;
  }
  void restore(const Saved& saved) {
    for (std::size_t k = 0; k < saved.vectors.size(); ++k)
      copy_pieces(saved.vectors[k], state_.vectors()[k]);
    rule_->set_memory(saved.memory);
    iteration_ = saved.iteration;
    rule_iteration_ = saved.rule_iteration;
  }

  // Another rule, or the same with other settings, goes on with the state where it fits.
  void set_rule(std::unique_ptr<Rule> rule, double weight_decay) {
    if (rule->states() != rule_->states()) state_ = RuleState<Scalar>(*rule, state_.size());
    rule->set_memory(rule_->memory());
    rule_ = std::move(rule);
    weight_decay_ = weight_decay;
  }

  void visit(StateVisitor& visitor) {
    visitor.count("iteration", iteration_);
    visitor.count("rule_iteration", rule_iteration_);
    auto memory = rule_->memory();
    for (std::size_t k = 0; k < memory.size(); ++k)
      visitor.number("rule_memory_" + std::to_string(k), memory[k]);
    rule_->set_memory(memory);
    int k = 0;
    for (auto& vector : state_.vectors()) {
      visitor.array("rule_state_" + std::to_string(k), vector.data(), vector.size(),
                    rule_->is_sum_of_squares(k) ? Allowed::non_negative : Allowed::finite);
      ++k;
    }
  }

 private:
  static constexpr auto largest = static_cast<double>(std::numeric_limits<Scalar>::max());

  double decay(bool shrinks) const { return shrinks ? learning_rate_ * weight_decay_ : 0; }

  std::unique_ptr<Rule> rule_;
  double weight_decay_, learning_rate_ = 0;
  std::vector<Segment> segments_;
  RuleState<Scalar> state_;
  // All updates of w, and those since the rule last started anew.
  std::int64_t iteration_ = 0, rule_iteration_ = 0;
};

FASTOPT_END
