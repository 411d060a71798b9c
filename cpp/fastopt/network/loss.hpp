// Losses, their derivatives with respect to the output layer's z, and the output activation.
#pragma once

#include <functional>
#include <limits>

#include "fastopt/core/buffer.hpp"
#include "fastopt/network/activation.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

enum class LossKind { mse, mae, huber, binary_cross_entropy, cross_entropy, custom };

inline const std::pair<const char*, LossKind> loss_names[] = {
    {"mse", LossKind::mse},
    {"mae", LossKind::mae},
    {"huber", LossKind::huber},
    {"binary_cross_entropy", LossKind::binary_cross_entropy},
    {"cross_entropy", LossKind::cross_entropy},
    {"custom", LossKind::custom},
};

inline LossKind loss_named(const std::string& name) {
  for (const auto& [known, kind] : loss_names)
    if (name == known) return kind;
  throw std::invalid_argument("unknown loss '" + name + "'");
}

// A block of outputs and what the loss makes of it: all q x n, a column for each sample.
template <class Scalar>
struct OutputBlock {
  Index q, n;
  Scalar* outputs;        // in: z of the output layer; out: the predictions φ(z)
  const Scalar* targets;  // q x n
  const Scalar* weights;  // n, or q x n (`weight_columns` = q), or null where all are 1
  Scalar* delta;          // out: ∂E/∂z
  Scalar* terms;          // scratch: each element's own loss
  Scalar* z;              // scratch: z, where the output activation's derivative looks at it
  Index weight_columns = 1;
};

template <class Scalar>
class Loss {
 public:
  // (outputs, targets, ∂value/∂outputs to fill, samples) → value, of a whole batch at once
  using Custom = std::function<double(const Scalar*, const Scalar*, Scalar*, Index)>;

  explicit Loss(LossKind kind, Activation output, Custom custom = {})
      : kind_(kind), output_(output), custom_(std::move(custom)) {
    const bool binary = kind == LossKind::binary_cross_entropy;
    const bool categorical = kind == LossKind::cross_entropy;
    fused_ = binary || categorical;
    const bool fits = !fused_ || output == Activation::identity ||
                      (binary && output == Activation::sigmoid) ||
                      (categorical && output == Activation::softmax);
    if (!fits)
      throw std::invalid_argument(
          binary ? "binary_cross_entropy needs output_activation 'sigmoid' or 'identity' (logits)"
                 : "cross_entropy needs output_activation 'softmax' or 'identity' (logits)");
  }

  LossKind kind() const { return kind_; }
  // A loss of the user's sees a batch whole; the others are sums over samples.
  bool needs_whole_batch() const { return kind_ == LossKind::custom; }
  Activation output_activation() const { return output_; }

  // Σ over the block's samples of weight · loss, and delta of scale · that sum. The loss of one
  // sample is the mean over its outputs (cross-entropy: the sum over classes).
  double operator()(const OutputBlock<Scalar>& b, Scalar scale) const {
    if (fused_) {
      kind_ == LossKind::cross_entropy ? cross_entropy(b) : binary_cross_entropy(b);
    } else {
      if (needs_input(output_)) flat(b.z, b) = flat(static_cast<const Scalar*>(b.outputs), b);
      activate_output(output_, b.outputs, b.q, b.n);
      if (kind_ == LossKind::custom) {
        const double value = custom_(b.outputs, b.targets, b.delta, b.n);
        // 1, unless the batch is a part of a larger sum.
        const Scalar share = scale * static_cast<Scalar>(b.n);
        if (share != Scalar(1)) flat(b.delta, b) *= share;
        output_slope(b);
        return value * static_cast<double>(b.n);
      }
      elementwise(b);
    }
    const bool mean = kind_ != LossKind::cross_entropy;
    if (mean) scale /= static_cast<Scalar>(b.q);
    const double sum = weigh(b, scale);
    if (!fused_) output_slope(b);
    return mean ? sum / static_cast<double>(b.q) : sum;
  }

  // φ(z) of the output layer, softmax included, in place.
  static void activate_output(Activation kind, Scalar* z, Index q, Index n) {
    if (kind == Activation::softmax) {
      softmax(z, q, n);
    } else {
      apply_activation(kind, z, padded(q * n));
    }
  }

 private:
  static ArrayMap<Scalar> flat(Scalar* data, const OutputBlock<Scalar>& b) {
    return {data, padded(b.q * b.n)};
  }
  static ConstArrayMap<Scalar> flat(const Scalar* data, const OutputBlock<Scalar>& b) {
    return {data, padded(b.q * b.n)};
  }

  // terms = ℓ(y, t), delta = ∂ℓ/∂y.
  void elementwise(const OutputBlock<Scalar>& b) const {
    auto d = flat(b.delta, b), terms = flat(b.terms, b);
    d = flat(b.outputs, b) - flat(b.targets, b);
    if (kind_ == LossKind::mse) {
      terms = d.square();
      d *= Scalar(2);
    } else if (kind_ == LossKind::mae) {
      terms = d.abs();
      d = d.sign();
    } else {  // Huber with δ = 1
      terms = (d.abs() <= Scalar(1)).select(d.square() * Scalar(0.5), d.abs() - Scalar(0.5));
      d = d.template max<Eigen::PropagateNaN>(Scalar(-1))
              .template min<Eigen::PropagateNaN>(Scalar(1));
    }
  }

  // From logits: ℓ = max(z, 0) - z t + log(1 + exp(-|z|)), ∂ℓ/∂z = σ(z) - t.
  void binary_cross_entropy(const OutputBlock<Scalar>& b) const {
    auto z = flat(b.outputs, b), d = flat(b.delta, b);
    const auto t = flat(b.targets, b);
    flat(b.terms, b) = z.max(Scalar(0)) - z * t + (-z.abs()).exp().log1p();
    d = z.logistic();
    if (output_ == Activation::sigmoid) z = d;
    d -= t;
  }

  // From logits, column by column: ℓ_k = t_k (log Σ exp z - z_k), ∂ℓ/∂z = softmax(z) Σt - t.
  void cross_entropy(const OutputBlock<Scalar>& b) const {
    MatrixMap<Scalar> d(b.delta, b.q, b.n), terms(b.terms, b.q, b.n);
    const MatrixMap<Scalar> z(b.outputs, b.q, b.n);
    const ConstMatrixMap<Scalar> t(b.targets, b.q, b.n);
    for (Index c = 0; c < b.n; ++c)
      d.col(c) = z.col(c).array() - z.col(c).template maxCoeff<Eigen::PropagateNaN>();
    terms = d;
    flat(b.delta, b) = flat(b.delta, b).exp();
    for (Index c = 0; c < b.n; ++c) {
      Scalar sum = 0, targets = 0;
      for (Index k = 0; k < b.q; ++k) {
        sum += d(k, c);
        targets += t(k, c);
      }
      const Scalar log_sum = std::log(sum);
      for (Index k = 0; k < b.q; ++k) {
        const Scalar p = d(k, c) / sum;
        terms(k, c) = t(k, c) == Scalar(0) && std::isfinite(log_sum)
                          ? Scalar(0)
                          : t(k, c) * (log_sum - terms(k, c));
        d(k, c) = p * targets - t(k, c);
        if (output_ == Activation::softmax) b.outputs[c * b.q + k] = p;
      }
    }
  }

  static void softmax(Scalar* z, Index q, Index n) {
    MatrixMap<Scalar> y(z, q, n);
    for (Index c = 0; c < n; ++c)
      y.col(c).array() -= y.col(c).template maxCoeff<Eigen::PropagateNaN>();
    ArrayMap<Scalar> all(z, padded(q * n));
    all = all.exp();
    for (Index c = 0; c < n; ++c) {
      Scalar sum = 0;
      for (Index k = 0; k < q; ++k) sum += y(k, c);
      y.col(c) /= sum;
    }
  }

  // Applies weights and scale to delta; returns the weighted sum of the terms.
  static double weigh(const OutputBlock<Scalar>& b, Scalar scale) {
    if (b.weights == nullptr) {
      flat(b.delta, b) *= scale;
      return static_cast<double>(ConstVectorMap<Scalar>(b.terms, b.q * b.n).sum());
    }
    MatrixMap<Scalar> d(b.delta, b.q, b.n);
    double sum = 0;
    if (b.weight_columns > 1) {
      const ConstVectorMap<Scalar> v(b.weights, b.q * b.n);
      VectorMap<Scalar>(b.delta, b.q * b.n).array() *= scale * v.array();
      for (Index i = 0; i < b.q * b.n; ++i)
        sum += static_cast<double>(v[i]) * static_cast<double>(b.terms[i]);
      return sum;
    }
    for (Index c = 0; c < b.n; ++c) {
      d.col(c) *= scale * b.weights[c];
      Scalar own = 0;
      for (Index k = 0; k < b.q; ++k) own += b.terms[c * b.q + k];
      sum += static_cast<double>(b.weights[c]) * static_cast<double>(own);
    }
    return sum;
  }

  // delta (∂E/∂y so far) becomes ∂E/∂z: ⊗ φ'(z), or softmax's y ⊗ (δ - Σ δ y).
  void output_slope(const OutputBlock<Scalar>& b) const {
    if (output_ == Activation::softmax) {
      MatrixMap<Scalar> d(b.delta, b.q, b.n);
      const MatrixMap<Scalar> y(b.outputs, b.q, b.n);
      for (Index c = 0; c < b.n; ++c) {
        Scalar mean = 0;
        for (Index k = 0; k < b.q; ++k) mean += d(k, c) * y(k, c);
        d.col(c).array() = y.col(c).array() * (d.col(c).array() - mean);
      }
      return;
    }
    if (output_ == Activation::identity) return;
    const Scalar* z = needs_input(output_) ? b.z : b.outputs;
    activation_slope<Scalar>(output_, b.outputs, z, b.terms, padded(b.q * b.n));
    flat(b.delta, b) *= flat(b.terms, b);
  }

  LossKind kind_;
  Activation output_;
  Custom custom_;
  bool fused_;
};

FASTOPT_END
