// Reads rows out of any two-dimensional array that NumPy can describe (dtype, strides, byte order)
// and casts them, so that the user's data is neither copied whole nor written to. Columns are
// scaled on the way, where that is asked for.
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
  // Where there are any: column j becomes (x - offset[j]) · factor[j], in double precision whatever
  // it is stored and used in (1e6 + small in float32 would lose what is small).
  const double *offset = nullptr, *factor = nullptr;

  // Rows first … first + count - 1, or order[first …] where an order is given, as consecutive
  // columns of `out`.
  template <class Scalar>
  void gather(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    with_type([&](auto zero) {
      using T = decltype(zero);
      if (offset != nullptr)
        swapped ? gather_scaled<T, true>(order, first, count, out)
                : gather_scaled<T, false>(order, first, count, out);
      else
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

  Index row(const std::uint32_t* order, Index i) const {
    return order == nullptr ? i : static_cast<Index>(order[i]);
  }

  // Rows that are copied as they are. Where they hold a few features only, calls would cost more
  // than the copying itself.
  template <class Scalar>
  void copy_rows(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    constexpr std::size_t piece = 32, few = 8 * piece;
    const std::size_t bytes = static_cast<std::size_t>(columns) * sizeof(Scalar);
    if (columns == 1) {
      for (Index i = 0; i < count; ++i)
        std::memcpy(out + i, data + row(order, first + i) * row_stride, sizeof(Scalar));
    } else if (bytes <= few && bytes % piece == 0) {
      auto* to = reinterpret_cast<char*>(out);
      for (Index i = 0; i < count; ++i, to += bytes) {
        const char* from = data + row(order, first + i) * row_stride;
        for (std::size_t at = 0; at < bytes; at += piece) std::memcpy(to + at, from + at, piece);
      }
    } else {
      for (Index i = 0; i < count; ++i, out += columns)
        std::memcpy(out, data + row(order, first + i) * row_stride, bytes);
    }
  }

  template <class T, bool Swap, class Scalar>
  void gather_scaled(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    for (Index i = 0; i < count; ++i, out += columns) {
      const char* from = data + row(order, first + i) * row_stride;
      for (Index j = 0; j < columns; ++j) {
        const auto x = static_cast<double>(load<T, Swap>(from + j * column_stride));
        out[j] = static_cast<Scalar>((x - offset[j]) * factor[j]);
      }
    }
  }

  template <class T, bool Swap, class Scalar>
  void gather_as(const std::uint32_t* order, Index first, Index count, Scalar* out) const {
    const bool dense = column_stride == static_cast<Index>(sizeof(T));
    if constexpr (std::is_same_v<T, Scalar> && !Swap) {
      if (dense || columns == 1) {
        copy_rows(order, first, count, out);
        return;
      }
    }
    for (Index i = 0; i < count; ++i, out += columns) {
      const char* from = data + row(order, first + i) * row_stride;
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
