// Sums of squares: objectives from Python callables, and Levenberg-Marquardt on any of them.
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <map>
#include <string>

#include "bindings/interruption.hpp"
#include "bindings/python_residuals.hpp"
#include "fastopt/solve/levenberg_marquardt.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

namespace {

using Array = py::array_t<double, py::array::c_style>;

template <class Value>
Value named(const std::map<std::string, Value>& values, const std::string& name, const char* what) {
  const auto found = values.find(name);
  if (found == values.end())
    throw py::value_error(std::string("unknown ") + what + " '" + name + "'");
  return found->second;
}

LevenbergMarquardtSettings settings_of(const py::kwargs& given) {
  LevenbergMarquardtSettings settings;
  settings.damping.rule =
      named<DampingRule>({{"nielsen", DampingRule::nielsen},
                          {"marquardt", DampingRule::marquardt},
                          {"matlab", DampingRule::matlab}},
                         given["damping_rule"].cast<std::string>(), "damping_rule");
  settings.scaling =
      named<Scaling>({{"identity", Scaling::identity}, {"diagonal", Scaling::diagonal}},
                     given["scaling"].cast<std::string>(), "scaling");
  if (!given["damping"].is_none()) settings.damping.initial = given["damping"].cast<double>();
  settings.damping.max = given["damping_max"].cast<double>();
  const auto tolerance = [&](const char* name) {
    return given.contains(name) ? given[name].cast<double>() : 0.0;
  };
  settings.ftol = tolerance("ftol");
  settings.xtol = tolerance("xtol");
  settings.gtol = tolerance("gtol");
  return settings;
}

Array copy_of(const Buffer<double>& buffer) { return Array(buffer.size(), buffer.data()); }

}  // namespace

void bind_least_squares(py::module_& module) {
  py::class_<PythonNormalEquations, Objective>(module, "PythonNormalEquations", py::module_local())
      .def(py::init<py::object, const py::tuple&, const py::dict&, const Array&>(), py::arg("fun"),
           py::arg("args"), py::arg("kwargs"), py::arg("x0"));

  py::class_<PythonResiduals, Objective>(module, "PythonResiduals", py::module_local())
      .def(
          py::init([](py::object fun, py::object jac, const py::tuple& args, const py::dict& kwargs,
                      const Array& x0, const Array& relative_step, const std::string& loss,
                      double f_scale, const Array& lower, const Array& upper) {
            auto kind = JacobianKind::callable;
            if (py::isinstance<py::str>(jac))
              kind = named<JacobianKind>({{"2-point", JacobianKind::two_point},
                                          {"3-point", JacobianKind::three_point},
                                          {"cs", JacobianKind::complex_step}},
                                         jac.cast<std::string>(), "jac");
            const auto rho = named<RobustLoss::Kind>({{"linear", RobustLoss::Kind::linear},
                                                      {"soft_l1", RobustLoss::Kind::soft_l1},
                                                      {"huber", RobustLoss::Kind::huber},
                                                      {"cauchy", RobustLoss::Kind::cauchy},
                                                      {"arctan", RobustLoss::Kind::arctan}},
                                                     loss, "loss");
            return std::make_unique<PythonResiduals>(std::move(fun), std::move(jac), kind, args,
                                                     kwargs, x0, relative_step,
                                                     RobustLoss(rho, f_scale), lower, upper);
          }),
          py::arg("fun"), py::arg("jac"), py::arg("args"), py::arg("kwargs"), py::arg("x0"),
          py::arg("relative_step"), py::arg("loss"), py::arg("f_scale"), py::arg("lower"),
          py::arg("upper"))
      .def_property_readonly("not_finite", &PythonResiduals::not_finite)
      .def_property_readonly("n_differences", &PythonResiduals::n_differences)
      .def("residuals", [](PythonResiduals& objective, const Array& x) {
        const auto& e = objective.residuals_at(x.data());
        return Array(static_cast<Index>(e.size()), e.data());
      });

  // A solver on any objective that offers normal equations, or residuals with their Jacobian.
  py::class_<LevenbergMarquardt, Solver>(module, "LevenbergMarquardtSolver", py::module_local())
      .def(py::init([](Objective& objective, const Array& w0, const py::kwargs& settings) {
             if (w0.size() != objective.size())
               throw py::value_error("w0 must hold " + std::to_string(objective.size()) +
                                     " numbers, got " + std::to_string(w0.size()));
             return std::make_unique<LevenbergMarquardt>(objective, w0.data(),
                                                         settings_of(settings));
           }),
           py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"))
      .def_property_readonly("weights",
                             [](const LevenbergMarquardt& s) { return copy_of(s.weights()); })
      .def_property_readonly("gradient",
                             [](const LevenbergMarquardt& s) { return copy_of(s.gradient()); });
}

FASTOPT_END
