// Steepest descent: p = −g, with a minimisation along p in each iteration.
#pragma once

#include "fastopt/solver/line_search/line_search_solver.hpp"

FASTOPT_BEGIN

class SteepestDescent final : public LineSearchSolver {
 public:
  using LineSearchSolver::LineSearchSolver;

  void visit(StateVisitor& visitor) override {
    LineSearchSolver::visit(visitor);
    visitor.number("next_length", next_length_, Allowed::positive);
    visitor.number("largest_length", largest_length_, Allowed::non_negative);
  }

 protected:
  bool compute() override {
    p_.vector() = -g_.vector();
    return true;
  }
  // The next search begins at the length that the last curvature asks for. The directions swing
  // between steep and flat ones: the largest of late lengths tells what a flat one can still bring.
  void update(const double* s, const double* r) override {
    const double curvature = ConstVectorMap<double>(s, n_).dot(ConstVectorMap<double>(r, n_));
    next_length_ = curvature > 0 ? squared_norm(s, n_) / curvature : step_length_;
    largest_length_ = std::max(next_length_, kept * largest_length_);
  }
  void reset_all() override {
    next_length_ = 1;
    largest_length_ = 0;
  }
  bool steepest() const override { return true; }
  double predicted_decrease() const override {
    return 0.5 * squared_norm(g_.data(), n_) * largest_length_;
  }
  bool knows_scale() const override { return largest_length_ > 0; }
  // Its model is the largest curvature of late alone, and its steps are to stay its own.
  double asking_share() const override { return rarely; }
  int patience() const override { return 5; }
  double first_length() const override {
    return largest_length_ > 0 ? next_length_ : cautious_length();
  }

 private:
  static constexpr double kept = 0.95;     // of the largest length of late, a step later
  static constexpr double rarely = 1e-13;  // of the decrease since the start

  double next_length_ = 1, largest_length_ = 0;
};

FASTOPT_END
