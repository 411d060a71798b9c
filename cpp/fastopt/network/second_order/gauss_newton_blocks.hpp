// JᵀJ of a network as sums of products of units, and where their results stand in it.
//
// A row of J (sample s, output k) holds x̃_l ⊗ δ_lk for each layer l, where x̃_l is what the layer
// reads, with a 1 for the bias, and δ_lk = ∂y_k/∂z_l. So the block of layers l and m is
//   Σ_s (x̃_l x̃_mᵀ) ⊗ D_lm,   D_lm = Σ_k δ_lk δ_mkᵀ,
// with the sum over outputs inside: its cost does not multiply that of the sum over samples. With a
// linear output layer and W its weights, G = W Wᵀ, s = φ'(z) of the last hidden layer, more can be
// taken outside of the sum over samples:
//   output layer alone          D = I            one sum Σ x̃ x̃ᵀ serves all outputs
//   last hidden × output layer  D_jk = s_j W_jk
//   last hidden layer alone     D_jj' = s_j s_j' G_jj'
#pragma once

#include <algorithm>
#include <vector>

#include "fastopt/network/deep_pass.hpp"
#include "fastopt/network/second_order/kronecker.hpp"

FASTOPT_BEGIN

// What the sums are taken of.
struct JacobianSlots : ForwardSlots {
  Activation output_activation;
  // Whether ∂y/∂z of the output layer, times √v, is one number for all outputs of a sample: its
  // outputs are linear, and the sample has one weight.
  bool linear;
  Index depth, q, weight_columns;
  Index raw, targets, root_weight, weight, lower, upper, output_delta;
  Index root_slope = 0, weighted_slope = 0;
  std::vector<Index> deltas, group_deltas;

  JacobianSlots(const Architecture& net, Index weight_columns)
      : ForwardSlots(net),
        output_activation(net.layers.back().activation),
        linear(output_activation == Activation::identity && weight_columns <= 1),
        depth(net.depth()),
        q(net.outputs()),
        weight_columns(std::max(Index{1}, weight_columns)) {
    Index widest = q;
    for (const Layer& layer : net.layers) widest = std::max(widest, layer.fan_out);
    raw = add(std::max(net.inputs(), q));
    targets = add(q);
    root_weight = add(this->weight_columns);
    weight = add(this->weight_columns);
    lower = add(widest);
    upper = add(widest);
    // Of outputs that mix each depends on several z; otherwise the output layer's deltas are
    // diagonal.
    output_delta = add(mixes_outputs(output_activation) ? q * q : linear ? 1 : q);
    for (Index l = 0; l + 1 < depth; ++l) {
      const bool dense = !linear || l + 2 < depth || depth > 2;
      deltas.push_back(add(dense ? net.layer(l).fan_out * q : 0));
    }
    if (linear && depth > 1) {
      root_slope = add(net.layer(depth - 2).fan_out);
      weighted_slope = add(net.layer(depth - 2).fan_out);
    }
  }

  // The slot's column that belongs to output k: of weights that a sample has in common, the only
  // one.
  Index weight_column(Index k) const { return weight_columns == 1 ? 0 : k; }

  // The dense deltas of layer l, fan_out · q columns.
  Index delta(Index l) const {
    return l + 1 == depth ? output_delta : deltas[static_cast<std::size_t>(l)];
  }
};

class GaussNewtonBlocks {
 public:
  // Both outlive this. `deep` is there where the network is not plain.
  GaussNewtonBlocks(const Architecture& net, const JacobianSlots& slots, const DeepPass* deep)
      : net_(net), slots_(slots) {
    if (deep == nullptr)
      make_terms();
    else
      make_group_terms(deep->groups());
    sums_.plan();
  }

  // Adds what blocks [0, count) give at w to the upper triangle of `jtj`.
  void add(const SampleBlock* blocks, Index count, const double* w, double* jtj) {
    w_ = w;
    if (slots_.linear && slots_.depth > 1) {
      const auto weights = weight_matrix(net_.layers.back(), w);
      gram_.noalias() = weights * weights.transpose();
    }
    sums_.run(blocks, count, jtj);
  }

 private:
  void make_group_terms(const std::vector<ParameterGroup>& groups) {
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const ParameterGroup& a = groups[g];
      own_block(Rows::triangle(a.x, a.x, a.inputs),
                Rows::triangle(slots_.group_deltas[g], slots_.group_deltas[g], a.width, slots_.q),
                a.offset, false);
      for (std::size_t k = g + 1; k < groups.size(); ++k) {
        const ParameterGroup& b = groups[k];
        cross_block(
            Rows::full(a.x, a.inputs, b.x, b.inputs),
            Rows::full(slots_.group_deltas[g], a.width, slots_.group_deltas[k], b.width, slots_.q),
            a.offset, b.offset);
      }
    }
  }

  void make_terms() {
    const Index last = slots_.depth - 1;
    for (Index l = 0; l < slots_.depth; ++l) {
      if (l == last && slots_.linear) {
        linear_output_alone(l);
      } else if (l + 1 == last && slots_.linear) {
        own_block(inputs_alone(l),
                  Rows::triangle(slots_.root_slope, slots_.root_slope, net_.layer(l).fan_out),
                  net_.layer(l).weights, true);
      } else if (l == last && !mixes_outputs(slots_.output_activation)) {
        elementwise_output_alone(l);
      } else {
        own_block(inputs_alone(l),
                  Rows::triangle(slots_.delta(l), slots_.delta(l), net_.layer(l).fan_out, slots_.q),
                  net_.layer(l).weights, false);
      }
      for (Index m = l + 1; m < slots_.depth; ++m) {
        const Index wide = net_.layer(l).fan_out;
        if (m == last && slots_.linear && l + 1 == last) {
          last_hidden_and_linear_output(l);
        } else if (m == last && !mixes_outputs(slots_.output_activation)) {
          output_block(l,
                       slots_.linear
                           ? Rows::scaled(slots_.delta(l), wide * slots_.q, slots_.output_delta, 1)
                           : Rows::scaled(slots_.delta(l), wide, slots_.output_delta, slots_.q));
        } else {
          cross_block(
              inputs_of(l, m),
              Rows::full(slots_.delta(l), wide, slots_.delta(m), net_.layer(m).fan_out, slots_.q),
              net_.layer(l).weights, net_.layer(m).weights);
        }
      }
    }
  }

  Rows inputs_alone(Index l) const {
    return Rows::triangle(slots_.x(l), slots_.x(l), net_.layer(l).fan_in + 1);
  }
  Rows inputs_of(Index l, Index m) const {
    return Rows::full(slots_.x(l), net_.layer(l).fan_in + 1, slots_.x(m), net_.layer(m).fan_in + 1);
  }

  using Tile = ProductTerm::Tile;

  // A layer with itself: symmetric in the inputs and in the deltas. Fills blocks on and below the
  // diagonal.
  void own_block(const Rows& inputs, const Rows& deltas, Index at, bool times_gram) {
    const Index h = deltas.nu, n = net_.n_parameters;
    sums_.add({inputs, deltas, [=](const Tile& tile, const double* c, double* m) {
                 inputs.each(tile.a, tile.na, [&](Index pa, Index i, Index i2) {
                   const double* sums = c + pa * tile.nb;
                   double* to = m + (at + i * h) * n + at + i2 * h;
                   deltas.each(tile.b, tile.nb, [&](Index pb, Index j, Index j2) {
                     const double sum = times_gram ? sums[pb] * gram_(j, j2) : sums[pb];
                     to[j * n + j2] += sum;
                     if (j != j2) to[j2 * n + j] += sum;
                   });
                 });
               }});
  }

  // One sum for all outputs: as a product of the inputs with themselves, which spares to form each
  // pair of them for a single use.
  void linear_output_alone(Index l) {
    const Index inputs = net_.layer(l).fan_in + 1, x = slots_.x(l);
    const Index at = net_.layer(l).weights, q = slots_.q, n = net_.n_parameters;
    sums_.add({Rows::single(x, inputs), Rows::full(x, inputs, slots_.weight, 1),
               [=](const Tile& tile, const double* c, double* m) {
                 for (Index a = 0; a < tile.na; ++a) {
                   const Index i = tile.a + a;
                   for (Index i2 = std::max(i, tile.b); i2 < tile.b + tile.nb; ++i2)
                     for (Index k = 0; k < q; ++k)
                       m[(at + i * q + k) * n + at + i2 * q + k] += c[a * tile.nb + i2 - tile.b];
                 }
               },
               true});
  }

  void elementwise_output_alone(Index l) {
    const Rows inputs = inputs_alone(l);
    const Index at = net_.layer(l).weights, q = slots_.q, n = net_.n_parameters;
    sums_.add({inputs, Rows::diagonal(slots_.output_delta, slots_.output_delta, q),
               [=](const Tile& tile, const double* c, double* m) {
                 inputs.each(tile.a, tile.na, [&](Index p, Index i, Index i2) {
                   double* to = m + (at + i * q) * n + at + i2 * q;
                   for (Index k = 0; k < tile.nb; ++k)
                     to[(tile.b + k) * (n + 1)] += c[p * tile.nb + k];
                 });
               }});
  }

  // s_j x̃_i x̃'_i2 W_jk, with the three factors split where the fewer rows are to be formed.
  void last_hidden_and_linear_output(Index l) {
    const Layer &layer = net_.layer(l), &top = net_.layer(l + 1);
    const Index at = layer.weights, below = top.weights;
    const Index h = layer.fan_out, q = slots_.q, n = net_.n_parameters;
    const Index fan_in = layer.fan_in + 1, fan_in2 = top.fan_in + 1;
    const auto put = [=](double sum, Index i, Index i2, Index j, double* m) {
      double* to = m + (at + i * h + j) * n + below + i2 * q;
      const double* row = w_ + below + j * q;
      for (Index k = 0; k < q; ++k) to[k] += sum * row[k];
    };
    if (fan_in + fan_in2 * h < fan_in * fan_in2 + h) {
      const Rows units = Rows::full(slots_.x(l + 1), fan_in2, slots_.weighted_slope, h);
      sums_.add({Rows::single(slots_.x(l), fan_in), units,
                 [=](const Tile& tile, const double* c, double* m) {
                   units.each(tile.b, tile.nb, [&](Index b, Index i2, Index j) {
                     for (Index a = 0; a < tile.na; ++a)
                       put(c[a * tile.nb + b], tile.a + a, i2, j, m);
                   });
                 }});
      return;
    }
    const Rows inputs = inputs_of(l, l + 1);
    sums_.add({inputs, Rows::single(slots_.weighted_slope, h),
               [=](const Tile& tile, const double* c, double* m) {
                 inputs.each(tile.a, tile.na, [&](Index a, Index i, Index i2) {
                   for (Index b = 0; b < tile.nb; ++b)
                     put(c[a * tile.nb + b], i, i2, tile.b + b, m);
                 });
               }});
  }

  // Deltas of layer l times those of an elementwise output layer: rows run as j + fan_out k.
  void output_block(Index l, const Rows& deltas) {
    const Index m = slots_.depth - 1;
    const Rows inputs = inputs_of(l, m);
    const Index at = net_.layer(l).weights, below = net_.layer(m).weights;
    const Index h = net_.layer(l).fan_out, q = slots_.q, n = net_.n_parameters;
    sums_.add({inputs, deltas, [=](const Tile& tile, const double* c, double* to) {
                 inputs.each(tile.a, tile.na, [&](Index p, Index i, Index i2) {
                   for (Index r = 0; r < tile.nb; ++r) {
                     const Index j = (tile.b + r) % h, k = (tile.b + r) / h;
                     to[(at + i * h + j) * n + below + i2 * q + k] += c[p * tile.nb + r];
                   }
                 });
               }});
  }

  void cross_block(const Rows& inputs, const Rows& deltas, Index at, Index below) {
    const Index h = deltas.nu, h2 = deltas.nv, n = net_.n_parameters;
    sums_.add({inputs, deltas, [=](const Tile& tile, const double* c, double* to) {
                 inputs.each(tile.a, tile.na, [&](Index pa, Index i, Index i2) {
                   const double* sums = c + pa * tile.nb;
                   double* corner = to + (at + i * h) * n + below + i2 * h2;
                   deltas.each(tile.b, tile.nb, [&](Index pb, Index j, Index j2) {
                     corner[j * n + j2] += sums[pb];
                   });
                 });
               }});
  }

  const Architecture& net_;
  const JacobianSlots& slots_;
  ProductSums sums_;
  // Of the current call: the weights and W Wᵀ of the output layer.
  const double* w_ = nullptr;
  Matrix<double> gram_;
};

FASTOPT_END
