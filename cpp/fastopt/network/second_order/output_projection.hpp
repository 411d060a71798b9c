// Sums of squares of a network whose output weights are solved for (Golub & Pereyra 1973; for
// networks Sjöberg & Viberg 1997), summed over blocks of samples.
//
// The output layer is linear, y = Φ C with Φ = [φ, 1] what the last hidden layer hands on. For
// hidden weights u, C minimises
//   ½ Σ v e² + ½ s ‖C_W‖²,  e = Φ C − T,  s = penalty + ridge,
// by QR of A = [√v Φ; √s I]: A = Q R. As a function of u alone its residuals have the Jacobian
//   J_k = (I − Q Qᵀ) [D_k; 0] − Q R⁻ᵀ T_k,   D_k = √v ∂y_k/∂u at constant C,
//                                            T_k = Σ v e_k ∂Φᵀ/∂u,
// for each output k. Its two parts are orthogonal to each other, and e to the second:
//   JᵀJ = Σ_k D_kᵀ (I − Q Qᵀ) D_k + T_kᵀ (RᵀR)⁻¹ T_k,   Jᵀe = Σ_k D_kᵀ √v e_k.
// Kaufman's approximation leaves T_k out, and fails where units oscillate.
#pragma once

#include <memory>
#include <vector>

#include "fastopt/core/zeros.hpp"
#include "fastopt/linalg/row_products.hpp"
#include "fastopt/linalg/rowwise_qr.hpp"
#include "fastopt/network/second_order/residual_block.hpp"

FASTOPT_BEGIN

class OutputProjection {
 public:
  // Each sample has 0, 1 or q weights; with q of them each output has an A of its own.
  OutputProjection(const Architecture& net, Index weight_columns)
      : net_(net),
        slots_(net_, weight_columns),
        pass_(net_, slots_),
        p_(net.layers.back().weights),
        units_(net.layers.back().fan_in),
        features_(units_ + 1),
        q_(net.outputs()),
        direct_(net.is_plain() && net.depth() == 2),
        ridge_(slots_.weight_columns),
        traces_(slots_.weight_columns) {
    basis_ = slots_.add(features_ * slots_.weight_columns);
    derivatives_ = slots_.add(p_ * q_);
    for (Index f = 0; f < slots_.weight_columns; ++f) factors_.emplace_back(features_, outputs());
  }
  OutputProjection(const OutputProjection&) = delete;
  OutputProjection& operator=(const OutputProjection&) = delete;

  // How many weights there are before the output layer's.
  Index hidden() const { return p_; }
  // Of each A; zero: it is taken from the trace of ΦᵀvΦ when the next A is known.
  Buffer<double>& ridge() { return ridge_; }
  double ridge_for(Index f) const { return ridge_share * traces_[f]; }
  // ½ ridge ‖C_W‖²
  double ridge_energy(const double* w) const {
    double sum = 0;
    const auto c = layer_matrix(net_.layers.back(), w);
    for (Index k = 0; k < q_; ++k)
      sum += ridge_[slots_.weight_column(k)] * c.col(k).head(units_).squaredNorm();
    return 0.5 * sum;
  }

  // Fills the output layer's weights in w for the hidden ones that it holds; returns Σ v e².
  double solve(const Dataset& data, double penalty, double* w) {
    begin(data);
    for (RowwiseQr& part : parts_) part.clear();
    const Index columns = slots_.weight_columns;
    sweep(data, w, false, [&](Index from, Index count) {
      parallel_for(n_parts_, [&](Index part) {
        for (Index i = 0; i < count; ++i)
          if ((from + i) % n_parts_ == part)
            for (Index f = 0; f < columns; ++f) fold(block(i), f, at(parts_, part * columns + f));
      });
    });
    for (Index f = 0; f < columns; ++f) {
      RowwiseQr& factor = at(factors_, f);
      factor = at(parts_, f);
      for (Index part = 1; part < n_parts_; ++part) factor.add(at(parts_, part * columns + f));
      finish(factor, f, penalty, w);
    }
    double squares = 0;
    sweep(data, w, true, [&](Index, Index count) {
      parallel_for(count, [&](Index i) { at(sums_, i) = residuals(w, block(i)); });
      for (Index i = 0; i < count; ++i) squares += at(sums_, i);
    });
    return squares;
  }

  // After solve() at the same w: Jᵀe, p numbers.
  void gradient(const Dataset& data, const double* w, double* g) {
    std::fill_n(g, p_, 0.0);
    sweep(data, w, true, [&](Index, Index count) {
      parallel_for(count, [&](Index i) { block_gradient(w, block(i), at(gradients_, i).data()); });
      for (Index i = 0; i < count; ++i) VectorMap<double>(g, p_) += at(gradients_, i).vector();
    });
  }

  // After solve() at the same w: JᵀJ, p x p, both triangles.
  void products(const Dataset& data, double penalty, const double* w, double* jtj) {
    fill_zeros(jtj, p_ * p_);
    const Index width = t_columns();
    s_.fill(0);
    t_.fill(0);
    sweep(data, w, true, [&](Index, Index count) {
      parallel_for(count, [&](Index i) {
        block_derivatives(w, block(i));
        block_slopes(w, block(i), at(slopes_, i).data());
      });
      for (Index i = 0; i < count; ++i) t_.vector() += at(slopes_, i).vector();
      add_coordinates(count);
    });
    sweep(data, w, true, [&](Index, Index count) {
      std::vector<Panel> panels;
      parallel_for(count, [&](Index i) {
        if (at_once_ < plan_->count) block_derivatives(w, block(i));
        project(block(i));
      });
      for (Index i = 0; i < count; ++i)
        for (Index k = 0; k < q_; ++k)
          panels.push_back({block(i).column(derivatives_, p_ * k), block(i).stride()});
      add_squares(panels, jtj);
    });
    for (Index k = 0; k < q_; ++k) add_corners(k, penalty, width, jtj);
    mirror_lower(jtj, p_);
  }

 private:
  // λ beside the trace of ΦᵀvΦ: as large as rounding asks for and no larger. With 1e-12, R has a
  // condition of at most about 1e6. (The share decides how closely units that are nearly dependent,
  // as those of fast sines are, come to the goal: 1e-8 is too much there.)
  static constexpr double ridge_share = 1e-12;
  // As of the normal equations: what is summed at once must not be small beside JᵀJ.
  static constexpr double least_bytes_at_once = 16e6, most_bytes_at_once = 48e6;
  // Parts of the rows that are factorised apart from each other, each of many times as many rows
  // as columns.
  static constexpr Index most_parts = 16, rows_of_part = 4;

  // Columns of D, or of other rows that JᵀJ is the sum of squares of, `stride` apart.
  struct Panel {
    const double* columns;
    Index stride;
  };

  template <class T>
  static T& at(std::vector<T>& all, Index i) {
    return all[static_cast<std::size_t>(i)];
  }
  SampleBlock& block(Index i) { return at(blocks_, i); }
  // How many outputs have an A in common.
  Index outputs() const { return slots_.weight_columns == 1 ? q_ : 1; }
  // T_k has a row for each unit; where each weight belongs to one unit, one row holds them all.
  Index t_columns() const { return direct_ ? 1 : units_; }

  void begin(const Dataset& data) {
    if (plan_ != nullptr && plan_->samples == data.size()) return;
    plan_ = std::make_unique<BlockPlan>(data.size(), SampleBlock::usual_samples);
    const Index of_slopes = p_ * q_ * t_columns();
    double bytes = 8 * static_cast<double>(of_slopes);
    for (const Index columns : slots_.columns)
      bytes += 8 * static_cast<double>(columns) * static_cast<double>(plan_->rows);
    const double p = static_cast<double>(p_);
    const double room = std::clamp(8 * p * p, least_bytes_at_once, most_bytes_at_once);
    at_once_ = std::clamp(static_cast<Index>(room / bytes), Index{1}, plan_->count);
    blocks_.resize(static_cast<std::size_t>(at_once_));
    sums_.resize(static_cast<std::size_t>(at_once_));
    gradients_.clear();
    slopes_.clear();
    for (Index i = 0; i < at_once_; ++i) {
      gradients_.emplace_back(p_);
      slopes_.emplace_back(of_slopes);
    }
    s_.resize(area(features_ * q_, p_));
    t_.resize(of_slopes);
    n_parts_ = std::clamp(data.size() / (rows_of_part * features_), Index{1}, most_parts);
    parts_.assign(static_cast<std::size_t>(n_parts_ * slots_.weight_columns),
                  RowwiseQr(features_, outputs()));
    loaded_ = false;
  }

  // Group by group, blocks at hand at w: body(first block, how many). With `again` w is that of
  // the sweep before, and residuals are there too.
  template <class Body>
  void sweep(const Dataset& data, const double* w, bool again, Body&& body) {
    for (Index from = 0; from < plan_->count; from += at_once_) {
      const Index count = std::min(at_once_, plan_->count - from);
      if (!again || at_once_ < plan_->count)
        parallel_for(count, [&](Index i) {
          const Index b = from + i;
          if (!loaded_) load_samples(data, slots_, plan_->first(b), plan_->size(b), block(i));
          pass_.forward(w, block(i));
          if (again) residuals(w, block(i));
          Interruption::poll(net_.work_per_sample() / 3 * static_cast<double>(plan_->size(b)));
        });
      loaded_ = at_once_ >= plan_->count;
      body(from, count);
    }
  }

  MatrixMap<double> phi(SampleBlock& block) const {
    return block.matrix(slots_.x(slots_.depth - 1), features_);
  }
  ConstArrayMap<double> root(SampleBlock& block, Index f) const {
    return {block.column(slots_.root_weight, f), block.stride()};
  }

  // Adds the rows √v [Φ, T] of a block.
  void fold(SampleBlock& block, Index f, RowwiseQr& to) const {
    const Index rows = block.stride(), right = outputs();
    Scratch<double> room(rows * (features_ + right));
    MatrixMap<double> a(room.data(), rows, features_);
    MatrixMap<double> y(room.data() + rows * features_, rows, right);
    a = root(block, f).matrix().asDiagonal() * phi(block);
    y = root(block, f).matrix().asDiagonal() *
        ConstMatrixMap<double>(block.column(slots_.targets, right == 1 ? f : 0), rows, right);
    // Features of rows beyond the samples may not be finite.
    a.bottomRows(rows - block.samples()).setZero();
    to.add(a, y);
    Interruption::poll(2.0 * static_cast<double>(rows * features_ * features_));
  }

  // The rows √s I, and the solution into w.
  void finish(RowwiseQr& factor, Index f, double penalty, double* w) {
    traces_[f] = factor.squared_norm();
    if (ridge_[f] == 0) ridge_[f] = ridge_for(f);
    if (traces_[f] == 0)
      factor.set_trivial();
    else
      factor.add_diagonal(std::sqrt(penalty + ridge_[f]), units_);
    const Matrix<double> c = factor.solution();
    double* to = w + p_;
    for (Index k = 0; k < c.cols(); ++k)
      for (Index a = 0; a < features_; ++a) to[a * q_ + (outputs() == 1 ? f : k)] = c(a, k);
  }

  // e into slot `lower`; Σ v e².
  double residuals(const double* w, SampleBlock& block) const {
    MatrixMap<double> e = block.matrix(slots_.lower, q_);
    e.noalias() = phi(block) * layer_matrix(net_.layers.back(), w);
    e -= block.matrix(slots_.targets, q_);
    double sum = 0;
    for (Index k = 0; k < q_; ++k) {
      const ConstArrayMap<double> v(block.column(slots_.weight, slots_.weight_column(k)),
                                    block.stride());
      sum += (e.col(k).array().square() * v).head(block.samples()).sum();
    }
    return sum;
  }

  // ∂y/∂u from δ for each group of the hidden weights.
  template <class Emit>
  void backward(const double* w, SampleBlock& block, const double* seed, Emit&& emit) const {
    pass_.backward(w, block, seed, [&](Index g, const double* delta) {
      const ParameterGroup& group = pass_.groups()[static_cast<std::size_t>(g)];
      if (group.offset < p_) emit(group, delta);
    });
  }

  void add_gradient(const ParameterGroup& group, const double* delta, SampleBlock& block,
                    double* to) const {
    MatrixMap<double>(to + group.offset, group.width, group.inputs).noalias() =
        ConstMatrixMap<double>(delta, block.stride(), group.width).transpose() *
        block.matrix(group.x, group.inputs);
  }

  // v e_k
  void weigh(SampleBlock& block, Index k, double* out) const {
    ArrayMap<double>(out, block.stride()) =
        ConstArrayMap<double>(block.column(slots_.lower, k), block.stride()) *
        ConstArrayMap<double>(block.column(slots_.weight, slots_.weight_column(k)), block.stride());
  }

  void block_gradient(const double* w, SampleBlock& block, double* g) const {
    for (Index k = 0; k < q_; ++k) weigh(block, k, block.column(slots_.upper, k));
    backward(w, block, block.slot(slots_.upper), [&](const ParameterGroup& group, const double* d) {
      add_gradient(group, d, block, g);
    });
    Interruption::poll(net_.work_per_sample() * static_cast<double>(block.stride()));
  }

  // Q of the block, and D_k.
  void block_derivatives(const double* w, SampleBlock& block) const {
    const Index rows = block.stride();
    for (Index f = 0; f < slots_.weight_columns; ++f) {
      MatrixMap<double> q(block.column(basis_, features_ * f), rows, features_);
      q = root(block, f).matrix().asDiagonal() * phi(block);
      q.bottomRows(rows - block.samples()).setZero();
      const RowwiseQr& factor = factors_[static_cast<std::size_t>(f)];
      factor.r().triangularView<Eigen::Upper>().solveInPlace<Eigen::OnTheRight>(q);
    }
    for (Index k = 0; k < q_; ++k) {
      block.array(slots_.upper, q_).setZero();
      ArrayMap<double>(block.column(slots_.upper, k), rows) = root(block, slots_.weight_column(k));
      double* to = block.column(derivatives_, p_ * k);
      backward(w, block, block.slot(slots_.upper),
               [&](const ParameterGroup& group, const double* delta) {
                 for (Index i = 0; i < group.inputs; ++i) {
                   const ConstArrayMap<double> x(block.column(group.x, i), rows);
                   for (Index j = 0; j < group.width; ++j)
                     ArrayMap<double>(to + rows * (group.offset + i * group.width + j), rows) =
                         x * ConstArrayMap<double>(delta + j * rows, rows);
                 }
               });
    }
    Interruption::poll(static_cast<double>(rows * (q_ * p_ + features_ * features_)));
  }

  // The block's part of T_k: for each k and unit, p numbers.
  void block_slopes(const double* w, SampleBlock& block, double* out) const {
    const Index rows = block.stride();
    Scratch<double> room(rows * (1 + widest()));
    double* const ve = room.data();
    double* const weighted = room.data() + rows;
    const auto times = [&](const double* delta, Index width) {
      for (Index j = 0; j < width; ++j)
        ArrayMap<double>(weighted + j * rows, rows) =
            ConstArrayMap<double>(delta + j * rows, rows) * ConstArrayMap<double>(ve, rows);
      return weighted;
    };
    if (direct_) {
      for (Index k = 0; k < q_; ++k) {
        weigh(block, k, ve);
        add_gradient(pass_.groups().front(), times(block.slot(slots_.slope(0)), units_), block,
                     out + p_ * k);
      }
      return;
    }
    // ∂φ_h/∂u by a backward pass whose output weights are those of unit h alone.
    std::vector<double> only(w, w + net_.n_parameters);
    std::fill(only.begin() + p_, only.end(), 0.0);
    block.array(slots_.upper, q_).setZero();
    ArrayMap<double>(block.column(slots_.upper, 0), rows).setOnes();
    for (Index h = 0; h < units_; ++h) {
      double& weight = only[static_cast<std::size_t>(p_ + h * q_)];
      weight = 1;
      backward(only.data(), block, block.slot(slots_.upper),
               [&](const ParameterGroup& group, const double* delta) {
                 for (Index k = 0; k < q_; ++k) {
                   weigh(block, k, ve);
                   add_gradient(group, times(delta, group.width), block,
                                out + p_ * (k * units_ + h));
                 }
               });
      weight = 0;
      Interruption::poll(net_.work_per_sample() * static_cast<double>(rows * q_));
    }
  }
  Index widest() const {
    Index width = 1;
    for (const ParameterGroup& group : pass_.groups()) width = std::max(width, group.width);
    return width;
  }

  // Columns of u that a task takes.
  static constexpr Index tile = 48;
  Index tiles() const { return (p_ + tile - 1) / tile; }

  // S_k = Qᵀ D_k, features x p.
  void add_coordinates(Index count) {
    parallel_for(tiles() * q_, [&](Index task) {
      const Index k = task / tiles(), from = task % tiles() * tile, n = std::min(tile, p_ - from);
      for (Index i = 0; i < count; ++i) {
        const Index rows = block(i).stride();
        const double* basis = block(i).column(basis_, features_ * slots_.weight_column(k));
        const double* d = block(i).column(derivatives_, p_ * k + from);
        double* to = s_.data() + (p_ * k + from) * features_;
        for (Index a = 0; a < features_; a += RowProducts::tile_rows)
          RowProducts::accumulate(basis + a * rows,
                                  std::min<Index>(RowProducts::tile_rows, features_ - a), d, n,
                                  rows, {to + a, 1, features_});
        Interruption::poll(2.0 * static_cast<double>(rows * features_ * n));
      }
    });
  }

  ConstMatrixMap<double> coordinates(Index k) const {
    return {s_.data() + p_ * k * features_, features_, p_};
  }

  // D_k ← D_k − Q S_k
  void project(SampleBlock& block) const {
    const Index rows = block.stride();
    for (Index k = 0; k < q_; ++k)
      MatrixMap<double>(block.column(derivatives_, p_ * k), rows, p_).noalias() -=
          ConstMatrixMap<double>(block.column(basis_, features_ * slots_.weight_column(k)), rows,
                                 features_) *
          coordinates(k);
    Interruption::poll(2.0 * static_cast<double>(rows * q_ * features_ * p_));
  }

  // The rest of A's rows, −√s R⁻¹ S_k, and R⁻ᵀ T_k.
  void add_corners(Index k, double penalty, Index t_width, double* jtj) const {
    const Index f = slots_.weight_column(k), rows = padded(units_ + features_);
    const auto r = factors_[static_cast<std::size_t>(f)].r().triangularView<Eigen::Upper>();
    Buffer<double> corner(area(rows, p_));
    parallel_for(tiles(), [&](Index part) {
      const Index from = part * tile, n = std::min(tile, p_ - from);
      Matrix<double> x = coordinates(k).middleCols(from, n);
      r.solveInPlace(x);
      MatrixMap<double> to(corner.data() + from * rows, rows, n);
      to.topRows(units_) = std::sqrt(penalty + ridge_[f]) * x.topRows(units_);
      x.setZero();
      for (Index i = 0; i < n; ++i)
        for (Index h = 0; h < units_; ++h)
          if (!direct_ || (from + i) % units_ == h)
            x(h, i) = t_[p_ * (k * t_width + (direct_ ? 0 : h)) + from + i];
      r.transpose().solveInPlace(x);
      to.middleRows(units_, features_) = x;
      Interruption::poll(2.0 * static_cast<double>(features_ * features_ * n));
    });
    add_squares({{corner.data(), rows}}, jtj);
  }

  // Adds the sum over all rows to the lower triangle of `jtj`, and to the diagonal's tiles whole.
  void add_squares(const std::vector<Panel>& panels, double* jtj) const {
    parallel_for(tiles() * (tiles() + 1) / 2, [&](Index t) {
      auto i = static_cast<Index>((std::sqrt(8.0 * static_cast<double>(t) + 1.0) - 1.0) / 2.0);
      while (i * (i + 1) / 2 > t) --i;
      while ((i + 1) * (i + 2) / 2 <= t) ++i;
      const Index j = t - i * (i + 1) / 2;
      const Index row = i * tile, column = j * tile;
      const Index nr = std::min(tile, p_ - row), nc = std::min(tile, p_ - column);
      for (const Panel& panel : panels) {
        for (Index a = 0; a < nr; a += RowProducts::tile_rows)
          RowProducts::accumulate(panel.columns + (row + a) * panel.stride,
                                  std::min<Index>(RowProducts::tile_rows, nr - a),
                                  panel.columns + column * panel.stride, nc, panel.stride,
                                  {jtj + column * p_ + row + a, 1, p_});
        Interruption::poll(2.0 * static_cast<double>(panel.stride * nr * nc));
      }
    });
  }

  Architecture net_;
  JacobianSlots slots_;
  DeepPass pass_;
  Index p_, units_, features_, q_;
  bool direct_;
  Index basis_ = 0, derivatives_ = 0;
  Buffer<double> ridge_, traces_;
  std::vector<RowwiseQr> factors_, parts_;
  Index n_parts_ = 1;
  // S_k and T_k of all outputs.
  Buffer<double> s_, t_;
  // Of the current data.
  std::unique_ptr<BlockPlan> plan_;
  Index at_once_ = 0;
  bool loaded_ = false;
  std::vector<SampleBlock> blocks_;
  std::vector<double> sums_;
  std::vector<Buffer<double>> gradients_, slopes_;
};

FASTOPT_END
