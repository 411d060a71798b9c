// A user's Python functions as an objective: each call is counted and checked here.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "bindings/differences.hpp"
#include "bindings/gil.hpp"
#include "bindings/python_function.hpp"
#include "fastopt/core/buffer.hpp"
#include "fastopt/differences/check.hpp"
#include "fastopt/differences/hessian.hpp"
#include "fastopt/objective/objective.hpp"

FASTOPT_BEGIN

class PythonObjective final : public TwiceDifferentiable, public Numerical {
 public:
  struct Functions {
    PythonFunction fun, jac, hess, hessp;
    Difference gradient = Difference::given, hessian = Difference::none;
  };

  // Bounds, where there are some, are those that fun is never called beyond for differences.
  PythonObjective(Functions functions, const py::array_t<double>& x0, GivenSteps steps,
                  std::vector<double> lower, std::vector<double> upper)
      : f_(std::move(functions)),
        n_(x0.size()),
        differences_(x0.data(), n_, std::move(steps), std::move(lower), std::move(upper)),
        work_(n_) {}

  Index size() const override { return n_; }
  Numerical* numerical() override { return this; }
  bool has_exact_hessian() const override { return f_.hessian == Difference::given; }
  // ε^(1/2), ε^(2/3) and ε^(4/5) in round numbers: the errors of differences of order 1, 2 and 4.
  double gradient_precision() const override {
    switch (f_.gradient) {
      case Difference::two_point:
        return 1e-8;
      case Difference::three_point:
        return 1e-11;
      case Difference::five_point:
        return 1e-13;
      default:
        return std::numeric_limits<double>::epsilon();
    }
  }

  std::int64_t nfev = 0, njev = 0, nhev = 0;
  // What was not finite last: "fun(x) is nan", "jac(x)[2] is inf".
  std::string fault;

  double value(const double* x) override {
    const GilAcquire gil;
    return f_.gradient == Difference::together ? both(x, nullptr) : call_fun(x);
  }

  double value_and_gradient(const double* x, double* g) override {
    const GilAcquire gil;
    if (f_.gradient == Difference::together) return both(x, g);
    const double value = call_fun(x);
    // Where f is not finite its slope is not needed.
    if (!std::isfinite(value)) return value;
    gradient(x, value, g);
    return all_finite(g, n_, "jac(x)") ? value : std::numeric_limits<double>::quiet_NaN();
  }

  void gradient(const double* x, double* g) override {
    const GilAcquire gil;
    gradient_at(x, g);
  }

  // Another step gives another g: by how much, tells the errors, and nowhere around f is lower by
  // more than these.
  bool is_noise(const double* x, const double* g) override {
    if (f_.gradient != Difference::five_point) return false;
    const GilAcquire gil;
    differences(x, unknown, 0.7e-4, work_.data());
    const auto value_at = [this](const double* at) { return call_fun(at); };
    double size = 0, error = 0;
    for (Index i = 0; i < n_; ++i) {
      const double scale = differences_.step(1e-4, x[i], i);
      size = std::max(size, std::abs(scale * g[i]));
      error = std::max(error, std::abs(scale * (g[i] - work_[i])));
    }
    return size <= 4 * error && !falls_nearby(value_at, differences_, x, n_, error);
  }
  bool has_rough_gradients() const override { return f_.gradient == Difference::two_point; }
  // From forward to central differences, and from these to the formula of fourth order.
  bool refine_gradients() override {
    if (!by_differences() || f_.gradient == Difference::five_point) return false;
    if (differences_.steps_are_given()) return false;
    f_.gradient =
        f_.gradient == Difference::two_point ? Difference::three_point : Difference::five_point;
    return true;
  }

  void hessian(const double* x, double* h) override {
    const GilAcquire gil;
    if (f_.hessian == Difference::given) {
      given_hessian(x, h);
      symmetrize(h);
    } else {
      hessian_by_differences(x, h);
    }
  }

  // As the function returned it.
  void given_hessian(const double* x, double* h) {
    const GilAcquire gil;
    ++nhev;
    read(f_.hess(x, n_), h, n_ * n_, 2, "hess(x)");
    all_finite(h, n_ * n_, "hess(x)");
  }

  void hessian_vector(const double* x, const double* v, double* hv) override {
    const GilAcquire gil;
    if (f_.hessp) {
      ++nhev;
      const py::array_t<double> direction = copied(v, {n_});
      read(f_.hessp(x, n_, direction.ptr()), hv, n_, 1, "hessp(x, p)");
      all_finite(hv, n_, "hessp(x, p)");
      return;
    }
    if (f_.hessian == Difference::given) {
      // All products at one x come of one Hessian.
      if (!std::equal(product_at_.begin(), product_at_.end(), x, x + n_)) {
        product_at_.clear();
        product_hessian_.resize(static_cast<std::size_t>(area(n_, n_)));
        given_hessian(x, product_hessian_.data());
        product_at_.assign(x, x + n_);
      }
      VectorMap<double>(hv, n_).noalias() =
          ConstMatrixMap<double>(product_hessian_.data(), n_, n_).transpose() *
          ConstVectorMap<double>(v, n_);
      return;
    }
    const auto gradient_of = [this](const double* at, double* g) { gradient_at(at, g); };
    hessian_vector_by_differences(gradient_of, x, v, n_, hv);
  }

  // Differences of fourth order of fun, or, row by row, of its gradient; and how far rounding and
  // the terms that they neglect can lead them astray. For checks of derivatives.
  void differences_with_errors(const double* x, bool of_gradient, double* d, double* error) {
    const GilAcquire gil;
    const Index m = of_gradient ? n_ : 1;
    Buffer<double> centre(m);
    find_scales(x, of_gradient, d);
    const auto evaluate = [&](const double* at, double* values) {
      if (of_gradient)
        gradient(at, unknown, values);
      else
        *values = call_fun(at);
    };
    evaluate(x, centre.data());
    if (of_gradient) all_finite(centre.data(), m, "jac(x)");
    if (!fault.empty()) throw py::value_error(fault + " at x0: all numbers must be finite there");
    fastopt::differences_with_errors(evaluate, differences_, x, n_, centre.data(), m, d, error);
  }

 private:
  // The scales at which fun feels x, or the entries of its gradient do, each against its own size.
  void find_scales(const double* x, bool of_gradient, double* work) {
    Buffer<double> size(n_), g(n_);
    if (of_gradient) {
      gradient(x, unknown, size.data());
      const double largest = size.vector().lpNorm<Eigen::Infinity>();
      for (Index i = 0; i < n_; ++i) size[i] = size[i] != 0 ? std::abs(size[i]) : largest;
      if (!(largest > 0) || !std::isfinite(largest)) return;
    }
    const auto felt = [&](const double* at) {
      if (!of_gradient) return call_fun(at);
      gradient(at, unknown, g.data());
      return (g.vector().array() / size.vector().array()).sum();
    };
    differences_.gradient(felt, Difference::three_point, 2e-5, x, unknown, work);
  }

  double call_fun(const double* x) {
    ++nfev;
    return number(f_.fun(x, n_));
  }

  double number(const py::object& result) {
    double value = 0;
    if (PyFloat_Check(result.ptr())) {
      value = PyFloat_AS_DOUBLE(result.ptr());
    } else {
      if (py::isinstance<py::tuple>(result) && py::len(result) == 2 &&
          f_.gradient != Difference::together)
        throw py::type_error(
            "fun(x) must return one number, got a tuple of two: for a fun that "
            "returns (value, gradient) give jac=True");
      const Numbers<double> array = real_array(result, "fun(x)", [] { return "one number"; });
      if (array.size() != 1)
        throw py::value_error("fun(x) must return one number, got an array of shape " +
                              shape_of(array));
      value = *array.data();
    }
    if (!std::isfinite(value)) fault = "fun(x) is " + spelled(value);
    return value;
  }

  // jac=True: fun returns the value and the gradient.
  double both(const double* x, double* g) {
    ++nfev;
    ++njev;
    const py::object result = f_.fun(x, n_);
    if (!py::isinstance<py::sequence>(result) || py::len(result) != 2)
      throw py::type_error("with jac=True fun(x) must return the pair (value, gradient), got " +
                           py::repr(result).cast<std::string>());
    const double value = number(result[py::int_(0)]);
    if (g == nullptr || !std::isfinite(value)) return value;
    read(result[py::int_(1)], g, n_, 1, "the gradient of fun(x)");
    return all_finite(g, n_, "jac(x)") ? value : std::numeric_limits<double>::quiet_NaN();
  }

  void gradient_at(const double* x, double* g) {
    if (f_.gradient == Difference::together) {
      both(x, g);
    } else {
      gradient(x, unknown, g);
    }
  }

  void gradient(const double* x, double value, double* g) {
    ++njev;
    switch (f_.gradient) {
      case Difference::given:
        read(f_.jac(x, n_), g, n_, 1, "jac(x)");
        return;
      case Difference::complex_step:
        by_complex_step(x, g);
        return;
      default:
        break;
    }
    const double relative = f_.gradient == Difference::two_point     ? forward_step
                            : f_.gradient == Difference::three_point ? central_step
                                                                     : five_point_step;
    differences(x, value, relative, g);
  }

  // `value` is f(x), where it is known.
  void differences(const double* x, double value, double relative, double* g) {
    const auto function = [this](const double* at) { return call_fun(at); };
    differences_.gradient(function, f_.gradient, relative, x, value, g);
  }

  bool by_differences() const {
    return f_.gradient == Difference::two_point || f_.gradient == Difference::three_point ||
           f_.gradient == Difference::five_point;
  }

  void by_complex_step(const double* x, double* g) {
    for (Index i = 0; i < n_; ++i) {
      ++nfev;
      const Numbers<std::complex<double>> value =
          complex_array(f_.fun.at_complex(x, n_, i, imaginary_step), 1, "one number");
      g[i] = value.data()[0].imag() / imaginary_step;
    }
  }

  // Differences of gradients, column by column; where gradients are differences themselves, second
  // differences of f.
  void hessian_by_differences(const double* x, double* h) {
    ++nhev;
    if (by_differences()) {
      Buffer<double> steps(n_);
      for (Index i = 0; i < n_; ++i) steps[i] = differences_.step(second_step, x[i], i);
      second_differences([this](const double* at) { return call_fun(at); }, x, steps, h, nullptr);
      all_finite(h, n_ * n_, "hess(x)");
      return;
    }
    differences_of_gradients([this](const double* at, double* g) { gradient_at(at, g); },
                             differences_, f_.hessian != Difference::two_point, x, n_, h);
    symmetrize(h);
    all_finite(h, n_ * n_, "hess(x)");
  }

  // What a function returned: `size` numbers, n of them or n x n.
  Numbers<double> numbers_of(const py::object& result, Index size, int dimensions,
                             const char* what) {
    const auto expected = [&] {
      const std::string n = std::to_string(n_);
      return dimensions == 1 ? "(" + n + ",)" : "(" + n + ", " + n + ")";
    };
    const Numbers<double> array =
        real_array(result, what, [&] { return "an array of shape " + expected(); });
    const bool fits = array.size() == size && (array.ndim() == dimensions || size == 1) &&
                      (size == 1 || dimensions == 1 || array.shape(0) == n_);
    if (!fits)
      throw py::value_error(std::string(what) + " must have shape " + expected() + ", got " +
                            shape_of(array));
    return array;
  }

  void read(const py::object& result, double* out, Index size, int dimensions, const char* what) {
    const Numbers<double> numbers = numbers_of(result, size, dimensions, what);
    std::copy(numbers.data(), numbers.data() + size, out);
  }

  bool all_finite(const double* data, Index size, const char* what) {
    for (Index i = 0; i < size; ++i) {
      if (std::isfinite(data[i])) continue;
      const std::string place =
          size == n_ ? std::to_string(i) : std::to_string(i / n_) + ", " + std::to_string(i % n_);
      fault = std::string(what) + "[" + place + "] is " + spelled(data[i]);
      return false;
    }
    return true;
  }

  void symmetrize(double* h) const {
    MatrixMap<double> m(h, n_, n_);
    m = (0.5 * (m + m.transpose())).eval();
  }

  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Functions f_;
  Index n_;
  Differences differences_;
  Buffer<double> work_;
  std::vector<double> product_at_, product_hessian_;
};

FASTOPT_END
