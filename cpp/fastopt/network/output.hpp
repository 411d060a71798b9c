// The outputs of sample blocks.
#pragma once

#include "fastopt/network/loss.hpp"
#include "fastopt/network/second_order/sample_block.hpp"

FASTOPT_BEGIN

// y = φ(z) in the output slot and, where outputs are elementwise, φ'(z) in the last layer's slot of
// slopes. `raw` is a slot of at least q columns.
inline void activate_outputs(Activation output, const ForwardSlots& slots, Index raw, Index q,
                             Index last, SampleBlock& block) {
  ArrayMap<double> y = block.array(slots.output(), q);
  if (mixes_outputs(output)) {
    // Of increasing outputs σ(z_k), which is their derivative by all but the first z.
    if (output == Activation::increasing) block.array(slots.slope(last), q) = y.logistic();
    collect_samples(y.data(), block.samples(), q, block.stride(), block.slot(raw));
    Loss<double>::activate_output(output, block.slot(raw), q, block.samples());
    spread_samples(block.slot(raw), block.samples(), q, block.stride(), y.data());
    return;
  }
  const bool keep = needs_input(output);
  if (keep) block.array(slots.z(last), q) = y;
  apply_activation(output, y.data(), y.size());
  slopes(output, y.data(), keep ? block.slot(slots.z(last)) : nullptr,
         block.slot(slots.slope(last)), block.stride() * q);
}

// out = ∂y_k/∂z_j of outputs that mix, for all samples, after activate_outputs.
inline void mixed_slope(Activation output, const ForwardSlots& slots, Index last, Index k, Index j,
                        const SampleBlock& block, ArrayMap<double> out) {
  const Index rows = block.stride();
  if (output == Activation::softmax) {
    const ConstArrayMap<double> yk(block.column(slots.output(), k), rows);
    const ConstArrayMap<double> yj(block.column(slots.output(), j), rows);
    out = yk * ((j == k ? 1.0 : 0.0) - yj);
  } else if (j > k) {
    out.setZero();
  } else if (j == 0) {
    out.setOnes();
  } else {
    out = ConstArrayMap<double>(block.column(slots.slope(last), j), rows);
  }
}

FASTOPT_END
