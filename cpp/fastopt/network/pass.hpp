// One forward and backward pass over a block of samples, on preallocated workspaces.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

// What a pass over up to `capacity` samples leaves behind, a column for each sample: the inputs,
// each layer's outputs a, each layer's z where its derivative needs it, and the deltas ∂E/∂z.
// The last layer's `output` holds z until the loss has applied its activation.
template <class Scalar>
class Pass {
 public:
  Pass(const Architecture& net, Index capacity) : capacity_(capacity) {
    values_.emplace_back(net.inputs() * capacity);
    for (const Layer& layer : net.layers) {
      values_.emplace_back(layer.fan_out * capacity);
      deltas_.emplace_back(layer.fan_out * capacity);
      inputs_.emplace_back(needs_input(layer.activation) ? layer.fan_out * capacity : 0);
    }
  }

  Index capacity() const { return capacity_; }
  // Layer l reads value(l) and writes value(l + 1).
  Scalar* value(Index l) { return values_[static_cast<std::size_t>(l)].data(); }
  Scalar* delta(Index l) { return deltas_[static_cast<std::size_t>(l)].data(); }
  // z of layer l; the outputs stand in where z is not stored.
  Scalar* input(Index l) {
    auto& z = inputs_[static_cast<std::size_t>(l)];
    return z.size() > 0 ? z.data() : value(l + 1);
  }

 private:
  Index capacity_;
  std::vector<Buffer<Scalar>> values_, deltas_, inputs_;
};

// z = Wᵀ x + b of layer l for the first n samples, into value(l + 1).
template <class Scalar>
void affine(const Layer& layer, const Scalar* w, const Scalar* x, Scalar* z, Index n) {
  MatrixMap<Scalar> out(z, layer.fan_out, n);
  out.colwise() = ConstVectorMap<Scalar>(w + layer.bias, layer.fan_out);
  out.noalias() += ConstMatrixMap<Scalar>(w + layer.weights, layer.fan_out, layer.fan_in) *
                   ConstMatrixMap<Scalar>(x, layer.fan_in, n);
}

// Applies a layer's activation to value(l + 1), keeping z where the derivative will want it.
template <class Scalar>
void activate(const Layer& layer, Pass<Scalar>& pass, Index l, Index n) {
  const Index size = padded(layer.fan_out * n);
  ArrayMap<Scalar> a(pass.value(l + 1), size);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (f.needs_input) ArrayMap<Scalar>(pass.input(l), size) = a;
    f.template value<Scalar>(a);
  });
}

// delta ⊗= φ'(z) for layer l.
template <class Scalar>
void multiply_by_slope(const Layer& layer, Pass<Scalar>& pass, Index l, Index n, Scalar* delta) {
  const Index size = padded(layer.fan_out * n);
  const ConstArrayMap<Scalar> a(pass.value(l + 1), size), z(pass.input(l), size);
  ArrayMap<Scalar> d(delta, size);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (!std::is_same_v<decltype(f), activation::Identity>) {
      constexpr Index piece = 512;
      alignas(alignment) Scalar slopes[piece];
      for (Index at = 0; at < size; at += piece) {
        const Index count = std::min(piece, size - at);
        ArrayMap<Scalar> slope(slopes, count);
        f.template slope<Scalar>({a.data() + at, count}, {z.data() + at, count}, slope);
        ArrayMap<Scalar>(d.data() + at, count) *= slope;
      }
    }
  });
}

// All layers; the last one's outputs stay z.
template <class Scalar>
void forward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index n) {
  for (Index l = 0; l < net.depth(); ++l) {
    affine(net.layer(l), w, pass.value(l), pass.value(l + 1), n);
    if (l + 1 < net.depth()) activate(net.layer(l), pass, l, n);
  }
}

// From delta of the last layer (which the loss has written) to the gradient, which is overwritten
// or, with `accumulate`, added to.
template <class Scalar>
void backward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index n, Scalar* gradient,
              bool accumulate) {
  for (Index l = net.depth() - 1; l >= 0; --l) {
    const Layer& layer = net.layer(l);
    const ConstMatrixMap<Scalar> delta(pass.delta(l), layer.fan_out, n);
    const ConstMatrixMap<Scalar> x(pass.value(l), layer.fan_in, n);
    MatrixMap<Scalar> weights(gradient + layer.weights, layer.fan_out, layer.fan_in);
    VectorMap<Scalar> bias(gradient + layer.bias, layer.fan_out);
    if (accumulate) {
      weights.noalias() += delta * x.transpose();
      bias += delta.rowwise().sum();
    } else {
      weights.noalias() = delta * x.transpose();
      bias = delta.rowwise().sum();
    }
    if (l > 0) {
      MatrixMap<Scalar>(pass.delta(l - 1), layer.fan_in, n).noalias() =
          ConstMatrixMap<Scalar>(w + layer.weights, layer.fan_out, layer.fan_in).transpose() * delta;
      multiply_by_slope(net.layer(l - 1), pass, l - 1, n, pass.delta(l - 1));
    }
  }
}

FASTOPT_END
