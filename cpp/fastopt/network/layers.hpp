// The forward and backward pass through the layers of a network, for a block of samples.
//
// Batch normalisation needs sums over the whole batch, so that the pass through the blocks of a
// batch halts at each such layer: see `forward` and `backward`, which go from one halt to the next.
#pragma once

#include <limits>
#include <string>

#include "fastopt/core/norm.hpp"
#include "fastopt/core/not_finite.hpp"
#include "fastopt/linalg/product.hpp"
#include "fastopt/network/dropout.hpp"
#include "fastopt/network/normalization.hpp"
#include "fastopt/network/pass.hpp"

FASTOPT_BEGIN

// The projection of a layer's shortcut, as (out x in).
template <class Scalar>
ConstMatrixMap<Scalar> projection_of(const Architecture& net, const Scalar* w, const Layer& layer) {
  return {w + layer.projection, layer.fan_out, net.width(layer.shortcut)};
}

// z = Wᵀ x + b of layer l; where a normalisation stands before the activation, there is no b.
template <class Scalar>
void affine(const Layer& layer, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c) {
  const Scalar *x = pass.value(l, c.first), *b = layer.bias < 0 ? nullptr : w + layer.bias;
  multiply(w + layer.weights, b, layer.fan_out, layer.fan_in, x, c.count, pass.raw(l, c.first));
}

// activation(l) from z to φ(z), keeping z where the derivative will want it.
template <class Scalar>
void activate(const Layer& layer, Pass<Scalar>& pass, Index l, Columns c) {
  const Index size = padded(layer.fan_out * c.count);
  ArrayMap<Scalar> a(pass.activation(l, c.first), size);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (f.needs_input) ArrayMap<Scalar>(pass.input(l, c.first), size) = a;
    f.template value<Scalar>(a);
  });
}

// delta(l) ⊗= φ'(z).
template <class Scalar>
void multiply_by_slope(const Layer& layer, Pass<Scalar>& pass, Index l, Columns c) {
  const Index size = padded(layer.fan_out * c.count);
  const Scalar* a = pass.activation(l, c.first);
  const Scalar* z = pass.input(l, c.first);
  Scalar* delta = pass.delta(l, c.first);
  with_activation(layer.activation, [&](auto f) {
    if constexpr (HasSlopeExpression<decltype(f), Scalar>::value) {
      const ConstArrayMap<Scalar> outputs(a, size);
      ArrayMap<Scalar>(delta, size) *= f.template slope_of<Scalar>(outputs);
    } else if constexpr (!std::is_same_v<decltype(f), activation::Identity>) {
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

// raw(l) → activation(l), or, after the activation, activation(l) → value(l + 1).
template <class Scalar>
void normalize(const Layer& layer, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c) {
  const Scalar *z = pass.raw(l, c.first), *gamma = w + layer.scale, *beta = w + layer.shift;
  Scalar* y = layer.normalize_after ? pass.value(l + 1, c.first) : pass.activation(l, c.first);
  if (layer.uses_batch()) {
    normalize_units(z, layer.fan_out, c.count, pass.mean(l), pass.unit_factor(l), beta, y);
  } else {
    normalize_samples(z, layer.fan_out, c.count, gamma, beta, static_cast<Scalar>(layer.epsilon),
                      pass.mean(l) + c.first, pass.scale(l) + c.first, y);
  }
}

// From activation(l), or what a normalisation made of it, to value(l + 1).
template <class Scalar>
void drop_and_add(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c,
                  const Masks& masks) {
  const Layer& layer = net.layer(l);
  const Index size = layer.fan_out * c.count;
  Scalar* out = pass.value(l + 1, c.first);
  const Scalar* in = layer.normalizes_after() ? out : pass.activation(l, c.first);
  const bool drops = layer.dropout > 0 && masks.on;
  if (drops)
    drop(Dropout(layer.dropout, layer.activation), masks.stream(l + 1),
         (masks.first + c.first) * layer.fan_out, size, in, out, pass.factor(l, c.first));
  const ConstVectorMap<Scalar> values(drops ? out : in, size);
  VectorMap<Scalar> sum(out, size);
  if (layer.shortcut < 0) {
    if (!drops && in != out) sum = values;
    return;
  }
  const Scalar* from = pass.value(layer.shortcut, c.first);
  if (layer.projection < 0) {
    sum = values + ConstVectorMap<Scalar>(from, size);
    return;
  }
  if (!drops && in != out) sum = values;
  MatrixMap<Scalar>(out, layer.fan_out, c.count).noalias() +=
      projection_of(net, w, layer) *
      ConstMatrixMap<Scalar>(from, net.width(layer.shortcut), c.count);
}

// The rest of a hidden layer from what it normalises on.
template <class Scalar>
void finish_layer(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c,
                  const Masks& masks) {
  const Layer& layer = net.layer(l);
  if (layer.normalizes()) normalize(layer, w, pass, l, c);
  if (!layer.normalizes_after()) activate(layer, pass, l, c);
  if (layer.changes_activations()) drop_and_add(net, w, pass, l, c, masks);
}

template <class Scalar>
void drop_inputs(const Architecture& net, Pass<Scalar>& pass, Columns c, const Masks& masks) {
  if (net.input_dropout == 0 || !masks.on) return;
  Scalar* x = pass.value(0, c.first);
  drop(Dropout(net.input_dropout, net.layers.front().activation), masks.stream(0),
       (masks.first + c.first) * net.inputs(), net.inputs() * c.count, x, x,
       static_cast<Scalar*>(nullptr));
}

// From the statistics of layer `from` (-1: from the inputs) to the values of which layer `to` takes
// the statistics, or to the outputs (to = depth), which stay z.
template <class Scalar>
void forward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Columns c,
             const Masks& masks, Index from, Index to) {
  if (from < 0) {
    drop_inputs(net, pass, c, masks);
  } else {
    finish_layer(net, w, pass, from, c, masks);
  }
  for (Index l = from + 1; l < net.depth(); ++l) {
    const Layer& layer = net.layer(l);
    affine(layer, w, pass, l, c);
    if (layer.normalizes_after()) activate(layer, pass, l, c);
    if (l == to) {
      Scalar* sums = pass.block_sums(l, c.first);
      block_moments(pass.raw(l, c.first), layer.fan_out, c.count, sums, sums + layer.fan_out);
      return;
    }
    if (l + 1 < net.depth()) finish_layer(net, w, pass, l, c, masks);
  }
}

// All layers, without dropout; batch normalisation by the statistics that the pass holds.
template <class Scalar>
void forward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Columns c) {
  forward(net, w, pass, c, {}, -1, net.depth());
}

// delta(l): from ∂E/∂a of a hidden layer to its derivative by what the normalisation gives, with
// the sums over samples that the normalisation's own derivative needs.
template <class Scalar>
void back_to_normalization(const Layer& layer, Pass<Scalar>& pass, Index l, Columns c,
                           const Masks& masks) {
  const Index size = layer.fan_out * c.count;
  Scalar* delta = pass.delta(l, c.first);
  if (pass.watches_flows()) pass.flow_norm(l, c.first) = norm(delta, size);
  if (layer.shortcut >= 0) std::copy(delta, delta + size, pass.flow(l, c.first));
  if (layer.dropout > 0 && masks.on)
    VectorMap<Scalar>(delta, size).array() *=
        ConstVectorMap<Scalar>(pass.factor(l, c.first), size).array();
  if (!layer.normalizes_after()) multiply_by_slope(layer, pass, l, c);
  if (!layer.uses_batch()) return;
  Scalar* sums = pass.block_sums(l, c.first);
  block_products(delta, pass.raw(l, c.first), layer.fan_out, c.count, pass.mean(l), sums,
                 sums + layer.fan_out);
}

// delta(l): from there to ∂E/∂z of the affine map.
template <class Scalar>
void back_from_normalization(const Layer& layer, const Scalar* w, Pass<Scalar>& pass, Index l,
                             Columns c) {
  if (!layer.normalizes()) return;
  Scalar* delta = pass.delta(l, c.first);
  const Scalar* z = pass.raw(l, c.first);
  if (layer.uses_batch()) {
    normalize_units_back(delta, z, layer.fan_out, c.count, pass.mean(l), pass.unit_factor(l),
                         pass.constant(l), pass.along(l));
  } else {
    Scalar* sums = pass.block_sums(l, c.first);
    normalize_samples_back(delta, z, layer.fan_out, c.count, w + layer.scale,
                           pass.mean(l) + c.first, pass.scale(l) + c.first, sums,
                           sums + layer.fan_out);
  }
  if (layer.normalize_after) multiply_by_slope(layer, pass, l, c);
}

// delta(l - 1) = ∂E/∂a of the layer before: through the affine map of layer l, and through
// shortcuts.
template <class Scalar>
void pull_back(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index l, Columns c) {
  const Layer& layer = net.layer(l);
  const Scalar* delta = pass.delta(l, c.first);
  MatrixMap<Scalar> out(pass.delta(l - 1, c.first), layer.fan_in, c.count);
  multiply_transposed(w + layer.weights, layer.fan_out, layer.fan_in, delta, c.count, out.data());
  for (const Index end : net.shortcuts_from[static_cast<std::size_t>(l)]) {
    const Layer& other = net.layer(end);
    const ConstMatrixMap<Scalar> flow(pass.flow(end, c.first), other.fan_out, c.count);
    if (other.projection < 0) {
      out += flow;
    } else {
      out.noalias() += projection_of(net, w, other).transpose() * flow;
    }
  }
}

// From the sums over samples of layer `from` (depth: from the deltas of the outputs, which the loss
// has written) to those of layer `to`, or through all layers (to = -1).
template <class Scalar>
void backward(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Columns c,
              const Masks& masks, Index from, Index to) {
  if (from < net.depth()) back_from_normalization(net.layer(from), w, pass, from, c);
  for (Index l = std::min(from, net.depth() - 1); l > 0; --l) {
    pull_back(net, w, pass, l, c);
    back_to_normalization(net.layer(l - 1), pass, l - 1, c, masks);
    if (l - 1 == to) return;
    back_from_normalization(net.layer(l - 1), w, pass, l - 1, c);
  }
}

// Between the halts of all blocks: what batch normalisation makes of their moments (Chan et al.
// 1983).
template <class Scalar>
void combine_moments(const Architecture& net, const Scalar* w, Pass<Scalar>& pass, Index l,
                     const std::vector<Columns>& blocks) {
  const Layer& layer = net.layer(l);
  Index n = 0;
  for (const Columns& c : blocks) n += c.count;
  const double share = 1.0 / static_cast<double>(n);
  for (Index u = 0; u < layer.fan_out; ++u) {
    const auto first = static_cast<double>(pass.block_sums(l, 0)[u]);
    double mean = 0, squares = 0;
    for (const Columns& c : blocks)
      mean += static_cast<double>(c.count) * (pass.block_sums(l, c.first)[u] - first);
    mean = first + share * mean;
    for (const Columns& c : blocks) {
      const Scalar* sums = pass.block_sums(l, c.first);
      const double apart = sums[u] - mean;
      squares += sums[layer.fan_out + u] + static_cast<double>(c.count) * apart * apart;
    }
    pass.mean(l)[u] = static_cast<Scalar>(mean);
    pass.variance(l)[u] = static_cast<Scalar>(share * squares);
    // Of squares that overflow, 1/∞ would make a constant of every unit: a loss that is finite.
    const double scale = std::isfinite(squares) ? 1 / std::sqrt(share * squares + layer.epsilon)
                                                : std::numeric_limits<double>::quiet_NaN();
    pass.scale(l)[u] = static_cast<Scalar>(scale);
    pass.unit_factor(l)[u] = static_cast<Scalar>(scale * w[layer.scale + u]);
  }
}

[[noreturn]] inline void refuse_statistics(Index l, const char* what, double value) {
  throw NotFinite("hidden layer " + std::to_string(l + 1) + ": its running " + what + " is " +
                  std::to_string(value) +
                  ", and batch normalisation needs finite means and finite variances >= 0 in use: "
                  "assign such to `statistics`, or train the network again");
}

// The same from running statistics, for all layers.
template <class Scalar>
void use_statistics(const Architecture& net, const Scalar* w, const Scalar* statistics,
                    Pass<Scalar>& pass) {
  for (const Index l : net.batch_layers) {
    const Layer& layer = net.layer(l);
    for (Index u = 0; u < layer.fan_out; ++u) {
      const Scalar* running = statistics + layer.statistics + u;
      if (!std::isfinite(running[0])) refuse_statistics(l, "mean", running[0]);
      if (!(std::isfinite(running[layer.fan_out]) && running[layer.fan_out] >= 0))
        refuse_statistics(l, "variance", running[layer.fan_out]);
      pass.mean(l)[u] = running[0];
      pass.variance(l)[u] = running[layer.fan_out];
      const double scale =
          1 / std::sqrt(static_cast<double>(running[layer.fan_out]) + layer.epsilon);
      pass.scale(l)[u] = static_cast<Scalar>(scale);
      pass.unit_factor(l)[u] = static_cast<Scalar>(scale * w[layer.scale + u]);
    }
  }
}

// Between the halts on the way back: the means over the batch of d and of d ẑ, as the blocks need
// them.
template <class Scalar>
void combine_products(const Architecture& net, Pass<Scalar>& pass, Index l,
                      const std::vector<Columns>& blocks) {
  const Layer& layer = net.layer(l);
  Index n = 0;
  for (const Columns& c : blocks) n += c.count;
  const double share = 1.0 / static_cast<double>(n);
  for (Index u = 0; u < layer.fan_out; ++u) {
    double sum = 0, products = 0;
    for (const Columns& c : blocks) {
      const Scalar* sums = pass.block_sums(l, c.first);
      sum += sums[u];
      products += sums[layer.fan_out + u];
    }
    const double factor = pass.unit_factor(l)[u] * share, scale = pass.scale(l)[u];
    pass.constant(l)[u] = static_cast<Scalar>(factor * sum);
    pass.along(l)[u] = static_cast<Scalar>(factor * scale * scale * products);
  }
}

FASTOPT_END
