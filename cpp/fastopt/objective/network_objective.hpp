// A network on data as a function of its weights, over the full batch in double precision.
#pragma once

#include "fastopt/objective/batch_gradient.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

class NetworkObjective final : public Objective {
 public:
  NetworkObjective(const Architecture& net, Dataset data, Loss<double> loss, double l2)
      : net_(net),
        data_(std::move(data)),
        gradient_of_(net, data_, std::move(loss), l2, data_.size()) {}

  Index size() const override { return net_.n_parameters; }

  double value(const double* w) override {
    return gradient_of_.value(w, data_.order(), 0, data_.size());
  }

  double value_and_gradient(const double* w, double* g) override {
    return gradient_of_(w, data_.order(), 0, data_.size(), g);
  }

 private:
  const Architecture& net_;
  Dataset data_;
  BatchGradient<double> gradient_of_;
};

FASTOPT_END
