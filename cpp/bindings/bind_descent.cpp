// First-order rules on any objective, and L-BFGS within bounds.
#include <pybind11/stl.h>

#include <memory>

#include "bindings/weights.hpp"
#include "fastopt/solver/first_order/descent.hpp"
#include "fastopt/solver/line_search/projected_lbfgs.hpp"

FASTOPT_BEGIN

void bind_descent(py::module_& module) {
  py::class_<Descent, Solver> descent(module, "DescentSolver", py::module_local());
  descent
      .def(py::init([](Objective& objective, const Numbers<double>& w0, const std::string& rule,
                       std::map<std::string, double> settings, double weight_decay, double gtol) {
             return std::make_unique<Descent>(objective, checked(objective, w0),
                                              make_rule(rule, Settings(std::move(settings))),
                                              weight_decay, gtol);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("rule"), py::arg("settings"),
           py::arg("weight_decay"), py::arg("gtol"), py::keep_alive<1, 2>())
      .def("set_learning_rates", &Descent::set_learning_rates, py::arg("rates"))
      .def("undo", &Descent::undo, py::arg("last"))
      .def_property_readonly("loss", &Descent::loss)
      .def_property_readonly("loss_before", &Descent::loss_before);
  def_place(descent);

  py::class_<ProjectedLbfgs, LineSearchSolver> projected(module, "ProjectedLbfgsSolver",
                                                         py::module_local());
  projected.def(py::init([](Objective& objective, const Numbers<double>& w0,
                            const Numbers<double>& lower, const Numbers<double>& upper, double c1,
                            double c2, double gtol, double xrtol, double ftol, Index memory) {
                  LbfgsSettings s;
                  s.line_search.c1 = c1;
                  s.line_search.c2 = c2;
                  s.gtol = gtol;
                  s.xrtol = xrtol;
                  s.ftol = ftol;
                  s.memory = memory;
                  return std::make_unique<ProjectedLbfgs>(objective, checked(objective, w0),
                                                          checked(objective, lower),
                                                          checked(objective, upper), s);
                }),
                py::arg("objective"), py::arg("w0"), py::arg("lower"), py::arg("upper"),
                py::arg("c1"), py::arg("c2"), py::arg("gtol"), py::arg("xrtol"), py::arg("ftol"),
                py::arg("memory"), py::keep_alive<1, 2>());
}

FASTOPT_END
