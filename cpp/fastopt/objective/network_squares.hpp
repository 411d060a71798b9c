// A network on data as a sum of squares, for methods that work on residuals. With sample weights v
// (mean 1) and a penalty it is
//   ½ Σ v e² + ½ λ ‖W‖²,  λ = l2 · N q / 2,
// that is N q / 2 times E = Σ v e² / (N q) + (l2/2) ‖W‖², the loss that all methods report.
#pragma once

#include <cmath>
#include <utility>

#include "fastopt/network/second_order/jacobian.hpp"
#include "fastopt/network/second_order/normal_equations.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

class NetworkSquares final : public LeastSquaresProblem {
 public:
  NetworkSquares(const Architecture& net, Dataset data, double l2)
      : net_(net),
        data_(std::move(data)),
        elements_(area(data_.size(), net.outputs())),
        penalty_(l2 * static_cast<double>(elements_) / 2),
        sums_(net, data_.weight_columns()) {}

  Index size() const override { return net_.n_parameters; }

  // What turns the sum into E.
  double scale() const { return 2 / static_cast<double>(elements_); }

  double value(const double* w) override { return sums_.value(data_, penalty_, w); }
  double value_and_gradient(const double* w, double* g) override {
    return sums_(data_, penalty_, w, g, nullptr);
  }
  double normal_equations(const double* w, double* jte, double* jtj) override {
    return sums_(data_, penalty_, w, jte, jtj);
  }

  // From which weight on all of them enter the residuals linearly: the output layer's, where its
  // activation is the identity; else n.
  Index linear_from() const {
    const Layer& last = net_.layers.back();
    return last.activation == Activation::identity ? last.weights : size();
  }

  // How many residuals have a weight, and Σ ln v over them.
  std::pair<Index, double> weighted_residuals() const {
    const Index columns = data_.weight_columns();
    if (columns == 0) return {elements_, 0.0};
    const Index repeats = columns == 1 ? net_.outputs() : 1;
    Buffer<double> v(columns);
    Index count = 0;
    double logarithms = 0;
    for (Index s = 0; s < data_.size(); ++s) {
      data_.gather_weights(data_.order(), s, 1, v.data());
      for (const double each : v) {
        if (!(each > 0)) continue;
        count += repeats;
        logarithms += static_cast<double>(repeats) * std::log(each);
      }
    }
    return {count, logarithms};
  }

  // √v e of each output.
  Index n_residuals() const override { return elements_; }
  bool penalty(double* lambda) const override {
    std::fill_n(lambda, size(), 0.0);
    for (const Segment& part : net_.segments)
      if (part.shrinks) std::fill_n(lambda + part.offset, part.size, penalty_);
    return penalty_ > 0;
  }
  void residuals_and_jacobian(const double* w, double* e, double* j) override {
    const Index q = net_.outputs(), n = size();
    network_jacobian(net_, data_.inputs, data_.order(), data_.size(), w, e, j);
    const Index columns = data_.weight_columns();
    Buffer<double> targets(q), root(q);
    for (Index s = 0; s < data_.size(); ++s) {
      data_.gather_targets(data_.order(), s, 1, targets.data());
      if (columns > 0) {
        data_.gather_weights(data_.order(), s, 1, root.data());
        for (Index k = 0; k < columns; ++k) root[k] = std::sqrt(root[k]);
      }
      for (Index k = 0; k < q; ++k) {
        const double v = columns == 0 ? 1.0 : root[columns == 1 ? 0 : k];
        e[s * q + k] = v * (e[s * q + k] - targets[k]);
        if (v != 1) VectorMap<double>(j + (s * q + k) * n, n) *= v;
      }
      Interruption::poll(static_cast<double>(q * n));
    }
  }

 private:
  const Architecture& net_;
  Dataset data_;
  Index elements_;
  double penalty_;
  NormalEquations sums_;
};

FASTOPT_END
