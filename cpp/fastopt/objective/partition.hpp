// How a batch is cut into tasks for threads: by the shapes alone, so that the bits of the result
// are the same for any number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "fastopt/network/pass.hpp"

FASTOPT_BEGIN

// Below this many floating-point operations a task is not worth a second thread.
constexpr double least_work = 2e6;

// Blocks of samples: halves of a small batch, 128 at a time of a large one. Sizes are multiples of
// 16, and a short last block joins the one before it: single columns would go to other kernels.
inline std::vector<Columns> sample_blocks(double work_per_sample, Index n) {
  const Index size = n <= 256 ? std::max<Index>(16, n / 2 / 16 * 16) : 128;
  const bool worthwhile = work_per_sample * static_cast<double>(n) >= 2 * least_work;
  const Index count = worthwhile ? std::max<Index>(1, n / size) : 1;
  std::vector<Columns> blocks;
  for (Index i = 0; i < count; ++i)
    blocks.push_back({i * size, i + 1 < count ? size : n - i * size});
  return blocks;
}

// Parts of the gradient of n samples: a layer's W whole where it is small, else some of its
// columns.
inline std::vector<GradientPart> gradient_parts(const Architecture& net, Index n) {
  std::vector<GradientPart> parts;
  for (Index l = 0; l < net.depth(); ++l) {
    const Layer& layer = net.layer(l);
    const double work = 2.0 * static_cast<double>(layer.fan_in * layer.fan_out * n);
    const auto wanted = static_cast<Index>(std::min(16.0, std::max(1.0, work / (2 * least_work))));
    const Index size = (layer.fan_in / wanted + 15) / 16 * 16;
    for (Index begin = 0; begin < layer.fan_in; begin += size)
      parts.push_back({l, begin, std::min(begin + size, layer.fan_in)});
    parts.push_back({l, 0, 0});
  }
  return parts;
}

FASTOPT_END
