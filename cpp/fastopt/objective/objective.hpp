// What a solver minimises: a function of n weights in double precision. A network on data and a
// user's Python function are both one of these; what more they can give, and some methods need, are
// interfaces of their own.
#pragma once

#include <algorithm>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class Numerical;
class TwiceDifferentiable;

class Objective {
 public:
  Objective() = default;
  Objective(const Objective&) = delete;
  Objective& operator=(const Objective&) = delete;
  virtual ~Objective() = default;

  // n
  virtual Index size() const = 0;

  // E(w); values that are not finite are returned as they are: the solver backs off.
  virtual double value(const double* w) = 0;
  // E(w) and g = ∇E(w), n numbers.
  virtual double value_and_gradient(const double* w, double* g) = 0;
  // g alone, where E is not needed.
  virtual void gradient(const double* w, double* g) { value_and_gradient(w, g); }

  // Where g has errors beyond rounding; null: it is exact.
  virtual Numerical* numerical() { return nullptr; }
  // Where H can be had; null: it cannot.
  virtual TwiceDifferentiable* twice_differentiable() { return nullptr; }
};

// What is known of a gradient by differences.
class Numerical {
 public:
  // The relative error of gradients: rounding, or that of differences.
  virtual double gradient_precision() const = 0;
  // Gradients with an error of first order, which move the place where they vanish.
  virtual bool has_rough_gradients() const = 0;
  // Gradients are more exact from now on, at a higher price; false: they can't be had better.
  virtual bool refine_gradients() = 0;
  // Whether the g that was had at w is no larger than the errors in it. Only where g can't be
  // refined.
  virtual bool is_noise(const double* w, const double* g) = 0;

 protected:
  ~Numerical() = default;
};

class TwiceDifferentiable : public Objective {
 public:
  TwiceDifferentiable* twice_differentiable() final { return this; }
  // Not by differences.
  virtual bool has_exact_hessian() const = 0;
  // H = ∇²E(w), n x n, both triangles; and H v.
  virtual void hessian(const double* w, double* h) = 0;
  virtual void hessian_vector(const double* w, const double* v, double* hv) = 0;
};

class LeastSquaresProblem;

// E = ½Σe², of which the sums alone are known, or the residuals as well.
class SumOfSquares : public Objective {
 public:
  // Returns E; fills its gradient Jᵀe (n) and both triangles of JᵀJ (n x n).
  virtual double normal_equations(const double* w, double* jte, double* jtj) = 0;
  // Null: there are no residuals at hand.
  virtual LeastSquaresProblem* with_residuals() { return nullptr; }
};

class LeastSquaresProblem : public SumOfSquares {
 public:
  LeastSquaresProblem* with_residuals() final { return this; }
  // m
  virtual Index n_residuals() const = 0;
  // e (m) and its m x n Jacobian in C order.
  virtual void residuals_and_jacobian(const double* w, double* e, double* j) = 0;
  // Where E has a penalty ½ Σ λᵢ wᵢ² beside ½Σe²: fills λ (n). False, and zeros: there is none. The
  // residuals and J leave it out; the normal equations hold it.
  virtual bool penalty(double* lambda) const {
    std::fill_n(lambda, size(), 0.0);
    return false;
  }
};

FASTOPT_END
