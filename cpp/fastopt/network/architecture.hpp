// The shape of a network and where each part of it lies in the flat parameter vector.
#pragma once

#include <limits>
#include <new>
#include <stdexcept>
#include <vector>

#include "fastopt/core/types.hpp"
#include "fastopt/network/activation.hpp"

FASTOPT_BEGIN

// One array of the flat vector. `shrinks` tells whether penalties (l2, weight decay) apply to it:
// they do to weights and leave biases alone.
struct Segment {
  Index offset, size;
  bool shrinks;
};

// a = φ(Wᵀ x + b). W lies in the flat vector as (fan_in x fan_out) in C order, then b.
struct Layer {
  Index fan_in, fan_out;
  Activation activation;
  Index weights, bias;  // offsets
};

struct Architecture {
  std::vector<Layer> layers;
  std::vector<Segment> segments;
  Index n_parameters = 0;

  Architecture(const std::vector<Index>& sizes, const std::vector<Activation>& activations) {
    if (sizes.size() < 2 || activations.size() + 1 != sizes.size())
      throw std::invalid_argument("a network needs one activation for each layer after the input");
    for (std::size_t l = 0; l < activations.size(); ++l) {
      Layer layer{sizes[l], sizes[l + 1], activations[l], 0, 0};
      if (layer.fan_in > largest / layer.fan_out) throw std::bad_alloc();
      layer.weights = add(layer.fan_in * layer.fan_out, true);
      layer.bias = add(layer.fan_out, false);
      layers.push_back(layer);
    }
  }

  Index inputs() const { return layers.front().fan_in; }
  Index outputs() const { return layers.back().fan_out; }
  Index depth() const { return static_cast<Index>(layers.size()); }
  const Layer& layer(Index l) const { return layers[static_cast<std::size_t>(l)]; }

  // Floating-point operations of one sample's forward and backward pass, roughly.
  double work_per_sample() const { return 6.0 * static_cast<double>(n_parameters); }

 private:
  // More cannot be addressed.
  static constexpr Index largest = std::numeric_limits<Index>::max() / 16;

  Index add(Index size, bool shrinks) {
    const Index offset = n_parameters;
    if (size > largest - offset) throw std::bad_alloc();
    segments.push_back({offset, size, shrinks});
    n_parameters += size;
    return offset;
  }
};

FASTOPT_END
