// Variable metric: V ≈ H⁻¹ from s = w_k − w_{k−1} and r = g_k − g_{k−1}, p = −V g.
//   BFGS: V ← V + [1 + rᵀVr/sᵀr]·ssᵀ/sᵀr − (s rᵀV + V r sᵀ)/sᵀr
//   DFP:  V ← V + ssᵀ/sᵀr − V r rᵀV/(rᵀVr)
// Source: Stachurski & Wierzbicki 1999.
#pragma once

#include "fastopt/linalg/symmetric_matrix.hpp"
#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

enum class Metric { bfgs, dfp };

struct QuasiNewtonSettings : LineSearchSolverSettings {
  Metric metric = Metric::bfgs;
  bool scale_initial = true;  // V₀ ← V₀ · sᵀr/rᵀr before the first update
};

class QuasiNewton final : public LineSearchSolver {
 public:
  QuasiNewton(Objective& objective, const double* w0, const QuasiNewtonSettings& settings)
      : LineSearchSolver(objective, w0, settings),
        metric_(settings.metric),
        scale_initial_(settings.scale_initial),
        v_(n_),
        s_(n_),
        u_(n_),
        vg_(n_),
        unused_(n_) {
    v_.set_identity();
  }

  // V with all updates, n x n.
  void inverse_hessian(double* out) {
    settle();
    v_.write_to(out);
  }

  // V₀, both triangles; it counts as learned.
  void set_inverse_hessian(const double* v) {
    std::copy(v, v + v_.entries(), v_.data());
    updates_ = 1;
  }

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.array("V", v_.data(), v_.entries());
    visitor.array("s", s_.data(), n_);
    visitor.array("u", u_.data(), n_);
    visitor.number("ss", ss_);
    visitor.number("su", su_);
    visitor.number("uu", uu_);
    visitor.count("updates", updates_);
    visitor.flag("pending", pending_);
    visitor.flag("current", current_);
  }

 protected:
  // With the pending update V g is known already, without V itself.
  bool compute() override {
    if (current_ == 0) {
      multiply(1, g_.data(), vg_.data(), g_.data(), unused_.data());
      p_.vector() = -vg_.vector();
    }
    current_ = 0;
    return true;
  }

  void update(const double* s_data, const double* r_data) override {
    const ConstVectorMap<double> s(s_data, n_), r(r_data, n_);
    const double sr = s.dot(r);
    const double rr = r.squaredNorm();
    // The curvature must be positive beyond rounding, or V would not stay positive definite.
    if (!(sr > rounding * s.norm() * std::sqrt(rr))) return;
    const double factor = updates_ == 0 && scale_initial_ ? sr / rr : 1;
    // One pass over V: the update of the last iteration, V r and V g.
    multiply(factor, r_data, unused_.data(), g_.data(), vg_.data());
    u_.copy_from(unused_);
    s_.vector() = s;
    const double rvr = r.dot(u_.vector());
    if (!(rvr > 0) || !std::isfinite(rvr)) {
      reset();
      return;
    }
    if (metric_ == Metric::bfgs) {
      ss_ = (1 + rvr / sr) / sr;
      su_ = -1 / sr;
      uu_ = 0;
    } else {
      ss_ = 1 / sr;
      su_ = 0;
      uu_ = -1 / rvr;
    }
    pending_ = 1;
    ++updates_;
    // p = −(V + update) g
    const double sg = s.dot(g_.vector()), ug = u_.vector().dot(g_.vector());
    p_.vector() =
        -vg_.vector() - (ss_ * sg + su_ * ug) * s_.vector() - (su_ * sg + uu_ * ug) * u_.vector();
    // At g = 0 there is nowhere to go, and V is the better for this step.
    const bool descends = g_.vector().dot(p_.vector()) < 0 || (g_.vector().array() == 0).all();
    if (descends && p_.vector().allFinite())
      current_ = 1;
    else
      reset();
  }

  void reset() override {
    v_.set_identity();
    pending_ = updates_ = current_ = 0;
  }
  bool keeps_inverse_hessian() const override { return true; }
  bool estimates_curvature() const override { return true; }
  void adopt_inverse_hessian(const double* v) override { set_inverse_hessian(v); }
  bool steepest() const override { return updates_ == 0; }
  bool knows_scale() const override { return updates_ > 0; }

 private:
  static constexpr double rounding = 1e-14;  // of sᵀr, in shares of ‖s‖‖r‖

  void multiply(double factor, const double* x1, double* y1, const double* x2, double* y2) {
    const RankTwo update{s_.data(), u_.data(), ss_, su_, uu_};
    v_.update_and_multiply(factor, pending_ != 0 ? &update : nullptr, x1, y1, x2, y2);
    pending_ = 0;
  }
  void settle() {
    if (pending_ != 0) multiply(1, g_.data(), vg_.data(), g_.data(), unused_.data());
  }

  Metric metric_;
  bool scale_initial_;
  SymmetricMatrix v_;
  // The last update, which V does not hold yet while it is pending; `current`: p holds it.
  Buffer<double> s_, u_;
  double ss_ = 0, su_ = 0, uu_ = 0;
  std::int64_t updates_ = 0, pending_ = 0, current_ = 0;
  Buffer<double> vg_, unused_;
};

FASTOPT_END
