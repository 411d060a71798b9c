// A network: its architecture and one aligned vector that holds all parameters.
#pragma once

#include <atomic>
#include <stdexcept>

#include "fastopt/core/buffer.hpp"
#include "fastopt/core/process.hpp"
#include "fastopt/network/architecture.hpp"
#include "fastopt/network/free_parameters.hpp"

FASTOPT_BEGIN

template <class Scalar>
class Network {
 public:
  explicit Network(Architecture architecture)
      : architecture(std::move(architecture)),
        parameters(this->architecture.n_parameters),
        statistics(this->architecture.n_statistics) {
    for (const Index l : this->architecture.batch_layers) {
      const Layer& layer = this->architecture.layer(l);
      Scalar* variance = statistics.data() + layer.statistics + layer.fan_out;
      std::fill(variance, variance + layer.fan_out, Scalar(1));
    }
  }

  const Architecture architecture;
  Buffer<Scalar> parameters;
  // Of batch normalisation: running means, from 0 on, and variances, from 1 on, layer by layer.
  Buffer<Scalar> statistics;
  // Which parameters training moves.
  FreeParameters free;

  // One training at a time.
  void begin_training() {
    std::int64_t seen = trained_in_.load();
    if (seen == this_process() || !trained_in_.compare_exchange_strong(seen, this_process()))
      throw std::runtime_error(
          "this network is being trained already: train a copy() in another thread");
  }
  void end_training() { trained_in_.store(0); }
  bool in_training() const { return trained_in_.load() == this_process(); }

 private:
  std::atomic<std::int64_t> trained_in_{0};  // the process; 0: it is not being trained
};

FASTOPT_END
