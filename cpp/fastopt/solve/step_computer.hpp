// What Levenberg-Marquardt asks of a sum of squares: a linear model around w, and damped steps on
// it.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/types.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solve/cholesky.hpp"

FASTOPT_BEGIN

class StepComputer {
 public:
  StepComputer() = default;
  StepComputer(const StepComputer&) = delete;
  StepComputer& operator=(const StepComputer&) = delete;
  virtual ~StepComputer() = default;

  // Takes the model around w; fills g = Jᵀe and the squared norms of J's columns, diag(JᵀJ).
  virtual void linearize(const double* w, double* g, double* squares) = 0;
  // p from (JᵀJ + ν D) p = −g, D = diag(d) the same at every call for one model. False: no such p
  // to rounding.
  virtual bool solve(double nu, const double* d, double* p) = 0;
};

// Cholesky of the n x n matrix JᵀJ + ν D. One square array holds both: JᵀJ above the diagonal, the
// factor on and below it.
class NormalEquationsStep final : public StepComputer {
 public:
  explicit NormalEquationsStep(Objective& objective)
      : objective_(objective), n_(objective.size()), jtj_(n_ * n_), diagonal_(n_), g_(n_) {}

  void linearize(const double* w, double* g, double* squares) override {
    objective_.normal_equations(w, g, jtj_.data());
    for (Index i = 0; i < n_; ++i) squares[i] = diagonal_[i] = jtj_[i * (n_ + 1)];
    std::copy(g, g + n_, g_.begin());
    lower_is_whole_ = true;
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

  Objective& objective_;
  Index n_;
  Buffer<double> jtj_, diagonal_, g_;
  bool lower_is_whole_ = false;
};

// With more weights than residuals: p = −D⁻¹Jᵀ (J D⁻¹ Jᵀ + ν I)⁻¹ e, an m x m system.
class DualStep final : public StepComputer {
 public:
  explicit DualStep(Objective& objective)
      : objective_(objective),
        n_(objective.size()),
        m_(objective.n_residuals()),
        jt_(n_ * m_),
        e_(m_),
        scaled_(n_ * m_),
        gram_(m_ * m_),
        factor_(m_ * m_),
        y_(m_) {}

  void linearize(const double* w, double* g, double* squares) override {
    objective_.residuals_and_jacobian(w, e_.data(), jt_.data());
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    VectorMap<double>(g, n_).noalias() = jt * e_.vector();
    VectorMap<double>(squares, n_) = jt.cwiseAbs2().rowwise().sum();
    fresh_ = true;
  }

  bool solve(double nu, const double* d, double* p) override {
    if (fresh_) take_products(d);
    fresh_ = false;
    std::copy(gram_.begin(), gram_.end(), factor_.begin());
    for (Index i = 0; i < m_; ++i) factor_[i * (m_ + 1)] += nu;
    if (!factorize_lower(factor_.data(), m_)) return false;
    y_.vector() = -e_.vector();
    solve_lower(factor_.data(), m_, y_.data());
    VectorMap<double> step(p, n_);
    step.noalias() = ConstMatrixMap<double>(jt_.data(), n_, m_) * y_.vector();
    step.array() /= ConstVectorMap<double>(d, n_).array();
    return step.allFinite();
  }

 private:
  // The lower triangle of J D⁻¹ Jᵀ.
  void take_products(const double* d) {
    constexpr Index tile = 64;
    const ConstMatrixMap<double> jt(jt_.data(), n_, m_);
    MatrixMap<double> scaled(scaled_.data(), n_, m_), gram(gram_.data(), m_, m_);
    scaled = ConstVectorMap<double>(d, n_).array().sqrt().inverse().matrix().asDiagonal() * jt;
    parallel_for((m_ + tile - 1) / tile, [&](Index t) {
      const Index from = t * tile, width = std::min(tile, m_ - from), rest = m_ - from;
      gram.block(from, from, rest, width).noalias() =
          scaled.rightCols(rest).transpose() * scaled.middleCols(from, width);
    });
    Interruption::poll(static_cast<double>(m_) * static_cast<double>(m_) * static_cast<double>(n_));
  }

  Objective& objective_;
  Index n_, m_;
  Buffer<double> jt_, e_, scaled_, gram_, factor_, y_;
  bool fresh_ = false;
};

FASTOPT_END
