// Noise of residuals by differences of high order, against noise of a known size on smooth models.
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "check.hpp"
#include "fastopt/differences/residual_noise.hpp"

using namespace fastopt;

namespace {

constexpr Index m = 50, n = 3;
constexpr double w[] = {2.0, -0.7, 0.3}, direction[] = {1.0, -1.0, 1.0};

double model(Index k, const double* x) {
  const double t = 0.1 * static_cast<double>(k);
  return x[0] * std::exp(x[1] * t) + x[2] * std::sin(3 * t);
}

// Uniform in ±1, of the bits of the arguments alone, as the rounding of a computation is.
double random(Index k, const double* x) {
  std::uint64_t bits = static_cast<std::uint64_t>(k) + 1;
  for (Index i = 0; i < n; ++i) {
    std::uint64_t part = 0;
    std::memcpy(&part, x + i, sizeof part);
    bits = (bits ^ part) * 0x9E3779B97F4A7C15u;
    bits ^= bits >> 29;
  }
  bits *= 0xBF58476D1CE4E5B9u;
  return 2 * static_cast<double>(bits >> 11) / 9007199254740992.0 - 1;
}

// The norm of m errors that are uniform in ±size.
double norm_of(double size) { return size * std::sqrt(static_cast<double>(m) / 3); }

double measured(double size) {
  return residual_noise(
      [&](const double* x, double* e) {
        for (Index k = 0; k < m; ++k) e[k] = model(k, x) + size * random(k, x);
      },
      w, direction, n, m);
}

// 50 lines of seven points: the variance of differences is known to a tenth or two, and of all
// orders the smallest is taken.
void known_sizes() {
  for (const double size : {1e-3, 1e-6, 1e-9, 1e-12}) {
    const double ratio = measured(size) / norm_of(size);
    CHECK(ratio > 0.5);
    CHECK(ratio < 1.5);
  }
}

// What is left of a smooth model is rounding: of numbers of order one, some 1e-16 each.
void smooth() {
  const double rounding = norm_of(2.3e-16);
  CHECK(measured(0) < 10 * rounding);
}

// Outputs with six decimals err by half of the last one at most.
void rounded() {
  const auto with_decimals = [](const double* x, double* e) {
    for (Index k = 0; k < m; ++k) e[k] = std::round(model(k, x) * 1e6) / 1e6;
  };
  const double ratio = residual_noise(with_decimals, w, direction, n, m) / norm_of(0.5e-6);
  CHECK(ratio > 0.3);
  CHECK(ratio < 3);
}

// A float32 model.
void single_precision() {
  const auto single = [](const double* x, double* e) {
    for (Index k = 0; k < m; ++k) e[k] = static_cast<double>(static_cast<float>(model(k, x)));
  };
  double squares = 0;
  for (Index k = 0; k < m; ++k) squares += std::pow(model(k, w) * 6e-8, 2) / 3;
  const double ratio = residual_noise(single, w, direction, n, m) / std::sqrt(squares);
  CHECK(ratio > 0.2);
  CHECK(ratio < 3);
}

// Nothing is known where residuals are not finite, or do not move at all.
void nothing_to_see() {
  const auto broken = [](const double*, double* e) {
    for (Index k = 0; k < m; ++k) e[k] = std::numeric_limits<double>::quiet_NaN();
  };
  CHECK(residual_noise(broken, w, direction, n, m) == 0);
  const auto constant = [](const double*, double* e) {
    for (Index k = 0; k < m; ++k) e[k] = 1;
  };
  CHECK(residual_noise(constant, w, direction, n, m) == 0);
}

}  // namespace

int main() {
  known_sizes();
  smooth();
  rounded();
  single_precision();
  nothing_to_see();
  return check::result();
}
