// Memory that cannot be had, with its size in words; and sizes that no memory could have.
#pragma once

#include <array>
#include <cstddef>
#include <cstdio>
#include <new>

#include "fastopt/core/variant.hpp"

FASTOPT_BEGIN

// Made without any memory beyond its own.
class OutOfMemory final : public std::bad_alloc {
 public:
  OutOfMemory(std::ptrdiff_t count, std::size_t bytes_of_one) noexcept {
    std::snprintf(text_.data(), text_.size(),
                  "out of memory: an array of %lld numbers (%.3g bytes) cannot be allocated",
                  static_cast<long long>(count),
                  static_cast<double>(count) * static_cast<double>(bytes_of_one));
  }
  OutOfMemory(std::ptrdiff_t rows, std::ptrdiff_t columns, std::size_t bytes_of_one) noexcept {
    std::snprintf(text_.data(), text_.size(),
                  "out of memory: an array of %lld x %lld numbers (%.3g bytes) cannot be allocated",
                  static_cast<long long>(rows), static_cast<long long>(columns),
                  static_cast<double>(rows) * static_cast<double>(columns) *
                      static_cast<double>(bytes_of_one));
  }
  const char* what() const noexcept override { return text_.data(); }

 private:
  std::array<char, 160> text_{};
};

// rows · columns, where that many numbers can be counted.
inline std::ptrdiff_t area(std::ptrdiff_t rows, std::ptrdiff_t columns) {
  std::ptrdiff_t product = 0;
  if (rows < 0 || columns < 0 || __builtin_mul_overflow(rows, columns, &product))
    throw OutOfMemory(rows, columns, sizeof(double));
  return product;
}

FASTOPT_END
