// What all solvers share: reports of steps, and the export and import of their state.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <vector>

#include "bindings/interruption.hpp"
#include "bindings/state.hpp"
#include "fastopt/objective/objective.hpp"
#include "fastopt/solver/solver.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

namespace {

template <class T>
using Members = std::map<std::string, T Report::*>;

const Members<double> numbers = {
    {"loss", &Report::loss},           {"gradient_norm", &Report::gradient_norm},
    {"step_norm", &Report::step_norm}, {"learning_rate", &Report::learning_rate},
    {"clipped", &Report::clipped},     {"step_length", &Report::step_length},
    {"damping", &Report::damping},     {"attainable", &Report::attainable}};
const Members<std::int64_t> counts = {{"n_value", &Report::n_value},
                                      {"n_gradient", &Report::n_gradient},
                                      {"n_hessian", &Report::n_hessian},
                                      {"iterations", &Report::iterations}};

// The steps of a run, of which a column is had without a Python object for each step.
struct Reports {
  std::vector<Report> all;

  const Report& at(Index i) const {
    const auto size = static_cast<Index>(all.size());
    if (i < -size || i >= size) throw py::index_error("no such step");
    return all[static_cast<std::size_t>(i < 0 ? i + size : i)];
  }
  py::list column(const std::string& name) const {
    const auto values = [&](auto member) {
      py::list list(all.size());
      for (std::size_t i = 0; i < all.size(); ++i) list[i] = all[i].*member;
      return list;
    };
    const auto number = numbers.find(name);
    return number != numbers.end() ? values(number->second) : values(counts.at(name));
  }
};

}  // namespace

void bind_solve(py::module_& module) {
  py::class_<Report> report(module, "Report", py::module_local());
  const auto def = [&](const auto& members) {
    for (const auto& [name, member] : members)
      report.def_property_readonly(name.c_str(), [m = member](const Report& r) { return r.*m; });
  };
  def(numbers);
  def(counts);
  report.def_readonly("optimal", &Report::optimal)
      .def_readonly("doubtful_gradient", &Report::doubtful_gradient)
      .def_readonly("positive_definite", &Report::positive_definite)
      .def_property_readonly("status", [](const Report& r) { return status_name(r.status); });

  py::class_<Reports>(module, "Reports", py::module_local())
      .def(py::init<>())
      .def("append", [](Reports& reports, const Report& last) { reports.all.push_back(last); })
      .def("pop", [](Reports& reports) { reports.all.pop_back(); })
      .def("__len__", [](const Reports& reports) { return reports.all.size(); })
      .def("__getitem__", &Reports::at, py::return_value_policy::copy)
      .def("column", &Reports::column, py::arg("name"));

  py::class_<Objective>(module, "Objective", py::module_local())
      .def_property_readonly("size", &Objective::size);
  py::class_<TwiceDifferentiable, Objective>(module, "TwiceDifferentiable", py::module_local());
  py::class_<SumOfSquares, Objective>(module, "SumOfSquares", py::module_local());

  py::class_<Solver>(module, "Solver", py::module_local())
      .def(
          "step",
          [](Solver& solver, bool last) {
            solver.expect_last(last);
            return without_gil([&] { return solver.latest = solver.step(); });
          },
          py::arg("last") = false)
      .def_readonly("latest", &Solver::latest)
      .def(
          "steps",
          [](Solver& solver, Index count) {
            solver.expect_last(false);
            return without_gil([&] {
              Reports reports;
              while (count-- > 0) {
                reports.all.push_back(solver.step());
                if (reports.all.back().status != Status::running) break;
              }
              return reports;
            });
          },
          py::arg("count"))
      .def("export_state", &export_state<Solver>)
      .def("import_state", &import_state<Solver>, py::arg("state"));
}

FASTOPT_END
