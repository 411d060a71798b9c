// A block of samples as the second-order kernels want it: one column for each unit, with the
// samples along it, so that products of two units for all samples are unit-stride whatever the
// widths are.
#pragma once

#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/data/dataset.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

// Named arrays ("slots") of `stride` x columns numbers. The stride is the number of samples,
// rounded up: rows beyond the samples hold zero inputs and take part with weight zero.
class SampleBlock {
 public:
  static constexpr Index usual_samples = 256;

  Index samples() const { return samples_; }
  Index stride() const { return stride_; }

  // Makes room for `samples` rows in every slot; columns[i] is the width of slot i. Contents are
  // undefined afterwards.
  void resize(Index samples, const std::vector<Index>& columns) {
    samples_ = samples;
    stride_ = padded(samples);
    if (stride_ <= room_) return;
    room_ = stride_;
    slots_.clear();
    for (const Index width : columns) slots_.emplace_back(room_ * width);
  }

  double* slot(Index i) { return slots_[static_cast<std::size_t>(i)].data(); }
  const double* slot(Index i) const { return slots_[static_cast<std::size_t>(i)].data(); }
  double* column(Index i, Index c) { return slot(i) + c * stride_; }
  const double* column(Index i, Index c) const { return slot(i) + c * stride_; }
  MatrixMap<double> matrix(Index i, Index columns) { return {slot(i), stride_, columns}; }
  ArrayMap<double> array(Index i, Index columns) { return {slot(i), stride_ * columns}; }

 private:
  Index samples_ = 0, stride_ = 0, room_ = 0;
  std::vector<Buffer<double>> slots_;
};

// How N samples are cut into blocks: by N alone, in whole packets.
struct BlockPlan {
  Index samples, rows, count;

  BlockPlan(Index n, Index largest) : samples(n) {
    count = (n + largest - 1) / largest;
    rows = padded((n + count - 1) / count);
    count = (n + rows - 1) / rows;
  }
  Index first(Index block) const { return block * rows; }
  Index size(Index block) const { return std::min(rows, samples - block * rows); }
};

// out (stride x columns) from `in`, where each sample's numbers stand together.
inline void spread_samples(const double* in, Index samples, Index columns, Index stride,
                           double* out) {
  MatrixMap<double> to(out, stride, columns);
  to.topRows(samples) = ConstMatrixMap<double>(in, columns, samples).transpose();
  to.bottomRows(stride - samples).setZero();
}

inline void collect_samples(const double* in, Index samples, Index columns, Index stride,
                            double* out) {
  MatrixMap<double>(out, columns, samples) =
      ConstMatrixMap<double>(in, stride, columns).topRows(samples).transpose();
}

// The slots that every pass uses, layer by layer: [x, 1] that the layer reads, z where its
// derivative wants it, φ'(z). The output layer's z has a slot of its own. Further slots follow.
struct ForwardSlots {
  std::vector<Index> columns;

  explicit ForwardSlots(const Architecture& net) {
    if (net.uses_batch() || net.drops())
      throw std::invalid_argument(
          "second derivatives and Jacobians are those of networks without batch statistics and "
          "dropout");
    for (const Layer& layer : net.layers) {
      columns.push_back(layer.fan_in + 1);
      columns.push_back(needs_input(layer.activation) ? layer.fan_out : 0);
      columns.push_back(layer.fan_out);
    }
    output_ = add(net.outputs());
  }

  Index add(Index width) {
    columns.push_back(width);
    return static_cast<Index>(columns.size()) - 1;
  }
  static Index x(Index l) { return 3 * l; }
  static Index z(Index l) { return 3 * l + 1; }
  static Index slope(Index l) { return 3 * l + 2; }
  Index output() const { return output_; }

 private:
  Index output_;
};

// W over b, (fan_in + 1) x fan_out in C order: the flat vector's own layout.
using LayerMap =
    Eigen::Map<const Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
inline LayerMap layer_matrix(const Layer& layer, const double* w) {
  return {w + layer.weights, layer.fan_in + 1, layer.fan_out};
}
inline LayerMap weight_matrix(const Layer& layer, const double* w) {
  return {w + layer.weights, layer.fan_in, layer.fan_out};
}

// φ'(z) and φ''(z) of n numbers from a = φ(z), or from z itself where `z` is not null.
inline void slopes(Activation kind, const double* a, const double* z, double* out, Index n) {
  activation_slope(kind, a, z == nullptr ? a : z, out, n);
}
inline void curvatures(Activation kind, const double* a, const double* z, double* out, Index n) {
  activation_curvature(kind, a, z == nullptr ? a : z, out, n);
}

// All layers: x̃ and φ'(z) of the hidden ones, z of the output layer. The inputs are in place.
inline void forward(const Architecture& net, const ForwardSlots& slots, const double* w,
                    SampleBlock& block) {
  const Index rows = block.stride();
  for (Index l = 0; l < net.depth(); ++l) {
    const Layer& layer = net.layer(l);
    const bool last = l + 1 == net.depth();
    const Index to = last ? slots.output() : slots.x(l + 1);
    block.matrix(slots.x(l), layer.fan_in + 1).col(layer.fan_in).setOnes();
    block.matrix(to, layer.fan_out).noalias() =
        block.matrix(slots.x(l), layer.fan_in + 1) * layer_matrix(layer, w);
    if (last) return;
    ArrayMap<double> a = block.array(to, layer.fan_out);
    const bool keep = needs_input(layer.activation);
    if (keep) block.array(slots.z(l), layer.fan_out) = a;
    apply_activation(layer.activation, a.data(), a.size());
    slopes(layer.activation, a.data(), keep ? block.slot(slots.z(l)) : nullptr,
           block.slot(slots.slope(l)), rows * layer.fan_out);
  }
}

// ∂/∂z of layer l - 1 (stride x fan_in) from ∂/∂z of layer l (stride x fan_out).
inline void pull_back(const Architecture& net, const ForwardSlots& slots, const double* w, Index l,
                      SampleBlock& block, const double* delta, double* below) {
  const Layer& layer = net.layer(l);
  const Index rows = block.stride();
  MatrixMap<double>(below, rows, layer.fan_in).noalias() =
      ConstMatrixMap<double>(delta, rows, layer.fan_out) * weight_matrix(layer, w).transpose();
  ArrayMap<double>(below, rows * layer.fan_in) *= block.array(slots.slope(l - 1), layer.fan_in);
}

FASTOPT_END
