// The loss of a network on a data set, and its gradient, at the network's present weights. In use,
// batch normalisation is by the running statistics; in training by those of the data, and units can
// be dropped.
#pragma once

#include "fastopt/core/norm.hpp"
#include "fastopt/network/network.hpp"
#include "fastopt/objective/batch_gradient.hpp"
#include "fastopt/objective/l1_penalty.hpp"

FASTOPT_BEGIN

template <class Scalar>
class Evaluation {
 public:
  Evaluation(const Network<Scalar>& network, Dataset data, Loss<Scalar> loss, double l2,
             double l1 = 0)
      : net_(network),
        data_(std::move(data)),
        gradient_of_(network.architecture, data_, std::move(loss), l2, data_.size(), l1),
        l1_(l1_of_weights(l1, network.architecture.segments, network.parameters.size())) {
    gradient_of_.use_running(net_.statistics.data());
  }

  void as_in_training() { gradient_of_.use_running(nullptr); }
  void drop(std::uint64_t seed, std::uint64_t iteration) { gradient_of_.drop(seed, iteration); }
  // Asked for before a gradient, ‖∂E/∂a‖ of the hidden layers after it.
  void watch_flows() { gradient_of_.watch_flows(); }
  std::vector<double> flow_norms() const {
    std::vector<double> norms;
    for (Index l = 0; l + 1 < net_.architecture.depth(); ++l)
      norms.push_back(gradient_of_.flow_norm(l));
    return norms;
  }
  // After a gradient, ‖∂E/∂W‖ of all layers.
  std::vector<double> weight_norms() const {
    std::vector<double> norms;
    for (const Layer& layer : net_.architecture.layers)
      norms.push_back(norm(gradient_.data() + layer.weights, layer.fan_in * layer.fan_out));
    return norms;
  }

  double value() { return value_and_predictions(nullptr); }
  // One pass for both; the predictions, samples x outputs, in C order.
  double value_and_predictions(Scalar* predictions) {
    return gradient_of_.value(net_.parameters.data(), data_.order(), 0, data_.size(), predictions);
  }
  // With l1 the subgradient of least norm.
  double value_and_gradient() {
    if (gradient_.size() == 0) gradient_.resize(size());
    const Scalar* w = net_.parameters.data();
    const double value = gradient_of_(w, data_.order(), 0, data_.size(), gradient_.data());
    l1_.add_subgradient(w, gradient_.data());
    return value;
  }
  const Buffer<Scalar>& gradient() const { return gradient_; }
  Index size() const { return net_.parameters.size(); }
  Index samples() const { return data_.size(); }
  Index outputs() const { return net_.architecture.outputs(); }

 private:
  const Network<Scalar>& net_;
  Dataset data_;
  BatchGradient<Scalar> gradient_of_;
  L1Penalty<Scalar> l1_;
  Buffer<Scalar> gradient_;
};

FASTOPT_END
