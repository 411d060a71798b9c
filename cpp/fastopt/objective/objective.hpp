// What a solver minimises: a function of n weights in double precision, with the derivatives that
// it can give. A network on data and a user's Python function are both one of these.
#pragma once

#include <limits>
#include <stdexcept>
#include <string>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

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
  // Gradients are more exact from now on, at a higher price; false: they can't be had better.
  virtual bool refine_gradients() { return false; }
  // Whether the g that was had at w is no larger than the errors in it. Only where g can't be
  // refined.
  virtual bool is_noise(const double* /*w*/, const double* /*g*/) { return false; }
  // Gradients with an error of first order, which move the place where they vanish.
  virtual bool has_rough_gradients() const { return false; }

  // The relative error of gradients: rounding, or that of differences.
  virtual double gradient_precision() const { return std::numeric_limits<double>::epsilon(); }

  // H = ∇²E(w), n x n, both triangles; and H v.
  virtual bool has_hessian() const { return false; }
  // Not by differences.
  virtual bool has_exact_hessian() const { return has_hessian(); }
  virtual void hessian(const double* /*w*/, double* /*h*/) { missing("a Hessian"); }
  virtual void hessian_vector(const double* /*w*/, const double* /*v*/, double* /*hv*/) {
    missing("products with the Hessian");
  }

  // For sums of squares, ½Σe²: how many residuals there are (0: not a sum of squares), the
  // residuals with their m x n Jacobian in C order, or the sums alone.
  virtual Index n_residuals() const { return 0; }
  virtual void residuals(const double* /*w*/, double* /*e*/) { missing("residuals"); }
  virtual void residuals_and_jacobian(const double* /*w*/, double* /*e*/, double* /*j*/) {
    missing("a Jacobian");
  }
  // Where E has a penalty ½ Σ λᵢ wᵢ² beside ½Σe²: fills λ (n). False, and zeros: there is none. The
  // residuals and J leave it out; the normal equations hold it.
  virtual bool penalty(double* /*lambda*/) const { return false; }
  // Returns E; fills its gradient Jᵀe (n) and both triangles of JᵀJ (n x n).
  virtual double normal_equations(const double* /*w*/, double* /*jte*/, double* /*jtj*/) {
    missing("normal equations");
  }

 private:
  [[noreturn]] static void missing(const char* what) {
    throw std::logic_error(std::string("this objective does not offer ") + what);
  }
};

FASTOPT_END
