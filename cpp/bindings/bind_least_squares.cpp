// Sums of squares: objectives from Python callables, and Levenberg-Marquardt on any of them.
#include <pybind11/complex.h>
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <string>
#include <vector>

#include "bindings/constants.hpp"
#include "bindings/interruption.hpp"
#include "bindings/python_residuals.hpp"
#include "bindings/weights.hpp"
#include "fastopt/solver/least_squares/bayesian_regularization.hpp"
#include "fastopt/solver/least_squares/bounded_least_squares.hpp"
#include "fastopt/solver/least_squares/levenberg_marquardt.hpp"
#include "fastopt/solver/least_squares/qr_step.hpp"
#include "fastopt/solver/least_squares/trust_region_least_squares.hpp"
#include "fastopt/solver/least_squares/variable_projection.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

namespace {

// The place of a name in a short list.
template <std::size_t N>
int place_of(const std::string& name, const char* const (&names)[N], const char* what) {
  for (std::size_t i = 0; i < N; ++i)
    if (name == names[i]) return static_cast<int>(i);
  throw py::value_error(std::string("unknown ") + what + " '" + name + "'");
}

LevenbergMarquardtSettings settings_of(const py::kwargs& given) {
  LevenbergMarquardtSettings settings;
  settings.damping.rule =
      static_cast<DampingRule>(place_of(given["damping_rule"].cast<std::string>(),
                                        {"nielsen", "marquardt", "matlab"}, "damping_rule"));
  settings.scaling = static_cast<Scaling>(
      place_of(given["scaling"].cast<std::string>(), {"identity", "diagonal"}, "scaling"));
  if (!given["damping"].is_none()) settings.damping.initial = given["damping"].cast<double>();
  settings.damping.max = given["damping_max"].cast<double>();
  const auto tolerance = [&](const char* name) {
    return given.contains(name) ? given[name].cast<double>() : 0.0;
  };
  settings.ftol = tolerance("ftol");
  settings.xtol = tolerance("xtol");
  settings.gtol = tolerance("gtol");
  if (given.contains("max_evaluations"))
    settings.max_evaluations = given["max_evaluations"].cast<std::int64_t>();
  if (given.contains("linear_from")) settings.linear_from = given["linear_from"].cast<Index>();
  return settings;
}

LeastSquaresSettings settings_of(PythonResiduals& objective, double ftol, double xtol, double gtol,
                                 std::int64_t max_evaluations, const Numbers<double>& scale) {
  LeastSquaresSettings settings;
  settings.ftol = ftol;
  settings.xtol = xtol;
  settings.gtol = gtol;
  settings.accuracy = &objective;
  settings.max_evaluations = max_evaluations;
  settings.scale = scale.size() > 0 ? scale.data() : nullptr;
  return settings;
}

py::array_t<Index> indices(const std::vector<Index>& found) {
  return copied(found.data(), {static_cast<Index>(found.size())});
}

// Steps until there is a reason to stop, without callbacks.
template <class S>
Report run_to_the_end(S& solver) {
  const auto run = [&] {
    for (;;) {
      const Report report = solver.step();
      if (report.status != Status::running) return report;
    }
  };
  // On tiny problems, letting go of the GIL and taking it again costs more than an iteration.
  constexpr Index tiny = 16;
  return solver.weights().size() <= tiny ? run() : without_gil(run);
}

}  // namespace

void bind_least_squares(py::module_& module) {
  py::class_<PythonNormalEquations, SumOfSquares>(module, "PythonNormalEquations",
                                                  py::module_local())
      .def(py::init<py::object, const py::tuple&, const py::dict&, const Numbers<double>&,
                    py::object>(),
           py::arg("fun"), py::arg("args"), py::arg("kwargs"), py::arg("x0"),
           py::arg("value") = py::none())
      .def(
          "products",
          [](PythonNormalEquations& objective, const Numbers<double>& x) {
            const Index n = objective.size();
            Numbers<double> g(n), h({n, n});
            objective.normal_equations(x.data(), g.mutable_data(), h.mutable_data());
            return h;
          },
          py::arg("x"));

  py::class_<PythonResiduals, SumOfSquares>(module, "PythonResiduals", py::module_local())
      .def(py::init([](py::object fun, py::object jac, const py::tuple& args,
                       const py::dict& kwargs, const Numbers<double>& x0,
                       const Numbers<double>& relative_step, const std::string& loss,
                       double f_scale, const Numbers<double>& lower, const Numbers<double>& upper) {
             const Difference kind = difference_named(jac);
             const auto rho = static_cast<RobustLoss::Kind>(
                 place_of(loss, {"linear", "soft_l1", "huber", "cauchy", "arctan"}, "loss"));
             return std::make_unique<PythonResiduals>(std::move(fun), std::move(jac), kind, args,
                                                      kwargs, x0, relative_step,
                                                      RobustLoss(rho, f_scale), lower, upper);
           }),
           py::arg("fun"), py::arg("jac"), py::arg("args"), py::arg("kwargs"), py::arg("x0"),
           py::arg("relative_step"), py::arg("loss"), py::arg("f_scale"), py::arg("lower"),
           py::arg("upper"))
      .def_property_readonly("not_finite", &PythonResiduals::not_finite)
      .def_property_readonly("n_differences", &PythonResiduals::n_differences)
      .def_property_readonly("n_jacobian", &PythonResiduals::n_jacobian)
      .def_property_readonly("n_residuals", &PythonResiduals::n_residuals)
      .def_property_readonly("noise", &PythonResiduals::relative_noise)
      .def_property_readonly("jacobian_errors",
                             [](const PythonResiduals& objective) {
                               return copied(objective.column_errors(), {objective.size()});
                             })
      .def(
          "residuals",
          [](PythonResiduals& objective, const Numbers<double>& x) {
            const auto& e = objective.residuals_at(x.data());
            return copied(e.data(), {static_cast<Index>(e.size())});
          },
          py::arg("x"))
      .def(
          "jacobian",
          [](PythonResiduals& objective, const Numbers<double>& x) {
            const Index m = objective.n_residuals(), n = objective.size();
            Numbers<double> e(m), j({m, n});
            objective.residuals_and_jacobian(x.data(), e.mutable_data(), j.mutable_data());
            return j;
          },
          py::arg("x"));

  // A damping rule on any objective that offers normal equations, or residuals with their Jacobian.
  py::class_<LevenbergMarquardt, Solver> damped(module, "LevenbergMarquardtSolver",
                                                py::module_local());
  damped
      // Residuals at hand: QR of J, without squaring its condition.
      .def(py::init([](PythonResiduals& objective, const Numbers<double>& w0,
                       const py::kwargs& given) {
             LevenbergMarquardtSettings settings = settings_of(given);
             settings.accuracy = &objective;
             return std::make_unique<LevenbergMarquardt>(
                 objective, std::make_unique<QrStep>(objective), checked(objective, w0), settings);
           }),
           py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"))
      .def(
          py::init([](SumOfSquares& objective, const Numbers<double>& w0, const py::kwargs& given) {
            return std::make_unique<LevenbergMarquardt>(objective, checked(objective, w0),
                                                        settings_of(given));
          }),
          py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"))
      .def("run", &run_to_the_end<LevenbergMarquardt>)
      .def("inactive", [](LevenbergMarquardt& s) { return indices(s.inactive()); });
  def_place(damped);
  const auto verdict = [](auto& s, auto&& field) { s.settings().verdict.visit(field); };
  def_constants(damped, verdict);

  py::class_<BayesianRegularization, Solver>(module, "BayesianSolver", py::module_local())
      .def(py::init([](SumOfSquares& data, const Numbers<double>& w0, std::vector<Index> groups,
                       Index n_residuals, double log_weights, double tolerance, double first_alpha,
                       const py::kwargs& given) {
             BayesianSettings settings;
             settings.damped = settings_of(given);
             checked(data, w0);
             if (static_cast<Index>(groups.size()) != data.size())
               throw py::value_error("groups must hold a number for each weight");
             for (const Index group : groups)
               settings.n_groups = std::max(settings.n_groups, group + 1);
             settings.groups = std::move(groups);
             settings.n_residuals = n_residuals;
             settings.log_weights = log_weights;
             settings.tolerance = tolerance;
             settings.first_alpha = first_alpha;
             return std::make_unique<BayesianRegularization>(data, w0.data(), settings);
           }),
           py::keep_alive<1, 2>(), py::arg("data"), py::arg("w0"), py::arg("groups"),
           py::arg("n_residuals"), py::arg("log_weights"), py::arg("tolerance"),
           py::arg("first_alpha"))
      // α of each group, β, γ of each group, the logarithm of the evidence
      .def("estimates", [](BayesianRegularization& solver) {
        const auto found = without_gil([&] { return solver.estimates(); });
        return py::make_tuple(copy_of(found.alpha), found.beta, copy_of(found.gamma),
                              found.evidence);
      });

  py::class_<VariableProjection, Solver>(module, "VariableProjectionSolver", py::module_local())
      .def(py::init([](SeparableSquares& objective, const Numbers<double>& w0, std::uint64_t seed,
                       const py::kwargs& given) {
             if (w0.ndim() != 1 || w0.size() != objective.n_weights())
               throw py::value_error("w0 must hold a number for each weight");
             return std::make_unique<VariableProjection>(objective, w0.data(), settings_of(given),
                                                         seed);
           }),
           py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"), py::arg("seed"));

  py::class_<LeastSquaresSolver, Solver> solver(module, "LeastSquaresSolver", py::module_local());
  solver.def("run", &run_to_the_end<LeastSquaresSolver>)
      .def("inactive", [](LeastSquaresSolver& s) { return indices(s.inactive()); })
      .def_property_readonly("smallest_pivot", &LeastSquaresSolver::smallest_pivot)
      .def_property_readonly("jacobian_errors",
                             [](LeastSquaresSolver& s) { return copy_of(s.jacobian_errors()); })
      // x, e, J, g, max |g|, rank
      .def("solution", [](LeastSquaresSolver& s) {
        const Index m = s.residuals().size(), n = s.weights().size();
        return py::make_tuple(copy_of(s.weights()), copy_of(s.residuals()),
                              copied(s.jacobian().data(), {m, n}), copy_of(s.gradient()),
                              s.gradient().vector().cwiseAbs().maxCoeff(), s.rank());
      });
  def_place(solver);
  def_constants(solver, verdict);

  py::class_<TrustRegionLeastSquares, LeastSquaresSolver>(module, "TrustRegionSolver",
                                                          py::module_local())
      .def(py::init([](PythonResiduals& objective, const Numbers<double>& w0, double ftol,
                       double xtol, double gtol, std::int64_t max_evaluations,
                       const Numbers<double>& scale, double factor) {
             LeastSquaresSettings settings =
                 settings_of(objective, ftol, xtol, gtol, max_evaluations, scale);
             settings.radius = factor;
             return std::make_unique<TrustRegionLeastSquares>(objective, checked(objective, w0),
                                                              settings);
           }),
           py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"), py::arg("ftol"),
           py::arg("xtol"), py::arg("gtol"), py::arg("max_evaluations"), py::arg("scale"),
           py::arg("factor"));

  py::class_<BoundedLeastSquares, LeastSquaresSolver>(module, "BoundedLeastSquaresSolver",
                                                      py::module_local())
      .def(py::init([](PythonResiduals& objective, const Numbers<double>& w0, double ftol,
                       double xtol, double gtol, std::int64_t max_evaluations,
                       const Numbers<double>& scale, const Numbers<double>& lower,
                       const Numbers<double>& upper) {
             return std::make_unique<BoundedLeastSquares>(
                 objective, checked(objective, w0), lower.data(), upper.data(),
                 settings_of(objective, ftol, xtol, gtol, max_evaluations, scale));
           }),
           py::keep_alive<1, 2>(), py::arg("objective"), py::arg("w0"), py::arg("ftol"),
           py::arg("xtol"), py::arg("gtol"), py::arg("max_evaluations"), py::arg("scale"),
           py::arg("lower"), py::arg("upper"));
}

FASTOPT_END
