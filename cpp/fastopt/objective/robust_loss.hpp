// Losses that grow more slowly than the square: cost = ½ Σ C² ρ((e/C)²), as SciPy names them.
#pragma once

#include <cmath>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class RobustLoss {
 public:
  enum class Kind { linear, soft_l1, huber, cauchy, arctan };

  RobustLoss(Kind kind, double scale) : kind_(kind), scale_(scale) {}

  double cost(const double* e, Index m) const {
    double sum = 0;
    if (kind_ == Kind::linear) {
      for (Index k = 0; k < m; ++k) sum += e[k] * e[k];
      return 0.5 * sum;
    }
    for (Index k = 0; k < m; ++k) sum += rho(square(e[k] / scale_)).value;
    return 0.5 * scale_ * scale_ * sum;
  }

  // Scales e and J (m x n, C order) in place so that Jᵀe is the gradient of the cost and JᵀJ its
  // Gauss-Newton matrix with the curvature of ρ (Triggs et al. 2000). Where that curvature would be
  // negative, as for outliers, a small part of the row's weight is kept.
  void scale(double* e, double* j, Index m, Index n) const {
    if (kind_ == Kind::linear) return;
    for (Index k = 0; k < m; ++k) VectorMap<double>(j + k * n, n) *= scale(e[k]);
  }

  // The same of one residual; returns the factor of its row of J.
  double scale(double& e) const {
    const double z = square(e / scale_);
    const Rho r = rho(z);
    const double weight = std::sqrt(std::max(r.first + 2 * r.second * z, kept * r.first));
    e = weight > 0 ? e * (r.first / weight) : 0.0;
    return weight;
  }
  bool is_linear() const { return kind_ == Kind::linear; }

 private:
  struct Rho {
    double value, first, second;
  };
  static constexpr double kept = 1e-3;
  static double square(double x) { return x * x; }

  Rho rho(double z) const {
    switch (kind_) {
      case Kind::soft_l1: {
        const double t = std::sqrt(1 + z);
        return {2 * z / (1 + t), 1 / t, -0.5 / (t * t * t)};
      }
      case Kind::huber: {
        if (z <= 1) return {z, 1, 0};
        const double t = std::sqrt(z);
        return {2 * t - 1, 1 / t, -0.5 / (z * t)};
      }
      case Kind::cauchy:
        return {std::log1p(z), 1 / (1 + z), -1 / square(1 + z)};
      case Kind::arctan:
        return {std::atan(z), 1 / (1 + z * z), -2 * z / square(1 + z * z)};
      default:
        return {z, 1, 0};
    }
  }

  Kind kind_;
  double scale_;
};

FASTOPT_END
