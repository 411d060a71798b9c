// A solver is a state machine: an optimiser at work on an objective. Control returns after each
// step.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

#include "fastopt/core/state_visitor.hpp"

FASTOPT_BEGIN

// Why a solver cannot usefully go on, or `running`.
enum class Status {
  running,
  gradient,         // the gradient is as small as was asked for
  function_change,  // the loss changes less than was asked for
  step,             // the weights change less than was asked for
  noise_floor,      // the loss cannot be told apart from its own rounding
  line_search,      // no acceptable step was found along a descent direction
  damping,          // Levenberg-Marquardt's damping reached its largest value
  unbounded,        // the loss falls without limit
  non_finite,       // no finite value was found near the last finite weights
  diverged,         // a first-order step led to a loss or weights that are not finite
  evaluations,      // as many values were computed as are allowed
};

inline const char* status_name(Status status) {
  static constexpr const char* names[] = {
      "running", "gradient",  "function_change", "step",     "noise_floor", "line_search",
      "damping", "unbounded", "non_finite",      "diverged", "evaluations"};
  return names[static_cast<int>(status)];
}

// What happened in one step. NaN stands for what a method does not have.
struct Report {
  static constexpr double none = std::numeric_limits<double>::quiet_NaN();

  double loss = none;           // E after the step (mini-batches: the mean over the epoch)
  double gradient_norm = none;  // after the step, where the method knows it
  double step_norm = none;      // ‖Δw‖
  double learning_rate = none;  // first-order: η of the last iteration
  double clipped = none;        // first-order: the share of updates in which clipping acted
  double step_length = none;    // line searches: the multiple of the direction
  double damping = none;        // Levenberg-Marquardt: ν
  double attainable = none;     // line searches, at the end: the decrease that the model still sees
  bool doubtful_gradient = false;  // line searches, at a stall: differences of E contradict it
  std::optional<bool> positive_definite;  // Newton: whether H is, at w
  // Cumulative counts since the solver was made.
  std::int64_t n_value = 0, n_gradient = 0, n_hessian = 0;
  std::int64_t iterations = 0;  // updates of w
  Status status = Status::running;
  // Whether w fulfils a first-order condition, relative to the scale of the problem: what is left
  // to gain is small beside the loss, or below its rounding.
  bool optimal = false;
};

class Solver {
 public:
  Solver() = default;
  Solver(const Solver&) = delete;
  Solver& operator=(const Solver&) = delete;
  virtual ~Solver() = default;

  // One iteration, or for mini-batches one epoch. A step that throws leaves the weights those of
  // the last accepted update.
  virtual Report step() = 0;

  // Whether the next step is the last that is asked for: work for a further one may be put off.
  virtual void expect_last(bool) {}

  // What the last step reported that was whole, for a caller whom its report may not have reached.
  Report latest;

  // The same sequence of names and sizes at every call.
  virtual void visit(StateVisitor& visitor) = 0;
};

FASTOPT_END
