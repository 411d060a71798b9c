// Scalar products of rows that lie along the samples: C[i, j] += Σ_s a_i(s) b_j(s).
#pragma once

#include <algorithm>
#include <utility>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// Samples fill the lanes of the packets, so that rows are read as they lie, without packing. The
// sums of a tile, R x C packets, leave registers for one packet of each operand.
class RowProducts {
  using Packet = Eigen::internal::packet_traits<double>::type;
  static constexpr Index lanes = Eigen::internal::packet_traits<double>::size;
  static constexpr bool many_registers = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32;
  static constexpr int tile_columns = many_registers ? 6 : 4;

 public:
  static constexpr int tile_rows = many_registers ? 4 : 3;

  // Entry (i, j) is at[i * row + j * column].
  struct Sums {
    double* at;
    Index row, column;
  };

  // Rows that are yet to be formed: row i is u[i] v[i], element by element, and is kept in row i of
  // `kept`.
  struct Formed {
    const double* u[tile_rows];
    const double* v[tile_rows];
    double* kept;

    template <std::size_t row>
    Packet at(Index stride, Index s) const {
      using namespace Eigen::internal;
      const Packet x = pmul(pload<Packet>(u[row] + s), pload<Packet>(v[row] + s));
      pstore(kept + static_cast<Index>(row) * stride + s, x);
      return x;
    }
  };

  // na <= tile_rows rows of `a` (const double* or Formed) with nb rows of `b`; rows are `stride`
  // long, without gaps, and 64-byte aligned.
  template <int R = tile_rows, class A>
  static void accumulate(const A& a, Index na, const double* b, Index nb, Index stride, Sums c) {
    if (na == R) {
      strip<R, tile_columns>(a, b, nb, stride, c);
    } else if constexpr (R > 1) {
      accumulate<R - 1>(a, na, b, nb, stride, c);
    }
  }

 private:
  struct Plain {
    const double* rows;

    template <std::size_t row>
    Packet at(Index stride, Index s) const {
      return Eigen::internal::pload<Packet>(rows + static_cast<Index>(row) * stride + s);
    }
  };

  template <int R, int C>
  static void strip(const double* a, const double* b, Index nb, Index stride, Sums c) {
    for (; nb >= C; nb -= C, b += C * stride, c.at += C * c.column)
      tile<R, C>(Plain{a}, b, stride, c);
    if constexpr (C > 1)
      if (nb > 0) strip<R, C - 1>(a, b, nb, stride, c);
  }

  // The first tile forms the rows, which costs it little beside its products.
  template <int R, int C>
  static void strip(const Formed& a, const double* b, Index nb, Index stride, Sums c) {
    if (nb >= C) {
      tile<R, C>(a, b, stride, c);
      strip<R, C>(a.kept, b + C * stride, nb - C, stride, {c.at + C * c.column, c.row, c.column});
    } else if constexpr (C > 1) {
      strip<R, C - 1>(a, b, nb, stride, c);
    }
  }

  template <int R, int C, class A>
  static void tile(const A& a, const double* b, Index stride, Sums c) {
    tile(a, b, stride, c.at, c.row, c.column, std::make_index_sequence<R>{},
         std::make_index_sequence<C>{}, std::make_index_sequence<R * C>{});
  }

// GCC warns that a packet as a template's argument loses its alignment, which a local does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
  // T counts the sums of the tile, column by column. Sums goes piece by piece, in registers: by way
  // of the stack each call would wait for it to be written.
  template <class A, std::size_t... I, std::size_t... J, std::size_t... T>
  [[gnu::flatten]] static void tile(A a, const double* b, Index stride, double* at, Index row,
                                    Index column, std::index_sequence<I...>,
                                    std::index_sequence<J...>, std::index_sequence<T...>) {
    using namespace Eigen::internal;
    constexpr std::size_t rows = sizeof...(I), all = sizeof...(T);
    Packet sums[all] = {(static_cast<void>(T), pset1<Packet>(0.0))...};
    for (Index s = 0; s < stride; s += lanes) {
      const Packet x[rows] = {a.template at<I>(stride, s)...};
      const auto meet = [&](auto j) {
        constexpr std::size_t k = decltype(j)::value;
        const Packet y = pload<Packet>(b + static_cast<Index>(k) * stride + s);
        ((sums[k * rows + I] = pmadd(x[I], y, sums[k * rows + I])), ...);
      };
      (meet(std::integral_constant<std::size_t, J>{}), ...);
    }
    constexpr auto width = static_cast<std::size_t>(lanes), groups = (all + width - 1) / width;
    alignas(alignment) double totals[groups * width];
    add_lanes<all>(sums, totals, std::make_index_sequence<groups>{});
    ((at[static_cast<Index>(T % rows) * row + static_cast<Index>(T / rows) * column] += totals[T]),
     ...);
  }

  template <std::size_t all, std::size_t... G>
  static void add_lanes(const Packet* sums, double* totals, std::index_sequence<G...>) {
    (add_lanes_of_group<all, G>(sums, totals, std::make_index_sequence<lanes>{}), ...);
  }

  // A transposition adds up the lanes of several sums at once.
  template <std::size_t all, std::size_t group, std::size_t... K>
  static void add_lanes_of_group(const Packet* sums, double* totals, std::index_sequence<K...>) {
    using namespace Eigen::internal;
    constexpr std::size_t first = group * sizeof...(K);
    PacketBlock<Packet, static_cast<int>(lanes)> block{{sums[std::min(first + K, all - 1)]...}};
    ptranspose(block);
    Packet total = block.packet[0];
    ((total = K == 0 ? total : padd(total, block.packet[K])), ...);
    pstore(totals + first, total);
  }
#pragma GCC diagnostic pop
};

FASTOPT_END
