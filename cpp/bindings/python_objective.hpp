// The border to a user's Python functions: each call is made, counted and checked here.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cmath>
#include <string>

#include "bindings/results.hpp"
#include "fastopt/core/buffer.hpp"
#include "fastopt/objective/objective.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

// How derivatives are had where they are not given.
enum class Difference { given, together, two_point, three_point, five_point, complex_step, none };

// Steps of differences: in proportion to |x_i|, never less than a share of the scale that x_i had
// at the start.
class DifferenceSteps {
 public:
  DifferenceSteps(const double* x0, Index n) : typical_(n) {
    double smallest = std::numeric_limits<double>::infinity();
    for (Index i = 0; i < n; ++i)
      if (x0[i] != 0) smallest = std::min(smallest, std::abs(x0[i]));
    const double where_zero = std::min(smallest, 1.0);
    for (Index i = 0; i < n; ++i) typical_[i] = x0[i] != 0 ? std::abs(x0[i]) : where_zero;
  }
  // A step of about `relative` times the scale of x_i that is exact: (x + h) − x == h.
  double operator()(double relative, double x, Index i) const {
    const double h = relative * std::max(std::abs(x), 0.1 * typical_[i]);
    const volatile double shifted = x + (x < 0 ? -h : h);
    return shifted - x;
  }

 private:
  Buffer<double> typical_;
};

class PythonObjective final : public Objective {
 public:
  struct Functions {
    py::object fun, jac, hess, hessp;
    py::tuple args;
    Difference gradient = Difference::given, hessian = Difference::none;
  };

  PythonObjective(Functions functions, py::array_t<double> x0)
      : f_(std::move(functions)),
        n_(x0.size()),
        steps_(x0.data(), n_),
        at_(n_),
        work_(n_),
        work2_(n_) {}
  ~PythonObjective() override {
    const py::gil_scoped_acquire gil;
    f_.fun = f_.jac = f_.hess = f_.hessp = py::object();
    f_.args = py::tuple();
  }

  Index size() const override { return n_; }
  bool has_hessian() const override { return f_.hessian != Difference::none; }

  std::int64_t nfev = 0, njev = 0, nhev = 0;
  // What was not finite last: "fun(x) is nan", "jac(x)[2] is inf".
  std::string fault;

  double value(const double* x) override {
    const py::gil_scoped_acquire gil;
    return f_.gradient == Difference::together ? both(x, nullptr) : call_fun(x);
  }

  double value_and_gradient(const double* x, double* g) override {
    const py::gil_scoped_acquire gil;
    if (f_.gradient == Difference::together) return both(x, g);
    const double value = call_fun(x);
    // Where f is not finite nobody needs its slope.
    if (!std::isfinite(value)) return value;
    gradient(x, value, g);
    return all_finite(g, n_, "jac(x)") ? value : std::numeric_limits<double>::quiet_NaN();
  }

  // Another step gives another g: by how much, tells the errors, and nowhere around f is lower by
  // more than these.
  bool is_noise(const double* x, const double* g) override {
    if (f_.gradient != Difference::five_point) return false;
    const py::gil_scoped_acquire gil;
    differences(x, 0, 0.7e-4, work_.data());
    double size = 0, error = 0;
    for (Index i = 0; i < n_; ++i) {
      const double scale = steps_(1e-4, x[i], i);
      size = std::max(size, std::abs(scale * g[i]));
      error = std::max(error, std::abs(scale * (g[i] - work_[i])));
    }
    return size <= 4 * error && !falls_around(x, error);
  }
  bool has_rough_gradients() const override { return f_.gradient == Difference::two_point; }
  // From forward to central differences, and from these to the formula of fourth order.
  bool refine_gradients() override {
    if (!by_differences() || f_.gradient == Difference::five_point) return false;
    f_.gradient =
        f_.gradient == Difference::two_point ? Difference::three_point : Difference::five_point;
    return true;
  }

  void hessian(const double* x, double* h) override {
    const py::gil_scoped_acquire gil;
    if (f_.hessian == Difference::given) {
      ++nhev;
      const py::object result = call(f_.hess, x);
      read(result, h, n_ * n_, 2, "hess");
      all_finite(h, n_ * n_, "hess(x)");
      symmetrize(h);
    } else {
      hessian_by_differences(x, h);
    }
  }

  void hessian_vector(const double* x, const double* v, double* hv) override {
    const py::gil_scoped_acquire gil;
    if (!f_.hessp.is_none()) {
      ++nhev;
      const py::array_t<double> direction(n_, v);
      const py::object result = call(f_.hessp, x, direction.ptr());
      read(result, hv, n_, 1, "hessp");
      all_finite(hv, n_, "hessp(x, p)");
      return;
    }
    if (f_.hessian == Difference::given) {
      ++nhev;
      const py::array_t<double> h = numbers_of(call(f_.hess, x), n_ * n_, 2, "hess");
      all_finite(h.data(), n_ * n_, "hess(x)");
      VectorMap<double>(hv, n_).noalias() =
          ConstMatrixMap<double>(h.data(), n_, n_).transpose() * ConstVectorMap<double>(v, n_);
      return;
    }
    // (∇f(x + εv) − ∇f(x − εv)) / 2ε, ε in proportion to x and v.
    const ConstVectorMap<double> at(x, n_), along(v, n_);
    const double length = along.norm();
    if (!(length > 0)) {
      std::fill(hv, hv + n_, 0.0);
      return;
    }
    const double epsilon = 6e-6 * std::max(at.norm(), 1e-3) / length;
    work_.vector() = at + epsilon * along;
    gradient_at(work_.data(), hv);
    work_.vector() = at - epsilon * along;
    gradient_at(work_.data(), work2_.data());
    VectorMap<double>(hv, n_) = (VectorMap<double>(hv, n_) - work2_.vector()) / (2 * epsilon);
  }

  // Differences of fourth order of fun, or, row by row, of its gradient; and how far rounding and
  // the terms that they neglect can lead them astray. For checks of derivatives.
  void differences_with_errors(const double* x, bool of_gradient, double* d, double* error) {
    const py::gil_scoped_acquire gil;
    constexpr double epsilon = std::numeric_limits<double>::epsilon();
    const Index m = of_gradient ? n_ : 1;
    Buffer<double> f(5 * m);
    at_.vector() = ConstVectorMap<double>(x, n_);
    const auto evaluate = [&](Index k) {
      double* values = f.data() + k * m;
      if (of_gradient)
        gradient(at_.data(), 0, values);
      else
        *values = call_fun(at_.data());
    };
    evaluate(2);
    if (of_gradient) all_finite(f.data() + 2 * m, m, "jac(x)");
    if (!fault.empty()) throw py::value_error(fault + " at x0: all numbers must be finite there");
    for (Index i = 0; i < n_; ++i) {
      const double h = steps_(2e-5, x[i], i);
      for (const Index k : {0, 1, 3, 4}) {
        at_[i] = x[i] + static_cast<double>(k - 2) * h;
        evaluate(k);
      }
      at_[i] = x[i];
      for (Index j = 0; j < m; ++j) {
        const auto value = [&](Index k) { return f[k * m + j]; };
        const double near = (value(3) - value(1)) / (2 * h), far = (value(4) - value(0)) / (4 * h);
        const double bend = std::abs(value(3) - 2 * value(2) + value(1)) / (h * h);
        double largest = 0;
        for (Index k = 0; k < 5; ++k) largest = std::max(largest, std::abs(value(k)));
        d[i * m + j] = near + (near - far) / 3;
        error[i * m + j] = std::abs(near - far) / 3 +
                           epsilon * (4 * largest / std::abs(h) + std::abs(x[i]) * bend);
      }
    }
  }

 private:
  // A private copy of x for each call: whatever the function does with it stays its own affair.
  py::object call(const py::object& function, const double* x, PyObject* second = nullptr) {
    const py::array_t<double> copy(n_, x);
    return call_with(function, copy.ptr(), second);
  }

  py::object call_with(const py::object& function, PyObject* x, PyObject* second = nullptr) {
    std::size_t count = 0;
    // Others may call us from inside the function: the arguments are put down anew for each call.
    PyObject* few[8];
    std::vector<PyObject*> many;
    PyObject** arguments = few;
    const std::size_t needed = 2 + f_.args.size();
    if (needed > 8) {
      many.resize(needed);
      arguments = many.data();
    }
    arguments[count++] = x;
    if (second != nullptr) arguments[count++] = second;
    for (const py::handle extra : f_.args) arguments[count++] = extra.ptr();
    PyObject* result = PyObject_Vectorcall(function.ptr(), arguments, count, nullptr);
    if (result == nullptr) throw py::error_already_set();
    const auto owned = py::reinterpret_steal<py::object>(result);
    // A function without any Python code of its own never looks at signals.
    if (PyErr_CheckSignals() != 0) throw py::error_already_set();
    return owned;
  }

  double call_fun(const double* x) {
    ++nfev;
    return number(call(f_.fun, x));
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
      const py::array array = real_array(result, "fun", [] { return "one number"; });
      if (array.size() != 1)
        throw py::value_error("fun(x) must return one number, got an array of shape " +
                              shape(array));
      value = py::array_t<double, py::array::forcecast>(array).data()[0];
    }
    if (!std::isfinite(value)) fault = "fun(x) is " + spelled(value);
    return value;
  }

  // jac=True: fun returns the value and the gradient.
  double both(const double* x, double* g) {
    ++nfev;
    ++njev;
    const py::object result = call(f_.fun, x);
    if (!py::isinstance<py::sequence>(result) || py::len(result) != 2)
      throw py::type_error("with jac=True fun(x) must return the pair (value, gradient), got " +
                           py::repr(result).cast<std::string>());
    const double value = number(result[py::int_(0)]);
    if (g == nullptr || !std::isfinite(value)) return value;
    read(result[py::int_(1)], g, n_, 1, "the gradient of fun");
    return all_finite(g, n_, "jac(x)") ? value : std::numeric_limits<double>::quiet_NaN();
  }

  void gradient_at(const double* x, double* g) {
    if (f_.gradient == Difference::together) {
      both(x, g);
    } else {
      gradient(x, f_.gradient == Difference::two_point ? call_fun(x) : 0, g);
    }
  }

  void gradient(const double* x, double value, double* g) {
    ++njev;
    switch (f_.gradient) {
      case Difference::given:
        read(call(f_.jac, x), g, n_, 1, "jac");
        return;
      case Difference::complex_step:
        by_complex_step(x, g);
        return;
      default:
        break;
    }
    // ε^(1/2) and ε^(1/3) balance rounding against the terms that differences neglect; of fourth
    // order the step is shorter than ε^(1/5), since rounding is little already.
    const double relative = f_.gradient == Difference::two_point     ? 1.5e-8
                            : f_.gradient == Difference::three_point ? 6.1e-6
                                                                     : 1e-4;
    differences(x, value, relative, g);
  }

  // Whether f is lower than at x, by more than a few times `noise`, at some point along an axis.
  bool falls_around(const double* x, double noise) {
    at_.vector() = ConstVectorMap<double>(x, n_);
    const double limit = call_fun(at_.data()) - 4 * noise;
    bool falls = false;
    for (Index i = 0; i < n_ && !falls; ++i) {
      for (const double relative : {1e-2, -1e-2, 1e-1, -1e-1}) {
        at_[i] = x[i] + std::copysign(steps_(std::abs(relative), x[i], i), relative);
        falls = falls || call_fun(at_.data()) < limit;
      }
      at_[i] = x[i];
    }
    return falls;
  }

  // `value` is f(x), which forward differences need.
  void differences(const double* x, double value, double relative, double* g) {
    at_.vector() = ConstVectorMap<double>(x, n_);
    for (Index i = 0; i < n_; ++i) {
      const double h = steps_(relative, x[i], i);
      const auto moved = [&](double by) {
        at_[i] = x[i] + by;
        return call_fun(at_.data());
      };
      if (f_.gradient == Difference::two_point) {
        g[i] = (moved(h) - value) / h;
      } else {
        g[i] = (moved(h) - moved(-h)) / (2 * h);
        if (f_.gradient == Difference::five_point)
          g[i] += (g[i] - (moved(2 * h) - moved(-2 * h)) / (4 * h)) / 3;
      }
      at_[i] = x[i];
    }
  }

  bool by_differences() const {
    return f_.gradient == Difference::two_point || f_.gradient == Difference::three_point ||
           f_.gradient == Difference::five_point;
  }

  void by_complex_step(const double* x, double* g) {
    constexpr double h = 1e-30;
    for (Index i = 0; i < n_; ++i) {
      py::array_t<std::complex<double>> z(n_);
      for (Index k = 0; k < n_; ++k) z.mutable_data()[k] = {x[k], k == i ? h : 0.0};
      ++nfev;
      const py::object result = call_with(f_.fun, z.ptr());
      const py::array array = array_of(result, "fun(x)", "one number");
      if (array.size() != 1 || (array.dtype().kind() != 'c' && array.dtype().kind() != 'f'))
        throw py::value_error(
            "jac='cs' needs a fun that takes complex x and returns one number, got " +
            py::repr(result).cast<std::string>());
      const auto value = py::array_t<std::complex<double>, py::array::forcecast>(array);
      g[i] = value.data()[0].imag() / h;
    }
  }

  // Differences of gradients, column by column; where gradients are differences themselves, second
  // differences of f.
  void hessian_by_differences(const double* x, double* h) {
    ++nhev;
    if (by_differences()) {
      second_differences(x, h);
      return;
    }
    const bool central = f_.hessian != Difference::two_point;
    Buffer<double> point(n_), ahead(n_), behind(n_);
    std::copy(x, x + n_, point.begin());
    if (!central) gradient_at(x, behind.data());
    for (Index i = 0; i < n_; ++i) {
      const double step = steps_(central ? 6.1e-6 : 1.5e-8, x[i], i);
      point[i] = x[i] + step;
      gradient_at(point.data(), ahead.data());
      if (central) {
        point[i] = x[i] - step;
        gradient_at(point.data(), behind.data());
      }
      point[i] = x[i];
      VectorMap<double>(h + i * n_, n_) =
          (ahead.vector() - behind.vector()) / (central ? 2 * step : step);
    }
    symmetrize(h);
    all_finite(h, n_ * n_, "hess(x)");
  }

  void second_differences(const double* x, double* h) {
    Buffer<double> point(n_), step(n_), forward(n_), backward(n_);
    std::copy(x, x + n_, point.begin());
    const double centre = call_fun(x);
    const auto moved = [&](Index i, double a, Index j, double b) {
      point[i] += a;
      point[j] += b;
      const double value = call_fun(point.data());
      point[i] = x[i];
      point[j] = x[j];
      return value;
    };
    for (Index i = 0; i < n_; ++i) {
      step[i] = steps_(1.2e-4, x[i], i);  // ε^(1/4)
      forward[i] = moved(i, step[i], i, 0);
      backward[i] = moved(i, -step[i], i, 0);
      h[i * n_ + i] = (forward[i] - 2 * centre + backward[i]) / (step[i] * step[i]);
    }
    for (Index i = 0; i < n_; ++i)
      for (Index j = 0; j < i; ++j) {
        const double mixed = moved(i, step[i], j, step[j]) + moved(i, -step[i], j, -step[j]) -
                             forward[i] - backward[i] - forward[j] - backward[j] + 2 * centre;
        h[i * n_ + j] = h[j * n_ + i] = mixed / (2 * step[i] * step[j]);
      }
    all_finite(h, n_ * n_, "hess(x)");
  }

  // `expected()` spells what should have been returned: most often nobody asks.
  template <class Expected>
  static py::array real_array(const py::object& result, const char* what,
                              const Expected& expected) {
    const py::array array = py::isinstance<py::array>(result)
                                ? py::reinterpret_borrow<py::array>(result)
                                : array_of(result, std::string(what) + "(x)", expected());
    if (!is_real(array))
      throw py::type_error(std::string(what) + "(x) must return real numbers, got " +
                           (array.size() > 0 ? py::str(array.dtype()).cast<std::string>()
                                             : py::repr(result).cast<std::string>()));
    return array;
  }

  // What a function returned: `size` numbers, n of them or n x n.
  py::array_t<double> numbers_of(const py::object& result, Index size, int dimensions,
                                 const char* what) {
    const auto expected = [&] {
      const std::string n = std::to_string(n_);
      return dimensions == 1 ? "(" + n + ",)" : "(" + n + ", " + n + ")";
    };
    const py::array array =
        real_array(result, what, [&] { return "an array of shape " + expected(); });
    const bool fits = array.size() == size && (array.ndim() == dimensions || size == 1) &&
                      (size == 1 || dimensions == 1 || array.shape(0) == n_);
    if (!fits)
      throw py::value_error(std::string(what) + "(x) must have shape " + expected() + ", got " +
                            shape(array));
    return py::array_t<double, py::array::c_style | py::array::forcecast>(array);
  }

  void read(const py::object& result, double* out, Index size, int dimensions, const char* what) {
    const py::array_t<double> numbers = numbers_of(result, size, dimensions, what);
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

  static std::string spelled(double value) {
    return std::isnan(value) ? "nan" : (value > 0 ? "inf" : "-inf");
  }
  static std::string shape(const py::array& array) {
    std::string text = "(";
    for (py::ssize_t i = 0; i < array.ndim(); ++i)
      text += (i > 0 ? ", " : "") + std::to_string(array.shape(i));
    return text + (array.ndim() == 1 ? ",)" : ")");
  }

  Functions f_;
  Index n_;
  DifferenceSteps steps_;
  Buffer<double> at_, work_, work2_;
};

FASTOPT_END
