// Damped steps by QR of J: residuals and Jacobian at hand, and no digits lost by squaring J.
#pragma once

#include <cmath>

#include "fastopt/linalg/pivoted_qr.hpp"
#include "fastopt/solver/least_squares/step_computer.hpp"

FASTOPT_BEGIN

class QrStep final : public StepComputer {
 public:
  explicit QrStep(LeastSquaresProblem& objective)
      : objective_(objective),
        n_(objective.size()),
        m_(objective.n_residuals()),
        qr_(m_, n_),
        e_(m_),
        jt_(area(n_, m_)),
        a_(area(n_, m_)),
        root_(n_) {}

  void linearize(const double* w, double* g, double* squares) override {
    objective_.residuals_and_jacobian(w, e_.data(), jt_.data());
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    VectorMap<double>(g, n_).noalias() = jt * e_.vector();
    for (Index i = 0; i < n_; ++i) {
      squares[i] = 0;
      for (Index k = 0; k < m_; ++k) {
        a_[i * m_ + k] = jt(i, k);
        squares[i] += jt(i, k) * jt(i, k);
      }
    }
    qr_.compute(a_.data(), e_.data());
  }

  bool solve(double nu, const double* d, double* p) override {
    for (Index i = 0; i < n_; ++i) root_[i] = std::sqrt(nu * d[i]);
    qr_.damped(root_.data(), p);
    return VectorMap<double>(p, n_).allFinite();
  }

 private:
  LeastSquaresProblem& objective_;
  Index n_, m_;
  PivotedQr qr_;
  Buffer<double> e_, jt_, a_, root_;
};

FASTOPT_END
