// The line search on functions of one variable: the conditions hold where it says so, the best
// point was kept, and each way to end without them is named.
#include "fastopt/solver/line_search/line_search.hpp"

#include <functional>

#include "check.hpp"

using namespace fastopt;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Function {
  std::function<double(double)> value, slope;
  double moves_down_to = 0;  // shorter steps are lost in the point
};

struct Run {
  SearchResult result;
  Trial kept;
  int evaluations = 0;
};

Run search(const Function& f, double first, const LineSearchSettings& settings = {}) {
  Run run;
  Trial last;
  run.result = LineSearch(settings)(
      f.value(0), f.slope(0), first,
      [&](double alpha) {
        ++run.evaluations;
        last = {alpha, f.value(alpha), f.slope(alpha), alpha > f.moves_down_to};
        return last;
      },
      [&] { run.kept = last; });
  CHECK(run.evaluations <= settings.max_evaluations);
  CHECK(run.kept.alpha == run.result.best.alpha);
  return run;
}

void check_wolfe(const Function& f, const Run& run, const LineSearchSettings& s) {
  CHECK(run.result.outcome == Search::wolfe);
  const double alpha = run.result.best.alpha;
  CHECK(f.value(alpha) <= f.value(0) + s.c1 * alpha * f.slope(0));
  CHECK(std::abs(f.slope(alpha)) <= s.c2 * std::abs(f.slope(0)));
}

// Functions that are hard on line searches: Moré & Thuente 1994, (5.1), (5.2) and (5.4).
double square(double x) { return x * x; }
const Function rational{[](double a) { return -a / (a * a + 2); },
                        [](double a) { return (a * a - 2) / square(a * a + 2); }};
const Function power{
    [](double a) { return std::pow(a + 0.004, 5) - 2 * std::pow(a + 0.004, 4); },
    [](double a) { return 5 * std::pow(a + 0.004, 4) - 8 * std::pow(a + 0.004, 3); }};
Function two_slopes(double b1, double b2) {
  const auto gamma = [](double b) { return std::sqrt(1 + b * b) - b; };
  return {[=](double a) {
            return gamma(b1) * std::sqrt(square(1 - a) + b2 * b2) +
                   gamma(b2) * std::sqrt(a * a + b1 * b1);
          },
          [=](double a) {
            return gamma(b1) * (a - 1) / std::sqrt(square(1 - a) + b2 * b2) +
                   gamma(b2) * a / std::sqrt(a * a + b1 * b1);
          }};
}

void conditions_hold() {
  for (const Function& f :
       {rational, power, two_slopes(1e-3, 1e-3), two_slopes(1e-2, 1e-3), two_slopes(1e-3, 1e-2)})
    for (const double first : {1e-3, 1e-1, 1e1, 1e3})
      for (const double c2 : {0.9, 0.1}) {
        LineSearchSettings settings;
        settings.c2 = c2;
        check_wolfe(f, search(f, first, settings), settings);
      }
}

// (a − 3)² and a quartic, to the bottom. φ'' is had from slopes: exactly that of the square.
void exact_minimum() {
  const Function parabola{[](double a) { return square(a - 3); },
                          [](double a) { return 2 * (a - 3); }};
  const Function quartic{[](double a) { return square(square(a - 3)) + a; },
                         [](double a) { return 4 * (a - 3) * square(a - 3) + 1; }};
  LineSearchSettings settings;
  settings.exact = true;
  for (const double first : {1e-2, 1.0, 50.0}) {
    const Run run = search(parabola, first, settings);
    CHECK_NEAR(run.result.best.alpha, 3, 1e-9);
    CHECK_NEAR(run.result.curvature, 2, 1e-9);
    CHECK_NEAR(search(quartic, first, settings).result.best.alpha, 3 - std::cbrt(0.25), 1e-9);
  }
}

// The function is not defined beyond a wall, or falls up to it.
void walls() {
  const Function logarithm{[](double a) { return a < 1 ? -a - 0.1 * std::log(1 - a) : infinity; },
                           [](double a) { return a < 1 ? -1 + 0.1 / (1 - a) : nan; }};
  for (const double first : {1e-3, 0.999, 1.0, 1e6})
    check_wolfe(logarithm, search(logarithm, first), {});
  const Function cliff{[](double a) { return a < 0.3 ? -a : infinity; }, [](double) { return -1; }};
  const Run run = search(cliff, 1);
  CHECK(run.result.outcome == Search::decrease);
  CHECK(run.result.best.alpha > 0.2 && run.result.best.alpha < 0.3);
  const Function nothing{[](double a) { return a > 0 ? nan : 0.0; }, [](double) { return -1; },
                         1e-3};
  CHECK(search(nothing, 1).result.outcome == Search::non_finite);
}

void ends_without_the_conditions() {
  const Function falling{[](double a) { return -a; }, [](double) { return -1; }};
  CHECK(search(falling, 1).result.outcome == Search::unbounded);
  const Function wrong_slope{[](double a) { return a; }, [](double) { return -1; }};
  const Run run = search(wrong_slope, 1);
  CHECK(run.result.outcome == Search::failed);
  CHECK(run.result.best.alpha == 0);
  // The slope speaks of 1e-12 beside 1e6, whose rounding is 1e-10 and happens to go up.
  const Function flat{[](double a) { return a > 0 ? 1e6 + 1.2e-10 : 1e6; },
                      [](double) { return -1e-12; }};
  CHECK(search(flat, 1).result.outcome == Search::noise);
}

// |a − 0.3|: slopes jump, however near one looks. A parabola has no kink.
void kinks() {
  const Function absolute{[](double a) { return std::abs(a - 1e-4); },
                          [](double a) { return a < 1e-4 ? -1.0 : 1.0; }};
  CHECK(search(absolute, 1).result.kink);
  const Function parabola{[](double a) { return square(a - 1e-4); },
                          [](double a) { return 2 * (a - 1e-4); }};
  CHECK(!search(parabola, 1).result.kink);
}

}  // namespace

int main() {
  conditions_hold();
  exact_minimum();
  walls();
  ends_without_the_conditions();
  kinks();
  return check::result();
}
