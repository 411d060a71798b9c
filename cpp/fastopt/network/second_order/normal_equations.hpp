// ½Σe², Jᵀe and JᵀJ of a network on data, summed over blocks of samples; J is never there as a
// whole.
#pragma once

#include <cmath>

#include "fastopt/core/norm.hpp"
#include "fastopt/core/zeros.hpp"
#include "fastopt/network/output.hpp"
#include "fastopt/network/second_order/residual_block.hpp"

FASTOPT_BEGIN

class NormalEquations {
 public:
  // Each sample has 0, 1 or q weights.
  NormalEquations(const Architecture& net, Index weight_columns)
      : net_(net), slots_(net, weight_columns) {
    if (!net.is_plain()) {
      deep_ = std::make_unique<DeepPass>(net_, slots_);
      for (const ParameterGroup& group : deep_->groups())
        slots_.group_deltas.push_back(slots_.add(group.width * slots_.q));
    }
    products_ = std::make_unique<GaussNewtonBlocks>(net_, slots_, deep_.get());
  }
  NormalEquations(const NormalEquations&) = delete;
  NormalEquations& operator=(const NormalEquations&) = delete;

  // E = ½ Σ v e² + ½ penalty ‖W‖² with e = Y - T, its gradient, and with `jtj` JᵀJ + penalty I_W,
  // the Gauss-Newton matrix of the same E (n x n, both triangles). Data that fit into one pass are
  // read at the first call only.
  double operator()(const Dataset& data, double penalty, const double* w, double* jte,
                    double* jtj) {
    const Index n = net_.n_parameters;
    begin(data);
    std::fill_n(jte, n, 0.0);
    if (jtj != nullptr) fill_zeros(jtj, n * n);
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
      if (jtj != nullptr) products_->add(blocks_.data(), count, w, jtj);
    }
    if (penalty > 0) energy += add_penalty(penalty, w, jte, jtj);
    if (jtj != nullptr) mirror_lower(jtj, n);
    return energy;
  }

  // E alone.
  double value(const Dataset& data, double penalty, const double* w) {
    begin(data);
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
  // Each tile reads all the blocks that are summed at once, little beside the products that it
  // makes of them. Their sums are added to the whole matrix, beside which the blocks must not be
  // small.
  static constexpr double least_bytes_at_once = 16e6, most_bytes_at_once = 48e6;

  void begin(const Dataset& data) {
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

  // y in place of z in the output slot, e in slot `lower`, and ½ Σ v e².
  void residuals(const Dataset& data, Index b, const double* w, Index i) {
    SampleBlock& block = blocks_[static_cast<std::size_t>(i)];
    if (!loaded_) load_samples(data, slots_, plan_->first(b), plan_->size(b), block);
    if (deep_ != nullptr)
      deep_->forward(w, block);
    else
      forward(net_, slots_, w, block);
    activate_outputs(slots_.output_activation, slots_, slots_.raw, slots_.q, slots_.depth - 1,
                     block);
    const ArrayMap<double> y = block.array(slots_.output(), slots_.q);
    ArrayMap<double> e = block.array(slots_.lower, slots_.q);
    e = y - block.array(slots_.targets, slots_.q);
    double sum = 0;
    for (Index k = 0; k < slots_.q; ++k) {
      const ArrayMap<double> ek(e.data() + k * block.stride(), block.stride());
      const ArrayMap<double> v(block.column(slots_.weight, slots_.weight_column(k)),
                               block.stride());
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

  // √v of output k.
  ConstArrayMap<double> root(const SampleBlock& block, Index k) const {
    return {block.column(slots_.root_weight, slots_.weight_column(k)), block.stride()};
  }

  // ∂y/∂z of the output layer, times √v.
  void output_deltas(SampleBlock& block) const {
    const Index rows = block.stride();
    if (slots_.linear) {
      block.array(slots_.output_delta, 1) = block.array(slots_.root_weight, 1);
    } else if (mixes_outputs(slots_.output_activation)) {
      for (Index k = 0; k < slots_.q; ++k)
        for (Index j = 0; j < slots_.q; ++j) {
          ArrayMap<double> to(block.column(slots_.output_delta, j + slots_.q * k), rows);
          mixed_slope(slots_.output_activation, slots_, slots_.depth - 1, k, j, block, to);
          to *= root(block, k);
        }
    } else {
      block.array(slots_.output_delta, slots_.q) =
          block.array(slots_.slope(slots_.depth - 1), slots_.q);
      for (Index k = 0; k < slots_.q; ++k)
        ArrayMap<double>(block.column(slots_.output_delta, k), rows) *= root(block, k);
    }
  }

  // Jᵀe of the block: one backward pass from ∂E/∂z = Σ_k v e_k ∂y_k/∂z.
  void gradient(const double* w, SampleBlock& block, double* g) const {
    const Index rows = block.stride();
    Index own = slots_.lower, below = slots_.upper;
    if (mixes_outputs(slots_.output_activation)) {
      block.array(slots_.upper, slots_.q).setZero();
      for (Index k = 0; k < slots_.q; ++k)
        for (Index j = 0; j < slots_.q; ++j)
          ArrayMap<double>(block.column(slots_.upper, j), rows) +=
              ConstArrayMap<double>(block.column(slots_.output_delta, j + slots_.q * k), rows) *
              ConstArrayMap<double>(block.column(slots_.lower, k), rows) * root(block, k);
      std::swap(own, below);
    } else {
      for (Index k = 0; k < slots_.q; ++k)
        ArrayMap<double>(block.column(own, k), rows) *=
            root(block, k) *
            ConstArrayMap<double>(block.column(slots_.output_delta, slots_.linear ? 0 : k), rows);
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
    for (Index l = slots_.depth - 1; l >= 0; --l) {
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
    if (slots_.depth < 2) return;
    const Index rows = block.stride(), last = slots_.depth - 2;
    const Layer& top = net_.layer(last);
    const double* slope = block.slot(slots_.slope(last));
    if (slots_.linear)
      for (Index j = 0; j < top.fan_out; ++j) {
        const ConstArrayMap<double> s(slope + j * rows, rows);
        ArrayMap<double>(block.column(slots_.root_slope, j), rows) =
            s * block.array(slots_.root_weight, 1);
        ArrayMap<double>(block.column(slots_.weighted_slope, j), rows) =
            s * block.array(slots_.weight, 1);
      }
    if (slots_.linear && slots_.depth == 2) return;
    const auto weights = weight_matrix(net_.layers.back(), w);
    for (Index k = 0; k < slots_.q; ++k) {
      double* to = block.column(slots_.delta(last), top.fan_out * k);
      if (mixes_outputs(slots_.output_activation)) {
        pull_back(net_, slots_, w, slots_.depth - 1, block,
                  block.column(slots_.output_delta, slots_.q * k), to);
      } else {
        const ConstArrayMap<double> own(block.column(slots_.output_delta, slots_.linear ? 0 : k),
                                        rows);
        for (Index j = 0; j < top.fan_out; ++j)
          ArrayMap<double>(to + j * rows, rows) =
              own * ConstArrayMap<double>(slope + j * rows, rows) * weights(j, k);
      }
      for (Index l = last; l > 0; --l)
        pull_back(net_, slots_, w, l, block,
                  block.column(slots_.delta(l), net_.layer(l).fan_out * k),
                  block.column(slots_.delta(l - 1), net_.layer(l).fan_in * k));
    }
  }

  // The same for every group of parameters of a network that is not plain.
  void all_deltas(const double* w, SampleBlock& block) const {
    const Index rows = block.stride();
    for (Index k = 0; k < slots_.q; ++k) {
      double* seed = block.slot(slots_.upper);
      if (mixes_outputs(slots_.output_activation)) {
        std::copy_n(block.column(slots_.output_delta, slots_.q * k), rows * slots_.q, seed);
      } else {
        block.array(slots_.upper, slots_.q).setZero();
        std::copy_n(block.column(slots_.output_delta, slots_.linear ? 0 : k), rows,
                    seed + k * rows);
      }
      deep_->backward(w, block, seed, [&](Index i, const double* delta) {
        const auto g = static_cast<std::size_t>(i);
        const Index width = deep_->groups()[g].width;
        std::copy_n(delta, rows * width, block.column(slots_.group_deltas[g], width * k));
      });
    }
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
  JacobianSlots slots_;
  std::unique_ptr<DeepPass> deep_;
  std::unique_ptr<GaussNewtonBlocks> products_;
  // Of the current data.
  std::unique_ptr<BlockPlan> plan_;
  Index at_once_ = 0;
  bool loaded_ = false;
  std::vector<SampleBlock> blocks_;
  std::vector<double> energies_;
  std::vector<Buffer<double>> gradients_;
};

FASTOPT_END
