// Levenberg-Marquardt within bounds: the step p minimises ½‖e + J p‖² + ½ν‖D p‖² over the box
// lower ≤ w + p ≤ upper, exactly, by an active-set method (Stark & Parker 1995); ν follows the gain
// ratio. A solution on a bound is met exactly, and on its face the method is Gauss-Newton's.
#pragma once

#include <vector>

#include "fastopt/solve/least_squares_solver.hpp"

FASTOPT_BEGIN

// Minimises ‖A s + b‖ over low ≤ s ≤ high, from s = 0 which lies within.
class BoundedLinearLeastSquares {
 public:
  BoundedLinearLeastSquares(Index m, Index n)
      : m_(m), n_(n), a_(m * n), b_(m), part_(m * n), r_(m), z_(n), side_(to_size(n)) {}

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
    for (Index round = 0; round < 10 * n_ + 10; ++round) {
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
      if (freed < 0 || worst <= 1e-14 * b_.vector().norm()) return;
      side_[to_size(freed)] = 0;
    }
  }

 private:
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
  BoundedLeastSquares(Objective& objective, const double* w0, const double* lower,
                      const double* upper, const LeastSquaresSettings& settings)
      : LeastSquaresSolver(objective, w0, settings),
        m_(objective.n_residuals()),
        lower_(n_),
        upper_(n_),
        low_(n_),
        high_(n_),
        s_(n_),
        a_(m_ * n_),
        b_(m_),
        free_(static_cast<std::size_t>(n_)),
        problem_(std::min(m_, n_) + n_, n_) {
    std::copy(lower, lower + n_, lower_.begin());
    std::copy(upper, upper + n_, upper_.begin());
  }

  void visit(StateVisitor& visitor) override {
    LeastSquaresSolver::visit(visitor);
    visitor.number("damping_kept", kept_);
  }

 protected:
  void begin() override { kept_ = 1e-3; }

  bool trusts_newton() const override { return true; }

  bool is_free(Index i) const override { return free_[static_cast<std::size_t>(i)]; }

  void set_trial() override {
    trial_.vector() =
        (w_.vector() + p_.vector()).cwiseMax(lower_.vector()).cwiseMin(upper_.vector());
  }

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
      for (Index k = 0; k < m_; ++k) a_[count * m_ + k] = now.j[k * n_ + i] / d_[i];
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
      if (is_free(i)) newton_[i] = x[static_cast<std::size_t>(k++)];
  }

  Report search() override {
    double factor = 4;
    for (;;) {
      nu_ = kept_;
      take_step();
      set_trial();
      p_.vector() = trial_.vector() - w_.vector();
      const double loss = value(trial_.data());
      const double f = std::sqrt(2 * loss_);
      // 1 − ‖e + J p‖² / ‖e‖², from −2 gᵀp − ‖J p‖²: the damping apart.
      const double image = image_norm() / f;
      const double predicted = -2 * g_.vector().dot(p_.vector()) / (f * f) - image * image;
      double actual = loss < 100 * loss_ ? 1 - loss / loss_ : -1;
      double ratio = predicted > 0 ? actual / predicted : 0;
      if (ratio >= 1e-4 && !spare_is_good(loss)) ratio = -1;
      if (ratio >= 0.75) {
        kept_ = std::max(kept_ * 0.1, 1e-14);
      } else if (ratio < 0.25) {
        kept_ *= factor;
        factor *= 2;
      }
      if (ratio >= 1e-4) {
        // Where damping plays no part, the test of the step's size may speak.
        if (nu_ <= 1e-9) nu_ = 0;
        return accept(loss, predicted, actual);
      }
      if (hopeless(predicted)) return report(Status::noise_floor);
      if (kept_ > 1e20) return report(stalled());
      if (out_of_evaluations()) return report(Status::evaluations);
    }
  }

 private:
  double image_norm() {
    s_.vector() = (d_.vector().array() * p_.vector().array()).matrix();
    return model().qr().image_norm(s_.data());
  }

  void take_step() {
    const Index k = std::min(m_, n_);
    model().qr().copy_system(problem_.a(), k + n_, problem_.b());
    for (Index i = 0; i < n_; ++i) {
      problem_.a()[i * (k + n_) + k + i] = std::sqrt(nu_);
      low_[i] = d_[i] * (lower_[i] - w_[i]);
      high_[i] = d_[i] * (upper_[i] - w_[i]);
    }
    problem_.solve(low_.data(), high_.data(), s_.data());
    p_.vector() = (s_.vector().array() / d_.vector().array()).matrix();
    // A bound that is met is met exactly.
    for (Index i = 0; i < n_; ++i) {
      if (s_[i] == low_[i]) p_[i] = lower_[i] - w_[i];
      if (s_[i] == high_[i]) p_[i] = upper_[i] - w_[i];
    }
  }

  Index m_;
  Buffer<double> lower_, upper_, low_, high_, s_, a_, b_;
  std::vector<bool> free_;
  BoundedLinearLeastSquares problem_;
  double kept_ = 1e-3;
};

FASTOPT_END
