// The general minimisers, and Python functions as what they work on.
#include <pybind11/stl.h>

#include <map>
#include <memory>

#include "bindings/constants.hpp"
#include "bindings/interruption.hpp"
#include "bindings/python_objective.hpp"
#include "bindings/weights.hpp"
#include "fastopt/solver/line_search/lbfgs.hpp"
#include "fastopt/solver/line_search/newton_cg.hpp"
#include "fastopt/solver/line_search/quasi_newton.hpp"
#include "fastopt/solver/line_search/registry.hpp"

FASTOPT_BEGIN

namespace {

// Search and tolerances, as Python's classes of settings name them.
LineSearchSolverSettings settings_from(const std::string& line_search, double c1, double c2,
                                       double fixed_length, double gtol, double xrtol,
                                       double ftol) {
  LineSearchSolverSettings s;
  s.line_search.c1 = c1;
  s.line_search.c2 = c2;
  s.line_search.exact = line_search == "exact";
  s.fixed_length = fixed_length;
  s.gtol = gtol;
  s.xrtol = xrtol;
  s.ftol = ftol;
  return s;
}

}  // namespace

void bind_minimize(py::module_& module) {
  py::class_<PythonObjective, TwiceDifferentiable> objective(module, "PythonObjective",
                                                             py::module_local());
  objective
      .def(
          py::init([](py::object fun, py::object jac, py::object hess, py::object hessp,
                      const py::tuple& args, const Numbers<double>& x0, std::vector<double> steps,
                      bool relative_steps, std::vector<double> lower, std::vector<double> upper) {
            const auto function = [&](py::object& f) { return PythonFunction(std::move(f), args); };
            const Difference gradient = difference_named(jac), hessian = difference_named(hess);
            return std::make_unique<PythonObjective>(
                PythonObjective::Functions{function(fun), function(jac), function(hess),
                                           function(hessp), gradient, hessian},
                x0, GivenSteps{std::move(steps), relative_steps}, std::move(lower),
                std::move(upper));
          }),
          py::arg("fun"), py::arg("jac"), py::arg("hess"), py::arg("hessp"), py::arg("args"),
          py::arg("x0"), py::arg("steps") = std::vector<double>(), py::arg("relative_steps") = true,
          py::arg("lower") = std::vector<double>(), py::arg("upper") = std::vector<double>())
      .def_readonly("nfev", &PythonObjective::nfev)
      .def_readonly("njev", &PythonObjective::njev)
      .def_readonly("nhev", &PythonObjective::nhev)
      .def_readonly("fault", &PythonObjective::fault);

  // What minimize() itself asks for, and the checks of derivatives.
  objective
      .def(
          "value_and_gradient",
          [](PythonObjective& f, const Numbers<double>& x) {
            py::array_t<double> g(f.size());
            std::fill_n(g.mutable_data(), f.size(), Report::none);  // where fun is not finite
            const double value = f.value_and_gradient(checked(f, x), g.mutable_data());
            return py::make_tuple(value, g);
          },
          py::arg("x"))
      .def(
          "differences_with_errors",
          [](PythonObjective& f, const Numbers<double>& x, bool of_gradient) {
            const Index columns = of_gradient ? f.size() : 1;
            py::array_t<double> d({f.size(), columns}), error({f.size(), columns});
            f.differences_with_errors(checked(f, x), of_gradient, d.mutable_data(),
                                      error.mutable_data());
            return py::make_tuple(d, error);
          },
          py::arg("x"), py::arg("of_gradient"))
      .def(
          "given_hessian",
          [](PythonObjective& f, const Numbers<double>& x) {
            py::array_t<double> h({f.size(), f.size()});
            f.given_hessian(checked(f, x), h.mutable_data());
            return h;
          },
          py::arg("x"));

  py::class_<LineSearchSolverSettings>(module, "LineSearchSettings", py::module_local())
      .def(py::init(&settings_from), py::kw_only(), py::arg("line_search") = "wolfe",
           py::arg("c1") = 1e-4, py::arg("c2") = 0.9, py::arg("fixed_length") = Report::none,
           py::arg("gtol") = Report::none, py::arg("xrtol") = 0.0, py::arg("ftol") = 0.0);

  py::class_<LineSearchSolver, Solver> solver(module, "LineSearchSolver", py::module_local());
  solver.def(
      py::init([](const std::string& method, Objective& objective, const Numbers<double>& w0,
                  const LineSearchSolverSettings& settings, std::map<std::string, double> own) {
        return make_line_search_solver(method, objective, checked(objective, w0), settings,
                                       Settings(std::move(own)));
      }),
      py::arg("method"), py::arg("objective"), py::arg("w0"), py::arg("settings"), py::arg("own"),
      py::keep_alive<1, 3>());
  solver.def_property_readonly("loss", &LineSearchSolver::loss);
  solver.def(
      "set_norm", [](LineSearchSolver& s, double norm) { s.settings().norm = norm; },
      py::arg("norm"));
  def_search_limit(solver);
  def_place(solver);
  def_constants(solver, [](LineSearchSolver& s, auto&& field) {
    s.certificate().visit(field);
    s.monitor().visit(field);
  });

  py::class_<QuasiNewton, LineSearchSolver>(module, "QuasiNewtonSolver", py::module_local())
      .def(py::init([](Objective& objective, const Numbers<double>& w0,
                       const LineSearchSolverSettings& s, const std::string& metric,
                       bool scale_initial) {
             QuasiNewtonSettings all;
             static_cast<LineSearchSolverSettings&>(all) = s;
             all.metric = metric == "dfp" ? Metric::dfp : Metric::bfgs;
             all.scale_initial = scale_initial;
             return std::make_unique<QuasiNewton>(objective, checked(objective, w0), all);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("settings"), py::arg("metric"),
           py::arg("scale_initial"), py::keep_alive<1, 2>())
      .def_property(
          "inverse_hessian",
          [](QuasiNewton& s) {
            const Index n = s.weights().size();
            py::array_t<double> v({n, n});
            s.inverse_hessian(v.mutable_data());
            return v;
          },
          [](QuasiNewton& s, const Numbers<double>& v) {
            const Index n = s.weights().size();
            if (v.ndim() != 2 || v.shape(0) != n || v.shape(1) != n)
              throw py::value_error("the inverse Hessian must have n rows and columns");
            s.set_inverse_hessian(v.data());
          });

  py::class_<Lbfgs, LineSearchSolver>(module, "LbfgsSolver", py::module_local())
      .def(py::init([](Objective& objective, const Numbers<double>& w0,
                       const LineSearchSolverSettings& s, Index memory) {
             LbfgsSettings all;
             static_cast<LineSearchSolverSettings&>(all) = s;
             all.memory = memory;
             return std::make_unique<Lbfgs>(objective, checked(objective, w0), all);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("settings"), py::arg("memory"),
           py::keep_alive<1, 2>());

  py::class_<NewtonCg, LineSearchSolver>(module, "NewtonCgSolver", py::module_local())
      .def(py::init([](TwiceDifferentiable& objective, const Numbers<double>& w0,
                       const LineSearchSolverSettings& s) {
             return std::make_unique<NewtonCg>(objective, checked(objective, w0), s);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("settings"), py::keep_alive<1, 2>());
}

FASTOPT_END
