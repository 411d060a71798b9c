// A network on data as a sum of squares of its hidden weights u alone: for each of them the output
// layer's are those that minimise it (variable projection).
#pragma once

#include <utility>

#include "fastopt/core/norm.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/network/second_order/output_projection.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

// With C the output weights, W all weights that are no biases,
//   F(u) = min_C ½ Σ v e² + ½ λ ‖W‖² + ½ ρ ‖C_W‖²,  λ = l2 · N q / 2,
// where ρ, as large as rounding asks for, keeps C from being any multiple of features that depend
// on each other. It is constant from step to step while the features are of the same size.
class SeparableSquares final : public SumOfSquares {
 public:
  SeparableSquares(const Architecture& net, Dataset data, double l2)
      : net_(net),
        data_(std::move(data)),
        elements_(area(data_.size(), net.outputs())),
        penalty_(l2 * static_cast<double>(elements_) / 2),
        projection_(net, data_.weight_columns()),
        w_(net.n_parameters) {}

  Index size() const override { return projection_.hidden(); }
  Index n_weights() const { return w_.size(); }
  // What turns the sum into E.
  double scale() const { return 2 / static_cast<double>(elements_); }

  double value(const double* u) override {
    solve(u);
    return plain_value() + projection_.ridge_energy(w_.data());
  }
  double value_and_gradient(const double* u, double* g) override {
    const double f = value(u);
    projection_.gradient(data_, w_.data(), g);
    each_penalized([&](const Segment& part) {
      VectorMap<double>(g + part.offset, part.size) +=
          penalty_ * ConstVectorMap<double>(u + part.offset, part.size);
    });
    return f;
  }
  double normal_equations(const double* u, double* jte, double* jtj) override {
    const double f = value_and_gradient(u, jte);
    projection_.products(data_, penalty_, w_.data(), jtj);
    each_penalized([&](const Segment& part) {
      MatrixMap<double>(jtj, size(), size()).diagonal().segment(part.offset, part.size).array() +=
          penalty_;
    });
    return f;
  }

  // All weights, as they were taken last for some u: whether for this one, and F without ρ's part.
  const Buffer<double>& weights() const { return w_; }
  bool is_known(const double* u) const {
    return known_ && ConstVectorMap<double>(u, size()) == w_.vector().head(size());
  }
  double plain_value() const {
    double squares = 0;
    if (penalty_ > 0)
      for (const Segment& part : net_.segments)
        if (part.shrinks) squares += squared_norm(w_.data() + part.offset, part.size);
    return 0.5 * (squares_ + penalty_ * squares);
  }

  // Takes ρ anew where the features at u have become so much larger or smaller that it is no longer
  // what rounding asks for; whether F has changed.
  bool renew_ridge(const double* u) {
    constexpr double factor = 2;
    solve(u);
    Buffer<double>& ridge = projection_.ridge();
    bool changed = false;
    for (Index f = 0; f < ridge.size(); ++f) {
      const double wanted = projection_.ridge_for(f);
      if (wanted <= factor * ridge[f] && ridge[f] <= factor * wanted) continue;
      ridge[f] = wanted;
      changed = true;
    }
    if (changed) known_ = false;
    return changed;
  }

  // Where all biases of the first layer are zero, as networks start with, others in their place:
  // each unit's argument vanishes at a sample that is drawn for it. Without, odd units have no part
  // of an even function of the inputs, and u stays where it is.
  void draw_biases(std::uint64_t seed, double* u) const {
    const Layer& layer = net_.layers.front();
    if (layer.bias < 0) return;
    VectorMap<double> bias(u + layer.bias, layer.fan_out);
    if ((bias.array() != 0).any()) return;
    // Initialisers count their arrays from 0 on.
    constexpr std::uint64_t part = 0xFFFF'FFFF;
    const Random random = random_stream(seed, Stream::initializer, part);
    Buffer<double> x(layer.fan_in);
    for (Index j = 0; j < layer.fan_out; ++j) {
      const auto samples = static_cast<double>(data_.size());
      const auto s = static_cast<Index>(random.uniform(static_cast<std::uint64_t>(j)) * samples);
      data_.inputs.gather(data_.order(), std::min(s, data_.size() - 1), 1, x.data());
      double sum = 0;
      for (Index i = 0; i < layer.fan_in; ++i)
        sum += x[i] * u[layer.weights + i * layer.fan_out + j];
      bias[j] = -sum;
    }
  }

  void visit(StateVisitor& visitor) {
    Buffer<double>& ridge = projection_.ridge();
    visitor.array("ridge", ridge.data(), ridge.size(), Allowed::non_negative);
    known_ = false;
  }

 private:
  void solve(const double* u) {
    if (is_known(u)) return;
    known_ = false;
    std::copy(u, u + size(), w_.begin());
    squares_ = projection_.solve(data_, penalty_, w_.data());
    known_ = true;
  }

  // The weights in u that λ shrinks.
  template <class Body>
  void each_penalized(Body&& body) const {
    if (penalty_ == 0) return;
    for (const Segment& part : net_.segments)
      if (part.shrinks && part.offset < size()) body(part);
  }

  const Architecture& net_;
  Dataset data_;
  Index elements_;
  double penalty_;
  OutputProjection projection_;
  Buffer<double> w_;
  double squares_ = 0;
  bool known_ = false;
};

FASTOPT_END
