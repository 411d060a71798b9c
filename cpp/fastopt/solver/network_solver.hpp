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
        scale_(scale) {}

  double scale() const { return scale_; }
  Solver& method() { return solver_; }

  Report step() override {
    // After a step the two agree: where they differ, the network's owner has set its weights.
    if (network_.parameters.vector() != weights_().vector()) move_to_(network_.parameters.data());
    Report report;
    try {
      report = solver_.step();
    } catch (...) {
      network_.parameters.copy_from(weights_());
      throw;
    }
    network_.parameters.copy_from(weights_());
    report.loss *= scale_;
    report.gradient_norm *= scale_;
    return report;
  }

  void expect_last(bool last) override { solver_.expect_last(last); }

  void visit(StateVisitor& visitor) override {
    const Buffer<double> before = weights_();
    solver_.visit(visitor);
    // An import brought others; an export leaves the network as its owner may have changed it.
    if (before.vector() != weights_().vector()) network_.parameters.copy_from(weights_());
  }

 private:
  Network<double>& network_;
  Solver& solver_;
  std::function<const Buffer<double>&()> weights_;
  std::function<void(const double*)> move_to_;
  double scale_;
};

FASTOPT_END
