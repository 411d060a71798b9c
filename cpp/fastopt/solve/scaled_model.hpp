// The linear model of a sum of squares around one point.
#pragma once

#include <cmath>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solve/pivoted_qr.hpp"

FASTOPT_BEGIN

// The linear model of the residuals around one point, factorised.
class ScaledModel {
 public:
  ScaledModel(Index m, Index n)
      : e(m), j(n * m), norms(n), m_(m), n_(n), qr_(m, n), a_(m * n), b_(m) {}

  // The residuals and J (m x n in C order), at the point where take() was called last.
  Buffer<double> e, j;
  Buffer<double> norms;  // of the columns of J
  double noise = 0;      // rounding of e: ε‖ |J||x| + |e| ‖

  // Evaluates at w; false where J is not finite.
  bool take(Objective& objective, const double* w) {
    objective.residuals_and_jacobian(w, e.data(), j.data());
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
    noise = std::numeric_limits<double>::epsilon() * std::sqrt(sum);
    return norms.vector().allFinite();
  }

  void factorize(const double* d) {
    for (Index i = 0; i < n_; ++i)
      for (Index k = 0; k < m_; ++k) a_[i * m_ + k] = j[k * n_ + i] / d[i];
    b_.copy_from(e);
    qr_.compute(a_.data(), b_.data());
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
  Buffer<double> a_, b_;
};

FASTOPT_END
