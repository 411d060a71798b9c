// The second derivative of a loss by the output layer's z, output activation included: R = ∂²ℓ/∂z².
#pragma once

#include "fastopt/network/loss.hpp"
#include "fastopt/network/second_order/sample_block.hpp"

FASTOPT_BEGIN

class LossCurvature {
 public:
  // Adds the slots it needs. A sample has at most `weight_columns` weights, 1 or q.
  LossCurvature(const Loss<double>& loss, Index q, Index weight_columns, ForwardSlots& slots)
      : loss_(loss),
        output_(loss.output_activation()),
        q_(q),
        weight_columns_(std::max(Index{1}, weight_columns)) {
    if (loss.kind() == LossKind::custom)
      throw std::invalid_argument("a loss of your own has no second derivatives here");
    categorical_ = loss.kind() == LossKind::cross_entropy;
    diagonal_ = !categorical_ && !mixes_outputs(output_);
    z_ = slots.output();
    for (Index* slot : {&y_, &targets_, &delta_, &first_, &second_}) *slot = slots.add(q);
    weight_ = slots.add(weight_columns_);
    scratch_ = slots.add(5 * q + weight_columns_);
  }

  Index delta() const { return delta_; }
  // R is diagonal: `curvature()` holds its diagonal.
  bool is_diagonal() const { return diagonal_; }
  Index curvature() const { return second_; }

  // Once for given data: the targets of samples first … and `scale` times their weights.
  void load(const Dataset& data, Index first, double scale, SampleBlock& block) const {
    const Index n = block.samples();
    double* raw = block.slot(scratch_);
    data.gather_targets(data.order(), first, n, raw);
    spread_samples(raw, n, q_, block.stride(), block.slot(targets_));
    ArrayMap<double> v = block.array(weight_, weight_columns_);
    v.setZero();
    if (data.weights.empty()) {
      v.head(n).setConstant(scale);
    } else {
      data.gather_weights(data.order(), first, n, raw);
      spread_samples(raw, n, weight_columns_, block.stride(), v.data());
      v *= scale;
    }
  }

  // After the forward pass: ∂ℓ/∂z into the delta slot, and what R needs. Returns Σ weight · loss.
  double prepare(SampleBlock& block) const {
    const double sum = first_derivative(block);
    const Index size = block.stride() * q_;
    const ConstArrayMap<double> z(block.slot(z_), size);
    ArrayMap<double> y = block.array(y_, q_);
    ArrayMap<double> first = block.array(first_, q_), second = block.array(second_, q_);
    if (categorical_) {
      // Probabilities stay in y; the targets' mass times the weight in the first column.
      row(block, first_, 0) = row(block, targets_, 0);
      for (Index k = 1; k < q_; ++k) row(block, first_, 0) += row(block, targets_, k);
      row(block, first_, 0) *= row(block, weight_, 0);
      return sum;
    }
    if (loss_.is_fused()) {
      if (loss_.kind() == LossKind::poisson) {
        second = z.exp();
      } else {
        first = z.logistic();
        second = first * (1.0 - first);
      }
      weigh(block, second_);
      return sum;
    }
    by_outputs(block);
    weigh(block, first_);
    weigh(block, second_);
    if (diagonal_ && output_ != Activation::identity) {
      ArrayMap<double> derivative(block.slot(scratch_), size);
      slopes(output_, y.data(), z.data(), derivative.data(), size);
      second *= derivative.square();
      curvatures(output_, y.data(), z.data(), derivative.data(), size);
      second += first * derivative;
    }
    if (output_ == Activation::increasing) {
      // y is not needed any more: σ(z) takes its place, and the sums of ∂ℓ/∂y from each output on
      // that of ∂ℓ/∂y.
      y = z.logistic();
      for (Index k = q_ - 1; k > 0; --k) row(block, first_, k - 1) += row(block, first_, k);
    }
    return sum;
  }

  // out = R dz, stride x q each.
  void apply(const SampleBlock& block, const double* dz, double* out) const {
    const Index n = block.stride();
    const auto in = [&](Index k) { return ConstArrayMap<double>(dz + k * n, n); };
    const auto to = [&](Index k) { return ArrayMap<double>(out + k * n, n); };
    if (diagonal_) {
      for (Index k = 0; k < q_; ++k) to(k) = row(block, second_, k) * in(k);
      return;
    }
    if (output_ == Activation::increasing) {
      // dy = L dz with L_kj = σ(z_j) for k ≥ j, 1 for j = 1; δ = Lᵀ ∂ℓ/∂y.
      Eigen::ArrayXd dy = in(0);
      to(0) = row(block, second_, 0) * dy;
      for (Index k = 1; k < q_; ++k) {
        dy += row(block, y_, k) * in(k);
        to(k) = row(block, second_, k) * dy;
      }
      for (Index k = q_ - 1; k > 0; --k) {
        const auto slope = row(block, y_, k);
        to(k - 1) += to(k);
        to(k) = slope * (to(k) + (1.0 - slope) * row(block, first_, k) * in(k));
      }
      return;
    }
    // dy = y ⊗ (dz - Σ y dz), softmax's own derivative.
    Eigen::ArrayXd mean = row(block, y_, 0) * in(0);
    for (Index k = 1; k < q_; ++k) mean += row(block, y_, k) * in(k);
    for (Index k = 0; k < q_; ++k) to(k) = row(block, y_, k) * (in(k)-mean);
    if (categorical_) {
      for (Index k = 0; k < q_; ++k) to(k) *= row(block, first_, 0);
      return;
    }
    // δ = y ⊗ (g - Σ g y) with g = ∂ℓ/∂y and dg = ℓ'' dy.
    Eigen::ArrayXd g_mean = Eigen::ArrayXd::Zero(n), dg_mean = Eigen::ArrayXd::Zero(n);
    for (Index k = 0; k < q_; ++k) {
      g_mean += row(block, first_, k) * row(block, y_, k);
      dg_mean += (row(block, second_, k) * row(block, y_, k) + row(block, first_, k)) * to(k);
    }
    for (Index k = 0; k < q_; ++k)
      to(k) = to(k) * (row(block, first_, k) - g_mean) +
              row(block, y_, k) * (row(block, second_, k) * to(k) - dg_mean);
  }

 private:
  // ∂ℓ/∂y and ∂²ℓ/∂y² of a loss that is a sum over outputs.
  void by_outputs(SampleBlock& block) const {
    const Index size = block.stride() * q_;
    const ConstArrayMap<double> t(block.slot(targets_), size), y(block.slot(y_), size);
    ArrayMap<double> first = block.array(first_, q_), second = block.array(second_, q_);
    const double delta = loss_.parameter();
    second = y - t;
    switch (loss_.kind()) {
      case LossKind::mse:
        first = 2.0 * second;
        second.setConstant(2.0);
        break;
      case LossKind::mae:
        first = second.sign();
        second.setZero();
        break;
      case LossKind::log_cosh:
        first = second.tanh();
        second = 1.0 - first.square();
        break;
      case LossKind::pinball:
        for (Index k = 0; k < q_; ++k) {
          const double level = loss_.parameter(k);
          const ArrayMap<double> d = row(block, second_, k);
          row(block, first_, k) = (d > 0.0).select(1.0 - level, level * d.sign());
        }
        second.setZero();
        break;
      case LossKind::poisson:
        first = (t > 0.0).select(1.0 - t / y, 1.0);
        second = (t > 0.0).select(t / y.square(), 0.0);
        break;
      default:
        first = second.max(-delta).min(delta);
        second = (second.abs() <= delta).cast<double>();
    }
  }

  static ConstArrayMap<double> row(const SampleBlock& block, Index slot, Index k) {
    return {block.column(slot, k), block.stride()};
  }
  static ArrayMap<double> row(SampleBlock& block, Index slot, Index k) {
    return {block.column(slot, k), block.stride()};
  }
  // The loss of a sample is the mean over its outputs.
  void weigh(SampleBlock& block, Index slot) const {
    for (Index k = 0; k < q_; ++k)
      row(block, slot, k) *=
          row(block, weight_, weight_columns_ == 1 ? 0 : k) / static_cast<double>(q_);
  }

  // By the loss itself, in its own layout.
  double first_derivative(SampleBlock& block) const {
    const Index n = block.samples(), part = block.stride() * q_;
    double* raw = block.slot(scratch_);
    collect_samples(block.slot(z_), n, q_, block.stride(), raw);
    collect_samples(block.slot(targets_), n, q_, block.stride(), raw + part);
    double* weights = raw + 5 * part;
    collect_samples(block.slot(weight_), n, weight_columns_, block.stride(), weights);
    const double sum = loss_(OutputBlock<double>{q_, n, raw, raw + part, weights, raw + 2 * part,
                                                 raw + 3 * part, raw + 4 * part, weight_columns_},
                             1.0);
    if (categorical_ && output_ == Activation::identity)
      Loss<double>::activate_output(Activation::softmax, raw, q_, n);
    spread_samples(raw, n, q_, block.stride(), block.slot(y_));
    spread_samples(raw + 2 * part, n, q_, block.stride(), block.slot(delta_));
    return sum;
  }

  Loss<double> loss_;
  Activation output_;
  Index q_, weight_columns_;
  bool categorical_, diagonal_;
  Index z_, y_ = 0, targets_ = 0, delta_ = 0, first_ = 0, second_ = 0, weight_, scratch_;
};

FASTOPT_END
