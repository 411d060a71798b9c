// ½Σe², Jᵀe and JᵀJ of a network on data, summed over blocks of samples; J is never there as a
// whole.
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

#include <cmath>

#include "fastopt/core/norm.hpp"
#include "fastopt/network/deep_pass.hpp"
#include "fastopt/network/kronecker.hpp"
#include "fastopt/network/output.hpp"

FASTOPT_BEGIN

class NormalEquations {
 public:
  explicit NormalEquations(const Architecture& net)
      : net_(net),
        slots_(net),
        output_(net.layers.back().activation),
        linear_(output_ == Activation::identity),
        depth_(net.depth()),
        q_(net.outputs()) {
    raw_ = slots_.add(std::max(net.inputs(), q_));
    targets_ = slots_.add(q_);
    root_weight_ = slots_.add(1);
    weight_ = slots_.add(1);
    lower_ = slots_.add(widest());
    upper_ = slots_.add(widest());
    // With softmax every output depends on every z; otherwise the output layer's deltas are
    // diagonal.
    output_delta_ = slots_.add(output_ == Activation::softmax ? q_ * q_ : linear_ ? 1 : q_);
    for (Index l = 0; l + 1 < depth_; ++l) {
      const bool dense = !linear_ || l + 2 < depth_ || depth_ > 2;
      deltas_.push_back(slots_.add(dense ? net.layer(l).fan_out * q_ : 0));
    }
    if (linear_ && depth_ > 1) {
      root_slope_ = slots_.add(net.layer(depth_ - 2).fan_out);
      slope_ = slots_.add(net.layer(depth_ - 2).fan_out);
    }
    if (net.is_plain()) {
      make_terms();
    } else {
      deep_ = std::make_unique<DeepPass>(net_, slots_);
      for (const ParameterGroup& group : deep_->groups())
        group_deltas_.push_back(slots_.add(group.width * q_));
      make_group_terms();
    }
    sums_.plan();
  }
  NormalEquations(const NormalEquations&) = delete;
  NormalEquations& operator=(const NormalEquations&) = delete;

  // E = ½ Σ v e² + ½ penalty ‖W‖² with e = Y - T, its gradient, and with `jtj` JᵀJ + penalty I_W,
  // the Gauss-Newton matrix of the same E (n x n, both triangles). Data that fit into one pass are
  // read at the first call only.
  double operator()(const Dataset& data, double penalty, const double* w, double* jte,
                    double* jtj) {
    const Index n = net_.n_parameters;
    begin(data, w);
    std::fill_n(jte, n, 0.0);
    if (jtj != nullptr) std::fill_n(jtj, n * n, 0.0);
    double energy = 0;
    for (Index from = 0; from < plan_->count; from += at_once_) {
      const Index count = std::min(at_once_, plan_->count - from);
      parallel_for(count, [&](Index i) {
        pass(data, from + i, w, i, jtj != nullptr);
        Interruption::poll(net_.work_per_sample() * static_cast<double>(plan_->size(from + i)));
      });
      loaded_ = at_once_ >= plan_->count;
      for (Index i = 0; i < count; ++i) {
        energy += energies_[static_cast<std::size_t>(i)];
        VectorMap<double>(jte, n) += gradients_[static_cast<std::size_t>(i)].vector();
      }
      if (jtj != nullptr) sums_.run(blocks_.data(), count, jtj);
    }
    if (penalty > 0) energy += add_penalty(penalty, w, jte, jtj);
    if (jtj != nullptr) mirror_lower(jtj, n);
    return energy;
  }

  // E alone.
  double value(const Dataset& data, double penalty, const double* w) {
    begin(data, w);
    double energy = 0;
    for (Index from = 0; from < plan_->count; from += at_once_) {
      const Index count = std::min(at_once_, plan_->count - from);
      parallel_for(count, [&](Index i) {
        residuals(data, from + i, w, i);
        Interruption::poll(net_.work_per_sample() / 3 * static_cast<double>(plan_->size(from + i)));
      });
      loaded_ = at_once_ >= plan_->count;
      for (Index i = 0; i < count; ++i) energy += energies_[static_cast<std::size_t>(i)];
    }
    if (penalty > 0)
      for (const Segment& part : net_.segments)
        if (part.shrinks) energy += 0.5 * penalty * squared_norm(w + part.offset, part.size);
    return energy;
  }

 private:
  // Each tile reads all the blocks that are summed at once, which are therefore to fit into a
  // cache; but their sums are added to the whole matrix, beside which the blocks must not be small.
  static constexpr double least_bytes_at_once = 4e6, most_bytes_at_once = 48e6;

  Index widest() const {
    Index width = q_;
    for (const Layer& layer : net_.layers) width = std::max(width, layer.fan_out);
    return width;
  }

  // The dense deltas of layer l, fan_out · q columns.
  Index delta(Index l) const {
    return l + 1 == depth_ ? output_delta_ : deltas_[static_cast<std::size_t>(l)];
  }

  void begin(const Dataset& data, const double* w) {
    w_ = w;
    if (linear_ && depth_ > 1) {
      const auto weights = weight_matrix(net_.layers.back(), w);
      gram_.noalias() = weights * weights.transpose();
    }
    if (plan_ != nullptr && plan_->samples == data.size()) return;
    plan_ = std::make_unique<BlockPlan>(data.size(), SampleBlock::usual_samples);
    double bytes = 0;
    for (const Index columns : slots_.columns)
      bytes += static_cast<double>(columns * plan_->rows * static_cast<Index>(sizeof(double)));
    const double n = static_cast<double>(net_.n_parameters);
    const double room = std::clamp(8 * n * n, least_bytes_at_once, most_bytes_at_once);
    at_once_ = std::clamp(static_cast<Index>(room / bytes), Index{1}, plan_->count);
    blocks_.resize(static_cast<std::size_t>(at_once_));
    energies_.resize(static_cast<std::size_t>(at_once_));
    gradients_.clear();
    for (Index i = 0; i < at_once_; ++i) gradients_.emplace_back(net_.n_parameters);
    loaded_ = false;
  }

  void load(const Dataset& data, Index b, SampleBlock& block) const {
    const Index first = plan_->first(b), n = plan_->size(b);
    block.resize(n, slots_.columns);
    double* raw = block.slot(raw_);
    data.inputs.gather(data.order(), first, n, raw);
    spread_samples(raw, n, net_.inputs(), block.stride(), block.slot(slots_.x(0)));
    data.gather_targets(data.order(), first, n, raw);
    spread_samples(raw, n, q_, block.stride(), block.slot(targets_));
    ArrayMap<double> v = block.array(weight_, 1);
    v.setZero();
    if (data.weights.empty()) {
      v.head(n).setOnes();
    } else {
      data.gather_weights(data.order(), first, n, v.data());
    }
    block.array(root_weight_, 1) = v.sqrt();
  }

  // y in place of z in the output slot, e in `lower_`, and ½ Σ v e².
  void residuals(const Dataset& data, Index b, const double* w, Index i) {
    SampleBlock& block = blocks_[static_cast<std::size_t>(i)];
    if (!loaded_) load(data, b, block);
    if (deep_ != nullptr)
      deep_->forward(w, block);
    else
      forward(net_, slots_, w, block);
    activate_outputs(output_, slots_, raw_, q_, depth_ - 1, block);
    const ArrayMap<double> y = block.array(slots_.output(), q_);
    ArrayMap<double> e = block.array(lower_, q_);
    e = y - block.array(targets_, q_);
    const ArrayMap<double> v = block.array(weight_, 1);
    double sum = 0;
    for (Index k = 0; k < q_; ++k) {
      const ArrayMap<double> ek(e.data() + k * block.stride(), block.stride());
      // Rows beyond the samples may not be finite where 0 · ∞ would be NaN.
      sum += (ek.square() * v).head(block.samples()).sum();
    }
    energies_[static_cast<std::size_t>(i)] = 0.5 * sum;
  }

  void pass(const Dataset& data, Index b, const double* w, Index i, bool with_deltas) {
    residuals(data, b, w, i);
    SampleBlock& block = blocks_[static_cast<std::size_t>(i)];
    output_deltas(block);
    gradient(w, block, gradients_[static_cast<std::size_t>(i)].data());
    if (with_deltas) deep_ != nullptr ? all_deltas(w, block) : hidden_deltas(w, block);
  }

  // ∂y/∂z of the output layer, times √v.
  void output_deltas(SampleBlock& block) const {
    const Index rows = block.stride();
    const ArrayMap<double> root = block.array(root_weight_, 1);
    if (linear_) {
      block.array(output_delta_, 1) = root;
    } else if (output_ == Activation::softmax) {
      for (Index k = 0; k < q_; ++k)
        for (Index j = 0; j < q_; ++j) {
          const ConstArrayMap<double> yk(block.column(slots_.output(), k), rows);
          const ConstArrayMap<double> yj(block.column(slots_.output(), j), rows);
          ArrayMap<double> to(block.column(output_delta_, j + q_ * k), rows);
          to = root * yk * ((j == k ? 1.0 : 0.0) - yj);
        }
    } else {
      block.array(output_delta_, q_) = block.array(slots_.slope(depth_ - 1), q_);
      for (Index k = 0; k < q_; ++k) ArrayMap<double>(block.column(output_delta_, k), rows) *= root;
    }
  }

  // Jᵀe of the block: one backward pass from ∂E/∂z = Σ_k v e_k ∂y_k/∂z.
  void gradient(const double* w, SampleBlock& block, double* g) const {
    const Index rows = block.stride();
    const ArrayMap<double> root = block.array(root_weight_, 1);
    Index own = lower_, below = upper_;
    if (output_ == Activation::softmax) {
      block.array(upper_, q_).setZero();
      for (Index k = 0; k < q_; ++k)
        for (Index j = 0; j < q_; ++j)
          ArrayMap<double>(block.column(upper_, j), rows) +=
              ConstArrayMap<double>(block.column(output_delta_, j + q_ * k), rows) *
              ConstArrayMap<double>(block.column(lower_, k), rows) * root;
      std::swap(own, below);
    } else {
      for (Index k = 0; k < q_; ++k)
        ArrayMap<double>(block.column(own, k), rows) *=
            root * ConstArrayMap<double>(block.column(output_delta_, linear_ ? 0 : k), rows);
    }
    if (deep_ != nullptr) {
      deep_->backward(w, block, block.slot(own), [&](Index i, const double* delta) {
        const ParameterGroup& group = deep_->groups()[static_cast<std::size_t>(i)];
        MatrixMap<double>(g + group.offset, group.width, group.inputs).noalias() =
            ConstMatrixMap<double>(delta, rows, group.width).transpose() *
            block.matrix(group.x, group.inputs);
      });
      return;
    }
    for (Index l = depth_ - 1; l >= 0; --l) {
      const Layer& layer = net_.layer(l);
      MatrixMap<double>(g + layer.weights, layer.fan_out, layer.fan_in + 1).noalias() =
          block.matrix(own, layer.fan_out).transpose() *
          block.matrix(slots_.x(l), layer.fan_in + 1);
      if (l > 0) pull_back(net_, slots_, w, l, block, block.slot(own), block.slot(below));
      std::swap(own, below);
    }
  }

  // √v ∂y_k/∂z_l of the hidden layers, for each output k.
  void hidden_deltas(const double* w, SampleBlock& block) const {
    if (depth_ < 2) return;
    const Index rows = block.stride(), last = depth_ - 2;
    const Layer& top = net_.layer(last);
    const double* slope = block.slot(slots_.slope(last));
    if (linear_)
      for (Index j = 0; j < top.fan_out; ++j) {
        const ConstArrayMap<double> s(slope + j * rows, rows);
        ArrayMap<double>(block.column(root_slope_, j), rows) = s * block.array(root_weight_, 1);
        ArrayMap<double>(block.column(slope_, j), rows) = s * block.array(weight_, 1);
      }
    if (linear_ && depth_ == 2) return;
    const auto weights = weight_matrix(net_.layers.back(), w);
    for (Index k = 0; k < q_; ++k) {
      double* to = block.column(delta(last), top.fan_out * k);
      if (output_ == Activation::softmax) {
        pull_back(net_, slots_, w, depth_ - 1, block, block.column(output_delta_, q_ * k), to);
      } else {
        const ConstArrayMap<double> own(block.column(output_delta_, linear_ ? 0 : k), rows);
        for (Index j = 0; j < top.fan_out; ++j)
          ArrayMap<double>(to + j * rows, rows) =
              own * ConstArrayMap<double>(slope + j * rows, rows) * weights(j, k);
      }
      for (Index l = last; l > 0; --l)
        pull_back(net_, slots_, w, l, block, block.column(delta(l), net_.layer(l).fan_out * k),
                  block.column(delta(l - 1), net_.layer(l).fan_in * k));
    }
  }

  // The same for every group of parameters of a network that is not plain.
  void all_deltas(const double* w, SampleBlock& block) const {
    const Index rows = block.stride();
    for (Index k = 0; k < q_; ++k) {
      double* seed = block.slot(upper_);
      if (output_ == Activation::softmax) {
        std::copy_n(block.column(output_delta_, q_ * k), rows * q_, seed);
      } else {
        block.array(upper_, q_).setZero();
        std::copy_n(block.column(output_delta_, linear_ ? 0 : k), rows, seed + k * rows);
      }
      deep_->backward(w, block, seed, [&](Index i, const double* delta) {
        const auto g = static_cast<std::size_t>(i);
        const Index width = deep_->groups()[g].width;
        std::copy_n(delta, rows * width, block.column(group_deltas_[g], width * k));
      });
    }
  }

  void make_group_terms() {
    const auto& groups = deep_->groups();
    for (std::size_t g = 0; g < groups.size(); ++g) {
      const ParameterGroup& a = groups[g];
      own_block(Rows::triangle(a.x, a.x, a.inputs),
                Rows::triangle(group_deltas_[g], group_deltas_[g], a.width, q_), a.offset, false);
      for (std::size_t k = g + 1; k < groups.size(); ++k) {
        const ParameterGroup& b = groups[k];
        cross_block(Rows::full(a.x, a.inputs, b.x, b.inputs),
                    Rows::full(group_deltas_[g], a.width, group_deltas_[k], b.width, q_), a.offset,
                    b.offset);
      }
    }
  }

  void make_terms() {
    const Index last = depth_ - 1;
    for (Index l = 0; l < depth_; ++l) {
      if (l == last && linear_) {
        linear_output_alone(l);
      } else if (l + 1 == last && linear_) {
        own_block(inputs_alone(l), Rows::triangle(root_slope_, root_slope_, net_.layer(l).fan_out),
                  net_.layer(l).weights, true);
      } else if (l == last && output_ != Activation::softmax) {
        elementwise_output_alone(l);
      } else {
        own_block(inputs_alone(l), Rows::triangle(delta(l), delta(l), net_.layer(l).fan_out, q_),
                  net_.layer(l).weights, false);
      }
      for (Index m = l + 1; m < depth_; ++m) {
        const Index wide = net_.layer(l).fan_out;
        if (m == last && linear_ && l + 1 == last) {
          last_hidden_and_linear_output(l);
        } else if (m == last && output_ != Activation::softmax) {
          output_block(l, linear_ ? Rows::scaled(delta(l), wide * q_, output_delta_, 1)
                                  : Rows::scaled(delta(l), wide, output_delta_, q_));
        } else {
          cross_block(inputs_of(l, m),
                      Rows::full(delta(l), wide, delta(m), net_.layer(m).fan_out, q_),
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
    const Index at = net_.layer(l).weights, q = q_, n = net_.n_parameters;
    sums_.add({Rows::single(x, inputs), Rows::full(x, inputs, weight_, 1),
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
    const Index at = net_.layer(l).weights, q = q_, n = net_.n_parameters;
    sums_.add({inputs, Rows::diagonal(output_delta_, output_delta_, q),
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
    const Index h = layer.fan_out, q = q_, n = net_.n_parameters;
    const Index fan_in = layer.fan_in + 1, fan_in2 = top.fan_in + 1;
    const auto put = [=](double sum, Index i, Index i2, Index j, double* m) {
      double* to = m + (at + i * h + j) * n + below + i2 * q;
      const double* row = w_ + below + j * q;
      for (Index k = 0; k < q; ++k) to[k] += sum * row[k];
    };
    if (fan_in + fan_in2 * h < fan_in * fan_in2 + h) {
      const Rows units = Rows::full(slots_.x(l + 1), fan_in2, slope_, h);
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
    sums_.add({inputs, Rows::single(slope_, h), [=](const Tile& tile, const double* c, double* m) {
                 inputs.each(tile.a, tile.na, [&](Index a, Index i, Index i2) {
                   for (Index b = 0; b < tile.nb; ++b)
                     put(c[a * tile.nb + b], i, i2, tile.b + b, m);
                 });
               }});
  }

  // Deltas of layer l times those of an elementwise output layer: rows run as j + fan_out k.
  void output_block(Index l, const Rows& deltas) {
    const Index m = depth_ - 1;
    const Rows inputs = inputs_of(l, m);
    const Index at = net_.layer(l).weights, below = net_.layer(m).weights;
    const Index h = net_.layer(l).fan_out, q = q_, n = net_.n_parameters;
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

  double add_penalty(double penalty, const double* w, double* jte, double* jtj) const {
    double energy = 0;
    for (const Segment& part : net_.segments) {
      if (!part.shrinks) continue;
      energy += 0.5 * penalty * squared_norm(w + part.offset, part.size);
      VectorMap<double>(jte + part.offset, part.size) +=
          penalty * ConstVectorMap<double>(w + part.offset, part.size);
      if (jtj != nullptr)
        for (Index i = part.offset; i < part.offset + part.size; ++i)
          jtj[i * (net_.n_parameters + 1)] += penalty;
    }
    return energy;
  }

  Architecture net_;
  ForwardSlots slots_;
  Activation output_;
  bool linear_;
  Index depth_, q_;
  Index raw_, targets_, root_weight_, weight_, lower_, upper_, output_delta_;
  Index root_slope_ = 0, slope_ = 0;
  std::vector<Index> deltas_;
  std::unique_ptr<DeepPass> deep_;
  std::vector<Index> group_deltas_;
  ProductSums sums_;
  // Of the current call: the weights and W Wᵀ of the output layer.
  const double* w_ = nullptr;
  Matrix<double> gram_;
  // Of the current data.
  std::unique_ptr<BlockPlan> plan_;
  Index at_once_ = 0;
  bool loaded_ = false;
  std::vector<SampleBlock> blocks_;
  std::vector<double> energies_;
  std::vector<Buffer<double>> gradients_;
};

FASTOPT_END
