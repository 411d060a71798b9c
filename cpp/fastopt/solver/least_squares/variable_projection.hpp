// Levenberg-Marquardt with variable projection: its steps are those of the hidden weights, and the
// output layer's follow from them by linear least squares.
#pragma once

#include <memory>

#include "fastopt/objective/separable_squares.hpp"
#include "fastopt/solver/least_squares/levenberg_marquardt.hpp"

FASTOPT_BEGIN

class VariableProjection final : public Solver {
 public:
  // w0: all weights. `seed` is that of the biases that a start with none is given.
  VariableProjection(SeparableSquares& objective, const double* w0,
                     const LevenbergMarquardtSettings& settings, std::uint64_t seed)
      : objective_(objective),
        seed_(seed),
        w_(objective.n_weights()),
        before_(w_.size()),
        solver_(objective, std::make_unique<NormalEquationsStep>(objective), w0, settings) {
    std::copy(w0, w0 + w_.size(), w_.begin());
  }

  // Steps are kept that lower F; the report tells E, which has no ridge in it.
  Report step() override {
    if (!begun_) begin();
    const std::int64_t made = solver_.iterations();
    if (objective_.renew_ridge(hidden())) solver_.change_objective(objective_.value(hidden()));
    before_.copy_from(w_);
    Report report;
    try {
      report = solver_.step();
    } catch (...) {
      if (solver_.iterations() > made) take();
      throw;
    }
    take();
    report.loss = value_;
    report.step_norm = (w_.vector() - before_.vector()).norm();
    return report;
  }

  void expect_last(bool last) override { solver_.expect_last(last); }

  void move_to(const double* w) {
    std::copy(w, w + w_.size(), w_.begin());
    solver_.move_to(w);
  }

  const Buffer<double>& weights() const { return w_; }

  void visit(StateVisitor& visitor) override {
    visitor.array("w", w_.data(), w_.size());
    solver_.put(w_.data());
    visitor.flag("begun", begun_);
    visitor.number("squares", value_, Allowed::non_negative);
    objective_.visit(visitor);
    solver_.visit_course(visitor);
  }

 private:
  const double* hidden() const { return solver_.weights().data(); }

  void begin() {
    Buffer<double> u(objective_.size());
    std::copy(w_.begin(), w_.begin() + u.size(), u.begin());
    objective_.draw_biases(seed_, u.data());
    solver_.move_to(u.data());
    begun_ = true;
  }

  // All weights and E where the solver stands.
  void take() {
    if (!objective_.is_known(hidden())) objective_.value(hidden());
    w_.copy_from(objective_.weights());
    value_ = objective_.plain_value();
  }

  SeparableSquares& objective_;
  std::uint64_t seed_;
  Buffer<double> w_, before_;
  LevenbergMarquardt solver_;
  double value_ = 0;
  bool begun_ = false;
};

FASTOPT_END
