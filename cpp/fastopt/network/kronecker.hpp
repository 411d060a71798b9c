// Sums over samples of products of units, C[a, b] = Σ_s A_a(s) B_b(s), where the rows A_a and B_b
// are themselves products of two units, formed as they are needed. This is what JᵀJ and the Hessian
// of a network come down to: a row of a layer's Jacobian is x̃ ⊗ δ, so the block of two layers is
// Σ_s (x̃ x̃'ᵀ) ⊗ (δ δ'ᵀ), with the sum over the outputs taken inside (δ δ'ᵀ). Where both factors are
// symmetric only their triangles are formed: a quarter of the block's products.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/network/sample_block.hpp"

FASTOPT_BEGIN

namespace detail {

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"  // packets as template arguments
#endif

// Samples fill the lanes of the packets, so that rows are read as they lie, without packing. R x C
// running sums leave registers for one packet of each operand.
template <int R, int C>
inline void accumulate_tile(const double* a, const double* b, Index stride, double* c, Index ldc) {
  using Packet = Eigen::internal::packet_traits<double>::type;
  constexpr Index lanes = Eigen::internal::packet_traits<double>::size;
  Packet sums[R][C];
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < C; ++j) sums[i][j] = Eigen::internal::pset1<Packet>(0.0);
  for (Index s = 0; s < stride; s += lanes) {
    Packet rows[R];
    for (int i = 0; i < R; ++i) rows[i] = Eigen::internal::pload<Packet>(a + i * stride + s);
    for (int j = 0; j < C; ++j) {
      const Packet other = Eigen::internal::pload<Packet>(b + j * stride + s);
      for (int i = 0; i < R; ++i) sums[i][j] = Eigen::internal::pmadd(rows[i], other, sums[i][j]);
    }
  }
  // A transposition adds up the lanes of several sums at once.
  constexpr int width = static_cast<int>(lanes), groups = (R * C + width - 1) / width;
  alignas(alignment) double totals[groups * width];
  for (int g = 0; g < groups; ++g) {
    Eigen::internal::PacketBlock<Packet, width> block;
    for (int k = 0; k < width; ++k) {
      const int at = std::min(g * width + k, R * C - 1);
      block.packet[k] = sums[at / C][at % C];
    }
    Eigen::internal::ptranspose(block);
    Packet total = block.packet[0];
    for (int k = 1; k < width; ++k) total = Eigen::internal::padd(total, block.packet[k]);
    Eigen::internal::pstore(totals + g * width, total);
  }
  for (int i = 0; i < R; ++i)
    for (int j = 0; j < C; ++j) c[i * ldc + j] += totals[i * C + j];
}

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

constexpr int tile_rows = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 4 : 3;
constexpr int tile_columns = EIGEN_ARCH_DEFAULT_NUMBER_OF_REGISTERS >= 32 ? 6 : 4;

template <int R, int C = tile_columns>
void accumulate_strip(const double* a, const double* b, Index nb, Index stride, double* c,
                      Index ldc) {
  if constexpr (C == tile_columns) {
    Index j = 0;
    for (; j + C <= nb; j += C) accumulate_tile<R, C>(a, b + j * stride, stride, c + j, ldc);
    if (j < nb) accumulate_strip<R, C - 1>(a, b + j * stride, nb - j, stride, c + j, ldc);
  } else if (C == nb) {
    accumulate_tile<R, C>(a, b, stride, c, ldc);
  } else if constexpr (C > 1) {
    accumulate_strip<R, C - 1>(a, b, nb, stride, c, ldc);
  }
}

}  // namespace detail

// c[i * nb + j] += Σ_s a[i * stride + s] b[j * stride + s]; rows are 64-byte aligned.
template <int R = detail::tile_rows>
void accumulate_products(const double* a, Index na, const double* b, Index nb, Index stride,
                         double* c) {
  Index i = 0;
  for (; i + R <= na; i += R)
    detail::accumulate_strip<R>(a + i * stride, b, nb, stride, c + i * nb, nb);
  if constexpr (R > 1)
    if (i < na) accumulate_products<R - 1>(a + i * stride, na - i, b, nb, stride, c + i * nb);
}

// Rows formed from the columns of two slots, u and v:
//   single    u_i
//   diagonal  u_i v_i
//   scaled    u_ij v_j, where u holds its columns as i + n j; i runs fastest
//   full      Σ_k u_ik v_jk for all (i, j), j running fastest
//   triangle  the same for i ≤ j
//   upper     u_ij for i ≤ j, where u holds its columns as i + n j
// A slot with depth holds its columns as i + n k.
struct Rows {
  enum class Shape { single, diagonal, scaled, full, triangle, upper };

  Shape shape;
  Index u, nu, v = 0, nv = 0, depth = 1;

  static Rows single(Index u, Index n) { return {Shape::single, u, n}; }
  static Rows diagonal(Index u, Index v, Index n) { return {Shape::diagonal, u, n, v, n}; }
  static Rows scaled(Index u, Index nu, Index v, Index nv) { return {Shape::scaled, u, nu, v, nv}; }
  static Rows full(Index u, Index nu, Index v, Index nv, Index depth = 1) {
    return {Shape::full, u, nu, v, nv, depth};
  }
  static Rows triangle(Index u, Index v, Index n, Index depth = 1) {
    return {Shape::triangle, u, n, v, n, depth};
  }
  static Rows upper(Index u, Index n) { return {Shape::upper, u, n, 0, n}; }

  bool is_half() const { return shape == Shape::triangle || shape == Shape::upper; }

  Index count() const {
    if (shape == Shape::full || shape == Shape::scaled) return nu * nv;
    return is_half() ? nu * (nu + 1) / 2 : nu;
  }

  // f(position, i, j) for rows first … first + count - 1 (scaled: i counts the columns of u).
  template <class F>
  void each(Index first, Index count, F&& f) const {
    if (shape == Shape::single || shape == Shape::diagonal) {
      for (Index p = 0; p < count; ++p) f(p, first + p, first + p);
      return;
    }
    if (shape == Shape::scaled) {
      for (Index p = 0; p < count; ++p) f(p, first + p, (first + p) / nu);
      return;
    }
    const bool half = is_half();
    Index i = 0, j = first;
    if (half) {
      while (j >= nu - i) j -= nu - i++;
      j += i;
    } else {
      i = first / nv;
      j = first % nv;
    }
    for (Index p = 0; p < count; ++p) {
      f(p, i, j);
      if (++j == nv) {
        ++i;
        j = half ? i : 0;
      }
    }
  }

  // Returns where the rows lie: in `out`, or in the block itself where they stand there already.
  const double* form(const SampleBlock& block, Index first, Index count, double* out) const {
    const Index n = block.stride();
    if (shape == Shape::single) return block.column(u, first);
    each(first, count, [&](Index p, Index i, Index j) {
      ArrayMap<double> row(out + p * n, n);
      if (shape == Shape::upper) {
        row = ConstArrayMap<double>(block.column(u, i + nu * j), n);
        return;
      }
      row = ConstArrayMap<double>(block.column(u, i), n) *
            ConstArrayMap<double>(block.column(v, j), n);
      for (Index k = 1; k < depth; ++k)
        row += ConstArrayMap<double>(block.column(u, i + nu * k), n) *
               ConstArrayMap<double>(block.column(v, j + nv * k), n);
    });
    return out;
  }
};

// One sum of products, and where its results go.
struct ProductTerm {
  struct Tile {
    Index a, na, b, nb;  // ranges of rows
  };
  Rows a, b;
  // Adds C (tile.na x tile.nb, b fastest) to the matrix.
  std::function<void(const Tile&, const double*, double*)> scatter;

  double products() const {
    return static_cast<double>(a.count()) * static_cast<double>(b.count());
  }
};

// Terms cut into tiles by size alone; each tile is one task and writes to entries of its own.
class ProductSums {
 public:
  void add(ProductTerm term) { terms_.push_back(std::move(term)); }

  void plan() {
    double total = 0;
    for (const ProductTerm& term : terms_) total += term.products();
    products_ = total;
    // At least about eight tasks, so that a few threads finish together, of a size at which forming
    // the rows costs little beside the products.
    const double largest = std::max(1500.0, total / 8);
    for (std::size_t t = 0; t < terms_.size(); ++t) {
      const Index na = terms_[t].a.count(), nb = terms_[t].b.count();
      // A row with depth costs as much as `depth` rows: form it for many others.
      Index width_a = even_part(na, terms_[t].b.depth > 1 ? 384 : 96), width_b = even_part(nb, 96);
      while (static_cast<double>(width_a * width_b) > largest && std::max(width_a, width_b) > 16)
        (width_a >= width_b ? width_a : width_b) = (std::max(width_a, width_b) + 1) / 2;
      for (Index a = 0; a < na; a += width_a)
        for (Index b = 0; b < nb; b += width_b)
          tiles_.push_back({t, {a, std::min(width_a, na - a), b, std::min(width_b, nb - b)}});
      width_a_ = std::max(width_a_, width_a);
      width_b_ = std::max(width_b_, width_b);
    }
  }

  // matrix += the sums over all samples of the blocks.
  void run(const SampleBlock* blocks, Index count, double* matrix) {
    double work = 0;
    for (Index k = 0; k < count; ++k)
      work += 2 * products_ * static_cast<double>(blocks[k].stride());
    const auto task = [&](Index i) {
      const auto& [t, tile] = tiles_[static_cast<std::size_t>(i)];
      const ProductTerm& term = terms_[t];
      Lease space(*this);
      std::fill_n(space->sums.data(), tile.na * tile.nb, 0.0);
      for (Index k = 0; k < count; ++k) {
        const Index stride = blocks[k].stride();
        const double* a = term.a.form(blocks[k], tile.a, tile.na, space->a.data());
        const double* b = term.b.form(blocks[k], tile.b, tile.nb, space->b.data());
        accumulate_products(a, tile.na, b, tile.nb, stride, space->sums.data());
        Interruption::poll(2.0 * static_cast<double>(tile.na * tile.nb * stride));
      }
      term.scatter(tile, space->sums.data(), matrix);
    };
    const auto n_tiles = static_cast<Index>(tiles_.size());
    if (work < least_work_of_threads) {
      for (Index i = 0; i < n_tiles; ++i) task(i);
    } else {
      parallel_for(n_tiles, task);
    }
  }

 private:
  struct Work {
    Buffer<double> a, b, sums;
  };
  // Workspaces live on between tasks: fresh memory would be page-faulted in each time.
  struct Lease {
    ProductSums& owner;
    std::unique_ptr<Work> work;

    explicit Lease(ProductSums& sums) : owner(sums) {
      {
        const std::lock_guard<std::mutex> lock(owner.lock_);
        if (!owner.idle_.empty()) {
          work = std::move(owner.idle_.back());
          owner.idle_.pop_back();
        }
      }
      if (work == nullptr) {
        const Index rows = SampleBlock::usual_samples;
        work.reset(new Work{Buffer<double>(owner.width_a_ * rows),
                            Buffer<double>(owner.width_b_ * rows),
                            Buffer<double>(owner.width_a_ * owner.width_b_)});
      }
    }
    ~Lease() {
      const std::lock_guard<std::mutex> lock(owner.lock_);
      owner.idle_.push_back(std::move(work));
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    Work* operator->() { return work.get(); }
  };

  // Floating-point operations below which waking a second thread costs more than it gives.
  static constexpr double least_work_of_threads = 1e6;

  static Index even_part(Index n, Index largest) {
    const Index parts = (n + largest - 1) / largest;
    return (n + parts - 1) / parts;
  }

  std::vector<ProductTerm> terms_;
  std::vector<std::pair<std::size_t, ProductTerm::Tile>> tiles_;
  Index width_a_ = 0, width_b_ = 0;
  double products_ = 0;
  std::mutex lock_;
  std::vector<std::unique_ptr<Work>> idle_;
};

// Copies the lower triangle of an n x n matrix into the upper one.
inline void mirror_lower(double* matrix, Index n) {
  constexpr Index tile = 32;
  MatrixMap<double> m(matrix, n, n);
  for (Index c = 0; c < n; c += tile)
    for (Index r = c; r < n; r += tile) {
      const Index rows = std::min(tile, n - r), columns = std::min(tile, n - c);
      if (r == c) {
        for (Index j = 0; j < columns; ++j)
          for (Index i = j + 1; i < rows; ++i) m(c + j, r + i) = m(r + i, c + j);
      } else {
        m.block(c, r, columns, rows) = m.block(r, c, rows, columns).transpose();
      }
    }
}

FASTOPT_END
