// The Jacobian of a network's outputs, whole, for those who ask for it.
#pragma once

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/network/deep_pass.hpp"
#include "fastopt/network/output.hpp"

FASTOPT_BEGIN

// outputs (N x q) and jacobian (N·q x n), both in C order: row s·q + k is ∂y_k/∂w for sample s.
// Both are computed by one backward pass for each output, over blocks of samples. Samples are rows
// of `inputs`, in `order` where one is given.
inline void network_jacobian(const Architecture& net, const ArraySource& inputs,
                             const std::uint32_t* order, Index n_samples, const double* w,
                             double* outputs, double* jacobian) {
  constexpr Index rows_at_once = 64;
  const Index q = net.outputs(), n = net.n_parameters, last = net.depth() - 1;
  const Activation output = net.layers.back().activation;
  ForwardSlots slots(net);
  const Index raw = slots.add(std::max(net.inputs(), q)), seed = slots.add(q);
  const DeepPass pass(net, slots);
  const BlockPlan plan(n_samples, rows_at_once);

  parallel_for(plan.count, [&](Index b) {
    const Index first = plan.first(b), samples = plan.size(b);
    SampleBlock block;
    block.resize(samples, slots.columns);
    const Index rows = block.stride();
    inputs.gather(order, first, samples, block.slot(raw));
    spread_samples(block.slot(raw), samples, net.inputs(), rows, block.slot(slots.x(0)));
    pass.forward(w, block);
    activate_outputs(output, slots, raw, q, last, block);
    collect_samples(block.slot(slots.output()), samples, q, rows, outputs + first * q);

    for (Index k = 0; k < q; ++k) {
      block.array(seed, q).setZero();
      if (mixes_outputs(output)) {
        for (Index j = 0; j < q; ++j)
          mixed_slope(output, slots, last, k, j, block, {block.column(seed, j), rows});
      } else {
        ArrayMap<double>(block.column(seed, k), rows) =
            ConstArrayMap<double>(block.column(slots.slope(last), k), rows);
      }
      pass.backward(w, block, block.slot(seed), [&](Index g, const double* delta) {
        const ParameterGroup& group = pass.groups()[static_cast<std::size_t>(g)];
        for (Index i = 0; i < group.inputs; ++i) {
          const double* x = block.column(group.x, i);
          for (Index j = 0; j < group.width; ++j) {
            const double* d = delta + j * rows;
            double* to = jacobian + (first * q + k) * n + group.offset + i * group.width + j;
            for (Index s = 0; s < samples; ++s) to[s * q * n] = x[s] * d[s];
          }
        }
      });
      Interruption::poll(static_cast<double>(6 * samples * n));
    }
  });
}

FASTOPT_END
