// Reads rows out of any two-dimensional array that NumPy can describe (dtype, strides, byte order)
// and casts them, so that the user's data is neither copied whole nor written to.
#pragma once

#include <cstring>
#include <stdexcept>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

enum class ElementType { b1, i8, i16, i32, i64, u8, u16, u32, u64, f16, f32, f64 };

struct ArraySource {
  const char* data = nullptr;
  ElementType type = ElementType::f64;
  bool swapped = false;  // the other byte order than this machine's
  Index rows = 0, columns = 0;
  Index row_stride = 0, column_stride = 0;  // bytes

  // Rows first … first + count - 1, or order[first …] where an order is given, as consecutive
  // columns of `out`.
  template <class Scalar>
  void gather(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    with_type([&](auto zero) {
      using T = decltype(zero);
      swapped ? gather_as<T, true>(order, first, count, out)
              : gather_as<T, false>(order, first, count, out);
    });
  }

  // One element of column 0, as a whole number (class labels).
  template <class Scalar>
  Scalar element(Index row) const {
    Scalar value{};
    const auto position = static_cast<std::uint32_t>(row);
    ArraySource one = *this;
    one.columns = 1;
    one.gather(&position, 0, 1, &value);
    return value;
  }

 private:
  template <class F>
  void with_type(F&& f) const {
    switch (type) {
      case ElementType::b1:
      case ElementType::u8:
        return f(std::uint8_t{});
      case ElementType::i8:
        return f(std::int8_t{});
      case ElementType::i16:
        return f(std::int16_t{});
      case ElementType::i32:
        return f(std::int32_t{});
      case ElementType::i64:
        return f(std::int64_t{});
      case ElementType::u16:
        return f(std::uint16_t{});
      case ElementType::u32:
        return f(std::uint32_t{});
      case ElementType::u64:
        return f(std::uint64_t{});
      case ElementType::f16:
        return f(Eigen::half{});
      case ElementType::f32:
        return f(float{});
      case ElementType::f64:
        return f(double{});
    }
  }

  // An element may lie at any address (packed records, memory maps): memcpy is how to read it.
  template <class T, bool Swap>
  static T load(const char* from) {
    T value;
    if constexpr (Swap) {
      char bytes[sizeof(T)];
      for (std::size_t i = 0; i < sizeof(T); ++i) bytes[i] = from[sizeof(T) - 1 - i];
      std::memcpy(&value, bytes, sizeof(T));
    } else {
      std::memcpy(&value, from, sizeof(T));
    }
    return value;
  }

  template <class T, bool Swap, class Scalar>
  void gather_as(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    const bool dense = column_stride == static_cast<Index>(sizeof(T));
    for (Index i = 0; i < count; ++i, out += columns) {
      const Index row = order == nullptr ? first + i : static_cast<Index>(order[first + i]);
      const char* from = data + row * row_stride;
      if constexpr (std::is_same_v<T, Scalar> && !Swap) {
        if (dense) {
          std::memcpy(out, from, static_cast<std::size_t>(columns) * sizeof(T));
          continue;
        }
      }
      if (dense) {
        for (Index j = 0; j < columns; ++j)
          out[j] = static_cast<Scalar>(load<T, Swap>(from + j * static_cast<Index>(sizeof(T))));
      } else {
        for (Index j = 0; j < columns; ++j)
          out[j] = static_cast<Scalar>(load<T, Swap>(from + j * column_stride));
      }
    }
  }
};

FASTOPT_END
