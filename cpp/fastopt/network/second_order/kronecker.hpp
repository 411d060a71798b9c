// Sums over samples of products of units, C[a, b] = Σ_s A_a(s) B_b(s), where the rows A_a and B_b
// are themselves products of two units, formed as they are needed. This is what JᵀJ and the Hessian
// of a network come down to: a row of a layer's Jacobian is x̃ ⊗ δ, so the block of two layers is
// Σ_s (x̃ x̃'ᵀ) ⊗ (δ δ'ᵀ), with the sum over the outputs taken inside (δ δ'ᵀ). Where both factors are
// symmetric only their triangles are formed: a quarter of the block's products.
#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/linalg/row_products.hpp"
#include "fastopt/network/second_order/sample_block.hpp"

FASTOPT_BEGIN

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

  Index formed() const { return shape == Shape::single ? 0 : count() * depth; }

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
    Index i = half ? row_of_triangle(first) : first / nv;
    Index j = half ? first - before(i) + i : first % nv;
    for (Index p = 0; p < count; ++p) {
      f(p, i, j);
      if (++j == nv) {
        ++i;
        j = half ? i : 0;
      }
    }
  }

  // How many pairs i ≤ j stand before the first pair of i.
  Index before(Index i) const { return i * nu - i * (i - 1) / 2; }

  Index row_of_triangle(Index pair) const {
    const double b = static_cast<double>(2 * nu + 1);
    auto i = static_cast<Index>((b - std::sqrt(b * b - 8.0 * static_cast<double>(pair))) / 2);
    while (i + 1 < nu && before(i + 1) <= pair) ++i;
    while (before(i) > pair) --i;
    return i;
  }

  // Whether each row is the product of two columns, and of which ones.
  bool is_product() const { return shape != Shape::single && shape != Shape::upper && depth == 1; }
  void factors(const SampleBlock& block, Index first, Index count,
               RowProducts::Formed& rows) const {
    each(first, count, [&](Index p, Index i, Index j) {
      rows.u[p] = block.column(u, i);
      rows.v[p] = block.column(v, j);
    });
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
  // Whether only entries with b ≥ a are wanted, since C is symmetric.
  bool half = false;

  double products() const {
    return static_cast<double>(a.count()) * static_cast<double>(b.count());
  }
  // Whether it is the rows of b that are the more to form.
  bool is_turned() const { return b.formed() > a.formed(); }
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
      Index width_a = even_part(na, widest(terms_[t], false));
      Index width_b = even_part(nb, widest(terms_[t], true));
      while (static_cast<double>(width_a * width_b) > largest && std::max(width_a, width_b) > 16)
        (width_a >= width_b ? width_a : width_b) = (std::max(width_a, width_b) + 1) / 2;
      for (Index a = 0; a < na; a += width_a)
        for (Index b = terms_[t].half ? a / width_b * width_b : 0; b < nb; b += width_b)
          tiles_.push_back({t, {a, std::min(width_a, na - a), b, std::min(width_b, nb - b)}});
      widest_panel_ = std::max(widest_panel_, terms_[t].is_turned() ? width_a : width_b);
      largest_tile_ = std::max(largest_tile_, width_a * width_b);
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
        accumulate(term, tile, blocks[k], *space.work);
        Interruption::poll(2.0 * static_cast<double>(tile.na * tile.nb * blocks[k].stride()));
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
    Buffer<double> panel, strip, sums;
  };

  // The rows of one factor are formed as a whole. Those of the other, which are the more, are
  // formed a few at a time and meet the former while they are in the first cache.
  static void accumulate(const ProductTerm& term, const ProductTerm::Tile& tile,
                         const SampleBlock& block, Work& work) {
    const bool turned = term.is_turned();
    const Rows &strips = turned ? term.b : term.a, &panel = turned ? term.a : term.b;
    const Index first = turned ? tile.b : tile.a, count = turned ? tile.nb : tile.na;
    const Index from = turned ? tile.a : tile.b, width = turned ? tile.na : tile.nb;
    const double* other = panel.form(block, from, width, work.panel.data());
    RowProducts::Sums sums{work.sums.data(), turned ? 1 : tile.nb, turned ? tile.nb : 1};
    for (Index i = 0; i < count; i += RowProducts::tile_rows) {
      const Index rows = std::min<Index>(RowProducts::tile_rows, count - i);
      if (strips.is_product()) {
        RowProducts::Formed some{{}, {}, work.strip.data()};
        strips.factors(block, first + i, rows, some);
        RowProducts::accumulate(some, rows, other, width, block.stride(), sums);
      } else {
        const double* some = strips.form(block, first + i, rows, work.strip.data());
        RowProducts::accumulate(some, rows, other, width, block.stride(), sums);
      }
      sums.at += rows * sums.row;
    }
  }

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
        work.reset(new Work{Buffer<double>(owner.widest_panel_ * rows),
                            Buffer<double>(RowProducts::tile_rows * rows),
                            Buffer<double>(owner.largest_tile_)});
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

  // A panel stays in the second cache. The more rows are formed for it, the longer it serves.
  static Index widest(const ProductTerm& term, bool b) {
    constexpr Index panel = 96, strips = 384;
    return b == term.is_turned() ? strips : panel;
  }

  static Index even_part(Index n, Index largest) {
    const Index parts = (n + largest - 1) / largest;
    return (n + parts - 1) / parts;
  }

  std::vector<ProductTerm> terms_;
  std::vector<std::pair<std::size_t, ProductTerm::Tile>> tiles_;
  Index widest_panel_ = 0, largest_tile_ = 0;
  double products_ = 0;
  std::mutex lock_;
  std::vector<std::unique_ptr<Work>> idle_;
};

// Copies the lower triangle of an n x n matrix into the upper one.
inline void mirror_lower(double* matrix, Index n) {
  constexpr Index tile = 32;
  MatrixMap<double> m(matrix, n, n);
  for (Index c = 0; c < n; c += tile) {
    const Index columns = std::min(tile, n - c);
    for (Index r = c; r < n; r += tile) {
      const Index rows = std::min(tile, n - r);
      if (r == c) {
        for (Index j = 0; j < columns; ++j)
          for (Index i = j + 1; i < rows; ++i) m(c + j, r + i) = m(r + i, c + j);
      } else {
        m.block(c, r, columns, rows) = m.block(r, c, rows, columns).transpose();
      }
    }
    Interruption::poll(static_cast<double>(columns) * static_cast<double>(n - c));
  }
}

FASTOPT_END
