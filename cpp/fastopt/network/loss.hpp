// Losses, their derivatives with respect to the output layer's z, and the output activation.
#pragma once

#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "fastopt/core/buffer.hpp"
#include "fastopt/network/activation.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

enum class LossKind {
  mse,
  mae,
  huber,  // parameter: δ
  log_cosh,
  pinball,  // parameters: the level of all quantiles, or one for each output
  poisson,
  binary_cross_entropy,
  cross_entropy,
  custom
};

inline const std::pair<const char*, LossKind> loss_names[] = {
    {"mse", LossKind::mse},
    {"mae", LossKind::mae},
    {"huber", LossKind::huber},
    {"log_cosh", LossKind::log_cosh},
    {"pinball", LossKind::pinball},
    {"poisson", LossKind::poisson},
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

  explicit Loss(LossKind kind, Activation output, Custom custom = {},
                std::vector<double> parameters = {})
      : kind_(kind),
        output_(output),
        custom_(std::move(custom)),
        parameters_(std::move(parameters)) {
    const bool binary = kind == LossKind::binary_cross_entropy;
    const bool categorical = kind == LossKind::cross_entropy;
    const bool counts = kind == LossKind::poisson;
    if (parameters_.empty()) parameters_ = {kind == LossKind::pinball ? 0.5 : 1.0};
    if (counts && output != Activation::identity && output != Activation::exp &&
        output != Activation::softplus)
      throw std::invalid_argument(
          "poisson needs output_activation 'exp' or 'softplus' (rates) or 'identity' (their "
          "logarithms)");
    fused_ = binary || categorical || (counts && output != Activation::softplus);
    const bool fits = !fused_ || counts || output == Activation::identity ||
                      (binary && output == Activation::sigmoid) ||
                      (categorical && output == Activation::softmax);
    if (!fits)
      throw std::invalid_argument(
          binary ? "binary_cross_entropy needs output_activation 'sigmoid' or 'identity' (logits)"
                 : "cross_entropy needs output_activation 'softmax' or 'identity' (logits)");
  }

  LossKind kind() const { return kind_; }
  // Whether delta is found from z at once, the output activation included.
  bool is_fused() const { return fused_; }
  // Huber's δ, or the level of output k's quantile.
  double parameter(Index k = 0) const {
    return parameters_[parameters_.size() == 1 ? 0 : static_cast<std::size_t>(k)];
  }
  // A loss of the user's sees a batch whole; the others are sums over samples.
  bool needs_whole_batch() const { return kind_ == LossKind::custom; }
  Activation output_activation() const { return output_; }

  // Σ over the block's samples of weight · loss, and delta of scale · that sum. The loss of one
  // sample is the mean over its outputs (cross-entropy: the sum over classes).
  double operator()(const OutputBlock<Scalar>& b, Scalar scale) const {
    if (fused_) {
      fused(b);
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
    } else if (kind == Activation::increasing) {
      increasing(z, q, n);
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
    } else if (kind_ == LossKind::huber) {
      const auto delta = static_cast<Scalar>(parameter());
      terms = (d.abs() <= delta)
                  .select(d.square() * Scalar(0.5), delta * (d.abs() - Scalar(0.5) * delta));
      d = d.template max<Eigen::PropagateNaN>(-delta).template min<Eigen::PropagateNaN>(delta);
    } else if (kind_ == LossKind::log_cosh) {
      // ½ log(1 + sinh² d) keeps its digits near 0, |d| + log(1 + exp(-2|d|)) - log 2 does not
      // overflow.
      constexpr auto log_2 = static_cast<Scalar>(0.69314718055994530942);
      terms = (d.abs() < Scalar(1))
                  .select(Scalar(0.5) * d.sinh().square().log1p(),
                          d.abs() + (Scalar(-2) * d.abs()).exp().log1p() - log_2);
      d = d.tanh();
    } else if (kind_ == LossKind::pinball) {
      pinball(b);
    } else {
      poisson_of_rates(b);
    }
  }

  // With e = t - y and the level τ: ℓ = τ e where e > 0, (τ - 1) e where e < 0. delta holds -e.
  void pinball(const OutputBlock<Scalar>& b) const {
    for (Index c = 0; c < b.n; ++c) {
      for (Index k = 0; k < b.q; ++k) {
        const auto level = static_cast<Scalar>(parameter(k));
        Scalar& d = b.delta[c * b.q + k];
        const Scalar slope = d > 0 ? Scalar(1) - level : d < 0 ? -level : d;
        b.terms[c * b.q + k] = slope * d;
        d = slope;
      }
    }
  }

  // -log of Poisson's probability of t at the rate y, without log t!: ℓ = y - t log y.
  void poisson_of_rates(const OutputBlock<Scalar>& b) const {
    const auto y = flat(static_cast<const Scalar*>(b.outputs), b), t = flat(b.targets, b);
    flat(b.terms, b) = y - (t > Scalar(0)).select(t * y.log(), Scalar(0) * t);
    flat(b.delta, b) = Scalar(1) - (t > Scalar(0)).select(t / y, Scalar(0) * t);
  }

  void fused(const OutputBlock<Scalar>& b) const {
    if (kind_ == LossKind::cross_entropy)
      cross_entropy(b);
    else if (kind_ == LossKind::poisson)
      poisson(b);
    else
      binary_cross_entropy(b);
  }

  // The same from log y = z: ℓ = exp z - t z, ∂ℓ/∂z = exp z - t.
  void poisson(const OutputBlock<Scalar>& b) const {
    auto z = flat(b.outputs, b), d = flat(b.delta, b);
    const auto t = flat(b.targets, b);
    d = z.exp();
    flat(b.terms, b) = d - t * z;
    if (output_ == Activation::exp) z = d;
    d -= t;
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

  // Sums of numbers that are not below zero, in their order: outputs never cross, to the last bit.
  static void increasing(Scalar* z, Index q, Index n) {
    for (Index c = 0; c < n; ++c) {
      Scalar* y = z + c * q;
      for (Index k = 1; k < q; ++k)
        y[k] = y[k - 1] + std::max(y[k], Scalar(0)) + std::log1p(std::exp(-std::abs(y[k])));
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
    if (output_ == Activation::increasing) {
      // ∂y_k/∂z_j = σ(z_j) for k ≥ j, and 1 for the first.
      for (Index c = 0; c < b.n; ++c) {
        Scalar* d = b.delta + c * b.q;
        for (Index k = b.q - 1; k > 0; --k) d[k - 1] += d[k];
        for (Index k = 1; k < b.q; ++k) d[k] /= Scalar(1) + std::exp(-b.z[c * b.q + k]);
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
  std::vector<double> parameters_;
  bool fused_;
};

FASTOPT_END
