// The standard normal distribution function Φ(z) on arrays: what the exact GELU is made of.
// Rational approximations of Cody 1969 ("Rational Chebyshev approximation for the error
// function"), accurate to rounding; the C library's erf is slower and differs between platforms.
#pragma once

#include <cmath>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

namespace detail {

// erf(x) for |x| <= 0.46875 and erfc(|x|) beyond, given exp(-x²).
template <class Scalar>
Scalar erf_core(Scalar x) {
  const Scalar s = x * x;
  const Scalar top = ((((Scalar(1.85777706184603153e-1) * s + Scalar(3.16112374387056560e0)) * s +
                        Scalar(1.13864154151050156e2)) *
                           s +
                       Scalar(3.77485237685302021e2)) *
                          s +
                      Scalar(3.20937758913846947e3));
  const Scalar bottom =
      ((((s + Scalar(2.36012909523441209e1)) * s + Scalar(2.44024637934444173e2)) * s +
        Scalar(1.28261652607737228e3)) *
           s +
       Scalar(2.84423683343917062e3));
  return x * top / bottom;
}

template <class Scalar>
Scalar erfc_tail(Scalar y, Scalar exp_minus_square) {
  if (y <= Scalar(4)) {
    static constexpr double c[] = {
        2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
        6.61191906371416295e1,  2.98635138197400131e2,  8.81952221241769090e2,
        1.71204761263407058e3,  2.05107837782607147e3,  1.23033935479799725e3};
    static constexpr double d[] = {1.0,
                                   1.57449261107098347e1,
                                   1.17693950891312499e2,
                                   5.37181101862009858e2,
                                   1.62138957456669019e3,
                                   3.29079923573345963e3,
                                   4.36261909014324716e3,
                                   3.43936767414372164e3,
                                   1.23033935480374942e3};
    Scalar top = Scalar(c[0]), bottom = Scalar(d[0]);
    for (int i = 1; i < 9; ++i) {
      top = top * y + Scalar(c[i]);
      bottom = bottom * y + Scalar(d[i]);
    }
    return exp_minus_square * top / bottom;
  }
  static constexpr double p[] = {1.63153871373020978e-2, 3.05326634961232344e-1,
                                 3.60344899949804439e-1, 1.25781726111229246e-1,
                                 1.60837851487422766e-2, 6.58749161529837803e-4};
  static constexpr double q[] = {1.0,
                                 2.56852019228982242e0,
                                 1.87295284992346725e0,
                                 5.27905102951428412e-1,
                                 6.05183413124413191e-2,
                                 2.33520497626869185e-3};
  const Scalar r = Scalar(1) / (y * y);
  Scalar top = Scalar(p[0]), bottom = Scalar(q[0]);
  for (int i = 1; i < 6; ++i) {
    top = top * r + Scalar(p[i]);
    bottom = bottom * r + Scalar(q[i]);
  }
  const Scalar inverse_sqrt_pi = Scalar(0.56418958354775628695);
  return exp_minus_square * (inverse_sqrt_pi - r * top / bottom) / y;
}

}  // namespace detail

// cdf[i] = Φ(z[i]), density[i] = φ(z[i]) = exp(-z²/2)/√(2π); n a multiple of the padding.
template <class Scalar>
void normal_distribution(const Scalar* z, Scalar* cdf, Scalar* density, Index n) {
  const ConstArrayMap<Scalar> in(z, n);
  ArrayMap<Scalar> e(density, n);
  e = (in.square() * Scalar(-0.5)).exp();
  for (Index i = 0; i < n; ++i) {
    const Scalar x = z[i] * Scalar(0.70710678118654752440), y = std::abs(x);
    if (y <= Scalar(0.46875)) {
      cdf[i] = Scalar(0.5) + Scalar(0.5) * detail::erf_core(x);
    } else {
      const Scalar tail = Scalar(0.5) * detail::erfc_tail(y, e[i]);
      cdf[i] = x < 0 ? tail : Scalar(1) - tail;
    }
  }
  e *= Scalar(0.39894228040143267794);
}

FASTOPT_END
