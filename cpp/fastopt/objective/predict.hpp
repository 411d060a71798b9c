// The outputs of a network for rows of an array.
#pragma once

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/data/source.hpp"
#include "fastopt/network/layers.hpp"
#include "fastopt/network/loss.hpp"
#include "fastopt/network/network.hpp"
#include "fastopt/objective/partition.hpp"

FASTOPT_BEGIN

// Of the first `count` rows, or of rows order[0 … count). out: count x outputs, in C order. Batch
// normalisation by the running statistics; dropout only where there are masks.
template <class Scalar>
void predict(const Network<Scalar>& network, const ArraySource& inputs, const std::uint32_t* order,
             Index count, Scalar* out, Masks masks = {}) {
  const Architecture& net = network.architecture;
  const Scalar* w = network.parameters.data();
  constexpr Index largest_piece = 1024;
  const Index q = net.outputs();
  Pass<Scalar> pass(net, std::min(count, largest_piece));
  use_statistics(net, w, network.statistics.data(), pass);
  const double work = net.work_per_sample() / 3;
  for (Index done = 0; done < count; done += largest_piece) {
    const Index n = std::min(largest_piece, count - done);
    Interruption::poll(work * static_cast<double>(n));
    const auto blocks = sample_blocks(work, n);
    masks.first = done;
    parallel_for(static_cast<Index>(blocks.size()), [&](Index i) {
      const Columns c = blocks[static_cast<std::size_t>(i)];
      inputs.gather(order, done + c.first, c.count, pass.value(0, c.first));
      forward(net, w, pass, c, masks, -1, net.depth());
      Scalar* y = pass.value(net.depth(), c.first);
      Loss<Scalar>::activate_output(net.layers.back().activation, y, q, c.count);
      std::copy(y, y + q * c.count, out + q * (done + c.first));
    });
  }
}

FASTOPT_END
