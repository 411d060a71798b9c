// Small products against three plain loops. Integers keep every sum exact, so nothing may differ.
// Prints the first thing that is wrong.
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "fastopt/core/random.hpp"
#include "fastopt/linalg/product.hpp"

using namespace fastopt;

namespace {

void require(bool holds, const char* what, Index m, Index n, Index k) {
  if (holds) return;
  std::printf("%s: m %d, n %d, k %d\n", what, static_cast<int>(m), static_cast<int>(n),
              static_cast<int>(k));
  std::exit(1);
}

template <class Scalar>
std::vector<Scalar> integers(Index size, std::uint64_t seed) {
  std::vector<Scalar> x(static_cast<std::size_t>(size));
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = static_cast<Scalar>(static_cast<int>(Random(seed, 0).bits(i) % 17) - 8);
  return x;
}

// The vectors end where the data ends: the sanitizers see any read or write beyond.
template <class Scalar>
void products(Index m, Index n, Index k) {
  const auto at = [](const std::vector<Scalar>& x, Index i) {
    return x[static_cast<std::size_t>(i)];
  };
  const auto a = integers<Scalar>(m * k, 1), b = integers<Scalar>(k * n, 2);
  const auto bias = integers<Scalar>(m, 3), start = integers<Scalar>(m * n, 4);
  for (const bool by_rows : {false, true})
    for (int from = 0; from < 3; ++from) {
      std::vector<Scalar> c = start;
      const Strided<Scalar> factor{b.data(), by_rows ? n : 1, by_rows ? 1 : k};
      const Columnwise<Scalar> starts[] = {{nullptr, 0}, {bias.data(), 0}, {c.data(), m}};
      SmallProduct<Scalar>::run(m, n, k, {a.data(), m}, factor, c.data(), m, starts[from]);
      for (Index j = 0; j < n; ++j)
        for (Index i = 0; i < m; ++i) {
          Scalar sum = from == 0 ? Scalar(0) : from == 1 ? at(bias, i) : at(start, j * m + i);
          for (Index p = 0; p < k; ++p)
            sum += at(a, p * m + i) * at(b, by_rows ? p * n + j : j * k + p);
          require(at(c, j * m + i) == sum, "product", m, n, k);
        }
    }
  std::vector<Scalar> other(static_cast<std::size_t>(m * k)), sums(static_cast<std::size_t>(n));
  SmallProduct<Scalar>::transpose(m, k, a.data(), other.data());
  for (Index p = 0; p < k; ++p)
    for (Index i = 0; i < m; ++i)
      require(at(other, i * k + p) == at(a, p * m + i), "transpose", m, n, k);
  const auto row = integers<Scalar>(k, 5);
  SmallProduct<Scalar>::dots(n, k, row.data(), b.data(), Scalar(3), sums.data());
  for (Index j = 0; j < n; ++j) {
    Scalar sum = 3;
    for (Index p = 0; p < k; ++p) sum += at(row, p) * at(b, j * k + p);
    require(at(sums, j) == sum, "dots", m, n, k);
  }
}

}  // namespace

int main() {
  for (const Index m : {1, 2, 7, 8, 15, 16, 23, 24, 41, 64, 71})
    for (const Index n : {1, 3, 4, 9, 32})
      for (const Index k : {1, 2, 8, 17, 64}) {
        products<float>(m, n, k);
        products<double>(m, n, k);
      }
}
