// How exact residuals and their Jacobian are: what solvers of sums of squares ask of those who
// compute them.
#pragma once

#include <cstdint>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class ResidualAccuracy {
 public:
  ResidualAccuracy() = default;
  ResidualAccuracy(const ResidualAccuracy&) = delete;
  ResidualAccuracy& operator=(const ResidualAccuracy&) = delete;
  virtual ~ResidualAccuracy() = default;

  // The error of the residuals in shares of the terms whose difference they are, ‖|e| + |J||w|‖:
  // the rounding of double precision, unless more was measured.
  virtual double relative_noise() const = 0;
  // The error of J in shares of its columns, beyond their rounding.
  virtual double jacobian_error() const = 0;
  // The error of each column of J as it was had last, n numbers.
  virtual const double* column_errors() const = 0;

  // Measures the noise of the residuals at w, where `terms` are these terms, by `most_calls` of
  // them at most that it adds to `calls`. False: nothing that was assumed before has changed. True,
  // and J comes from differences: it is to be had anew, since their steps follow the noise.
  static constexpr int most_calls = 14;
  virtual bool measure_noise(const double* w, double terms, std::int64_t& calls) = 0;
  virtual bool has_differences() const = 0;
};

FASTOPT_END
