// Thousands of curve fits side by side.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

#include "bindings/interruption.hpp"
#include "bindings/numbers.hpp"
#include "fastopt/solver/least_squares/many_fits.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

namespace {

RobustLoss loss_named(const std::string& name, double scale) {
  const char* const names[] = {"linear", "soft_l1", "huber", "cauchy", "arctan"};
  for (std::size_t i = 0; i < std::size(names); ++i)
    if (name == names[i]) return {static_cast<RobustLoss::Kind>(i), scale};
  throw py::value_error("unknown loss '" + name + "'");
}

const CurveModel& model_named(const std::string& name) {
  for (const CurveModel& model : curve_models())
    if (name == model.name) return model;
  throw py::value_error("unknown model '" + name + "'");
}

template <class T>
void check_size(const Numbers<T>& array, Index size, const char* what) {
  if (array.size() != size) throw py::value_error(std::string(what) + " has a wrong size");
}

// The fits with the arrays that they read.
struct BoundFits {
  ManyFits fits;
  Index most;
  Numbers<double> y, weights;

  void start(const Numbers<double>& x0, Numbers<double> data, Numbers<double> of_points) {
    const Index m = fits.n_points(), count = x0.size() / fits.n_parameters();
    if (count > most) throw py::value_error("more fits than there is room for");
    check_size(x0, count * fits.n_parameters(), "x0");
    check_size(data, count * m, "y");
    if (of_points.size() != 0 && of_points.size() != m) check_size(of_points, count * m, "weights");
    y = std::move(data);
    weights = std::move(of_points);
    const bool own = weights.size() == count * m;
    fits.start(count, x0.data(), y.data(), weights.size() == 0 ? nullptr : weights.data(),
               own ? m : 0);
  }
  void check_model(const Numbers<double>& f, Index k) const {
    check_size(f, k * fits.n_points(), "the model");
  }
};

py::tuple chosen(BoundFits& bound, const std::vector<Index>& which) {
  const auto k = static_cast<Index>(which.size());
  py::array_t<double> points({bound.fits.n_parameters(), k});
  bound.fits.points(points.mutable_data());
  return py::make_tuple(copied(which.data(), {k}), points);
}

py::tuple results(BoundFits& bound) {
  ManyFits& fits = bound.fits;
  fits.finish();
  const Index k = fits.size(), n = fits.n_parameters();
  return py::make_tuple(
      copied(fits.result().data(), {k, n}), copied(fits.covariance().data(), {k, n, n}),
      copied(fits.cost().data(), {k}), copied(fits.verdicts().data(), {k}),
      copied(fits.evaluations().data(), {k}), copied(fits.iterations().data(), {k}));
}

}  // namespace

void bind_many_fits(py::module_& module) {
  py::class_<BoundFits>(module, "ManyFits", py::module_local())
      .def(py::init([](Index most, Index m, Index n, double ftol, double xtol, double gtol,
                       std::int64_t max_evaluations, const Numbers<double>& lower,
                       const Numbers<double>& upper, const std::string& loss, double f_scale,
                       bool built_in) {
             ReverseSettings settings;
             settings.ftol = ftol;
             settings.xtol = xtol;
             settings.gtol = gtol;
             settings.max_evaluations = max_evaluations;
             if (lower.size() != 0) {
               check_size(lower, n, "lower");
               check_size(upper, n, "upper");
               settings.lower.assign(lower.data(), lower.data() + n);
               settings.upper.assign(upper.data(), upper.data() + n);
             }
             return std::unique_ptr<BoundFits>(new BoundFits{
                 {most, m, n, settings, loss_named(loss, f_scale), built_in}, most, {}, {}});
           }),
           py::arg("most"), py::arg("n_points"), py::arg("n_parameters"), py::arg("ftol"),
           py::arg("xtol"), py::arg("gtol"), py::arg("max_evaluations"), py::arg("lower"),
           py::arg("upper"), py::arg("loss"), py::arg("f_scale"), py::arg("built_in"))
      .def("start", &BoundFits::start, py::arg("x0"), py::arg("y"), py::arg("weights"))
      // Which fits, and the parameters where they want values, (n, fits).
      .def("wanting_values",
           [](BoundFits& bound) { return chosen(bound, bound.fits.wanting_values()); })
      .def(
          "wanting_jacobian",
          [](BoundFits& bound, bool central) {
            return chosen(bound, bound.fits.wanting_jacobian(central));
          },
          py::arg("central"))
      // The ends of the differences along a parameter, (fits).
      .def(
          "ends",
          [](BoundFits& bound, Index i, Index k) {
            return py::make_tuple(copied(bound.fits.up(i), {k}), copied(bound.fits.down(i), {k}));
          },
          py::arg("parameter"), py::arg("fits"))
      .def(
          "take_values",
          [](BoundFits& bound, const Numbers<double>& f, Index k) {
            bound.check_model(f, k);
            without_gil([&] { bound.fits.take_values(f.data()); });
          },
          py::arg("f"), py::arg("fits"))
      .def(
          "take_column",
          [](BoundFits& bound, Index i, Index k, const Numbers<double>& plus,
             const std::optional<Numbers<double>>& minus) {
            bound.check_model(plus, k);
            if (minus) bound.check_model(*minus, k);
            const double* low = minus ? minus->data() : nullptr;
            without_gil([&] { bound.fits.take_column(i, plus.data(), low); });
          },
          py::arg("parameter"), py::arg("fits"), py::arg("plus"), py::arg("minus"))
      .def("take_jacobian",
           [](BoundFits& bound) { without_gil([&] { bound.fits.take_jacobian(); }); })
      .def(
          "run",
          [](BoundFits& bound, const std::string& name, const Numbers<double>& x) {
            const CurveModel& model = model_named(name);
            const Index m = bound.fits.n_points();
            const bool own = x.ndim() > 1;
            check_size(x, own ? bound.fits.size() * m : m, "x");
            if (model.n != bound.fits.n_parameters())
              throw py::value_error("wrong number of parameters");
            without_gil([&] { bound.fits.run(model, x.data(), own ? m : 0); });
          },
          py::arg("model"), py::arg("x"))
      // x, (JᵀJ)⁻¹, cost, verdict, evaluations, iterations
      .def("results", &results);

  // A built-in model at x (m): its values, and its Jacobian (m, n).
  module.def(
      "curve_model",
      [](const std::string& name, const Numbers<double>& x, const Numbers<double>& p) {
        const CurveModel& model = model_named(name);
        check_size(p, model.n, "p");
        const Index m = x.size(), stride = padded(m);
        Buffer<double> points(stride), f(stride), j(area(model.n, stride));
        if (m > 0) {
          std::copy_n(x.data(), m, points.begin());
          std::fill(points.data() + m, points.data() + stride, points[m - 1]);
          model.evaluate(CurveModel::Points(points.data(), stride), p.data(),
                         CurveModel::Values(f.data(), stride), j.data(), stride);
        }
        py::array_t<double> jacobian({m, model.n});
        for (Index k = 0; k < m; ++k)
          for (Index i = 0; i < model.n; ++i)
            jacobian.mutable_data()[k * model.n + i] = j[i * stride + k];
        return py::make_tuple(copied(f.data(), {m}), jacobian);
      },
      py::arg("name"), py::arg("x"), py::arg("p"));
}

FASTOPT_END
