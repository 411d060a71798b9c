// Newton's method; apart from the others, since Eigen's decompositions take long to compile.
#include <memory>

#include "bindings/weights.hpp"
#include "fastopt/solver/line_search/newton.hpp"

FASTOPT_BEGIN

void bind_newton(py::module_& module) {
  py::class_<Newton, LineSearchSolver>(module, "NewtonSolver", py::module_local())
      .def(py::init([](TwiceDifferentiable& objective, const Numbers<double>& w0,
                       const LineSearchSolverSettings& s) {
             return std::make_unique<Newton>(objective, checked(objective, w0), s);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("settings"), py::keep_alive<1, 2>())
      .def_property_readonly("positive_definite", &Newton::positive_definite)
      .def_property_readonly("hessian", [](const Newton& s) {
        const Index n = s.weights().size();
        return copied(s.hessian().data(), {n, n});
      });
}

FASTOPT_END
