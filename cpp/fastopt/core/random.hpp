// Counter-based random numbers: Philox4x32-10 (Salmon et al. 2011). A number is a pure function of
// (seed, stream, counter), so any thread may make any part of a sequence, and the bits are the
// same on every platform: integer arithmetic and basic floating-point operations only.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

namespace detail {

#ifdef __AVX2__
// Four 32-bit words, each in the lower half of 64 bits: its product with a constant is one
// instruction that ignores the upper halves, so whatever they hold does no harm. Compilers do not
// find this.
class Words {
 public:
  static constexpr int lanes = 4;
  Words() = default;
  static Words all(std::uint32_t x) { return Four{} + x; }
  static Words sequence(std::uint32_t first) { return Four{0, 1, 2, 3} + first; }
  Words times(std::uint32_t constant) const {
    return reinterpret_cast<Four>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(value_),
                         _mm256_set1_epi64x(static_cast<std::int64_t>(constant))));
  }
  Words high() const { return value_ >> 32; }
  Words low() const { return *this; }
  friend Words operator^(Words a, Words b) { return a.value_ ^ b.value_; }
  void store(std::uint32_t* to) const {
    for (int i = 0; i < lanes; ++i) to[i] = static_cast<std::uint32_t>(value_[i]);
  }

 private:
  using Four = std::uint64_t __attribute__((vector_size(32)));
  Words(Four value) : value_(value) {}
  Four value_;
};
#else
// One word; loops over these are left to the compiler.
class Words {
 public:
  static constexpr int lanes = 1;
  Words() = default;
  static Words all(std::uint32_t x) { return x; }
  static Words sequence(std::uint32_t first) { return first; }
  Words times(std::uint32_t constant) const { return (value_ & 0xFFFFFFFF) * constant; }
  Words high() const { return value_ >> 32; }
  Words low() const { return value_ & 0xFFFFFFFF; }
  friend Words operator^(Words a, Words b) { return a.value_ ^ b.value_; }
  void store(std::uint32_t* to) const { *to = static_cast<std::uint32_t>(value_); }

 private:
  Words(std::uint64_t value) : value_(value) {}
  std::uint64_t value_;
};
#endif

}  // namespace detail

class Random {
 public:
  using Block = std::array<std::uint32_t, 4>;

  Random(std::uint64_t seed, std::uint64_t stream) : seed_(seed), stream_(stream) {}

  // Four 32-bit numbers that belong to `counter`.
  Block block(std::uint64_t counter) const {
    Block c{low(counter), high(counter), low(stream_), high(stream_)};
    std::uint32_t k0 = low(seed_), k1 = high(seed_);
    for (int round = 0; round < 10; ++round) {
      const std::uint64_t p0 = std::uint64_t{0xD2511F53} * c[0];
      const std::uint64_t p1 = std::uint64_t{0xCD9E8D57} * c[2];
      c = {high(p1) ^ c[1] ^ k0, low(p1), high(p0) ^ c[3] ^ k1, low(p0)};
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    return c;
  }

  // The blocks of `Lanes` consecutive counters side by side, for who needs many: words[k][i] is
  // word k of counter first + i. `first` is a multiple of Lanes, itself a power of two.
  template <int Lanes>
  void blocks(std::uint64_t first, std::uint32_t (&words)[4][Lanes]) const {
    using detail::Words;
    constexpr int parts = Lanes / Words::lanes;
    Words c0[parts], c1[parts], c2[parts], c3[parts];
    for (int i = 0; i < parts; ++i) {
      c0[i] = Words::sequence(low(first) + static_cast<std::uint32_t>(i * Words::lanes));
      c1[i] = Words::all(high(first));
      c2[i] = Words::all(low(stream_));
      c3[i] = Words::all(high(stream_));
    }
    std::uint32_t k0 = low(seed_), k1 = high(seed_);
    for (int round = 0; round < 10; ++round) {
      const Words key0 = Words::all(k0), key1 = Words::all(k1);
      for (int i = 0; i < parts; ++i) {
        const auto p0 = c0[i].times(0xD2511F53), p1 = c2[i].times(0xCD9E8D57);
        c0[i] = p1.high() ^ c1[i] ^ key0;
        c1[i] = p1.low();
        c2[i] = p0.high() ^ c3[i] ^ key1;
        c3[i] = p0.low();
      }
      k0 += 0x9E3779B9;
      k1 += 0xBB67AE85;
    }
    for (int i = 0; i < parts; ++i) {
      c0[i].store(words[0] + i * Words::lanes);
      c1[i].store(words[1] + i * Words::lanes);
      c2[i].store(words[2] + i * Words::lanes);
      c3[i].store(words[3] + i * Words::lanes);
    }
  }

  // The i-th 64-bit number of the stream.
  std::uint64_t bits(std::uint64_t i) const {
    const Block b = block(i / 2);
    const std::size_t at = (i % 2) * 2;
    return (std::uint64_t{b[at + 1]} << 32) | b[at];
  }

  // The i-th number, uniform on the open interval (0, 1): the middle of one of 2^52 equal cells.
  double uniform(std::uint64_t i) const {
    return (static_cast<double>(bits(i) >> 12) + 0.5) * 0x1p-52;
  }

  // The i-th standard normal number.
  double normal(std::uint64_t i) const { return inverse_normal_cdf(uniform(i)); }

  // The inverse of the standard normal distribution function, to about 1e-16 relative:
  // Wichura 1988, algorithm AS 241 (PPND16).
  static double inverse_normal_cdf(double p);

 private:
  static std::uint32_t low(std::uint64_t x) { return static_cast<std::uint32_t>(x); }
  static std::uint32_t high(std::uint64_t x) { return static_cast<std::uint32_t>(x >> 32); }

  std::uint64_t seed_, stream_;
};

namespace detail {

// Natural logarithm from basic operations alone: the C library's differs between platforms.
// x = m 2^e with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh((m - 1) / (m + 1)).
inline double portable_log(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);
  if (m < 0.70710678118654752440) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1), s2 = s * s;
  double series = 0;
  for (int k = 25; k >= 1; k -= 2) series = series * s2 + 1.0 / k;
  return 2 * s * series + exponent * 0.69314718055994530942;
}

template <std::size_t N>
double polynomial(const double (&c)[N], double x) {
  double value = 0;
  for (std::size_t i = N; i-- > 0;) value = value * x + c[i];
  return value;
}

}  // namespace detail

inline double Random::inverse_normal_cdf(double p) {
  static constexpr double a[] = {3.3871328727963666080e0,  1.3314166789178437745e+2,
                                 1.9715909503065514427e+3, 1.3731693765509461125e+4,
                                 4.5921953931549871457e+4, 6.7265770927008700853e+4,
                                 3.3430575583588128105e+4, 2.5090809287301226727e+3};
  static constexpr double b[] = {1.0,
                                 4.2313330701600911252e+1,
                                 6.8718700749205790830e+2,
                                 5.3941960214247511077e+3,
                                 2.1213794301586595867e+4,
                                 3.9307895800092710610e+4,
                                 2.8729085735721942674e+4,
                                 5.2264952788528545610e+3};
  static constexpr double c[] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                 5.76949722146069140550e0,  3.64784832476320460504e0,
                                 1.27045825245236838258e0,  2.41780725177450611770e-1,
                                 2.27238449892691845833e-2, 7.74545014278341407640e-4};
  static constexpr double d[] = {1.0,
                                 2.05319162663775882187e0,
                                 1.67638483018380384940e0,
                                 6.89767334985100004550e-1,
                                 1.48103976427480074590e-1,
                                 1.51986665636164571966e-2,
                                 5.47593808499534494600e-4,
                                 1.05075007164441684324e-9};
  static constexpr double e[] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                 1.78482653991729133580e0,  2.96560571828504891230e-1,
                                 2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                 2.71155556874348757815e-5, 2.01033439929228813265e-7};
  static constexpr double f[] = {1.0,
                                 5.99832206555887937690e-1,
                                 1.36929880922735805310e-1,
                                 1.48753612908506148525e-2,
                                 7.86869131145613259100e-4,
                                 1.84631831751005468180e-5,
                                 1.42151175831644588870e-7,
                                 2.04426310338993978564e-15};
  using detail::polynomial;
  const double q = p - 0.5;
  if (std::abs(q) <= 0.425) {
    const double r = 0.180625 - q * q;
    return q * polynomial(a, r) / polynomial(b, r);
  }
  const double r = std::sqrt(-detail::portable_log(q < 0 ? p : 1 - p));
  const double tail = r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6)
                             : polynomial(e, r - 5) / polynomial(f, r - 5);
  return q < 0 ? -tail : tail;
}

// Streams of one seed: one for each use, so that no two uses share numbers.
enum class Stream : std::uint64_t { initializer = 1, shuffle = 2, split = 3, dropout = 4 };

inline Random random_stream(std::uint64_t seed, Stream use, std::uint64_t part) {
  return {seed, (static_cast<std::uint64_t>(use) << 48) | part};
}

// A uniformly random order of 0 … n-1 (Fisher-Yates), made in place from any order.
inline void shuffle(std::vector<std::uint32_t>& order, const Random& random) {
  constexpr int lanes = 32;
  std::uint32_t words[4][lanes];
  std::uint64_t counter = 0;
  std::size_t used = 0, made = 0;
  const auto next = [&](std::size_t wanted) {
    if (used == made) {
      used = 0;
      if (wanted >= std::size_t{2 * lanes}) {
        random.blocks(counter, words);
        counter += lanes;
        made = std::size_t{4 * lanes};
      } else {
        const Random::Block block = random.block(counter++);
        for (std::size_t k = 0; k < 4; ++k) words[k][0] = block[k];
        made = 4;
      }
    }
    const std::size_t at = used++;
    return words[at % 4][at / 4];
  };
  for (std::size_t i = order.size(); i > 1; --i) {
    // Lemire's method: the high word of bits * i, rejecting the few values that would be biased.
    const auto bound = static_cast<std::uint32_t>(i);
    std::uint64_t product = std::uint64_t{next(i)} * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold)
        product = std::uint64_t{next(i)} * bound;
    }
    std::swap(order[i - 1], order[product >> 32]);
  }
}

FASTOPT_END
