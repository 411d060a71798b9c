// Workspaces of one forward and backward pass over a batch of samples.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

// A range of the columns (samples) of a pass. It begins at a multiple of the padding, so that it
// may be treated as flat aligned arrays, and several threads may work on one pass side by side.
struct Columns {
  Index first, count;
};

// What a pass over up to `capacity` samples leaves behind, a column for each sample: the inputs,
// each layer's outputs a, each layer's z where its derivative needs it, and the deltas ∂E/∂z.
// The last layer's outputs are z until the loss has applied its activation. What normalisation,
// dropout and shortcuts need besides exists only in layers that have them.
template <class Scalar>
class Pass {
 public:
  Pass(const Architecture& net, Index capacity) : capacity_(capacity) {
    values_.emplace_back(area(net.inputs(), capacity));
    widths_.push_back(net.inputs());
    for (const Layer& layer : net.layers) {
      const Index size = area(layer.fan_out, capacity), moments = moments_of(layer);
      widths_.push_back(layer.fan_out);
      values_.emplace_back(size);
      deltas_.emplace_back(size);
      inputs_.emplace_back(needs_input(layer.activation) ? size : 0);
      activations_.emplace_back(layer.changes_activations() ? size : 0);
      raws_.emplace_back(layer.normalizes_before() ? size : 0);
      factors_.emplace_back(layer.dropout > 0 ? size : 0);
      flows_.emplace_back(layer.shortcut >= 0 ? size : 0);
      for (auto* buffers : {&means_, &scales_}) buffers->emplace_back(moments);
      const Index units = layer.uses_batch() ? layer.fan_out : 0;
      for (auto* buffers : {&variances_, &unit_factors_, &constants_, &alongs_})
        buffers->emplace_back(units);
      const Index sums = area(2 * layer.fan_out, static_cast<Index>(blocks()));
      block_sums_.emplace_back(layer.normalizes() ? sums : 0);
    }
  }

  Index capacity() const { return capacity_; }
  // From column `first` on. Layer l reads value(l) and writes value(l + 1).
  Scalar* value(Index l, Index first = 0) { return at(values_, l) + width(l) * first; }
  Scalar* delta(Index l, Index first = 0) { return at(deltas_, l) + width(l + 1) * first; }
  // z of layer l; the activations stand in where z is not stored.
  Scalar* input(Index l, Index first = 0) {
    Scalar* z = at(inputs_, l);
    return z != nullptr ? z + width(l + 1) * first : activation(l, first);
  }
  // φ(z) of layer l: its outputs, where nothing changes them.
  Scalar* activation(Index l, Index first = 0) {
    Scalar* a = at(activations_, l);
    return a != nullptr ? a + width(l + 1) * first : value(l + 1, first);
  }
  // What layer l normalises.
  Scalar* raw(Index l, Index first = 0) {
    Scalar* z = at(raws_, l);
    return z != nullptr ? z + width(l + 1) * first : activation(l, first);
  }
  // Of dropout; ∂E/∂a where a shortcut ends.
  Scalar* factor(Index l, Index first) { return at(factors_, l) + width(l + 1) * first; }
  Scalar* flow(Index l, Index first) { return at(flows_, l) + width(l + 1) * first; }

  // For who looks on: ‖∂E/∂a‖ of layer l over the block of samples that begins at `first`.
  void watch_flows() { flow_norms_.resize(values_.size() * blocks()); }
  bool watches_flows() const { return !flow_norms_.empty(); }
  double& flow_norm(Index l, Index first) {
    return flow_norms_[static_cast<std::size_t>(l) * blocks() +
                       static_cast<std::size_t>(first / padding)];
  }

  // Of normalisation, one for each unit (batch) or each sample (layer): μ and 1/√(σ² + ε).
  Scalar* mean(Index l) { return at(means_, l); }
  Scalar* scale(Index l) { return at(scales_, l); }
  // Of batch normalisation, for each unit: σ², γ/√(σ² + ε), and what the way back subtracts.
  Scalar* variance(Index l) { return at(variances_, l); }
  Scalar* unit_factor(Index l) { return at(unit_factors_, l); }
  Scalar* constant(Index l) { return at(constants_, l); }
  Scalar* along(Index l) { return at(alongs_, l); }
  // Two sums for each unit over the block of samples that begins at `first`.
  Scalar* block_sums(Index l, Index first) {
    return at(block_sums_, l) + first / padding * 2 * width(l + 1);
  }

 private:
  // As many as there can be.
  std::size_t blocks() const { return static_cast<std::size_t>(capacity_ / padding + 1); }
  Index moments_of(const Layer& layer) const {
    if (!layer.normalizes()) return 0;
    return layer.uses_batch() ? layer.fan_out : capacity_;
  }
  static Scalar* at(std::vector<Buffer<Scalar>>& buffers, Index l) {
    return buffers[static_cast<std::size_t>(l)].data();
  }
  Index width(Index l) const { return widths_[static_cast<std::size_t>(l)]; }

  Index capacity_;
  std::vector<Index> widths_;
  std::vector<Buffer<Scalar>> values_, deltas_, inputs_;
  std::vector<Buffer<Scalar>> activations_, raws_, factors_, flows_;
  std::vector<Buffer<Scalar>> means_, scales_, variances_, unit_factors_, constants_, alongs_;
  std::vector<Buffer<Scalar>> block_sums_;
  std::vector<double> flow_norms_;
};

FASTOPT_END
