// L-BFGS: BFGS from the last `memory` pairs (s, r) alone, V never formed (Nocedal 1980). With
// bounds, projected: variables that press against a bound are held, the rest move along −V g of the
// rest.
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

// The last pairs (s, r), and products with the V that they stand for.
class Pairs {
 public:
  Pairs(Index n, Index memory) : n_(n), memory_(memory) {}

  Index size() const { return static_cast<Index>(count_); }
  void clear() { count_ = next_ = 0; }

  // Takes the pair unless its curvature is not positive beyond rounding.
  void push(const double* s_data, const double* r_data) {
    const ConstVectorMap<double> s(s_data, n_), r(r_data, n_);
    const double sr = s.dot(r);
    if (!(sr > 1e-14 * s.norm() * r.norm())) return;
    if (count_ == room_ && room_ < memory_) make_room(std::min(memory_, 2 * room_ + 5));
    column(s_, next_) = s;
    column(r_, next_) = r;
    next_ = (next_ + 1) % room_;
    count_ = std::min<std::int64_t>(count_ + 1, room_);
  }

  // x ← V x by the two loops, V₀ = sᵀr/rᵀr of the newest pair. `free` (n, where given) is 0 for
  // variables that are left out; x is zero there, and pairs without curvature among the rest do not
  // count.
  void multiply(double* x_data, const double* free) {
    VectorMap<double> x(x_data, n_);
    double scale = 1;
    bool scaled = false;
    for (std::int64_t k = 0; k < count_; ++k) {
      const Curvature c = curvature(newest(k), free);
      if (!c.usable()) continue;
      if (!scaled) scale = c.sr / c.rr;
      scaled = true;
      alpha_[newest(k)] = masked_dot(column(s_, newest(k)), x_data, free) / c.sr;
      x -= alpha_[newest(k)] * column(r_, newest(k));
      mask(x, free);
    }
    x *= scale;
    for (std::int64_t k = count_; k-- > 0;) {
      const Curvature c = curvature(newest(k), free);
      if (!c.usable()) continue;
      const double beta = masked_dot(column(r_, newest(k)), x_data, free) / c.sr;
      x += (alpha_[newest(k)] - beta) * column(s_, newest(k));
      mask(x, free);
    }
  }

  // The pairs that there are, the oldest first.
  void visit(StateVisitor& visitor) {
    put_in_order();
    const std::int64_t pairs = visitor.count("pairs", count_, memory_);
    if (pairs > room_) make_room(pairs);
    visitor.array("pairs_s", s_.data(), area(pairs, n_));
    visitor.array("pairs_r", r_.data(), area(pairs, n_));
    next_ = room_ == 0 ? 0 : count_ % room_;
  }

 private:
  struct Curvature {
    double sr, ss, rr;
    bool usable() const { return sr > 1e-14 * std::sqrt(ss * rr); }
  };

  VectorMap<double> column(Buffer<double>& b, std::int64_t k) { return {b.data() + k * n_, n_}; }
  // 0 is the newest pair.
  std::int64_t newest(std::int64_t k) const { return (next_ - 1 - k + 2 * room_) % room_; }

  // Memory for so many pairs, that of `memory` of them at most: few runs need it all.
  void make_room(std::int64_t room) {
    put_in_order();
    for (Buffer<double>* each : {&s_, &r_}) {
      Buffer<double> larger(area(n_, room));
      std::copy(each->begin(), each->begin() + n_ * count_, larger.begin());
      each->swap(larger);
    }
    alpha_.resize(room);
    room_ = room;
    next_ = count_ % room_;
  }

  // The oldest pair first: a full ring is turned.
  void put_in_order() {
    if (count_ < room_ || next_ == 0) return;
    for (Buffer<double>* each : {&s_, &r_})
      std::rotate(each->begin(), each->begin() + n_ * next_, each->end());
    next_ = 0;
  }

  double masked_dot(const VectorMap<double>& a, const double* b, const double* free) const {
    const ConstVectorMap<double> other(b, n_);
    if (free == nullptr) return a.dot(other);
    return a.cwiseProduct(ConstVectorMap<double>(free, n_)).dot(other);
  }
  void mask(VectorMap<double>& x, const double* free) const {
    if (free != nullptr) x = x.cwiseProduct(ConstVectorMap<double>(free, n_));
  }
  Curvature curvature(std::int64_t k, const double* free) {
    const auto s = column(s_, k), r = column(r_, k);
    return {masked_dot(s, r.data(), free), masked_dot(s, s.data(), free),
            masked_dot(r, r.data(), free)};
  }

  Index n_;
  std::int64_t memory_;
  Buffer<double> s_, r_, alpha_;
  std::int64_t room_ = 0, count_ = 0, next_ = 0;
};

struct LbfgsSettings : LineSearchSolverSettings {
  Index memory = 10;
};

class Lbfgs final : public LineSearchSolver {
 public:
  Lbfgs(Objective& objective, const double* w0, const LbfgsSettings& settings)
      : LineSearchSolver(objective, w0, settings), pairs_(n_, settings.memory) {}

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    pairs_.visit(visitor);
  }

 protected:
  bool compute() override {
    p_.vector() = -g_.vector();
    pairs_.multiply(p_.data(), nullptr);
    if (!(g_.vector().dot(p_.vector()) < 0) || !p_.vector().allFinite()) {
      pairs_.clear();
      p_.vector() = -g_.vector();
    }
    return true;
  }
  void update(const double* s, const double* r) override { pairs_.push(s, r); }
  void reset() override { pairs_.clear(); }
  bool steepest() const override { return pairs_.size() == 0; }
  bool knows_scale() const override { return pairs_.size() > 0; }
  int patience() const override { return 2; }

 private:
  Pairs pairs_;
};

FASTOPT_END
