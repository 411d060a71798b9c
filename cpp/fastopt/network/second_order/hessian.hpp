// The exact Hessian of a network's loss, and products with it.
//
// The gradient by the weights of layer l is Σ_s x̃_l ⊗ δ_l. Its derivative by those of layer m ≤ l
// passes through z_m alone, dz_m = dW_mᵀ x̃_m, so with the derivatives for each unit of z_m
//   P_lm = ∂x_l/∂z_m,   Q_lm = ∂δ_l/∂z_m
// (a forward and a backward pass for each unit, not for each weight) the block of layers l and m is
//   H_lm = Σ_s (x̃_m x̃_lᵀ) ⊗ Q_lm  +  Σ_s x̃_m ⊗ P_lm ⊗ δ_l,
// sums of products as in JᵀJ. P_lm of the very next layer is diagonal, φ'(z_m).
#pragma once

#include "fastopt/core/zeros.hpp"
#include "fastopt/network/deep_pass.hpp"
#include "fastopt/network/second_order/kronecker.hpp"
#include "fastopt/network/second_order/loss_curvature.hpp"

FASTOPT_BEGIN

class NetworkHessian {
 public:
  // Of E = weighted mean loss + (l2/2) ‖W‖², with as many weights of each sample as will be given.
  NetworkHessian(const Architecture& net, const Loss<double>& loss, double l2, Index weight_columns)
      : net_(net),
        l2_(l2),
        depth_(net.depth()),
        slots_(net),
        curvature_(loss, net.outputs(), weight_columns, slots_),
        pass_(net_, slots_) {
    raw_ = slots_.add(net.inputs());
    for (const Layer& layer : net.layers) tangents_.push_back(slots_.add(layer.fan_out));
    vector_slots_ = slots_.columns;
    if (!net.is_plain()) return;
    for (Index m = 0; m < depth_; ++m)
      for (Index l = 0; l < depth_; ++l) {
        const Index directions = net.layer(m).fan_out;
        const bool own_diagonal = l == m && l + 1 == depth_ && curvature_.is_diagonal();
        q_.push_back(l < m || own_diagonal ? 0 : slots_.add(net.layer(l).fan_out * directions));
        p_.push_back(l < m + 2 ? 0 : slots_.add(net.layer(l).fan_in * directions));
      }
  }
  NetworkHessian(const NetworkHessian&) = delete;
  NetworkHessian& operator=(const NetworkHessian&) = delete;

  // H (n x n, both triangles).
  void operator()(const Dataset& data, const double* w, double* h) {
    const Index n = net_.n_parameters;
    fill_zeros(h, n * n);
    if (net_.is_plain())
      by_units(data, w, h);
    else
      by_directions(data, w, h);
    for (const Segment& part : net_.segments)
      if (part.shrinks)
        for (Index i = part.offset; i < part.offset + part.size; ++i) h[i * (n + 1)] += l2_;
    mirror_lower(h, n);
  }

  // H v (n).
  void times_vector(const Dataset& data, const double* w, const double* v, double* hv) {
    const Index n = net_.n_parameters;
    std::fill_n(hv, n, 0.0);
    over_blocks(data, w, vector_slots_, vector_blocks_, [&](SampleBlock* blocks, Index count) {
      while (static_cast<Index>(products_.size()) < count) products_.emplace_back(n);
      parallel_for(count, [&](Index i) {
        along(w, v, blocks[i], products_[static_cast<std::size_t>(i)].data());
      });
      for (Index i = 0; i < count; ++i)
        VectorMap<double>(hv, n) += products_[static_cast<std::size_t>(i)].vector();
    });
    for (const Segment& part : net_.segments)
      if (part.shrinks)
        VectorMap<double>(hv + part.offset, part.size) +=
            l2_ * ConstVectorMap<double>(v + part.offset, part.size);
  }

 private:
  static constexpr double most_bytes_at_once = 48e6;

  static std::size_t at(Index i) { return static_cast<std::size_t>(i); }
  Index q(Index l, Index m) const { return q_[at(m * depth_ + l)]; }
  Index p(Index l, Index m) const { return p_[at(m * depth_ + l)]; }

  // body(blocks, count) for stretches of blocks after their forward and backward pass. Data
  // that fit at once are read at the first call only.
  struct Blocks {
    std::vector<SampleBlock> blocks;
    Index samples = -1;
    bool loaded = false;
  };
  template <class Body>
  void over_blocks(const Dataset& data, const double* w, const std::vector<Index>& columns,
                   Blocks& own, Body&& body) {
    double bytes = 0;
    for (const Index width : columns) bytes += static_cast<double>(width) * sizeof(double);
    // Wide networks get short blocks, so that there are some for each thread.
    const auto room = static_cast<Index>(most_bytes_at_once / bytes);
    const BlockPlan plan(
        data.size(), std::clamp(room / 4 / padding * padding, padding, SampleBlock::usual_samples));
    const Index at_once = std::clamp(room / plan.rows, Index{1}, plan.count);
    if (own.samples != data.size()) {
      own.blocks.resize(at(at_once));
      own.samples = data.size();
      own.loaded = false;
    }
    for (Index from = 0; from < plan.count; from += at_once) {
      const Index count = std::min(at_once, plan.count - from);
      parallel_for(count, [&](Index i) {
        SampleBlock& block = own.blocks[at(i)];
        const Index first = plan.first(from + i), samples = plan.size(from + i);
        if (!own.loaded) {
          block.resize(samples, columns);
          data.inputs.gather(data.order(), first, samples, block.slot(raw_));
          spread_samples(block.slot(raw_), samples, net_.inputs(), block.stride(),
                         block.slot(slots_.x(0)));
          curvature_.load(data, first, 1.0 / static_cast<double>(data.size()), block);
        }
        forward_and_backward(w, block);
        Interruption::poll(net_.work_per_sample() * static_cast<double>(samples));
      });
      own.loaded = at_once >= plan.count;
      body(own.blocks.data(), count);
    }
  }

  void forward_and_backward(const double* w, SampleBlock& block) const {
    pass_.forward(w, block);
    curvature_.prepare(block);
    pass_.backward(w, block, block.slot(curvature_.delta()), [](Index, const double*) {});
  }

  void by_units(const Dataset& data, const double* w, double* h) {
    if (!planned_) {
      make_terms();
      through_deltas_.plan();
      through_inputs_.plan();
      planned_ = true;
    }
    over_blocks(data, w, slots_.columns, matrix_blocks_, [&](SampleBlock* blocks, Index count) {
      parallel_for(count, [&](Index i) { unit_tangents(w, blocks[i]); });
      through_deltas_.run(blocks, count, h);
      through_inputs_.run(blocks, count, h);
    });
  }

  // Column by column, where layers do more than φ(Wᵀx + b): H e_i for each weight.
  void by_directions(const Dataset& data, const double* w, double* h) {
    const Index n = net_.n_parameters;
    over_blocks(data, w, vector_slots_, vector_blocks_, [&](SampleBlock* blocks, Index count) {
      while (static_cast<Index>(products_.size()) < count) products_.emplace_back(n);
      Buffer<double> direction(n);
      for (Index column = 0; column < n; ++column) {
        direction[column] = 1;
        parallel_for(count, [&](Index i) {
          along(w, direction.data(), blocks[i], products_[at(i)].data());
        });
        direction[column] = 0;
        for (Index i = 0; i < count; ++i)
          VectorMap<double>(h + column * n, n) += products_[at(i)].vector();
      }
    });
  }

  // P_lm and Q_lm for all units of all layers m.
  void unit_tangents(const double* w, SampleBlock& block) const {
    for (Index m = 0; m < depth_; ++m) {
      for (Index unit = 0; unit < net_.layer(m).fan_out; ++unit) unit_tangent(w, block, m, unit);
      Interruption::poll(static_cast<double>(net_.layer(m).fan_out * block.stride()) *
                         static_cast<double>(4 * net_.n_parameters));
    }
  }

  void unit_tangent(const double* w, SampleBlock& block, Index m, Index unit) const {
    const Index rows = block.stride(), last = depth_ - 1;
    if (m == last) {
      if (curvature_.is_diagonal()) return;
      block.array(tangents_[at(m)], net_.outputs()).setZero();
      ArrayMap<double>(block.column(tangents_[at(m)], unit), rows).setOnes();
      curvature_.apply(block, block.slot(tangents_[at(m)]),
                       block.column(q(m, m), unit * net_.outputs()));
      return;
    }
    // dz of the next layer is φ'(z_unit) times the unit's weights, then forward.
    const Layer& next = net_.layer(m + 1);
    const ConstArrayMap<double> slope(block.column(slots_.slope(m), unit), rows);
    for (Index k = 0; k < next.fan_out; ++k)
      ArrayMap<double>(block.column(tangents_[at(m + 1)], k), rows) =
          slope * w[next.weights + unit * next.fan_out + k];
    for (Index l = m + 1; l < last; ++l) {
      const Layer& layer = net_.layer(l);
      double* da = block.column(p(l + 1, m), unit * layer.fan_out);
      ArrayMap<double>(da, rows * layer.fan_out) = block.array(tangents_[at(l)], layer.fan_out) *
                                                   block.array(slots_.slope(l), layer.fan_out);
      block.matrix(tangents_[at(l + 1)], net_.layer(l + 1).fan_out).noalias() =
          ConstMatrixMap<double>(da, rows, layer.fan_out) * weight_matrix(net_.layer(l + 1), w);
    }
    curvature_.apply(block, block.slot(tangents_[at(last)]),
                     block.column(q(last, m), unit * net_.outputs()));
    // Back down to layer m, where dz is the unit itself.
    for (Index l = last; l > m; --l) {
      const Layer& layer = net_.layer(l);
      const double* own = block.column(q(l, m), unit * layer.fan_out);
      double* below = block.column(q(l - 1, m), unit * layer.fan_in);
      pull_back(net_, slots_, w, l, block, own, below);
      if (l - 1 > m) {
        ArrayMap<double>(below, rows * layer.fan_in) +=
            block.array(pass_.activation_delta(l - 1), layer.fan_in) *
            block.array(pass_.second_derivative(l - 1), layer.fan_in) *
            block.array(tangents_[at(l - 1)], layer.fan_in);
      } else {
        ArrayMap<double>(below + unit * rows, rows) +=
            ConstArrayMap<double>(block.column(pass_.activation_delta(m), unit), rows) *
            ConstArrayMap<double>(block.column(pass_.second_derivative(m), unit), rows);
      }
    }
  }

  void along(const double* w, const double* v, SampleBlock& block, double* product) const {
    pass_.along(
        w, v, block, [&](const double* dz, double* change) { curvature_.apply(block, dz, change); },
        product);
    Interruption::poll(2.0 * net_.work_per_sample() * static_cast<double>(block.stride()));
  }

  using Tile = ProductTerm::Tile;

  void make_terms() {
    for (Index m = 0; m < depth_; ++m) {
      own_block(m);
      for (Index l = m + 1; l < depth_; ++l) {
        cross_block(l, m);
        l == m + 1 ? next_layer(m) : later_layer(l, m);
      }
    }
  }

  void own_block(Index l) {
    const Layer& layer = net_.layer(l);
    const Index at = layer.weights, h = layer.fan_out, n = net_.n_parameters;
    const Rows inputs = Rows::triangle(slots_.x(l), slots_.x(l), layer.fan_in + 1);
    const bool diagonal = l + 1 == depth_ && curvature_.is_diagonal();
    const Rows units = diagonal ? Rows::single(curvature_.curvature(), h) : Rows::upper(q(l, l), h);
    through_deltas_.add({inputs, units, [=](const Tile& tile, const double* c, double* matrix) {
                           inputs.each(tile.a, tile.na, [&](Index pa, Index i, Index i2) {
                             const double* sums = c + pa * tile.nb;
                             double* to = matrix + (at + i * h) * n + at + i2 * h;
                             units.each(tile.b, tile.nb, [&](Index pb, Index j, Index j2) {
                               to[j * n + j2] += sums[pb];
                               if (j != j2) to[j2 * n + j] += sums[pb];
                             });
                           });
                         }});
  }

  // x̃_m x̃_l Q_lm
  void cross_block(Index l, Index m) {
    const Layer &layer = net_.layer(l), &earlier = net_.layer(m);
    const Index n = net_.n_parameters, h = layer.fan_out, h2 = earlier.fan_out;
    const Index at = layer.weights, at2 = earlier.weights;
    const Rows inputs = Rows::full(slots_.x(m), earlier.fan_in + 1, slots_.x(l), layer.fan_in + 1);
    through_deltas_.add({inputs, Rows::single(q(l, m), h * h2),
                         [=](const Tile& tile, const double* c, double* matrix) {
                           inputs.each(tile.a, tile.na, [&](Index p, Index i2, Index i) {
                             double* corner = matrix + (at2 + i2 * h2) * n + at + i * h;
                             for (Index b = 0; b < tile.nb; ++b) {
                               const Index j = (tile.b + b) % h, j2 = (tile.b + b) / h;
                               corner[j2 * n + j] += c[p * tile.nb + b];
                             }
                           });
                         }});
  }

  // x̃_m φ'(z_m) δ_m+1: unit j2 of layer m is input j2 of the next one.
  void next_layer(Index m) {
    const Layer &layer = net_.layer(m + 1), &earlier = net_.layer(m);
    const Index n = net_.n_parameters, h = layer.fan_out, h2 = earlier.fan_out;
    const Index at = layer.weights, at2 = earlier.weights;
    const Rows units = Rows::full(slots_.slope(m), h2, pass_.delta(m + 1), h);
    through_inputs_.add({Rows::single(slots_.x(m), earlier.fan_in + 1), units,
                         [=](const Tile& tile, const double* c, double* matrix) {
                           for (Index a = 0; a < tile.na; ++a) {
                             double* corner = matrix + (at2 + (tile.a + a) * h2) * n + at;
                             units.each(tile.b, tile.nb, [&](Index b, Index j2, Index j) {
                               corner[j2 * n + j2 * h + j] += c[a * tile.nb + b];
                             });
                           }
                         }});
  }

  // x̃_m δ_l P_lm
  void later_layer(Index l, Index m) {
    const Layer &layer = net_.layer(l), &earlier = net_.layer(m);
    const Index n = net_.n_parameters, h = layer.fan_out, h2 = earlier.fan_out;
    const Index at = layer.weights, at2 = earlier.weights, fan_in = layer.fan_in;
    const Rows outer = Rows::full(slots_.x(m), earlier.fan_in + 1, pass_.delta(l), h);
    through_inputs_.add({outer, Rows::single(p(l, m), fan_in * h2),
                         [=](const Tile& tile, const double* c, double* matrix) {
                           outer.each(tile.a, tile.na, [&](Index a, Index i2, Index j) {
                             for (Index b = 0; b < tile.nb; ++b) {
                               const Index i = (tile.b + b) % fan_in, j2 = (tile.b + b) / fan_in;
                               matrix[(at2 + i2 * h2 + j2) * n + at + i * h + j] +=
                                   c[a * tile.nb + b];
                             }
                           });
                         }});
  }

  Architecture net_;
  double l2_;
  Index depth_;
  ForwardSlots slots_;
  LossCurvature curvature_;
  DeepPass pass_;
  Index raw_;
  // Slots, for each layer: dz; for each pair (m, l): Q_lm and P_lm.
  std::vector<Index> tangents_, q_, p_;
  std::vector<Index> vector_slots_;
  bool planned_ = false;
  ProductSums through_deltas_, through_inputs_;
  Blocks matrix_blocks_, vector_blocks_;
  std::vector<Buffer<double>> products_;
};

FASTOPT_END
