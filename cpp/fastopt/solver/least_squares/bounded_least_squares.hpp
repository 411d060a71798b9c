// Levenberg-Marquardt within bounds: the step p minimises the linear model ‖e + J p‖ within the
// trust region and the box lower ≤ w + p ≤ upper: ½‖e + J p‖² + ½ν‖D p‖² over the box, exactly, by
// an active-set method (Stark & Parker 1995), with the ν whose step ends on its boundary. A
// solution on a bound is met exactly, and on its face the method is Gauss-Newton's.
#pragma once

#include <vector>

#include "fastopt/solver/least_squares/least_squares_solver.hpp"

FASTOPT_BEGIN

// Minimises ‖A s + b‖ over low ≤ s ≤ high, from s = 0 which lies within.
class BoundedLinearLeastSquares {
 public:
  BoundedLinearLeastSquares(Index m, Index n)
      : m_(m), n_(n), a_(area(m, n)), b_(m), part_(area(m, n)), r_(m), z_(n), side_(to_size(n)) {}

  double* a() { return a_.data(); }  // column-major
  double* b() { return b_.data(); }

  void solve(const double* low, const double* high, double* s) {
    std::fill(s, s + n_, 0.0);
    take_residual(s);
    for (Index i = 0; i < n_; ++i) {
      const double g = slope(i);
      side_[to_size(i)] = low[i] == 0 && g >= 0 ? -1 : high[i] == 0 && g <= 0 ? 1 : 0;
    }
    Index freed = -1;
    for (Index round = 0; round < rounds_per_variable * (n_ + 1); ++round) {
      solve_free(s);
      // A bound that was left is met again at once: rounding decides, so it stays.
      if (freed >= 0 && (z_[freed] - s[freed]) * (s[freed] == low[freed] ? 1.0 : -1.0) <= 0) {
        side_[to_size(freed)] = s[freed] == low[freed] ? -1 : 1;
        return;
      }
      freed = -1;
      double share = 1;
      Index first = -1;
      for (Index i = 0; i < n_; ++i) {
        if (side_[to_size(i)] != 0) continue;
        const double bound = z_[i] < low[i] ? low[i] : z_[i] > high[i] ? high[i] : z_[i];
        if (bound == z_[i]) continue;
        const double part = (bound - s[i]) / (z_[i] - s[i]);
        if (part < share || first < 0) {
          share = part;
          first = i;
        }
      }
      for (Index i = 0; i < n_; ++i)
        if (side_[to_size(i)] == 0)
          s[i] = first < 0 ? z_[i] : std::clamp(s[i] + share * (z_[i] - s[i]), low[i], high[i]);
      if (first >= 0) {
        s[first] = z_[first] < low[first] ? low[first] : high[first];
        side_[to_size(first)] = z_[first] < low[first] ? -1 : 1;
        continue;
      }
      // The best on this face: leave the bound that the slope pulls away from most.
      take_residual(s);
      double worst = 0;
      for (Index i = 0; i < n_; ++i) {
        const double pull = side_[to_size(i)] * slope(i);
        if (pull > worst) {
          worst = pull;
          freed = i;
        }
      }
      if (freed < 0 || worst <= least_pull * b_.vector().norm()) return;
      side_[to_size(freed)] = 0;
    }
  }

 private:
  // Slopes of columns of unit length, in shares of ‖b‖: below it they are rounding.
  static constexpr double least_pull = 1e-14;
  // Far more than are ever needed: an end of what rounding could turn in circles.
  static constexpr Index rounds_per_variable = 10;

  static std::size_t to_size(Index i) { return static_cast<std::size_t>(i); }

  void take_residual(const double* s) {
    r_.copy_from(b_);
    r_.vector().noalias() +=
        ConstMatrixMap<double>(a_.data(), m_, n_) * ConstVectorMap<double>(s, n_);
  }
  double slope(Index i) const {
    return ConstVectorMap<double>(a_.data() + i * m_, m_).dot(r_.vector());
  }

  // z: the free variables at the minimum of their face, the others where s has them.
  void solve_free(const double* s) {
    Index count = 0;
    r_.copy_from(b_);
    for (Index i = 0; i < n_; ++i) {
      const ConstVectorMap<double> column(a_.data() + i * m_, m_);
      z_[i] = s[i];
      if (side_[to_size(i)] == 0)
        VectorMap<double>(part_.data() + count++ * m_, m_) = column;
      else
        r_.vector() += s[i] * column;
    }
    if (count == 0) return;
    PivotedQr qr(m_, count);
    qr.compute(part_.data(), r_.data());
    std::vector<double> x(to_size(count));
    qr.gauss_newton(x.data());
    for (Index i = 0, k = 0; i < n_; ++i)
      if (side_[to_size(i)] == 0) z_[i] = x[to_size(k++)];
  }

  Index m_, n_;
  Buffer<double> a_, b_, part_, r_, z_;
  std::vector<int> side_;  // −1, 1: held at its lower, upper bound; 0: free
};

class BoundedLeastSquares final : public LeastSquaresSolver {
 public:
  BoundedLeastSquares(LeastSquaresProblem& objective, const double* w0, const double* lower,
                      const double* upper, const LeastSquaresSettings& settings)
      : LeastSquaresSolver(objective, w0, settings),
        m_(objective.n_residuals()),
        lower_(n_),
        upper_(n_),
        low_(n_),
        high_(n_),
        reach_(n_),
        x_(n_),
        a_(area(m_, n_)),
        b_(m_),
        free_(static_cast<std::size_t>(n_)),
        problem_(std::min(m_, n_) + n_, n_) {
    std::copy(lower, lower + n_, lower_.begin());
    std::copy(upper, upper + n_, upper_.begin());
    reach_.fill(1);
  }

  void visit(StateVisitor& visitor) override {
    LeastSquaresSolver::visit(visitor);
    visitor.array("reach", reach_.data(), n_, Allowed::positive);
  }

 protected:
  bool is_free(Index i) const override { return free_[static_cast<std::size_t>(i)]; }

  void set_trial() override {
    for (Index i = 0; i < n_; ++i) {
      // w + (upper − w) may lie an ulp away from the bound.
      trial_[i] = p_[i] == upper_[i] - w_[i]   ? upper_[i]
                  : p_[i] == lower_[i] - w_[i] ? lower_[i]
                                               : std::clamp(w_[i] + p_[i], lower_[i], upper_[i]);
    }
  }

  // Bounds on which the residuals are not finite are approached but not met.
  bool avoid_bounds() override {
    avoided_.clear();
    for (Index i = 0; i < n_; ++i) {
      const bool meets = trial_[i] <= lower_[i] || trial_[i] >= upper_[i];
      if (!meets || trial_[i] == w_[i] || reach_[i] < 1) continue;
      reach_[i] = kept_off;
      avoided_.push_back(i);
    }
    return !avoided_.empty();
  }
  void meet_bounds() override {
    for (const Index i : avoided_) reach_[i] = 1;
  }

  // Bounds that are nearer than this leave no room for a difference: its square would lose digits.
  bool can_move(Index i) const override { return upper_[i] - lower_[i] > smallest; }

  // On the face of those bounds that hold w against the gradient.
  void take_newton(ScaledModel& now, const Buffer<double>& w) override {
    newton_.fill(0);
    Index count = 0;
    for (Index i = 0; i < n_; ++i) {
      double g = 0;
      for (Index k = 0; k < m_; ++k) g += now.j[k * n_ + i] * now.e[k];
      const bool held = (w[i] <= lower_[i] && g >= 0) || (w[i] >= upper_[i] && g <= 0);
      free_[static_cast<std::size_t>(i)] = !held;
      if (held) continue;
      for (Index k = 0; k < m_; ++k) a_[count * m_ + k] = now.j[k * n_ + i] / now.scale[i];
      ++count;
    }
    explained_ = 0;
    if (count == 0) return;
    b_.copy_from(now.e);
    PivotedQr qr(m_, count);
    qr.compute(a_.data(), b_.data());
    explained_ = qr.explained();
    std::vector<double> x(static_cast<std::size_t>(count));
    qr.gauss_newton(x.data());
    for (Index i = 0, k = 0; i < n_; ++i)
      if (is_free(i)) newton_[i] = x[static_cast<std::size_t>(k++)] / now.scale[i];
  }

  void take_step() override {
    const double full = solve(0);
    if (region_.holds(full)) {
      region_.nu = 0;
      return;
    }
    region_.damp(full, steepest(), [&](double nu) { return solve(nu); });
  }

 private:
  // The share of the way that a step goes to a bound where the residuals are not finite.
  static constexpr double kept_off = 0.9;

  // Fills p_ for this ν; returns ‖D p‖. All in the variables scale · p, in which the columns of J
  // have about unit length.
  double solve(double nu) {
    const Buffer<double>& scale = model().scale;
    const Index k = std::min(m_, n_);
    model().qr().copy_system(problem_.a(), k + n_, problem_.b());
    for (Index i = 0; i < n_; ++i) {
      problem_.a()[i * (k + n_) + k + i] = std::sqrt(nu) * (d_[i] / scale[i]);
      low_[i] = scale[i] * (reach_[i] * (lower_[i] - w_[i]));
      high_[i] = scale[i] * (reach_[i] * (upper_[i] - w_[i]));
    }
    problem_.solve(low_.data(), high_.data(), x_.data());
    for (Index i = 0; i < n_; ++i) {
      p_[i] = x_[i] / scale[i];
      // A bound that is met is met exactly.
      if (x_[i] == low_[i]) p_[i] = reach_[i] * (lower_[i] - w_[i]);
      if (x_[i] == high_[i]) p_[i] = reach_[i] * (upper_[i] - w_[i]);
    }
    return scaled_norm(p_);
  }

  Index m_;
  Buffer<double> lower_, upper_, low_, high_;
  Buffer<double> reach_;  // the share of the way to a bound that a step may go
  Buffer<double> x_, a_, b_;
  std::vector<bool> free_;
  std::vector<Index> avoided_;  // by the trial at hand
  BoundedLinearLeastSquares problem_;
};

FASTOPT_END
