// QR with pivoting against what defines its results: orthogonality of residuals to the columns, the
// shortest of all solutions, and rank.
#include <limits>
#include <utility>

#include "check.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/linalg/pivoted_qr.hpp"

using namespace fastopt;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

Matrix<double> random_matrix(Index rows, Index columns, std::uint64_t seed) {
  const Random random(seed, 0);
  Matrix<double> m(rows, columns);
  for (Index i = 0; i < m.size(); ++i) m.data()[i] = random.normal(static_cast<std::uint64_t>(i));
  return m;
}

struct System {
  Matrix<double> a;
  Vector<double> b;
  PivotedQr qr;
  System(Matrix<double> matrix, std::uint64_t seed)
      : a(std::move(matrix)), b(random_matrix(a.rows(), 1, seed)), qr(a.rows(), a.cols()) {
    Matrix<double> destroyed = a;
    Vector<double> rotated = b;
    qr.compute(destroyed.data(), rotated.data());
  }
};

// Aᵀ(A x + b) = 0 is what defines the solution; rounding leaves ‖A‖ (‖A‖‖x‖ + ‖b‖) ε.
void check_least_squares(const System& s, const Vector<double>& x) {
  const double size = s.a.norm() * (s.a.norm() * x.norm() + s.b.norm());
  CHECK_NEAR((s.a.transpose() * (s.a * x + s.b)).norm(), 0, 50 * epsilon * size);
}

void full_rank(Index m, Index n) {
  System s(random_matrix(m, n, 1), 2);
  CHECK(s.qr.rank() == std::min(m, n));
  Vector<double> x(n);
  s.qr.gauss_newton(x.data());
  check_least_squares(s, x);
  // ‖projection of b‖ and the image of any x.
  const double explained = std::sqrt(s.b.squaredNorm() - (s.a * x + s.b).squaredNorm());
  CHECK_NEAR(s.qr.explained(), explained, 1e-7 * s.b.norm());
  const Vector<double> other = random_matrix(n, 1, 3);
  const PivotedQr::Image image = s.qr.image(other.data());
  CHECK_NEAR(image.norm, (s.a * other).norm(), 1e-12 * (1 + image.norm));
  CHECK_NEAR(image.slope, (s.a * other).dot(s.b), 1e-12 * (1 + image.norm * s.b.norm()));
  // A rotated system is the same one.
  Matrix<double> rotated(n, n);
  Vector<double> right(n);
  s.qr.copy_system(rotated.data(), n, right.data());
  CHECK_NEAR((rotated.transpose() * rotated - s.a.transpose() * s.a).norm(), 0,
             1e-12 * s.a.squaredNorm());
  CHECK_NEAR((rotated.transpose() * right - s.a.transpose() * s.b).norm(), 0,
             1e-12 * s.a.norm() * s.b.norm());
}

// The shortest solution lies in the span of Aᵀ, and Aᵀ(A x + b) = 0.
void deficient(Index m, Index n, Index rank) {
  Matrix<double> rows = random_matrix(n, rank, 5);  // of A: they span the row space
  System s(random_matrix(m, rank, 4) * rows.transpose(), 6);
  CHECK(s.qr.rank() == rank);
  Vector<double> x(n);
  s.qr.gauss_newton(x.data());
  check_least_squares(s, x);
  Vector<double> outside = x;
  for (int again = 0; again < 2; ++again)  // Gram-Schmidt, twice for orthogonality to rounding
    for (Index j = 0; j < rank; ++j) {
      for (Index i = 0; i < j; ++i) rows.col(j) -= rows.col(i).dot(rows.col(j)) * rows.col(i);
      rows.col(j).normalize();
    }
  for (Index j = 0; j < rank; ++j) outside -= rows.col(j).dot(outside) * rows.col(j);
  CHECK_NEAR(outside.norm(), 0, 1e-12 * x.norm());
}

// (AᵀA + D²) x = −Aᵀb, and the slope of ‖x‖ in the scaled norm by a difference.
void damped(Index m, Index n, Index rank) {
  System s(random_matrix(m, rank, 7) * random_matrix(rank, n, 8), 9);
  Vector<double> root = random_matrix(n, 1, 10).cwiseAbs().array() + 0.1;
  Vector<double> x(n);
  s.qr.damped(root.data(), x.data());
  const Vector<double> d2 = root.cwiseAbs2();
  const Vector<double> left = s.a.transpose() * (s.a * x + s.b) + d2.cwiseProduct(x);
  CHECK_NEAR(left.norm(), 0, 100 * epsilon * s.a.norm() * (s.a.norm() * x.norm() + s.b.norm()));
  // With D² = ν I: d‖x‖²/dν = −2 xᵀ(AᵀA + νI)⁻¹x = −2 ‖S⁻ᵀPᵀx‖².
  const double nu = 0.5, h = 1e-5;
  const auto norm_at = [&](double damping) {
    root.setConstant(std::sqrt(damping));
    s.qr.damped(root.data(), x.data());
    return x.squaredNorm();
  };
  const double difference = (norm_at(nu + h) - norm_at(nu - h)) / (2 * h);
  norm_at(nu);
  const double slope = s.qr.slope_norm(x.data(), false);
  CHECK_NEAR(-2 * slope * slope, difference, 1e-6 * std::abs(difference));
}

void columns_of_nothing() {
  System s(Matrix<double>::Zero(5, 3), 11);
  CHECK(s.qr.rank() == 0);
  CHECK(s.qr.explained() == 0);
  Vector<double> x(3);
  s.qr.gauss_newton(x.data());
  CHECK(x.norm() == 0);
}

// The rank does not depend on units: columns of 1e-150 and of 1e150 alike for the whole matrix.
void scales() {
  for (const double scale : {1e-150, 1e150}) {
    System s(scale * random_matrix(12, 5, 12), 13);
    CHECK(s.qr.rank() == 5);
    Vector<double> x(5);
    s.qr.gauss_newton(x.data());
    CHECK(x.allFinite());
    const Vector<double> product = s.a * x + s.b;
    CHECK_NEAR((s.a.transpose() / scale * product).norm(), 0, 1e-12 * s.b.norm() * 12);
  }
}

}  // namespace

int main() {
  for (const auto& [m, n] : {std::pair<Index, Index>{1, 1}, {7, 3}, {30, 30}, {200, 17}})
    full_rank(m, n);
  deficient(20, 8, 5);
  deficient(6, 9, 6);
  deficient(9, 9, 1);
  damped(20, 8, 8);
  damped(20, 8, 5);
  damped(5, 9, 5);
  columns_of_nothing();
  scales();
  return check::result();
}
