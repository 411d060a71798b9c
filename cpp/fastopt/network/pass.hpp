// One forward and backward pass over a batch of samples, on preallocated workspaces.
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
// The last layer's outputs are z until the loss has applied its activation.
template <class Scalar>
class Pass {
 public:
  Pass(const Architecture& net, Index capacity) : capacity_(capacity) {
    values_.emplace_back(net.inputs() * capacity);
    widths_.push_back(net.inputs());
    for (const Layer& layer : net.layers) {
      widths_.push_back(layer.fan_out);
      values_.emplace_back(layer.fan_out * capacity);
      deltas_.emplace_back(layer.fan_out * capacity);
      inputs_.emplace_back(needs_input(layer.activation) ? layer.fan_out * capacity : 0);
    }
  }

  Index capacity() const { return capacity_; }
  // From column `first` on. Layer l reads value(l) and writes value(l + 1).
  Scalar* value(Index l, Index first = 0) { return at(values_, l) + width(l) * first; }
  Scalar* delta(Index l, Index first = 0) { return at(deltas_, l) + width(l + 1) * first; }
  // z of layer l; the outputs stand in where z is not stored.
  Scalar* input(Index l, Index first = 0) {
    Scalar* z = at(inputs_, l);
    return z != nullptr ? z + width(l + 1) * first : value(l + 1, first);
  }

 private:
  static Scalar* at(std::vector<Buffer<Scalar>>& buffers, Index l) {
    return buffers[static_cast<std::size_t>(l)].data();
  }
  Index width(Index l) const { return widths_[static_cast<std::size_t>(l)]; }

  Index capacity_;
  std::vector<Index> widths_;
  std::vector<Buffer<Scalar>> values_, deltas_, inputs_;
};

// z = Wᵀ x + b of layer l, into value(l + 1).
template <class Scalar>
void affine(const Layer& layer, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c) {
  MatrixMap<Scalar> z(pass.value(l + 1, c.first), layer.fan_out, c.count);
  z.colwise() = ConstVectorMap<Scalar>(w + layer.bias, layer.fan_out);
  z.noalias() += ConstMatrixMap<Scalar>(w + layer.weights, layer.fan_out, layer.fan_in) *
                 ConstMatrixMap<Scalar>(pass.value(l, c.first), layer.fan_in, c.count);
}

// value(l + 1) from z to φ(z), keeping z where the derivative will want it.
template <class Scalar>
void activate(const Layer& layer, Pass<Scalar>& pass, Index l, Columns c) {
  const Index size = padded(layer.fan_out * c.count);
  ArrayMap<Scalar> a(pass.value(l + 1, c.first), size);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (f.needs_input) ArrayMap<Scalar>(pass.input(l, c.first), size) = a;
    f.template value<Scalar>(a);
  });
}

// delta(l) ⊗= φ'(z).
template <class Scalar>
void multiply_by_slope(const Layer& layer, Pass<Scalar>& pass, Index l, Columns c) {
  const Index size = padded(layer.fan_out * c.count);
  const Scalar* a = pass.value(l + 1, c.first);
  const Scalar* z = pass.input(l, c.first);
  Scalar* delta = pass.delta(l, c.first);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (!std::is_same_v<decltype(f), activation::Identity>) {
      constexpr Index piece = 512;
      alignas(alignment) Scalar slopes[piece];
      for (Index at = 0; at < size; at += piece) {
        const Index count = std::min(piece, size - at);
        const ArrayMap<Scalar> slope(slopes, count);
        f.template slope<Scalar>({a + at, count}, {z + at, count}, slope);
        ArrayMap<Scalar>(delta + at, count) *= slope;
      }
    }
  });
}

// All layers; the last one's outputs stay z.
template <class Scalar>
void forward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Columns c) {
  for (Index l = 0; l < net.depth(); ++l) {
    affine(net.layer(l), w, pass, l, c);
    if (l + 1 < net.depth()) activate(net.layer(l), pass, l, c);
  }
}

// From delta of the last layer, which the loss has written, to the deltas of all layers.
template <class Scalar>
void backward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Columns c) {
  for (Index l = net.depth() - 1; l > 0; --l) {
    const Layer& layer = net.layer(l);
    MatrixMap<Scalar>(pass.delta(l - 1, c.first), layer.fan_in, c.count).noalias() =
        ConstMatrixMap<Scalar>(w + layer.weights, layer.fan_out, layer.fan_in).transpose() *
        ConstMatrixMap<Scalar>(pass.delta(l, c.first), layer.fan_out, c.count);
    multiply_by_slope(net.layer(l - 1), pass, l - 1, c);
  }
}

// A part of the gradient that one thread makes from the deltas of n samples: some of the columns of
// a layer's W, in the order of the flat vector, or its bias.
struct GradientPart {
  Index layer;
  Index begin, end;  // of the layer's fan_in; the bias: begin = end
};

template <class Scalar>
Segment gradient_part(const Architecture& net, Pass<Scalar>& pass, const GradientPart& part,
                      Index n, Scalar* gradient, bool accumulate) {
  const Layer& layer = net.layer(part.layer);
  const ConstMatrixMap<Scalar> delta(pass.delta(part.layer), layer.fan_out, n);
  if (part.begin == part.end) {
    VectorMap<Scalar> bias(gradient + layer.bias, layer.fan_out);
    if (accumulate) {
      bias += delta.rowwise().sum();
    } else {
      bias = delta.rowwise().sum();
    }
    return {layer.bias, layer.fan_out, false};
  }
  const Index columns = part.end - part.begin;
  const auto x = ConstMatrixMap<Scalar>(pass.value(part.layer), layer.fan_in, n)
                     .middleRows(part.begin, columns);
  const Segment segment{layer.weights + part.begin * layer.fan_out, columns * layer.fan_out, true};
  MatrixMap<Scalar> weights(gradient + segment.offset, layer.fan_out, columns);
  if (accumulate) {
    weights.noalias() += delta * x.transpose();
  } else {
    weights.noalias() = delta * x.transpose();
  }
  return segment;
}

FASTOPT_END
