// Curves that people fit by the thousand, with exact derivatives. All arrays are padded to whole
// packets: an element has the same bits wherever it stands.
#pragma once

#include <array>
#include <cmath>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

struct CurveModel {
  using Points = ConstArrayMap<double>;
  using Values = ArrayMap<double>;
  // Fills f and, unless j is null, ∂f/∂p_i from j + i · stride on.
  using Evaluate = void (*)(const Points& x, const double* p, Values f, double* j, Index stride);

  const char* name;
  Index n;
  Evaluate evaluate;
};

namespace curves {

inline CurveModel::Values column(double* j, Index i, Index stride) {
  return {j + i * stride, stride};
}

inline void line(const CurveModel::Points& x, const double* p, CurveModel::Values f, double* j,
                 Index stride) {
  f = p[0] * x + p[1];
  if (j == nullptr) return;
  column(j, 0, stride) = x;
  column(j, 1, stride).setOnes();
}

// Adds a · exp(−x / τ) to f; its derivatives are columns i and i + 1.
inline void add_decay(const CurveModel::Points& x, double a, double lifetime, CurveModel::Values f,
                      double* j, Index i, Index stride) {
  if (j == nullptr) {
    f += a * (x * (-1 / lifetime)).exp();
    return;
  }
  CurveModel::Values decay = column(j, i, stride);
  decay = (x * (-1 / lifetime)).exp();
  f += a * decay;
  column(j, i + 1, stride) = (a / lifetime / lifetime) * x * decay;
}

inline void exponential(const CurveModel::Points& x, const double* p, CurveModel::Values f,
                        double* j, Index stride) {
  f.setConstant(p[2]);
  add_decay(x, p[0], p[1], f, j, 0, stride);
  if (j != nullptr) column(j, 2, stride).setOnes();
}

inline void biexponential(const CurveModel::Points& x, const double* p, CurveModel::Values f,
                          double* j, Index stride) {
  f.setConstant(p[4]);
  add_decay(x, p[0], p[1], f, j, 0, stride);
  add_decay(x, p[2], p[3], f, j, 2, stride);
  if (j != nullptr) column(j, 4, stride).setOnes();
}

inline void gaussian(const CurveModel::Points& x, const double* p, CurveModel::Values f, double* j,
                     Index stride) {
  const auto z = (x - p[1]) / p[2];
  if (j == nullptr) {
    f = p[0] * (-0.5 * z.square()).exp() + p[3];
    return;
  }
  CurveModel::Values peak = column(j, 0, stride);
  peak = (-0.5 * z.square()).exp();
  f = p[0] * peak + p[3];
  column(j, 1, stride) = (p[0] / p[2]) * z * peak;
  column(j, 2, stride) = (p[0] / p[2]) * z.square() * peak;
  column(j, 3, stride).setOnes();
}

inline void lorentzian(const CurveModel::Points& x, const double* p, CurveModel::Values f,
                       double* j, Index stride) {
  const auto z = (x - p[1]) / p[2];
  if (j == nullptr) {
    f = p[0] / (1 + z.square()) + p[3];
    return;
  }
  CurveModel::Values peak = column(j, 0, stride);
  peak = (1 + z.square()).inverse();
  f = p[0] * peak + p[3];
  column(j, 1, stride) = (2 * p[0] / p[2]) * z * peak.square();
  column(j, 2, stride) = (2 * p[0] / p[2]) * z.square() * peak.square();
  column(j, 3, stride).setOnes();
}

// bottom + (top − bottom) s, s = 1 / (1 + (x / ec50)^−hill): at x = 0 its limit, 0 or 1. The
// logarithm of a negative ec50 is NaN, which no step is kept to.
inline void sigmoid4(const CurveModel::Points& x, const double* p, CurveModel::Values f, double* j,
                     Index stride) {
  const double log_ec50 = std::log(p[2]);
  for (Index k = 0; k < x.size(); ++k) {
    const bool zero = x[k] == 0;
    const double z = zero ? 0 : std::log(x[k]) - log_ec50;
    const double s = zero ? (p[3] > 0   ? 0.0
                             : p[3] < 0 ? 1.0
                                        : 0.5) +
                                0 * log_ec50
                          : 1 / (1 + std::exp(-p[3] * z));
    f[k] = p[0] + (p[1] - p[0]) * s;
    if (j == nullptr) continue;
    const double slope = zero ? 0 : (p[1] - p[0]) * s * (1 - s);
    j[k] = 1 - s;
    j[stride + k] = s;
    j[2 * stride + k] = -slope * p[3] / p[2];
    j[3 * stride + k] = slope * z;
  }
}

inline void michaelis_menten(const CurveModel::Points& x, const double* p, CurveModel::Values f,
                             double* j, Index stride) {
  f = p[0] * x / (p[1] + x);
  if (j == nullptr) return;
  column(j, 0, stride) = x / (p[1] + x);
  column(j, 1, stride) = -p[0] * x / (p[1] + x).square();
}

}  // namespace curves

inline const std::array<CurveModel, 7>& curve_models() {
  static const std::array<CurveModel, 7> all = {
      {{"line", 2, curves::line},
       {"exponential", 3, curves::exponential},
       {"biexponential", 5, curves::biexponential},
       {"gaussian", 4, curves::gaussian},
       {"lorentzian", 4, curves::lorentzian},
       {"sigmoid4", 4, curves::sigmoid4},
       {"michaelis_menten", 2, curves::michaelis_menten}}};
  return all;
}

FASTOPT_END
