// A network: its architecture and one aligned vector that holds all parameters.
#pragma once

#include <atomic>
#include <stdexcept>

#include "fastopt/core/buffer.hpp"
#include "fastopt/network/architecture.hpp"

FASTOPT_BEGIN

template <class Scalar>
class Network {
 public:
  explicit Network(Architecture architecture)
      : architecture(std::move(architecture)), parameters(this->architecture.n_parameters) {}

  const Architecture architecture;
  Buffer<Scalar> parameters;

  // One training at a time.
  void begin_training() {
    if (training_.exchange(true))
      throw std::runtime_error(
          "this network is being trained already: train a copy() in another thread");
  }
  void end_training() { training_.store(false); }
  bool in_training() const { return training_.load(); }

 private:
  std::atomic<bool> training_{false};
};

FASTOPT_END
