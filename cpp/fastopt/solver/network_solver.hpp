// A general solver at work on a network: the network gets the weights of each accepted step, and
// reports tell the loss that all methods report.
#pragma once

#include <functional>

#include "fastopt/network/network.hpp"
#include "fastopt/solver/solver.hpp"

FASTOPT_BEGIN

class NetworkSolver final : public Solver {
 public:
  // `weights` are those of `solver`, `move_to` sets them; its losses times `scale` are the
  // network's.
  NetworkSolver(Network<double>& network, Solver& solver,
                std::function<const Buffer<double>&()> weights,
                std::function<void(const double*)> move_to, double scale)
      : network_(network),
        solver_(solver),
        weights_(std::move(weights)),
        move_to_(std::move(move_to)),
        scale_(scale),
        free_(network.free.all() ? 0 : network.free.size()) {}

  double scale() const { return scale_; }
  Solver& method() { return solver_; }

  Report step() override {
    // After a step the two agree: where they differ, the network's owner has set its weights.
    const Buffer<double>& there = of_network();
    if (there.vector() != weights_().vector()) move_to_(there.data());
    Report report;
    try {
      report = solver_.step();
    } catch (...) {
      give_weights();
      throw;
    }
    give_weights();
    report.loss *= scale_;
    report.gradient_norm *= scale_;
    return report;
  }

  void expect_last(bool last) override { solver_.expect_last(last); }

  void visit(StateVisitor& visitor) override {
    const Buffer<double> before = weights_();
    solver_.visit(visitor);
    // An import brought others; an export leaves the network as its owner may have changed it.
    if (before.vector() != weights_().vector()) give_weights();
  }

 private:
  // The network's parameters as the solver has them: those that are free.
  const Buffer<double>& of_network() {
    if (network_.free.all()) return network_.parameters;
    network_.free.gather(network_.parameters.data(), free_.data());
    return free_;
  }
  void give_weights() {
    if (network_.free.all())
      network_.parameters.copy_from(weights_());
    else
      network_.free.scatter(weights_().data(), network_.parameters.data());
  }

  Network<double>& network_;
  Solver& solver_;
  std::function<const Buffer<double>&()> weights_;
  std::function<void(const double*)> move_to_;
  double scale_;
  Buffer<double> free_;
};

FASTOPT_END
