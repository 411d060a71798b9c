// What Levenberg-Marquardt asks of a sum of squares: a linear model around w, and damped steps on
// it.
#pragma once

#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/types.hpp"
#include "fastopt/linalg/cholesky.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

class StepComputer {
 public:
  StepComputer() = default;
  StepComputer(const StepComputer&) = delete;
  StepComputer& operator=(const StepComputer&) = delete;
  virtual ~StepComputer() = default;

  // Takes the model around w; fills g = Jᵀe and the squared norms of J's columns, diag(JᵀJ).
  virtual void linearize(const double* w, double* g, double* squares) = 0;
  // The same g alone, to the bit; false where the rest costs next to nothing beside it.
  virtual bool gradient(const double*, double*) { return false; }
  // p from (JᵀJ + ν D) p = −g, D = diag(d) the same at every call for one model. False: no such p
  // to rounding.
  virtual bool solve(double nu, const double* d, double* p) = 0;
};

// Cholesky of the n x n matrix JᵀJ + ν D. One square array holds both: JᵀJ above the diagonal, the
// factor on and below it.
class NormalEquationsStep : public StepComputer {
 public:
  explicit NormalEquationsStep(SumOfSquares& objective)
      : objective_(objective), n_(objective.size()), jtj_(area(n_, n_)), diagonal_(n_), g_(n_) {}

  void linearize(const double* w, double* g, double* squares) override {
    objective_.normal_equations(w, g, jtj_.data());
    for (Index i = 0; i < n_; ++i) squares[i] = diagonal_[i] = jtj_[i * (n_ + 1)];
    std::copy(g, g + n_, g_.begin());
    lower_is_whole_ = true;
  }

  bool gradient(const double* w, double* g) override {
    objective_.value_and_gradient(w, g);
    return true;
  }

  bool solve(double nu, const double* d, double* p) override {
    if (!lower_is_whole_) restore_lower();
    lower_is_whole_ = false;
    for (Index i = 0; i < n_; ++i) jtj_[i * (n_ + 1)] = diagonal_[i] + nu * d[i];
    if (!factorize_lower(jtj_.data(), n_)) return false;
    VectorMap<double>(p, n_) = -g_.vector();
    solve_lower(jtj_.data(), n_, p);
    return VectorMap<double>(p, n_).allFinite();
  }

 protected:
  SumOfSquares& objective_;
  Index n_;
  Buffer<double> jtj_, diagonal_, g_;

 private:
  void restore_lower() {
    constexpr Index tile = 64;
    MatrixMap<double> m(jtj_.data(), n_, n_);
    parallel_for((n_ + tile - 1) / tile, [&](Index t) {
      const Index j = t * tile, width = std::min(tile, n_ - j);
      for (Index column = j; column < j + width; ++column)
        for (Index row = column + 1; row < j + width; ++row) m(row, column) = m(column, row);
      for (Index i = j + width; i < n_; i += tile) {
        const Index height = std::min(tile, n_ - i);
        m.block(i, j, height, width) = m.block(j, i, width, height).transpose();
      }
    });
  }

  bool lower_is_whole_ = false;
};

// With more weights than residuals, in an m x m system. A penalty ½ wᵀΛw damps the weights that it
// shrinks, each by its λ, and pulls them towards zero: with E = D + Λ/ν and u = (νE)⁻¹Λw
//   p = −u − E⁻¹Jᵀ (J E⁻¹ Jᵀ + ν I)⁻¹ (e − J u),  without a penalty −D⁻¹Jᵀ (J D⁻¹ Jᵀ + ν I)⁻¹ e.
class DualStep final : public StepComputer {
 public:
  explicit DualStep(LeastSquaresProblem& objective)
      : objective_(objective),
        n_(objective.size()),
        m_(objective.n_residuals()),
        jt_(area(n_, m_)),
        e_(m_),
        lambda_(n_),
        w_(n_),
        inverse_(n_),
        pull_(n_),
        gram_(area(m_, m_)),
        factor_(area(m_, m_)),
        y_(m_),
        penalized_(objective.penalty(lambda_.data())) {}

  void linearize(const double* w, double* g, double* squares) override {
    objective_.residuals_and_jacobian(w, e_.data(), jt_.data());
    std::copy(w, w + n_, w_.begin());
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    VectorMap<double>(g, n_) = lambda_.vector().cwiseProduct(w_.vector());
    VectorMap<double>(g, n_).noalias() += jt * e_.vector();
    VectorMap<double>(squares, n_) = jt.cwiseAbs2().rowwise().sum() + lambda_.vector();
    fresh_ = true;
  }

  bool solve(double nu, const double* d, double* p) override {
    if (fresh_ || penalized_) {  // E is another one for each ν only where there is a penalty
      take_metric(nu, d);
      take_products();
    }
    fresh_ = false;
    std::copy(gram_.begin(), gram_.end(), factor_.begin());
    for (Index i = 0; i < m_; ++i) factor_[i * (m_ + 1)] += nu;
    if (!factorize_lower(factor_.data(), m_) || (penalized_ && !pivots_are_safe())) return false;
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    y_.vector() = -e_.vector();
    y_.vector().noalias() += jt.transpose() * pull_.vector();
    solve_lower(factor_.data(), m_, y_.data());
    VectorMap<double> step(p, n_);
    step.noalias() = jt * y_.vector();
    step = inverse_.vector().cwiseProduct(step) - pull_.vector();
    return step.allFinite();
  }

 private:
  // E⁻¹ and u.
  void take_metric(double nu, const double* d) {
    for (Index i = 0; i < n_; ++i) {
      const double lambda = lambda_[i], damped = nu * d[i] + lambda;
      inverse_[i] = lambda > 0 ? nu / damped : 1 / d[i];
      pull_[i] = lambda > 0 ? lambda / damped * w_[i] : 0;
    }
  }

  // Of the largest product: pivots above it keep half of their digits.
  static constexpr double safe_pivot = 1e-8;

  // Biases bear no penalty. With little damping the products of their columns outweigh those of the
  // weights so much that these drown in rounding.
  bool pivots_are_safe() const {
    double least = std::numeric_limits<double>::infinity(), largest = 0;
    for (Index i = 0; i < m_ * m_; i += m_ + 1) {
      least = std::min(least, factor_[i] * factor_[i]);
      largest = std::max(largest, gram_[i]);
    }
    return least > safe_pivot * largest;
  }

  // The lower triangle of J E⁻¹ Jᵀ, in pieces of J: E⁻¹Jᵀ is never there as a whole.
  void take_products() {
    constexpr Index tile = 64, depth = 512;
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    MatrixMap<double> gram(gram_.data(), m_, m_);
    parallel_for((m_ + tile - 1) / tile, [&](Index t) {
      const Index from = t * tile, width = std::min(tile, m_ - from), rest = m_ - from;
      auto target = gram.block(from, from, rest, width);
      target.setZero();
      Matrix<double> scaled;
      for (Index i = 0; i < n_; i += depth) {
        const Index rows = std::min(depth, n_ - i);
        scaled = inverse_.vector().segment(i, rows).asDiagonal() * jt.block(i, from, rows, width);
        target.noalias() += jt.block(i, from, rows, rest).transpose() * scaled;
        Interruption::poll(static_cast<double>(rows) * static_cast<double>(width) *
                           static_cast<double>(rest));
      }
    });
  }

  LeastSquaresProblem& objective_;
  Index n_, m_;
  Buffer<double> jt_, e_, lambda_, w_, inverse_, pull_, gram_, factor_, y_;
  bool penalized_, fresh_ = false;
};

FASTOPT_END
