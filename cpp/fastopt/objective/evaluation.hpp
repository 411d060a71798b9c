// The loss of a network on a data set, and its gradient, at the network's present weights.
#pragma once

#include "fastopt/network/network.hpp"
#include "fastopt/objective/batch_gradient.hpp"

FASTOPT_BEGIN

template <class Scalar>
class Evaluation {
 public:
  Evaluation(const Network<Scalar>& network, Dataset data, Loss<Scalar> loss, double l2)
      : net_(network),
        data_(std::move(data)),
        gradient_of_(network.architecture, data_, std::move(loss), l2, data_.size()) {}

  double value() {
    return gradient_of_.value(net_.parameters.data(), data_.order(), 0, data_.size());
  }
  double value_and_gradient() {
    if (gradient_.size() == 0) gradient_.resize(net_.parameters.size());
    return gradient_of_(net_.parameters.data(), data_.order(), 0, data_.size(), gradient_.data());
  }
  const Buffer<Scalar>& gradient() const { return gradient_; }
  Index size() const { return net_.parameters.size(); }

 private:
  const Network<Scalar>& net_;
  Dataset data_;
  BatchGradient<Scalar> gradient_of_;
  Buffer<Scalar> gradient_;
};

FASTOPT_END
