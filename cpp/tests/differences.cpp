// Derivatives by differences against those on paper: orders, bounds, scales, Hessians, errors that
// cover what is off, and whether a function falls near a point.
#include <vector>

#include "check.hpp"
#include "fastopt/differences/check.hpp"
#include "fastopt/differences/gradient.hpp"
#include "fastopt/differences/hessian.hpp"

using namespace fastopt;

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// f = exp(x₀) sin(x₁) + x₀ x₁² and its derivatives.
double smooth(const double* x) { return std::exp(x[0]) * std::sin(x[1]) + x[0] * x[1] * x[1]; }
void smooth_gradient(const double* x, double* g) {
  g[0] = std::exp(x[0]) * std::sin(x[1]) + x[1] * x[1];
  g[1] = std::exp(x[0]) * std::cos(x[1]) + 2 * x[0] * x[1];
}
void smooth_hessian(const double* x, double* h) {
  h[0] = std::exp(x[0]) * std::sin(x[1]);
  h[1] = h[2] = std::exp(x[0]) * std::cos(x[1]) + 2 * x[1];
  h[3] = -std::exp(x[0]) * std::sin(x[1]) + 2 * x[0];
}
constexpr double point[] = {0.7, -1.3};

struct Formula {
  Difference kind;
  double step, error;  // what is off beside derivatives of a few units, with a margin of ten
};
constexpr Formula formulas[] = {{Difference::two_point, forward_step, 1e-6},
                                {Difference::three_point, central_step, 1e-9},
                                {Difference::five_point, five_point_step, 1e-10}};

void gradients() {
  double exact[2], g[2];
  smooth_gradient(point, exact);
  for (const Formula& formula : formulas) {
    int calls = 0;
    const auto counted = [&](const double* x) {
      ++calls;
      return smooth(x);
    };
    Differences differences(point, 2, {}, {}, {});
    differences.gradient(counted, formula.kind, formula.step, point, smooth(point), g);
    for (int i = 0; i < 2; ++i) CHECK_NEAR(g[i], exact[i], formula.error);
    // From the second time on scales are known. f at the moved points alone:
    calls = 0;
    differences.gradient(counted, formula.kind, formula.step, point, smooth(point), g);
    const int each = formula.kind == Difference::two_point     ? 1
                     : formula.kind == Difference::three_point ? 2
                                                               : 4;
    CHECK(calls == 2 * each);
    // With f(x) unknown it is asked for once, where the formula needs it.
    calls = 0;
    differences.gradient(counted, formula.kind, formula.step, point, unknown, g);
    CHECK(calls == 2 * each + (formula.kind == Difference::two_point ? 1 : 0));
  }
}

// Formulas are exact on polynomials of their order, over long steps that a user gives.
void given_steps() {
  const auto cubic = [](const double* x) { return x[0] * x[0] * x[0] - 2 * x[0]; };
  const double x[] = {1.0};
  double g[1];
  Differences differences(x, 1, {{0.25}, false}, {}, {});
  differences.gradient(cubic, Difference::two_point, forward_step, x, unknown, g);
  CHECK_NEAR(g[0], 1 + 3 * 0.25 + 0.0625, 1e-14);
  differences.gradient(cubic, Difference::three_point, central_step, x, unknown, g);
  CHECK_NEAR(g[0], 1 + 0.0625, 1e-14);
  differences.gradient(cubic, Difference::five_point, five_point_step, x, unknown, g);
  CHECK_NEAR(g[0], 1, 1e-13);
}

// No call leaves the bounds, and the derivative at a bound, or beside one, is as good.
void within_bounds() {
  const std::vector<double> lower{0.7, -1.3 - 1e-7}, upper{5, -1.3 + 1e-7};
  const auto checked = [&](const double* x) {
    for (std::size_t i = 0; i < 2; ++i) CHECK(x[i] >= lower[i] && x[i] <= upper[i]);
    return smooth(x);
  };
  double exact[2], g[2];
  smooth_gradient(point, exact);
  for (const Formula& formula : formulas) {
    Differences differences(point, 2, {}, lower, upper);
    differences.gradient(checked, formula.kind, formula.step, point, unknown, g);
    CHECK_NEAR(g[0], exact[0], formula.error);
    // A step of 1e-7 at most: rounding of a few ε over it.
    CHECK_NEAR(g[1], exact[1], 1e-6);
  }
  const std::vector<double> fixed{0.7, -1.3};
  Differences none(point, 2, {}, fixed, fixed);
  none.gradient(smooth, Difference::three_point, central_step, point, unknown, g);
  CHECK(g[0] == 0 && g[1] == 0);
}

// Variables of any size, and one that starts at 1e-12 but that f feels over units.
void scales() {
  for (const double scale : {1e-8, 1.0, 1e8}) {
    const auto scaled = [=](const double* x) {
      const double inner[] = {x[0] / scale, x[1] / scale};
      return smooth(inner);
    };
    const double x[] = {scale * point[0], scale * point[1]};
    double exact[2], g[2];
    smooth_gradient(point, exact);
    for (const Formula& formula : formulas) {
      Differences differences(x, 2, {}, {}, {});
      differences.gradient(scaled, formula.kind, formula.step, x, unknown, g);
      for (int i = 0; i < 2; ++i) CHECK_NEAR(scale * g[i], exact[i], formula.error);
    }
  }
  const double tiny[] = {1e-12};
  double g[1];
  Differences differences(tiny, 1, {}, {}, {});
  const auto parabola = [](const double* x) { return (x[0] - 3) * (x[0] - 3); };
  differences.gradient(parabola, Difference::three_point, central_step, tiny, unknown, g);
  CHECK_NEAR(g[0], -6, 1e-2);  // the scale that is found is good to a few figures
}

void hessians() {
  double exact[4], h[4], g[2];
  smooth_hessian(point, exact);
  Differences differences(point, 2, {}, {}, {});
  Buffer<double> steps(2);
  for (Index i = 0; i < 2; ++i) steps[i] = differences.step(second_step, point[i], i);
  second_differences(smooth, point, steps, h, g);
  for (int i = 0; i < 4; ++i) CHECK_NEAR(h[i], exact[i], 1e-6);
  CHECK(h[1] == h[2]);
  double exact_gradient[2];
  smooth_gradient(point, exact_gradient);
  for (int i = 0; i < 2; ++i) CHECK_NEAR(g[i], exact_gradient[i], 1e-6);
  differences_of_gradients(smooth_gradient, differences, true, point, 2, h);
  for (int i = 0; i < 4; ++i) CHECK_NEAR(h[i], exact[i], 1e-9);
  differences_of_gradients(smooth_gradient, differences, false, point, 2, h);
  for (int i = 0; i < 4; ++i) CHECK_NEAR(h[i], exact[i], 1e-6);
  const double v[] = {0.3, -2}, nothing[] = {0, 0};
  double hv[2];
  hessian_vector_by_differences(smooth_gradient, point, v, 2, hv);
  for (int i = 0; i < 2; ++i)
    CHECK_NEAR(hv[i], exact[2 * i] * v[0] + exact[2 * i + 1] * v[1], 1e-8);
  hessian_vector_by_differences(smooth_gradient, point, nothing, 2, hv);
  CHECK(hv[0] == 0 && hv[1] == 0);
  // What may be rounding alone is nothing: a linear function has no second derivative.
  const auto line = [](const double* x) { return 1e6 + x[0] - x[1]; };
  second_differences(line, point, steps, h, nullptr);
  for (const double entry : h) CHECK(entry == 0);
}

// Errors cover what is off, and are no larger than a check can use.
void errors_of_differences() {
  Differences differences(point, 2, {}, {}, {});
  double exact[2], exact_hessian[4], centre = smooth(point), d[4], error[4];
  smooth_gradient(point, exact);
  smooth_hessian(point, exact_hessian);
  const auto value = [](const double* x, double* to) { *to = smooth(x); };
  differences_with_errors(value, differences, point, 2, &centre, 1, d, error);
  for (int i = 0; i < 2; ++i) {
    CHECK_NEAR(d[i], exact[i], error[i]);
    CHECK(error[i] < 1e-8);
  }
  double g[2];
  smooth_gradient(point, g);
  differences_with_errors(smooth_gradient, differences, point, 2, g, 2, d, error);
  for (int i = 0; i < 4; ++i) {
    CHECK_NEAR(d[i], exact_hessian[i], error[i]);
    CHECK(error[i] < 1e-8);
  }
}

double rosenbrock(const double* x) {
  const double a = x[1] - x[0] * x[0], b = 1 - x[0];
  return 100 * a * a + b * b;
}

// In the valley of Rosenbrock's function no axis leads down, Newton's direction does.
void falls() {
  const double valley[] = {-0.5, 0.25}, minimum[] = {1, 1};
  Differences there(valley, 2, {}, {}, {});
  CHECK(falls_nearby(rosenbrock, there, valley, 2, 1e-6));
  Differences here(minimum, 2, {}, {}, {});
  CHECK(!falls_nearby(rosenbrock, here, minimum, 2, 1e-6));
  // A hundredth below, where the noise is a tenth, is no fall.
  const auto shallow = [](const double* x) { return 0.01 * (x[0] - 1.1) * (x[0] - 1.1); };
  const double near[] = {1};
  Differences along(near, 1, {}, {}, {});
  CHECK(!falls_nearby(shallow, along, near, 1, 0.1));
}

}  // namespace

int main() {
  gradients();
  given_steps();
  within_bounds();
  scales();
  hessians();
  errors_of_differences();
  falls();
  return check::result();
}
