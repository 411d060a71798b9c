// An update rule at work on one vector of weights: its state, its step counter, its threads.
#pragma once

#include <memory>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/network/architecture.hpp"
#include "fastopt/solve/state.hpp"
#include "fastopt/update/registry.hpp"

FASTOPT_BEGIN

template <class Scalar>
class RuleState {
 public:
  RuleState(const Rule& rule, Index size) : size_(size) {
    for (int k = 0; k < rule.states(); ++k) {
      vectors_.emplace_back(size);
      pointers_.push_back(vectors_.back().data());
    }
    reset(rule);
  }

  Index size() const { return size_; }
  std::vector<Buffer<Scalar>>& vectors() { return vectors_; }
  void reset(const Rule& rule) {
    for (auto& vector : vectors_) vector.fill(static_cast<Scalar>(rule.initial_state()));
  }

  Slice<Scalar> slice(Scalar* w, const Scalar* g, Index offset, Index size) const {
    return {w, g, pointers_.data(), offset, size};
  }

  // f(slice) over the stretch [offset, offset + size), in parallel where that pays.
  template <class F>
  void for_slices(Scalar* w, const Scalar* g, Index offset, Index size, F&& f) {
    const Index pieces = (size + piece - 1) / piece;
    const auto task = [&](Index i) {
      const Index begin = i * piece;
      f(slice(w, g, offset + begin, std::min(piece, size - begin)));
    };
    if (pieces < 4) {
      for (Index i = 0; i < pieces; ++i) task(i);
    } else {
      parallel_for(pieces, task);
    }
  }

 private:
  static constexpr Index piece = 1 << 15;

  Index size_;
  std::vector<Buffer<Scalar>> vectors_;
  std::vector<Scalar*> pointers_;
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
  std::int64_t iteration() const { return iteration_; }

  void step(Scalar* w, const Scalar* g, double learning_rate) {
    begin_step(learning_rate);
    if (weight_decay_ == 0) {
      in_slices(w, g, 0, state_.size(), 0);
      return;
    }
    for (const Segment& s : segments_) in_slices(w, g, s.offset, s.size, decay(s.shrinks));
  }

  // The same in parts, for a caller that has a part of the gradient at hand while it is in the
  // cache: begin_step once, then every stretch of the weights once, in any order and thread.
  void begin_step(double learning_rate) {
    learning_rate_ = learning_rate;
    rule_->begin_step(++iteration_, learning_rate);
  }
  void apply(Scalar* w, const Scalar* g, Index offset, Index size, bool shrinks) {
    rule_->apply(state_.slice(w, g, offset, size), decay(shrinks));
  }

  // For rules that look ahead: from w to the point where the gradient is taken (+1) and back (-1).
  void look_ahead(Scalar* w, double sign) {
    if (!rule_->looks_ahead()) return;
    state_.for_slices(w, nullptr, 0, state_.size(),
                      [&](const Slice<Scalar>& slice) { rule_->look_ahead(slice, sign); });
  }

  // State to zero (or where it starts); the step counter goes on.
  void forget() { state_.reset(*rule_); }

  void visit(StateVisitor& visitor) {
    visitor.number("iteration", iteration_);
    auto memory = rule_->memory();
    for (std::size_t k = 0; k < memory.size(); ++k)
      visitor.number("rule_memory_" + std::to_string(k), memory[k]);
    rule_->set_memory(memory);
    int k = 0;
    for (auto& vector : state_.vectors())
      visitor.array("rule_state_" + std::to_string(k++), vector.data(), vector.size());
  }

 private:
  double decay(bool shrinks) const { return shrinks ? learning_rate_ * weight_decay_ : 0; }
  void in_slices(Scalar* w, const Scalar* g, Index offset, Index size, double decay) {
    state_.for_slices(w, g, offset, size,
                      [&](const Slice<Scalar>& slice) { rule_->apply(slice, decay); });
  }

  std::unique_ptr<Rule> rule_;
  double weight_decay_, learning_rate_ = 0;
  std::vector<Segment> segments_;
  RuleState<Scalar> state_;
  std::int64_t iteration_ = 0;
};

FASTOPT_END
