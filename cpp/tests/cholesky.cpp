// Cholesky in blocks and over threads: the product of the factor with itself, solutions, refusals,
// and the same bits for any number of threads.
#include "fastopt/linalg/cholesky.hpp"

#include <limits>

#include "check.hpp"
#include "fastopt/core/random.hpp"

using namespace fastopt;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

Matrix<double> positive_definite(Index n) {
  const Random random(1, static_cast<std::uint64_t>(n));
  Matrix<double> m(n, n);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = random.normal(static_cast<std::uint64_t>(i));
  return m * m.transpose() + 0.1 * static_cast<double>(n) * Matrix<double>::Identity(n, n);
}

void factor_and_solution(Index n) {
  const Matrix<double> a = positive_definite(n);
  Matrix<double> factor = a;
  factor.triangularView<Eigen::StrictlyUpper>().setConstant(7);  // neither read nor written
  CHECK(factorize_lower(factor.data(), n));
  for (Index j = 1; j < n; ++j) CHECK(factor(j - 1, j) == 7);
  const Matrix<double> l = factor.triangularView<Eigen::Lower>();
  // Backward error of a Cholesky factor: n ε ‖A‖ (Higham 2002, theorem 10.3).
  const double size = static_cast<double>(n) * epsilon * a.norm();
  CHECK_NEAR((l * l.transpose() - a).norm(), 0, size);
  Vector<double> x(n);
  for (Index i = 0; i < n; ++i) x[i] = std::cos(static_cast<double>(i));
  const Vector<double> b = a * x;
  Vector<double> found = b;
  solve_lower(factor.data(), n, found.data());
  CHECK_NEAR((a * found - b).norm(), 0, 4 * size * x.norm());
}

void same_bits_for_any_number_of_threads() {
  constexpr Index n = 700;
  const Matrix<double> a = positive_definite(n);
  ThreadPool::set_threads(1);
  Matrix<double> expected = a;
  CHECK(factorize_lower(expected.data(), n));
  for (const int threads : {2, 3, 5}) {
    ThreadPool::set_threads(threads);
    Matrix<double> factor = a;
    CHECK(factorize_lower(factor.data(), n));
    CHECK(factor == expected);
  }
  ThreadPool::set_threads(2);
}

void refusals() {
  for (const Index n : {1, 5, 129, 300}) {
    Matrix<double> a = positive_definite(n);
    a(n - 1, n - 1) = -1;
    CHECK(!factorize_lower(a.data(), n));
    a = positive_definite(n);
    a(n / 2, n / 2) = std::numeric_limits<double>::quiet_NaN();
    CHECK(!factorize_lower(a.data(), n));
  }
}

// Damping stays out where the matrix is positive definite, and helps where it is not.
void damped_solutions() {
  constexpr Index n = 6;
  const Matrix<double> a = positive_definite(n);
  const Vector<double> b = Vector<double>::LinSpaced(n, -1, 2);
  Vector<double> x = b;
  CHECK(solve_damped(a.data(), n, x.data()));
  CHECK_NEAR((a * x - b).norm(), 0, 1e-12 * b.norm());
  const Matrix<double> indefinite = a - 1.1 * a.diagonal().asDiagonal().toDenseMatrix();
  x = b;
  CHECK(solve_damped(indefinite.data(), n, x.data()));
  CHECK(x.dot(b) > 0);  // a direction of descent for the gradient −b
  x = b;
  const Matrix<double> zero = Matrix<double>::Zero(n, n);
  CHECK(!solve_damped(zero.data(), n, x.data()));
  CHECK(x == b);
}

}  // namespace

int main() {
  for (const Index n : {1, 2, 3, 4, 5, 7, 127, 128, 129, 400, 515}) factor_and_solution(n);
  same_bits_for_any_number_of_threads();
  refusals();
  damped_solutions();
  return check::result();
}
