// The gradient in parts, each made by one thread from the deltas of a whole batch.
#pragma once

#include "fastopt/linalg/product.hpp"
#include "fastopt/network/pass.hpp"

FASTOPT_BEGIN

// Some of the columns, in the order of the flat vector, of a layer's W or projection, or its bias,
// or its scale and shift.
struct GradientPart {
  enum class Of { weights, projection, bias, normalization };
  Index layer;
  Of of;
  Index begin, end;  // of the inputs of the matrix
};

namespace detail {

template <class To, class From>
void put(To&& to, const From& from, bool accumulate) {
  if (accumulate) {
    to += from;
  } else {
    to = from;
  }
}

// ∂E/∂γ and ∂E/∂β, which follows it, from the sums of the blocks.
template <class Scalar>
void scale_and_shift(const Layer& layer, Pass<Scalar>& pass, Index l,
                     const std::vector<Columns>& blocks, Scalar* gradient, bool accumulate) {
  for (Index u = 0; u < layer.fan_out; ++u) {
    double sum = 0, products = 0;
    for (const Columns& c : blocks) {
      const Scalar* sums = pass.block_sums(l, c.first);
      sum += sums[u];
      products += sums[layer.fan_out + u];
    }
    if (layer.uses_batch()) products *= pass.scale(l)[u];
    put(gradient[u], static_cast<Scalar>(products), accumulate);
    put(gradient[layer.fan_out + u], static_cast<Scalar>(sum), accumulate);
  }
}

}  // namespace detail

// Writes (or adds) the part to `gradient`, the whole flat vector; returns where it lies there.
template <class Scalar>
Segment gradient_part(const Architecture& net, Pass<Scalar>& pass, const GradientPart& part,
                      const std::vector<Columns>& blocks, Index n, Scalar* gradient,
                      bool accumulate) {
  const Index l = part.layer;
  const Layer& layer = net.layer(l);
  const Index out = layer.fan_out, columns = part.end - part.begin, size = columns * out;
  switch (part.of) {
    case GradientPart::Of::weights: {
      const Index offset = layer.weights + part.begin * out;
      outer_products<Scalar>(pass.delta(l), out, pass.value(l) + part.begin, layer.fan_in, columns,
                             n, gradient + offset, accumulate);
      return {offset, size, true};
    }
    case GradientPart::Of::projection: {
      const Index offset = layer.projection + part.begin * out;
      outer_products<Scalar>(pass.flow(l, 0), out, pass.value(layer.shortcut) + part.begin,
                             net.width(layer.shortcut), columns, n, gradient + offset, accumulate);
      return {offset, size, true};
    }
    case GradientPart::Of::normalization:
      detail::scale_and_shift(layer, pass, l, blocks, gradient + layer.scale, accumulate);
      return {layer.scale, 2 * out, false};
    case GradientPart::Of::bias:
      break;
  }
  sum_columns<Scalar>(pass.delta(l), out, n, gradient + layer.bias, accumulate);
  return {layer.bias, out, false};
}

FASTOPT_END
