// Random numbers: the published vectors of Philox, the blocks made side by side, the inverse of the
// normal distribution function, and orders.
#include "fastopt/core/random.hpp"

#include <algorithm>
#include <limits>
#include <vector>

#include "check.hpp"

using namespace fastopt;

namespace {

// Known answers of Philox4x32-10 that come with Random123 (Salmon et al. 2011): counter and key all
// zeros, all ones, and digits of π.
void published_vectors() {
  const Random::Block zeros = Random(0, 0).block(0);
  CHECK((zeros == Random::Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint64_t ones = ~std::uint64_t{0};
  const Random::Block full = Random(ones, ones).block(ones);
  CHECK((full == Random::Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  const Random::Block pi = Random(0x299f31d0a4093822, 0x0370734413198a2e).block(0x85a308d3243f6a88);
  CHECK((pi == Random::Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Vector instructions give the words of one counter at a time.
void side_by_side() {
  constexpr int lanes = 8;
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{0xfedcba9876543210}})
    for (const std::uint64_t first :
         {std::uint64_t{0}, std::uint64_t{0xfffffff8}, std::uint64_t{0xabcdef0123456700}}) {
      const Random random(seed, 7);
      std::uint32_t words[4][lanes];
      random.blocks(first, words);
      for (int i = 0; i < lanes; ++i) {
        const Random::Block one = random.block(first + static_cast<std::uint64_t>(i));
        for (std::size_t k = 0; k < 4; ++k) CHECK(words[k][i] == one[k]);
      }
    }
}

// p = Φ(x) by the C library's complementary error function, over both tails.
void inverse_of_the_normal_distribution() {
  for (double x = -8; x <= 5; x += 0.0625) {
    const double p = 0.5 * std::erfc(-x / std::sqrt(2.0));
    // An error of ε in p, or of 1 − p, moves x by ε / Φ'(x).
    const double density = std::exp(-x * x / 2) / std::sqrt(2 * 3.14159265358979323846);
    const double epsilon = std::numeric_limits<double>::epsilon();
    const double error = 8 * epsilon * (std::max(1.0, std::abs(x)) + p / density);
    CHECK_NEAR(Random::inverse_normal_cdf(p), x, error);
  }
}

void logarithm_of_basic_operations() {
  for (double x = 1e-300; x < 1e300; x *= 3.7)
    CHECK_NEAR(detail::portable_log(x), std::log(x), 1e-15 * std::max(1.0, std::abs(std::log(x))));
}

// Mean, variance and the share of each tenth within five standard deviations of what n independent
// numbers have.
void moments() {
  constexpr int n = 200000;
  const Random random(3, 1);
  double sum = 0, squares = 0, normal_sum = 0, normal_squares = 0;
  int tenths[10] = {};
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform(static_cast<std::uint64_t>(i));
    const double z = random.normal(static_cast<std::uint64_t>(i));
    CHECK(u > 0 && u < 1);
    sum += u;
    squares += (u - 0.5) * (u - 0.5);
    normal_sum += z;
    normal_squares += z * z;
    ++tenths[static_cast<int>(10 * u)];
  }
  const double root = std::sqrt(static_cast<double>(n));
  CHECK_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12) / root);
  CHECK_NEAR(squares / n, 1.0 / 12, 5 * std::sqrt(1.0 / 180) / root);
  CHECK_NEAR(normal_sum / n, 0, 5 / root);
  CHECK_NEAR(normal_squares / n, 1, 5 * std::sqrt(2.0) / root);
  for (const int count : tenths) CHECK_NEAR(count, 0.1 * n, 5 * std::sqrt(0.09) * root);
}

// Each order of four has its share of a twenty-fourth.
void orders() {
  constexpr int times = 24000;
  std::vector<int> counts(256, 0);
  for (int k = 0; k < times; ++k) {
    std::vector<std::uint32_t> order{0, 1, 2, 3};
    shuffle(order, Random(static_cast<std::uint64_t>(k), 2));
    ++counts[order[0] + 4 * order[1] + 16 * order[2] + 64 * order[3]];
    std::sort(order.begin(), order.end());
    CHECK((order == std::vector<std::uint32_t>{0, 1, 2, 3}));
  }
  const int kinds = static_cast<int>(
      std::count_if(counts.begin(), counts.end(), [](int count) { return count > 0; }));
  CHECK(kinds == 24);
  const double share = times / 24.0;
  for (const int count : counts)
    if (count > 0) CHECK_NEAR(count, share, 5 * std::sqrt(share));
  std::vector<std::uint32_t> many(1000);
  for (std::uint32_t i = 0; i < 1000; ++i) many[i] = i;
  shuffle(many, Random(1, 1));
  CHECK(!std::is_sorted(many.begin(), many.end()));
  std::sort(many.begin(), many.end());
  for (std::uint32_t i = 0; i < 1000; ++i) CHECK(many[i] == i);
}

}  // namespace

int main() {
  published_vectors();
  side_by_side();
  inverse_of_the_normal_distribution();
  logarithm_of_basic_operations();
  moments();
  orders();
  return check::result();
}
