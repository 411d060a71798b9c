// The products of a layer: Eigen's, and for small layers, which fit in the first cache, products
// without packing and zeroing.
//
// Eigen packs both factors of each product into its own buffers; for the layers of small networks
// that costs as much as a third of the product. Here A is read where it lies, since its columns are
// contiguous, and B an element at a time. Every element of C is one chain of multiply-adds over k,
// whatever the tile that holds it: the bits do not depend on how columns are shared out.
#pragma once

#include <algorithm>
#include <type_traits>
#include <utility>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// Column-major, the columns `stride` apart.
template <class Scalar>
struct Columnwise {
  const Scalar* data;
  Index stride;
};

// Element (i, j) at data[i * row + j * column].
template <class Scalar>
struct Strided {
  const Scalar* data;
  Index row, column;
};

template <class Scalar>
class SmallProduct {
  using Packet = typename Eigen::internal::packet_traits<Scalar>::type;
  static constexpr Index lanes = Eigen::internal::unpacket_traits<Packet>::size;
  // Tiles of C, in packets x columns: their sums and the factors they meet stay in the registers,
  // 16 or 32 of them.
  static constexpr std::size_t tall = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 3;
  static constexpr std::size_t narrow = 4, wide = 8;

 public:
  static constexpr Index most_bytes = 32 * 1024;  // of A
  static constexpr Index most_terms = 512;        // of each sum
  static constexpr Index most_elements = most_bytes / static_cast<Index>(sizeof(Scalar));

  static bool fits(Index m, Index k) { return m * k <= most_elements && k <= most_terms; }

  // C (m x n) = S + A B over k terms. S is a matrix, a vector for all columns (stride 0), or null:
  // zero.
  static void run(Index m, Index n, Index k, Columnwise<Scalar> a, Strided<Scalar> b, Scalar* c,
                  Index c_stride, Columnwise<Scalar> s) {
    Index i = 0;
    const auto rows = [&](auto packets) {
      constexpr auto height = decltype(packets)::value;
      constexpr Index size = static_cast<Index>(height) * lanes;
      for (; i + size <= m; i += size)
        columns<height>(n, k, {a.data + i, a.stride}, b, c + i, c_stride, from(s, i));
    };
    rows(std::integral_constant<std::size_t, tall>{});
    rows(std::integral_constant<std::size_t, tall - 1>{});
    if constexpr (tall > 3) rows(std::integral_constant<std::size_t, 2>{});
    rows(std::integral_constant<std::size_t, 1>{});
    if (i < m) last_rows(m - i, n, k, {a.data + i, a.stride}, b, c + i, c_stride, from(s, i));
  }

  // n sums s + Σ a x over k terms, x a column of X for each of them.
  static void dots(Index n, Index k, const Scalar* a, const Scalar* x, Scalar s, Scalar* out) {
    constexpr auto size = static_cast<Index>(narrow);
    Index j = 0;
    for (; j + size <= n; j += size)
      some_dots(k, a, x + j * k, s, out + j, std::make_index_sequence<narrow>{});
    for (; j < n; ++j) some_dots(k, a, x + j * k, s, out + j, std::make_index_sequence<1>{});
  }

  // Aᵀ (columns x rows) of A (rows x columns), both without gaps.
  static void transpose(Index rows, Index columns, const Scalar* a, Scalar* out) {
    const Index whole_rows = rows / lanes * lanes, whole_columns = columns / lanes * lanes;
    for (Index j = 0; j < whole_columns; j += lanes)
      for (Index i = 0; i < whole_rows; i += lanes)
        transpose_block(a + j * rows + i, rows, out + i * columns + j, columns);
    for (Index j = 0; j < columns; ++j)
      for (Index i = j < whole_columns ? whole_rows : 0; i < rows; ++i)
        out[i * columns + j] = a[j * rows + i];
  }

 private:
  static Columnwise<Scalar> from(Columnwise<Scalar> x, Index row) {
    return {x.data == nullptr ? nullptr : x.data + row, x.stride};
  }

  template <std::size_t height>
  static void columns(Index n, Index k, Columnwise<Scalar> a, Strided<Scalar> b, Scalar* c,
                      Index c_stride, Columnwise<Scalar> s) {
    constexpr std::size_t width = height == 1 ? wide : narrow;
    Index j = 0;
    const auto tiles = [&](auto count) {
      constexpr auto w = decltype(count)::value;
      constexpr auto size = static_cast<Index>(w);
      for (; j + size <= n; j += size)
        tile(k, a, {b.data + j * b.column, b.row, b.column}, c + j * c_stride, c_stride,
             {s.data == nullptr ? nullptr : s.data + j * s.stride, s.stride},
             std::make_index_sequence<height>{}, std::make_index_sequence<w>{},
             std::make_index_sequence<height * w>{});
    };
    tiles(std::integral_constant<std::size_t, width>{});
    tiles(std::integral_constant<std::size_t, 1>{});
  }

  // T counts the packets of the tile, column by column.
  template <std::size_t... I, std::size_t... J, std::size_t... T>
  static void tile(Index k, Columnwise<Scalar> a, Strided<Scalar> b, Scalar* c, Index c_stride,
                   Columnwise<Scalar> s, std::index_sequence<I...>, std::index_sequence<J...>,
                   std::index_sequence<T...>) {
    using namespace Eigen::internal;
    constexpr std::size_t height = sizeof...(I);
    const auto row = [](std::size_t t) { return static_cast<Index>(t % height) * lanes; };
    const auto column = [](std::size_t t) { return static_cast<Index>(t / height); };
    Packet sums[sizeof...(T)];
    if (s.data == nullptr) {
      ((sums[T] = pset1<Packet>(Scalar(0))), ...);
    } else {
      ((sums[T] = ploadu<Packet>(s.data + column(T) * s.stride + row(T))), ...);
    }
    for (Index p = 0; p < k; ++p) {
      const Packet x[height] = {ploadu<Packet>(a.data + row(I))...};
      const auto meet = [&](auto j) {
        const Packet y = pset1<Packet>(b.data[static_cast<Index>(j()) * b.column]);
        ((sums[j() * height + I] = pmadd(x[I], y, sums[j() * height + I])), ...);
      };
      (meet(std::integral_constant<std::size_t, J>{}), ...);
      a.data += a.stride;
      b.data += b.row;
    }
    (pstoreu(c + column(T) * c_stride + row(T), sums[T]), ...);
  }

  template <std::size_t... J>
  static void some_dots(Index k, const Scalar* a, const Scalar* x, Scalar s, Scalar* out,
                        std::index_sequence<J...>) {
    using namespace Eigen::internal;
    const auto column = [&](std::size_t j) { return x + static_cast<Index>(j) * k; };
    Packet sums[sizeof...(J)];
    Scalar rest[sizeof...(J)];
    ((sums[J] = pset1<Packet>(Scalar(0)), rest[J] = s), ...);
    Index p = 0;
    for (; p + lanes <= k; p += lanes) {
      const Packet y = ploadu<Packet>(a + p);
      ((sums[J] = pmadd(y, ploadu<Packet>(column(J) + p), sums[J])), ...);
    }
    for (; p < k; ++p) ((rest[J] += a[p] * column(J)[p]), ...);
    ((out[J] = rest[J] + predux(sums[J])), ...);
  }

  // Fewer rows than a packet has lanes: through a copy that has them all.
  static void last_rows(Index rows, Index n, Index k, Columnwise<Scalar> a, Strided<Scalar> b,
                        Scalar* c, Index c_stride, Columnwise<Scalar> s) {
    Scratch<Scalar> panel(k * lanes);
    constexpr auto most = static_cast<Index>(wide);
    alignas(alignment) Scalar out[most * lanes] = {};
    for (Index p = 0; p < k; ++p)
      for (Index i = 0; i < lanes; ++i)
        panel[p * lanes + i] = i < rows ? a.data[p * a.stride + i] : Scalar(0);
    for (Index j = 0; j < n; j += most) {
      const Index count = std::min(most, n - j);
      for (Index q = 0; q < count; ++q)
        for (Index i = 0; i < rows; ++i)
          out[q * lanes + i] = s.data == nullptr ? Scalar(0) : s.data[(j + q) * s.stride + i];
      columns<1>(count, k, {panel.data(), lanes}, {b.data + j * b.column, b.row, b.column}, out,
                 lanes, {out, lanes});
      for (Index q = 0; q < count; ++q)
        for (Index i = 0; i < rows; ++i) c[(j + q) * c_stride + i] = out[q * lanes + i];
    }
  }

// GCC warns that a packet as a template's argument loses its alignment, which a local does not.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
  static void transpose_block(const Scalar* a, Index stride, Scalar* out, Index out_stride) {
    using namespace Eigen::internal;
    if constexpr (lanes == 1) {
      *out = *a;
    } else {
      PacketBlock<Packet, lanes> block;
      for (Index j = 0; j < lanes; ++j) block.packet[j] = ploadu<Packet>(a + j * stride);
      ptranspose(block);
      for (Index i = 0; i < lanes; ++i) pstoreu(out + i * out_stride, block.packet[i]);
    }
  }
#pragma GCC diagnostic pop
};

// y = W x + b, of W (out x in) and n columns x; b may be null: zero.
template <class Scalar>
void multiply(const Scalar* w, const Scalar* b, Index out, Index in, const Scalar* x, Index n,
              Scalar* y) {
  using Small = SmallProduct<Scalar>;
  if (out == 1) {
    Small::dots(n, in, w, x, b == nullptr ? Scalar(0) : *b, y);
    return;
  }
  if (Small::fits(out, in)) {
    Small::run(out, n, in, {w, out}, {x, 1, in}, y, out, {b, 0});
    return;
  }
  MatrixMap<Scalar> to(y, out, n);
  const ConstMatrixMap<Scalar> weights(w, out, in), from(x, in, n);
  if (b == nullptr) {
    to.noalias() = weights * from;
  } else {
    to.colwise() = ConstVectorMap<Scalar>(b, out);
    to.noalias() += weights * from;
  }
}

// y = Wᵀ d, of W (out x in) and n columns d.
template <class Scalar>
void multiply_transposed(const Scalar* w, Index out, Index in, const Scalar* d, Index n,
                         Scalar* y) {
  using Small = SmallProduct<Scalar>;
  if (Small::fits(in, out)) {
    Scratch<Scalar> transposed(out > 1 ? out * in : 0);
    if (out > 1) {
      Small::transpose(out, in, w, transposed.data());
      w = transposed.data();
    }
    Small::run(in, n, out, {w, in}, {d, 1, out}, y, in, {nullptr, 0});
    return;
  }
  MatrixMap<Scalar>(y, in, n).noalias() =
      ConstMatrixMap<Scalar>(w, out, in).transpose() * ConstMatrixMap<Scalar>(d, out, n);
}

// g (out x columns) = d xᵀ over n samples, or adds it; x is the first of `columns` rows of a matrix
// that has `in` of them.
template <class Scalar>
void outer_products(const Scalar* d, Index out, const Scalar* x, Index in, Index columns, Index n,
                    Scalar* g, bool accumulate) {
  using Small = SmallProduct<Scalar>;
  const Scalar* start = accumulate ? g : nullptr;
  if (out == 1 && Small::fits(columns, n)) {
    Small::run(columns, 1, n, {x, in}, {d, 1, 0}, g, columns, {start, 0});
    return;
  }
  if (out > 1 && Small::fits(out, n)) {
    Small::run(out, columns, n, {d, out}, {x, in, 1}, g, out, {start, out});
    return;
  }
  MatrixMap<Scalar> to(g, out, columns);
  const ConstMatrixMap<Scalar> deltas(d, out, n);
  const Eigen::Map<const Matrix<Scalar>, 0, Eigen::OuterStride<>> rows(x, columns, n,
                                                                       Eigen::OuterStride<>(in));
  if (accumulate) {
    to.noalias() += deltas * rows.transpose();
  } else {
    to.noalias() = deltas * rows.transpose();
  }
}

// g = Σ of n columns d, or adds it.
template <class Scalar>
void sum_columns(const Scalar* d, Index out, Index n, Scalar* g, bool accumulate) {
  using Small = SmallProduct<Scalar>;
  if (out > 1 && Small::fits(out, n)) {
    const Scalar one = 1;
    Small::run(out, 1, n, {d, out}, {&one, 0, 0}, g, out, {accumulate ? g : nullptr, 0});
    return;
  }
  VectorMap<Scalar> to(g, out);
  const ConstMatrixMap<Scalar> columns(d, out, n);
  if (accumulate) {
    to += columns.rowwise().sum();
  } else {
    to = columns.rowwise().sum();
  }
}

FASTOPT_END
