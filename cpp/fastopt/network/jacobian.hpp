// The Jacobian of a network's outputs, whole, for those who ask for it.
#pragma once

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/network/loss.hpp"
#include "fastopt/network/sample_block.hpp"

FASTOPT_BEGIN

// outputs (N x q) and jacobian (N·q x n), both in C order: row s·q + k is ∂y_k/∂w for sample s.
// Both are computed by one backward pass for each output, over blocks of samples. Samples are rows
// of `inputs`, in `order` where one is given.
inline void network_jacobian(const Architecture& net, const ArraySource& inputs,
                             const std::uint32_t* order, Index n_samples, const double* w,
                             double* outputs, double* jacobian) {
  constexpr Index rows_at_once = 64;
  const Index depth = net.depth(), q = net.outputs(), n = net.n_parameters;
  const Activation output = net.layers.back().activation;
  ForwardSlots slots(net);
  const Index raw = slots.add(std::max(net.inputs(), q));
  Index widest = q;
  for (const Layer& layer : net.layers) widest = std::max(widest, layer.fan_out);
  const Index upper = slots.add(widest), lower = slots.add(widest);
  const BlockPlan plan(n_samples, rows_at_once);

  parallel_for(plan.count, [&](Index b) {
    const Index first = plan.first(b), samples = plan.size(b);
    SampleBlock block;
    block.resize(samples, slots.columns);
    const Index rows = block.stride();
    inputs.gather(order, first, samples, block.slot(raw));
    spread_samples(block.slot(raw), samples, net.inputs(), rows, block.slot(slots.x(0)));
    forward(net, slots, w, block);
    ArrayMap<double> y = block.array(slots.output(), q);
    if (output == Activation::softmax) {
      collect_samples(y.data(), samples, q, rows, block.slot(raw));
      Loss<double>::activate_output(output, block.slot(raw), q, samples);
      spread_samples(block.slot(raw), samples, q, rows, y.data());
    } else {
      const bool keep = needs_input(output);
      if (keep) block.array(slots.z(depth - 1), q) = y;
      with_activation(output, [&](auto f) { f.template value<double>(y); });
      slopes(output, y.data(), keep ? block.slot(slots.z(depth - 1)) : nullptr,
             block.slot(slots.slope(depth - 1)), rows * q);
    }
    collect_samples(y.data(), samples, q, rows, outputs + first * q);

    for (Index k = 0; k < q; ++k) {
      Index own = upper, below = lower;
      block.array(own, q).setZero();
      const ConstArrayMap<double> yk(block.column(slots.output(), k), rows);
      if (output == Activation::softmax) {
        for (Index j = 0; j < q; ++j)
          ArrayMap<double>(block.column(own, j), rows) =
              yk *
              ((j == k ? 1.0 : 0.0) - ConstArrayMap<double>(block.column(slots.output(), j), rows));
      } else {
        ArrayMap<double>(block.column(own, k), rows) =
            ConstArrayMap<double>(block.column(slots.slope(depth - 1), k), rows);
      }
      for (Index l = depth - 1; l >= 0; --l) {
        const Layer& layer = net.layer(l);
        for (Index i = 0; i <= layer.fan_in; ++i) {
          const double* x = block.column(slots.x(l), i);
          for (Index j = 0; j < layer.fan_out; ++j) {
            const double* d = block.column(own, j);
            double* to = jacobian + (first * q + k) * n + layer.weights + i * layer.fan_out + j;
            for (Index s = 0; s < samples; ++s) to[s * q * n] = x[s] * d[s];
          }
        }
        if (l > 0) pull_back(net, slots, w, l, block, block.slot(own), block.slot(below));
        std::swap(own, below);
      }
      Interruption::poll(static_cast<double>(6 * samples * n));
    }
  });
}

FASTOPT_END
