// The linear model of a sum of squares around one point.
#pragma once

#include <cmath>

#include "fastopt/core/buffer.hpp"
#include "fastopt/differences/residual_accuracy.hpp"
#include "fastopt/linalg/pivoted_qr.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

// The linear model of the residuals around one point, factorised.
class ScaledModel {
 public:
  ScaledModel(Index m, Index n)
      : e(m),
        j(area(n, m)),
        norms(n),
        errors(n),
        scale(n),
        m_(m),
        n_(n),
        qr_(m, n),
        a_(area(m, n)),
        b_(m),
        x_(n) {}

  // The residuals and J (m x n in C order), at the point where take() was called last.
  Buffer<double> e, j;
  Buffer<double> norms, errors;  // of the columns of J
  // The columns are divided by these before they are factorised, so that none is judged dependent
  // on others for its unit alone.
  Buffer<double> scale;
  double terms = 0;  // ‖ |J||w| + |e| ‖: what e is the difference of

  // Evaluates at w; false where J is not finite. `accuracy` may be null.
  bool take(LeastSquaresProblem& objective, const ResidualAccuracy* accuracy, const double* w) {
    objective.residuals_and_jacobian(w, e.data(), j.data());
    if (accuracy != nullptr)
      std::copy(accuracy->column_errors(), accuracy->column_errors() + n_, errors.begin());
    else
      errors.fill(0);
    const ConstMatrixMap<double> jt(j.data(), n_, m_);
    VectorMap<double>(norms.data(), n_).setZero();
    double sum = 0;
    for (Index k = 0; k < m_; ++k) {
      double moved = std::abs(e[k]);
      for (Index i = 0; i < n_; ++i) {
        const double entry = jt(i, k);
        norms[i] += entry * entry;
        moved += std::abs(entry * w[i]);
      }
      sum += moved * moved;
    }
    for (Index i = 0; i < n_; ++i) norms[i] = std::sqrt(norms[i]);
    terms = std::sqrt(sum);
    return norms.vector().allFinite();
  }

  void factorize() {
    for (Index i = 0; i < n_; ++i)
      for (Index k = 0; k < m_; ++k) a_[i * m_ + k] = j[k * n_ + i] / scale[i];
    b_.copy_from(e);
    qr_.compute(a_.data(), b_.data());
  }

  // p that minimises ‖e + J p‖.
  void gauss_newton(double* p) {
    qr_.gauss_newton(p);
    VectorMap<double>(p, n_).array() /= scale.vector().array();
  }
  // p that minimises ‖e + J p‖² + ν ‖D p‖².
  void damped(double nu, const double* d, double* p) {
    for (Index i = 0; i < n_; ++i) x_[i] = std::sqrt(nu) * (d[i] / scale[i]);
    qr_.damped(x_.data(), p);
    VectorMap<double>(p, n_).array() /= scale.vector().array();
  }
  // √(−½ d‖D p‖²/dν) of the last damped() or, at ν = 0, of gauss_newton().
  double slope_norm(const double* p, const double* d, bool undamped) {
    for (Index i = 0; i < n_; ++i) x_[i] = d[i] * p[i] * (d[i] / scale[i]);
    return qr_.slope_norm(x_.data(), undamped);
  }
  // ‖J p‖ and (J p)ᵀe
  PivotedQr::Image image(const double* p) {
    for (Index i = 0; i < n_; ++i) x_[i] = scale[i] * p[i];
    return qr_.image(x_.data());
  }

  // g = Jᵀe
  void gradient(double* g) const {
    VectorMap<double>(g, n_).noalias() =
        ConstMatrixMap<double>(j.data(), n_, m_) * ConstVectorMap<double>(e.data(), m_);
  }

  PivotedQr& qr() { return qr_; }

 private:
  Index m_, n_;
  PivotedQr qr_;
  Buffer<double> a_, b_, x_;
};

FASTOPT_END
