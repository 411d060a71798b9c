// What the programs of this folder check with: each prints what does not hold, and ends with how
// many that were.
#pragma once

#include <cmath>
#include <cstdio>

namespace check {

inline int failures = 0;

#define CHECK(holds)                                          \
  do {                                                        \
    if (!(holds)) {                                           \
      std::printf("%s:%d: %s\n", __FILE__, __LINE__, #holds); \
      ++check::failures;                                      \
    }                                                         \
  } while (false)

// |found − expected| ≤ tolerance, absolute; NaN is near nothing.
#define CHECK_NEAR(found, expected, tolerance)                                                    \
  do {                                                                                            \
    const double check_found = (found), check_expected = (expected);                              \
    if (!(std::abs(check_found - check_expected) <= (tolerance))) {                               \
      std::printf("%s:%d: %s is %.17g, expected %.17g within %.3g\n", __FILE__, __LINE__, #found, \
                  check_found, check_expected, static_cast<double>(tolerance));                   \
      ++check::failures;                                                                          \
    }                                                                                             \
  } while (false)

// What main() returns.
inline int result() {
  if (failures == 0) return 0;
  std::printf("%d checks failed\n", failures);
  return 1;
}

}  // namespace check
