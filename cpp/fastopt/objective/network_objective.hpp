// A network on data as a function of its weights, over the full batch in double precision.
#pragma once

#include <memory>

#include "fastopt/network/second_order/hessian.hpp"
#include "fastopt/objective/batch_gradient.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

class NetworkObjective final : public TwiceDifferentiable {
 public:
  NetworkObjective(const Architecture& net, Dataset data, Loss<double> loss, double l2)
      : net_(net),
        data_(std::move(data)),
        loss_(loss),
        l2_(l2),
        gradient_of_(net, data_, std::move(loss), l2, data_.size()) {}

  Index size() const override { return net_.n_parameters; }

  double value(const double* w) override {
    return gradient_of_.value(w, data_.order(), 0, data_.size());
  }

  double value_and_gradient(const double* w, double* g) override {
    return gradient_of_(w, data_.order(), 0, data_.size(), g);
  }

  // Of a user's own loss none is known.
  bool has_hessian() const { return loss_.kind() != LossKind::custom; }
  bool has_exact_hessian() const override { return has_hessian(); }
  void hessian(const double* w, double* h) override { second_derivative()(data_, w, h); }
  void hessian_vector(const double* w, const double* v, double* hv) override {
    second_derivative().times_vector(data_, w, v, hv);
  }

 private:
  NetworkHessian& second_derivative() {
    if (hessian_ == nullptr)
      hessian_ = std::make_unique<NetworkHessian>(net_, loss_, l2_, data_.weight_columns());
    return *hessian_;
  }

  const Architecture& net_;
  Dataset data_;
  Loss<double> loss_;
  double l2_;
  BatchGradient<double> gradient_of_;
  std::unique_ptr<NetworkHessian> hessian_;
};

FASTOPT_END
