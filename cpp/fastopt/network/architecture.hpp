// The shape of a network and where each part of it lies in the flat parameter vector.
#pragma once

#include <limits>
#include <stdexcept>
#include <utility>
#include <vector>

#include "fastopt/core/out_of_memory.hpp"
#include "fastopt/core/segments.hpp"
#include "fastopt/core/types.hpp"
#include "fastopt/network/activation.hpp"

FASTOPT_BEGIN

enum class Normalization { none, batch, layer };

// What hidden layers have beyond an affine map and an activation.
struct HiddenOptions {
  Normalization normalization = Normalization::none;
  bool normalize_after = false;  // after the activation, not before it
  double epsilon = 1e-3;
  double momentum = 0.99;  // of the running statistics
  // The share of units that is dropped: of the inputs first, then of each hidden layer; empty:
  // none.
  std::vector<double> dropout;
  // Shortcuts (start, end): the outputs of layer `end`, counted from 1, get those of `start` added.
  std::vector<std::pair<Index, Index>> shortcuts;
};

// a = φ(Wᵀ x + b). W lies in the flat vector as (fan_in x fan_out) in C order, then b. A normalised
// layer has γ and β, and b only where the activation stands between; a shortcut to a layer of
// another width has a projection P, which lies as W does.
struct Layer {
  Index fan_in, fan_out;
  Activation activation;
  Index weights, bias = -1;  // offsets; -1 stands for what the layer does not have

  Normalization normalization = Normalization::none;
  bool normalize_after = false;
  double epsilon = 0;
  Index scale = -1, shift = -1;  // γ and β
  Index statistics = -1;  // the running mean in the network's statistics; the variance follows it
  double dropout = 0;
  Index shortcut = -1;  // the values that are added: 0 the inputs, l the outputs of layer l - 1
  Index projection = -1;

  bool normalizes() const { return normalization != Normalization::none; }
  bool normalizes_before() const { return normalizes() && !normalize_after; }
  bool normalizes_after() const { return normalizes() && normalize_after; }
  bool uses_batch() const { return normalization == Normalization::batch; }
  // Whether something happens to φ(z) before it is the layer's output.
  bool changes_activations() const { return normalizes_after() || dropout > 0 || shortcut >= 0; }
};

struct Architecture {
  std::vector<Layer> layers;
  std::vector<Segment> segments;
  Index n_parameters = 0;
  Index n_statistics = 0;  // running means and variances
  double statistics_momentum = 0;
  double input_dropout = 0;
  std::vector<Index> batch_layers;  // those with batch normalisation
  // For each layer's inputs: the layers that a shortcut takes them to.
  std::vector<std::vector<Index>> shortcuts_from;

  Architecture(const std::vector<Index>& sizes, const std::vector<Activation>& activations,
               const HiddenOptions& hidden = {}) {
    if (sizes.size() < 2 || activations.size() + 1 != sizes.size())
      throw std::invalid_argument("a network needs one activation for each layer after the input");
    const auto depth = static_cast<Index>(activations.size());
    if (!hidden.dropout.empty() && static_cast<Index>(hidden.dropout.size()) != depth)
      throw std::invalid_argument("dropout needs a rate for the inputs and each hidden layer");
    if (!hidden.dropout.empty()) input_dropout = hidden.dropout[0];
    statistics_momentum = hidden.momentum;
    shortcuts_from.resize(activations.size());
    for (Index l = 0; l < depth; ++l) add_layer(sizes, activations, hidden, l);
  }

  Index inputs() const { return layers.front().fan_in; }
  Index outputs() const { return layers.back().fan_out; }
  Index depth() const { return static_cast<Index>(layers.size()); }
  const Layer& layer(Index l) const { return layers[static_cast<std::size_t>(l)]; }
  // The width of value 0 (the inputs), 1, …
  Index width(Index value) const { return value == 0 ? inputs() : layer(value - 1).fan_out; }

  bool uses_batch() const { return !batch_layers.empty(); }
  // Nothing but affine maps and activations, dropout aside.
  bool is_plain() const {
    for (const Layer& layer : layers)
      if (layer.normalizes() || layer.shortcut >= 0) return false;
    return true;
  }
  bool drops() const {
    for (const Layer& layer : layers)
      if (layer.dropout > 0) return true;
    return input_dropout > 0;
  }

  // Floating-point operations of one sample's forward and backward pass, roughly.
  double work_per_sample() const { return 6.0 * static_cast<double>(n_parameters); }

 private:
  // More cannot be addressed.
  static constexpr Index largest = std::numeric_limits<Index>::max() / 16;

  void add_layer(const std::vector<Index>& sizes, const std::vector<Activation>& activations,
                 const HiddenOptions& hidden, Index l) {
    const auto at = static_cast<std::size_t>(l);
    const bool is_hidden = at + 1 < activations.size();
    Layer layer{sizes[at], sizes[at + 1], activations[at], 0};
    if (layer.fan_in > largest / layer.fan_out)
      throw OutOfMemory(layer.fan_in, layer.fan_out, sizeof(double));
    layer.weights = add(layer.fan_in * layer.fan_out, true);
    if (is_hidden) {
      layer.normalization = hidden.normalization;
      layer.normalize_after = hidden.normalize_after;
      layer.epsilon = hidden.epsilon;
      if (!hidden.dropout.empty()) layer.dropout = hidden.dropout[at + 1];
    }
    if (!layer.normalizes_before()) layer.bias = add(layer.fan_out, false);
    if (layer.normalizes()) {
      layer.scale = add(layer.fan_out, false);
      layer.shift = add(layer.fan_out, false);
    }
    if (layer.uses_batch()) {
      batch_layers.push_back(l);
      layer.statistics = n_statistics;
      n_statistics += 2 * layer.fan_out;
    }
    for (const auto& [start, end] : hidden.shortcuts)
      if (end == l + 1) add_shortcut(layer, sizes, start, l, is_hidden);
    layers.push_back(layer);
  }

  void add_shortcut(Layer& layer, const std::vector<Index>& sizes, Index start, Index l,
                    bool is_hidden) {
    if (!is_hidden || start < 0 || start > l || layer.shortcut >= 0)
      throw std::invalid_argument("a shortcut leads to a later hidden layer, and one to each");
    layer.shortcut = start;
    shortcuts_from[static_cast<std::size_t>(start)].push_back(l);
    const Index width = sizes[static_cast<std::size_t>(start)];
    if (width > largest / layer.fan_out) throw OutOfMemory(width, layer.fan_out, sizeof(double));
    if (width != layer.fan_out) layer.projection = add(width * layer.fan_out, true);
  }

  Index add(Index size, bool shrinks) {
    const Index offset = n_parameters;
    if (size > largest - offset) throw OutOfMemory(size, sizeof(double));
    segments.push_back({offset, size, shrinks});
    n_parameters += size;
    return offset;
  }
};

FASTOPT_END
