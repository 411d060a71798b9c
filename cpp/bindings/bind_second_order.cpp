// Second derivatives of networks, and networks on data as objectives of the general solvers.
#include "bindings/interruption.hpp"
#include "bindings/network.hpp"
#include "bindings/weights.hpp"
#include "fastopt/objective/free_objective.hpp"
#include "fastopt/objective/network_objective.hpp"
#include "fastopt/objective/network_squares.hpp"
#include "fastopt/solver/least_squares/bayesian_regularization.hpp"
#include "fastopt/solver/least_squares/levenberg_marquardt.hpp"
#include "fastopt/solver/least_squares/variable_projection.hpp"
#include "fastopt/solver/line_search/line_search_solver.hpp"
#include "fastopt/solver/line_search/orthant_lbfgs.hpp"
#include "fastopt/solver/network_solver.hpp"

FASTOPT_BEGIN

namespace {

using Net = Network<double>;
py::tuple jacobian(Net& net, const py::array& inputs, const Affine& scaling) {
  const ArraySource source = scaled(source_of(inputs), scaling);
  const Index q = net.architecture.outputs(), n = net.architecture.n_parameters;
  Numbers<double> outputs({source.rows, q}), matrix({source.rows * q, n});
  double *y = outputs.mutable_data(), *j = matrix.mutable_data();
  without_gil([&] {
    network_jacobian(net.architecture, source, nullptr, source.rows, net.parameters.data(), y, j);
  });
  return py::make_tuple(outputs, matrix);
}

template <class Solves, class Class>
void def_network_solver(Class& bound) {
  bound.def(py::init([](Net& net, Solves& solver, double scale) {
              return std::make_unique<NetworkSolver>(
                  net, solver, [&solver]() -> const Buffer<double>& { return solver.weights(); },
                  [&solver](const double* w) { solver.move_to(w); }, scale);
            }),
            py::arg("network"), py::arg("solver"), py::arg("scale"), py::keep_alive<1, 2>(),
            py::keep_alive<1, 3>());
}

}  // namespace

void bind_second_order(py::module_& module) {
  py::class_<NetworkObjective, TwiceDifferentiable>(module, "NetworkObjective", py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, const py::object& loss, double l2) {
             return std::make_unique<NetworkObjective>(
                 net.architecture, data.data, make_loss<double>(net.architecture, loss), l2);
           }),
           py::arg("network"), py::arg("data"), py::arg("loss"), py::arg("l2"),
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>())
      .def_property_readonly("has_hessian", &NetworkObjective::has_hessian)
      .def(
          "value_and_gradient",
          [](NetworkObjective& objective, const Numbers<double>& w) {
            const double* at = checked(objective, w);
            Numbers<double> g(objective.size());
            double* to = g.mutable_data();
            const double value = without_gil([&] { return objective.value_and_gradient(at, to); });
            return py::make_tuple(value, g);
          },
          py::arg("w"))
      .def(
          "hessian",
          [](NetworkObjective& objective, const Numbers<double>& w) {
            const double* at = checked(objective, w);
            Numbers<double> h({objective.size(), objective.size()});
            double* to = h.mutable_data();
            without_gil([&] { objective.hessian(at, to); });
            return h;
          },
          py::arg("w"))
      .def(
          "hessian_vector",
          [](NetworkObjective& objective, const Numbers<double>& w, const Numbers<double>& v) {
            const double *at = checked(objective, w), *along = checked(objective, v);
            Numbers<double> hv(objective.size());
            double* to = hv.mutable_data();
            without_gil([&] { objective.hessian_vector(at, along, to); });
            return hv;
          },
          py::arg("w"), py::arg("v"));

  py::class_<FreeObjective, TwiceDifferentiable>(module, "FreeObjective", py::module_local())
      .def(py::init([](NetworkObjective& whole, Net& net) {
             return std::make_unique<FreeObjective>(whole, net);
           }),
           py::arg("whole"), py::arg("network"), py::keep_alive<1, 2>(), py::keep_alive<1, 3>());
  py::class_<FreeSquares, SumOfSquares>(module, "FreeSquares", py::module_local())
      .def(py::init([](NetworkSquares& whole, Net& net) {
             return std::make_unique<FreeSquares>(whole, net);
           }),
           py::arg("whole"), py::arg("network"), py::keep_alive<1, 2>(), py::keep_alive<1, 3>());

  py::class_<NetworkSquares, SumOfSquares>(module, "NetworkSquares", py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, double l2) {
             return std::make_unique<NetworkSquares>(net.architecture, data.data, l2);
           }),
           py::arg("network"), py::arg("data"), py::arg("l2"), py::keep_alive<1, 2>(),
           py::keep_alive<1, 3>())
      .def_property_readonly("scale", &NetworkSquares::scale)
      .def_property_readonly("n_residuals", &NetworkSquares::n_residuals)
      // How many residuals have a weight, and the sum of the logarithms of these.
      .def_property_readonly("weighted_residuals",
                             [](const NetworkSquares& objective) {
                               const auto found = objective.weighted_residuals();
                               return py::make_tuple(found.first, found.second);
                             })
      .def_property_readonly("linear_from", &NetworkSquares::linear_from)
      .def(
          "value",
          [](NetworkSquares& objective, const Numbers<double>& w) {
            const double* at = checked(objective, w);
            return without_gil([&] { return objective.value(at); });
          },
          py::arg("w"))
      .def(
          "residuals_and_jacobian",
          [](NetworkSquares& objective, const Numbers<double>& w) {
            const double* at = checked(objective, w);
            Numbers<double> e(objective.n_residuals()),
                j({objective.n_residuals(), objective.size()});
            double *to = e.mutable_data(), *matrix = j.mutable_data();
            without_gil([&] { objective.residuals_and_jacobian(at, to, matrix); });
            return py::make_tuple(e, j);
          },
          py::arg("w"))
      .def(
          "normal_equations",
          [](NetworkSquares& objective, const Numbers<double>& w) {
            const double* at = checked(objective, w);
            Numbers<double> g(objective.size()), h({objective.size(), objective.size()});
            double *to = g.mutable_data(), *matrix = h.mutable_data();
            const double value =
                without_gil([&] { return objective.normal_equations(at, to, matrix); });
            return py::make_tuple(value, g, h);
          },
          py::arg("w"));

  py::class_<SeparableSquares, SumOfSquares>(module, "SeparableSquares", py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, double l2) {
             return std::make_unique<SeparableSquares>(net.architecture, data.data, l2);
           }),
           py::arg("network"), py::arg("data"), py::arg("l2"), py::keep_alive<1, 2>(),
           py::keep_alive<1, 3>())
      .def_property_readonly("scale", &SeparableSquares::scale)
      .def_property_readonly("size", &SeparableSquares::size)
      // E of all weights, without the ridge, and these weights, for hidden weights u.
      .def(
          "solution",
          [](SeparableSquares& objective, const Numbers<double>& u) {
            const double* at = checked(objective, u);
            without_gil([&] { objective.value(at); });
            return py::make_tuple(objective.plain_value(), copy_of(objective.weights()));
          },
          py::arg("u"))
      .def(
          "normal_equations",
          [](SeparableSquares& objective, const Numbers<double>& u) {
            const double* at = checked(objective, u);
            Numbers<double> g(objective.size()), h({objective.size(), objective.size()});
            double *to = g.mutable_data(), *matrix = h.mutable_data();
            const double value =
                without_gil([&] { return objective.normal_equations(at, to, matrix); });
            return py::make_tuple(value, g, h);
          },
          py::arg("u"));

  py::class_<OrthantLbfgs, Solver>(module, "OrthantLbfgsSolver", py::module_local())
      .def(py::init([](Objective& objective, const Numbers<double>& w0,
                       const Numbers<double>& lambda, Index memory, double c1, double gtol,
                       double xrtol, double ftol) {
             Buffer<double> of_weights(objective.size());
             const double* given = checked(objective, lambda);
             std::copy(given, given + of_weights.size(), of_weights.begin());
             OrthantLbfgsSettings settings;
             settings.memory = memory;
             settings.c1 = c1;
             settings.gtol = gtol;
             settings.xrtol = xrtol;
             settings.ftol = ftol;
             return std::make_unique<OrthantLbfgs>(objective, checked(objective, w0), of_weights,
                                                   settings);
           }),
           py::arg("objective"), py::arg("w0"), py::arg("lambda_"), py::arg("memory"),
           py::arg("c1"), py::arg("gtol"), py::arg("xrtol"), py::arg("ftol"),
           py::keep_alive<1, 2>());

  py::class_<NetworkSolver, Solver> solver(module, "NetworkSolver", py::module_local());
  def_network_solver<LevenbergMarquardt>(solver);
  def_network_solver<LineSearchSolver>(solver);
  def_network_solver<OrthantLbfgs>(solver);
  def_network_solver<BayesianRegularization>(solver);
  def_network_solver<VariableProjection>(solver);
  solver.def_property_readonly("scale", &NetworkSolver::scale)
      .def_property_readonly("method", &NetworkSolver::method,
                             py::return_value_policy::reference_internal);
  // Steps to weights that are not finite are never accepted.
  solver.def("restore_best", [](NetworkSolver&) {});
  solver.def("restore_first", [](NetworkSolver&) {});

  module.def("jacobian", &jacobian, py::arg("network"), py::arg("inputs"),
             py::arg("scaling") = std::nullopt);
}

FASTOPT_END
