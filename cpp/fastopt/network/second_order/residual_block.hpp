// The samples of a block in the slots that sums over residuals read.
#pragma once

#include "fastopt/data/dataset.hpp"
#include "fastopt/network/second_order/gauss_newton_blocks.hpp"

FASTOPT_BEGIN

// Samples first … first + n − 1 of the data: inputs, targets, v and √v, which are zero in rows
// beyond the samples.
inline void load_samples(const Dataset& data, const JacobianSlots& slots, Index first, Index n,
                         SampleBlock& block) {
  block.resize(n, slots.columns);
  double* raw = block.slot(slots.raw);
  data.inputs.gather(data.order(), first, n, raw);
  spread_samples(raw, n, data.inputs.columns, block.stride(), block.slot(slots.x(0)));
  data.gather_targets(data.order(), first, n, raw);
  spread_samples(raw, n, slots.q, block.stride(), block.slot(slots.targets));
  ArrayMap<double> v = block.array(slots.weight, slots.weight_columns);
  v.setZero();
  if (data.weights.empty()) {
    v.head(n).setOnes();
  } else {
    data.gather_weights(data.order(), first, n, raw);
    spread_samples(raw, n, slots.weight_columns, block.stride(), v.data());
  }
  block.array(slots.root_weight, slots.weight_columns) = v.sqrt();
}

FASTOPT_END
