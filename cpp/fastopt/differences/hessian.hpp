// Second differences of a function of n variables, and whether it falls near a point where the
// differences for its gradient tell nothing but noise.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/differences/gradient.hpp"
#include "fastopt/linalg/cholesky.hpp"

FASTOPT_BEGIN

// A difference of terms of this size, in sum; what may be their rounding alone is none. Else Newton
// would divide by it along directions that f does not feel.
inline double beyond_rounding(double difference, double size) {
  return std::abs(difference) <= 2 * std::numeric_limits<double>::epsilon() * size ? 0 : difference;
}

// H (n x n) and, where it is asked for, g, over these steps.
template <class F>
void second_differences(F&& f, const double* x, const Buffer<double>& step, double* h, double* g) {
  const Index n = step.size();
  Buffer<double> point(n), forward(n), backward(n);
  std::copy(x, x + n, point.begin());
  const double centre = f(x);
  const auto around = [&](Index i) {
    return std::abs(forward[i]) + 2 * std::abs(centre) + std::abs(backward[i]);
  };
  const auto moved = [&](Index i, double a, Index j, double b) {
    point[i] += a;
    point[j] += b;
    const double value = f(point.data());
    point[i] = x[i];
    point[j] = x[j];
    return value;
  };
  for (Index i = 0; i < n; ++i) {
    forward[i] = moved(i, step[i], i, 0);
    backward[i] = moved(i, -step[i], i, 0);
    h[i * n + i] =
        beyond_rounding(forward[i] - 2 * centre + backward[i], around(i)) / (step[i] * step[i]);
    if (g != nullptr) g[i] = (forward[i] - backward[i]) / (2 * step[i]);
  }
  for (Index i = 0; i < n; ++i)
    for (Index j = 0; j < i; ++j) {
      const double mixed = moved(i, step[i], j, step[j]) + moved(i, -step[i], j, -step[j]) -
                           forward[i] - backward[i] - forward[j] - backward[j] + 2 * centre;
      h[i * n + j] = h[j * n + i] =
          beyond_rounding(mixed, 2 * (around(i) + around(j))) / (2 * step[i] * step[j]);
    }
}

// The relative step of second differences: ε^(1/4) balances rounding, ε / h², against h².
inline constexpr double second_step = 1.2e-4;

// H (n x n), column by column, by differences of gradients: not yet symmetric. `gradient(x, g)`
// fills g.
template <class G>
void differences_of_gradients(G&& gradient, const Differences& differences, bool central,
                              const double* x, Index n, double* h) {
  Buffer<double> point(n), ahead(n), behind(n);
  std::copy(x, x + n, point.begin());
  if (!central) gradient(x, behind.data());
  for (Index i = 0; i < n; ++i) {
    const double step = differences.step(central ? central_step : forward_step, x[i], i);
    point[i] = x[i] + step;
    gradient(point.data(), ahead.data());
    if (central) {
      point[i] = x[i] - step;
      gradient(point.data(), behind.data());
    }
    point[i] = x[i];
    const double distance = central ? 2 * step : step;
    for (Index j = 0; j < n; ++j)
      h[i * n + j] =
          beyond_rounding(ahead[j] - behind[j], std::abs(ahead[j]) + std::abs(behind[j])) /
          distance;
  }
}

// H v = (∇f(x + εv) − ∇f(x − εv)) / 2ε, ε in proportion to x and v.
template <class G>
void hessian_vector_by_differences(G&& gradient, const double* x, const double* v, Index n,
                                   double* hv) {
  constexpr double relative = 6e-6, least_size = 1e-3;  // ε^(1/3); of x where that is near zero
  const ConstVectorMap<double> at(x, n), along(v, n);
  const double length = along.norm();
  if (!(length > 0)) {
    std::fill(hv, hv + n, 0.0);
    return;
  }
  const double epsilon = relative * std::max(at.norm(), least_size) / length;
  Buffer<double> point(n), behind(n);
  point.vector() = at + epsilon * along;
  gradient(point.data(), hv);
  point.vector() = at - epsilon * along;
  gradient(point.data(), behind.data());
  VectorMap<double>(hv, n) = (VectorMap<double>(hv, n) - behind.vector()) / (2 * epsilon);
}

// Whether f is lower than at x, by more than a few times `noise`, at some point along an axis; or,
// for few variables, along Newton's direction, since in a curved valley no axis leads down. Its
// differences go over steps so long that noise hardly counts.
template <class F>
bool falls_nearby(F&& f, Differences& differences, const double* x, Index n, double noise) {
  const double centre = f(x);
  differences.place(x);
  for (Index i = 0; i < n; ++i)
    for (const double relative : {1e-2, -1e-2, 1e-1, -1e-1}) {
      const double h = differences.step(std::abs(relative), x[i], i);
      if (differences.moved(f, i, std::copysign(h, relative)) < centre - 4 * noise) return true;
    }
  constexpr Index few = 20;
  if (n > few || differences.has_bounds()) return false;

  Buffer<double> steps(n), h(area(n, n)), p(n), at(n);
  for (Index i = 0; i < n; ++i)
    for (double relative = 1e-4; relative < 2; relative *= 10) {
      const double step = differences.step(relative, x[i], i);
      const double second =
          differences.moved(f, i, step) - 2 * centre + differences.moved(f, i, -step);
      if (!std::isfinite(second)) break;
      steps[i] = step;
      if (std::abs(second) > 1e3 * noise) break;
    }
  if ((steps.vector().array() == 0).any()) return false;
  second_differences(f, x, steps, h.data(), p.data());
  p.vector() = -p.vector();
  if (!h.vector().allFinite() || !solve_damped(h.data(), n, p.data())) return false;
  for (double alpha = 1; alpha > 1e-3; alpha /= 4) {
    at.vector() = ConstVectorMap<double>(x, n) + alpha * p.vector();
    if (f(at.data()) < centre - 8 * noise) return true;
  }
  return false;
}

FASTOPT_END
