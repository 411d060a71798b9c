// Levenberg-Marquardt's normal equations with a penalty ½ Σ λᵢ wᵢ² that may change between steps,
// and what the Gaussian around w that they stand for is like.
#pragma once

#include <optional>

#include "fastopt/solver/least_squares/step_computer.hpp"

FASTOPT_BEGIN

// ½Σe² + ½ Σ λᵢ wᵢ²; the first sum is kept where it was taken last.
class ShrunkSquares final : public SumOfSquares {
 public:
  ShrunkSquares(SumOfSquares& data, const Buffer<double>& lambda)
      : data_(data), lambda_(lambda), at_(data.size()) {}

  Index size() const override { return data_.size(); }

  double value(const double* w) override { return data_value(w) + penalty(w); }
  double value_and_gradient(const double* w, double* g) override {
    const double value = data_.value_and_gradient(w, g);
    VectorMap<double>(g, size()) += lambda_.vector().cwiseProduct(weights(w));
    return value + penalty(w);
  }
  double normal_equations(const double* w, double* jte, double* jtj) override {
    const double value = data_.normal_equations(w, jte, jtj);
    VectorMap<double>(jte, size()) += lambda_.vector().cwiseProduct(weights(w));
    MatrixMap<double>(jtj, size(), size()).diagonal() += lambda_.vector();
    return value + penalty(w);
  }

  double penalty(const double* w) const {
    return 0.5 * lambda_.vector().cwiseProduct(weights(w)).dot(weights(w));
  }
  double data_value(const double* w) {
    if (!is_known(w)) {
      known_ = false;
      value_ = data_.value(w);
      std::copy(w, w + size(), at_.begin());
      known_ = true;
    }
    return value_;
  }
  bool is_known(const double* w) const { return known_ && at_.vector() == weights(w); }

 private:
  ConstVectorMap<double> weights(const double* w) const { return {w, size()}; }

  SumOfSquares& data_;
  const Buffer<double>& lambda_;
  Buffer<double> at_;
  double value_ = 0;
  bool known_ = false;
};

// JᵀJ and Jᵀe of the data are taken once for each w, whatever becomes of λ.
class PosteriorStep final : public NormalEquationsStep {
 public:
  PosteriorStep(SumOfSquares& data, const Buffer<double>& lambda)
      : NormalEquationsStep(data), lambda_(lambda), at_(n_), jte_(n_), squares_(n_), p_(n_) {}

  void linearize(const double* w, double* g, double* squares) override {
    const ConstVectorMap<double> weights(w, n_);
    if (!known_ || at_.vector() != weights) {
      known_ = false;
      NormalEquationsStep::linearize(w, jte_.data(), squares_.data());
      std::copy(w, w + n_, at_.begin());
      known_ = true;
    }
    diagonal_.vector() = squares_.vector() + lambda_.vector();
    g_.vector() = jte_.vector() + lambda_.vector().cwiseProduct(weights);
    std::copy(diagonal_.begin(), diagonal_.end(), squares);
    std::copy(g_.begin(), g_.end(), g);
  }
  bool gradient(const double*, double*) override { return false; }

  // max diag(JᵀJ)
  double largest_square() const { return squares_.vector().maxCoeff(); }

  struct Posterior {
    double log_determinant;
    double decrease;  // ½ gᵀH⁻¹g, what the undamped step promises
  };
  // Of H = JᵀJ + Λ at the w of linearize(): ln |H| and diag(H⁻¹), n numbers. Nothing: H is not
  // positive definite to rounding.
  std::optional<Posterior> posterior(double* inverse) {
    if (!solve(0, lambda_.data(), p_.data())) return std::nullopt;
    inverse_diagonal(jtj_.data(), n_, inverse);
    return Posterior{log_determinant(jtj_.data(), n_), -0.5 * g_.vector().dot(p_.vector())};
  }

 private:
  const Buffer<double>& lambda_;
  Buffer<double> at_, jte_, squares_, p_;
  bool known_ = false;
};

FASTOPT_END
