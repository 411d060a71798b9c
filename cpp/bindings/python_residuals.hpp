// Sums of squares given by Python callables: the boundary where what they return is checked.
#pragma once

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "bindings/differences.hpp"
#include "bindings/gil.hpp"
#include "bindings/python_function.hpp"
#include "fastopt/differences/residual_accuracy.hpp"
#include "fastopt/differences/residual_differences.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/objective/robust_loss.hpp"

FASTOPT_BEGIN

inline void check_start(const std::vector<double>& x0) {
  for (std::size_t i = 0; i < x0.size(); ++i)
    if (!std::isfinite(x0[i]))
      throw py::value_error("x0 must hold finite numbers, got " + spelled(x0[i]) + " at index " +
                            std::to_string(i));
}

class PythonResiduals final : public LeastSquaresProblem, public ResidualAccuracy {
 public:
  // Calls fun once, at x0.
  PythonResiduals(py::object fun, py::object jac, Difference kind, const py::tuple& args,
                  const py::dict& kwargs, const py::array_t<double>& x0,
                  const py::array_t<double>& relative_step, RobustLoss loss,
                  const py::array_t<double>& lower, const py::array_t<double>& upper)
      : fun_(std::move(fun), args, kwargs),
        jac_(std::move(jac), args, kwargs),
        kind_(kind),
        loss_(loss),
        n_(x0.size()),
        at_(x0.data(), x0.data() + n_),
        differences_(kind == Difference::three_point, x0.data(), n_, numbers(relative_step),
                     numbers(lower), numbers(upper)) {
    check_start(at_);
    const Numbers<double> e = call(at_.data());
    m_ = e.size();
    if (m_ == 0) throw py::value_error("fun must return at least one residual, got none");
    e_.assign(e.data(), e.data() + m_);
    for (Index k = 0; k < m_; ++k)
      if (!std::isfinite(e_[to_size(k)]))
        throw py::value_error("fun must return finite residuals at x0, got " +
                              spelled(e_[to_size(k)]) + " at index " + std::to_string(k));
    if (!std::isfinite(loss_.cost(e_.data(), m_)))
      throw py::value_error("the sum of squares of the residuals at x0 overflows");
  }

  Index size() const override { return n_; }
  Index n_residuals() const override { return m_; }

  double value(const double* w) override {
    evaluate(w);
    return loss_.cost(e_.data(), m_);
  }

  double value_and_gradient(const double* w, double* g) override {
    std::vector<double> e(e_.size()), j(to_size(area(m_, n_)));
    residuals_and_jacobian(w, e.data(), j.data());
    VectorMap<double>(g, n_).noalias() =
        ConstMatrixMap<double>(j.data(), n_, m_) * ConstVectorMap<double>(e.data(), m_);
    return value(w);
  }

  // With a robust loss, e and J are scaled so that Jᵀe is the gradient of the cost and JᵀJ stands
  // for its Hessian.
  void residuals_and_jacobian(const double* w, double* e, double* j) override {
    evaluate(w);
    std::copy(e_.begin(), e_.end(), e);
    {
      const GilAcquire gil;
      jacobian(w, j);
    }
    ++n_jacobian_;
    find_not_finite(j);
    loss_.scale(e, j, m_, n_);
  }

  double normal_equations(const double* w, double* jte, double* jtj) override {
    std::vector<double> e(e_.size()), j(to_size(area(m_, n_)));
    residuals_and_jacobian(w, e.data(), j.data());
    const ConstMatrixMap<double> jt(j.data(), n_, m_);
    VectorMap<double>(jte, n_).noalias() = jt * ConstVectorMap<double>(e.data(), m_);
    MatrixMap<double>(jtj, n_, n_).noalias() = jt * jt.transpose();
    return value(w);
  }

  double relative_noise() const override { return differences_.noise(); }
  bool has_differences() const override {
    return kind_ == Difference::three_point || kind_ == Difference::two_point;
  }
  double jacobian_error() const override {
    return has_differences() ? differences_.relative_error() : 0;
  }
  const double* column_errors() const override { return differences_.column_errors(); }
  bool measure_noise(const double* w, double terms, std::int64_t& calls) override {
    const GilAcquire gil;
    differences_.set_terms(terms);
    return differences_.measure(
        [&](const double* x, double* e) {
          ++calls;
          call_into(x, e);
        },
        w, m_);
  }

  const std::vector<double>& residuals_at(const double* w) {
    evaluate(w);
    return e_;
  }
  // Names the entry of the last Jacobian that is not finite; empty: all are.
  const std::string& not_finite() const { return not_finite_; }
  // Calls of fun for numerical Jacobians.
  std::int64_t n_differences() const { return n_differences_; }
  std::int64_t n_jacobian() const { return n_jacobian_; }

 private:
  static std::size_t to_size(Index i) { return static_cast<std::size_t>(i); }
  static std::vector<double> numbers(const py::array_t<double>& given) {
    return {given.data(), given.data() + given.size()};
  }

  Numbers<double> call(const double* w) const {
    Numbers<double> e = real_array(fun_(w, n_), "fun", [] { return "an array of residuals"; });
    if (e.ndim() > 1)
      throw py::value_error("fun must return residuals of shape (m,), got " + shape_of(e));
    return e;
  }

  void call_into(const double* w, double* e) const {
    const Numbers<double> result = call(w);
    if (result.size() != m_)
      throw py::value_error("fun must return " + std::to_string(m_) +
                            " residuals as it did at x0, got " + std::to_string(result.size()));
    std::copy(result.data(), result.data() + m_, e);
  }

  // The residuals at w, from the last call where it was at w.
  void evaluate(const double* w) {
    if (std::equal(at_.begin(), at_.end(), w)) return;
    const GilAcquire gil;
    at_.assign(to_size(n_), std::numeric_limits<double>::quiet_NaN());  // nowhere, if fun throws
    call_into(w, e_.data());
    std::copy(w, w + n_, at_.begin());
  }

  std::string shape() const { return "(" + std::to_string(m_) + ", " + std::to_string(n_) + ")"; }

  void jacobian(const double* w, double* j) {
    if (kind_ == Difference::given) {
      const Numbers<double> result =
          real_array(jac_(w, n_), "jac", [&] { return "an array of shape " + shape(); });
      const bool right = (result.ndim() == 2 && result.shape(0) == m_ && result.shape(1) == n_) ||
                         (result.ndim() == 1 && result.size() == m_ * n_ && (m_ == 1 || n_ == 1));
      if (!right)
        throw py::value_error("jac must return an array of shape " + shape() + ", got " +
                              shape_of(result));
      std::copy(result.data(), result.data() + m_ * n_, j);
    } else if (kind_ == Difference::complex_step) {
      complex_step(w, j);
    } else {
      differences_.jacobian([&](const double* x, double* e) { shifted(x, e); }, w, e_.data(), m_,
                            j);
    }
  }

  void shifted(const double* w, double* e) {
    ++n_differences_;
    call_into(w, e);
  }

  void complex_step(const double* w, double* j) {
    for (Index i = 0; i < n_; ++i) {
      ++n_differences_;
      const Numbers<std::complex<double>> result = complex_array(
          fun_.at_complex(w, n_, i, imaginary_step), m_, std::to_string(m_) + " residuals");
      for (Index k = 0; k < m_; ++k) j[k * n_ + i] = result.data()[k].imag() / imaginary_step;
    }
  }

  void find_not_finite(const double* j) {
    not_finite_.clear();
    if (ConstVectorMap<double>(j, m_ * n_).allFinite()) return;
    for (Index at = 0; at < m_ * n_ && not_finite_.empty(); ++at)
      if (!std::isfinite(j[at]))
        not_finite_ = "the Jacobian is not finite: " + spelled(j[at]) + " at row " +
                      std::to_string(at / n_) + ", column " + std::to_string(at % n_);
    if (n_jacobian_ == 1) throw py::value_error(not_finite_ + " at x0");
  }

  PythonFunction fun_, jac_;
  Difference kind_;
  RobustLoss loss_;
  Index n_, m_ = 0;
  std::vector<double> at_, e_;
  ResidualDifferences differences_;
  std::string not_finite_;
  std::int64_t n_jacobian_ = 0, n_differences_ = 0;
};

// A callable that returns (½Σe², Jᵀe, JᵀJ), for data that is summed elsewhere. Where there is one
// for ½Σe² alone, points are tried by that.
class PythonNormalEquations final : public SumOfSquares {
 public:
  PythonNormalEquations(py::object fun, const py::tuple& args, const py::dict& kwargs,
                        const py::array_t<double>& x0, py::object value)
      : fun_(std::move(fun), args, kwargs),
        tried_by_value_(!value.is_none()),
        value_fun_(std::move(value), args, kwargs),
        n_(x0.size()),
        at_(static_cast<std::size_t>(n_), std::numeric_limits<double>::quiet_NaN()),
        jte_(static_cast<std::size_t>(n_)),
        jtj_(static_cast<std::size_t>(n_ * n_)) {
    check_start({x0.data(), x0.data() + n_});
    evaluate(x0.data());
    if (!std::isfinite(value_) || !ConstVectorMap<double>(jte_.data(), n_).allFinite() ||
        !ConstVectorMap<double>(jtj_.data(), n_ * n_).allFinite())
      throw py::value_error("normal_equations must return finite numbers at x0");
  }

  Index size() const override { return n_; }

  double value(const double* w) override {
    if (!tried_by_value_ || std::equal(at_.begin(), at_.end(), w)) {
      evaluate(w);
      return value_;
    }
    const GilAcquire gil;
    return single(real_array(value_fun_(w, n_), "value", [] { return "½Σe²"; }), "value");
  }
  double value_and_gradient(const double* w, double* g) override {
    evaluate(w);
    std::copy(jte_.begin(), jte_.end(), g);
    return value_;
  }
  double normal_equations(const double* w, double* jte, double* jtj) override {
    evaluate(w);
    std::copy(jte_.begin(), jte_.end(), jte);
    std::copy(jtj_.begin(), jtj_.end(), jtj);
    return value_;
  }

 private:
  void evaluate(const double* w) {
    if (std::equal(at_.begin(), at_.end(), w)) return;
    const GilAcquire gil;
    at_.assign(at_.size(), std::numeric_limits<double>::quiet_NaN());
    const py::object result = fun_(w, n_);
    if (!py::isinstance<py::sequence>(result) || py::len(result) != 3)
      throw py::type_error("normal_equations must return the three values (½Σe², Jᵀe, JᵀJ)");
    const py::sequence parts(result);
    const auto part = [&](std::size_t i) {
      return real_array(parts[i], "normal_equations", [] { return "(½Σe², Jᵀe, JᵀJ)"; });
    };
    const Numbers<double> value = part(0), jte = part(1), jtj = part(2);
    const double number = single(value, "normal_equations");
    if (jte.ndim() != 1 || jte.size() != n_)
      throw py::value_error("normal_equations must return Jᵀe of shape (" + std::to_string(n_) +
                            ",), got " + shape_of(jte));
    if (jtj.ndim() != 2 || jtj.shape(0) != n_ || jtj.shape(1) != n_)
      throw py::value_error("normal_equations must return JᵀJ of shape (" + std::to_string(n_) +
                            ", " + std::to_string(n_) + "), got " + shape_of(jtj));
    value_ = number;
    std::copy(jte.data(), jte.data() + n_, jte_.begin());
    std::copy(jtj.data(), jtj.data() + n_ * n_, jtj_.begin());
    std::copy(w, w + n_, at_.begin());
  }

  static double single(const Numbers<double>& number, const std::string& name) {
    if (number.size() == 1) return *number.data();
    throw py::value_error(name + " must return a number first, got shape " + shape_of(number));
  }

  PythonFunction fun_;
  bool tried_by_value_;
  PythonFunction value_fun_;
  Index n_;
  std::vector<double> at_, jte_, jtj_;
  double value_ = 0;
};

FASTOPT_END
