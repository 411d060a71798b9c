// How a batch is cut into tasks for threads: by the shapes alone, so that the bits of the result
// are the same for any number of threads.
#pragma once

#include <algorithm>
#include <vector>

#include "fastopt/network/gradient_part.hpp"

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

// Parts of the gradient of n samples: a matrix whole where it is small, else some of its columns.
inline std::vector<GradientPart> gradient_parts(const Architecture& net, Index n) {
  using Of = GradientPart::Of;
  std::vector<GradientPart> parts;
  const auto add_matrix = [&](Index l, Of of, Index in) {
    const double work = 2.0 * static_cast<double>(in * net.layer(l).fan_out * n);
    const auto wanted = static_cast<Index>(std::min(16.0, std::max(1.0, work / (2 * least_work))));
    const Index size = (in / wanted + 15) / 16 * 16;
    for (Index begin = 0; begin < in; begin += size)
      parts.push_back({l, of, begin, std::min(begin + size, in)});
  };
  for (Index l = 0; l < net.depth(); ++l) {
    const Layer& layer = net.layer(l);
    add_matrix(l, Of::weights, layer.fan_in);
    if (layer.bias >= 0) parts.push_back({l, Of::bias, 0, 0});
    if (layer.normalizes()) parts.push_back({l, Of::normalization, 0, 0});
    if (layer.projection >= 0) add_matrix(l, Of::projection, net.width(layer.shortcut));
  }
  return parts;
}

FASTOPT_END
