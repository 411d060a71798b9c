// A network's objectives as functions of the parameters that are free: E(w(u)), where each free
// variable stands for one parameter or for several that are tied, and frozen ones are what the
// network holds.
#pragma once

#include "fastopt/network/network.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

// w(u) and the space for derivatives by w.
class FreeVariables {
 public:
  explicit FreeVariables(const Network<double>& network) : network_(network) {}

  const FreeParameters& map() const { return network_.free; }
  Index size() const { return map().size(); }
  Index n_parameters() const { return network_.architecture.n_parameters; }

  const double* parameters(const double* u) {
    if (w_.size() == 0) w_.resize(n_parameters());
    w_.copy_from(network_.parameters);
    map().scatter(u, w_.data());
    return w_.data();
  }
  double* vector() {
    if (vector_.size() == 0) vector_.resize(n_parameters());
    return vector_.data();
  }
  double* matrix() {
    if (matrix_.size() == 0) matrix_.resize(area(n_parameters(), n_parameters()));
    return matrix_.data();
  }

 private:
  const Network<double>& network_;
  Buffer<double> w_, vector_, matrix_;
};

class FreeObjective final : public TwiceDifferentiable {
 public:
  FreeObjective(TwiceDifferentiable& whole, const Network<double>& network)
      : whole_(whole), free_(network) {}

  Index size() const override { return free_.size(); }
  double value(const double* u) override { return whole_.value(free_.parameters(u)); }
  double value_and_gradient(const double* u, double* g) override {
    const double value = whole_.value_and_gradient(free_.parameters(u), free_.vector());
    free_.map().pull_back(free_.vector(), g);
    return value;
  }
  bool has_exact_hessian() const override { return whole_.has_exact_hessian(); }
  void hessian(const double* u, double* h) override {
    whole_.hessian(free_.parameters(u), free_.matrix());
    free_.map().pull_back_matrix(free_.matrix(), h);
  }
  void hessian_vector(const double* u, const double* v, double* hv) override {
    if (along_.size() == 0) along_.resize(free_.n_parameters());
    free_.map().push_forward(v, along_.data());
    whole_.hessian_vector(free_.parameters(u), along_.data(), free_.vector());
    free_.map().pull_back(free_.vector(), hv);
  }

 private:
  TwiceDifferentiable& whole_;
  FreeVariables free_;
  Buffer<double> along_;
};

class FreeSquares final : public LeastSquaresProblem {
 public:
  FreeSquares(LeastSquaresProblem& whole, const Network<double>& network)
      : whole_(whole), free_(network) {}

  Index size() const override { return free_.size(); }
  double value(const double* u) override { return whole_.value(free_.parameters(u)); }
  double value_and_gradient(const double* u, double* g) override {
    const double value = whole_.value_and_gradient(free_.parameters(u), free_.vector());
    free_.map().pull_back(free_.vector(), g);
    return value;
  }
  double normal_equations(const double* u, double* jte, double* jtj) override {
    const double value =
        whole_.normal_equations(free_.parameters(u), free_.vector(), free_.matrix());
    free_.map().pull_back(free_.vector(), jte);
    free_.map().pull_back_matrix(free_.matrix(), jtj);
    return value;
  }
  Index n_residuals() const override { return whole_.n_residuals(); }
  void residuals_and_jacobian(const double* u, double* e, double* j) override {
    const Index m = n_residuals(), n = free_.n_parameters();
    if (jacobian_.size() == 0) jacobian_.resize(area(m, n));
    whole_.residuals_and_jacobian(free_.parameters(u), e, jacobian_.data());
    for (Index row = 0; row < m; ++row)
      free_.map().pull_back(jacobian_.data() + row * n, j + row * size());
  }
  bool penalty(double* lambda) const override {
    Buffer<double> of_all(free_.n_parameters());
    const bool there = whole_.penalty(of_all.data());
    free_.map().pull_back(of_all.data(), lambda);
    return there;
  }

 private:
  LeastSquaresProblem& whole_;
  FreeVariables free_;
  Buffer<double> jacobian_;
};

FASTOPT_END
