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
  if (output == Activation::softmax) {
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

FASTOPT_END
