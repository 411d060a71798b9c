// What all solvers share: reports of steps, and the export and import of their state.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "bindings/interruption.hpp"
#include "bindings/state.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solve/solver.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

void bind_solve(py::module_& module) {
  py::class_<Report>(module, "Report", py::module_local())
      .def_readonly("loss", &Report::loss)
      .def_readonly("gradient_norm", &Report::gradient_norm)
      .def_readonly("step_norm", &Report::step_norm)
      .def_readonly("learning_rate", &Report::learning_rate)
      .def_readonly("clipped", &Report::clipped)
      .def_readonly("step_length", &Report::step_length)
      .def_readonly("damping", &Report::damping)
      .def_readonly("n_value", &Report::n_value)
      .def_readonly("n_gradient", &Report::n_gradient)
      .def_readonly("n_hessian", &Report::n_hessian)
      .def_readonly("iterations", &Report::iterations)
      .def_readonly("optimal", &Report::optimal)
      .def_property_readonly("status", [](const Report& r) { return status_name(r.status); });

  py::class_<Objective>(module, "Objective", py::module_local())
      .def_property_readonly("size", &Objective::size);

  py::class_<Solver>(module, "Solver", py::module_local())
      .def("step", [](Solver& solver) { return without_gil([&] { return solver.step(); }); })
      .def(
          "steps",
          [](Solver& solver, Index count) {
            return without_gil([&] {
              std::vector<Report> reports;
              while (count-- > 0) {
                reports.push_back(solver.step());
                if (reports.back().status != Status::running) break;
              }
              return reports;
            });
          },
          py::arg("count"))
      .def("export_state", &export_state<Solver>)
      .def("import_state", &import_state<Solver>, py::arg("state"));
}

FASTOPT_END
