// Networks: parameters, outputs, loss and gradient.
#include "bindings/interruption.hpp"
#include "bindings/network.hpp"
#include "fastopt/objective/evaluation.hpp"
#include "fastopt/objective/predict.hpp"

FASTOPT_BEGIN

namespace {

Normalization normalization_named(const std::string& name) {
  if (name == "batch") return Normalization::batch;
  if (name == "layer") return Normalization::layer;
  return Normalization::none;
}

template <class Scalar>
void bind_network_of(py::module_& module) {
  using Net = Network<Scalar>;
  const std::string name = std::string("Network") + suffix<Scalar>;
  py::class_<Net>(module, name.c_str(), py::module_local())
      .def(
          py::init([](const std::vector<Index>& sizes, const std::vector<std::string>& names,
                      const std::string& normalization, bool after, double epsilon, double momentum,
                      std::vector<double> dropout, std::vector<std::pair<Index, Index>> shortcuts) {
            std::vector<Activation> activations;
            for (const auto& activation : names)
              activations.push_back(activation_named(activation));
            return std::make_unique<Net>(
                Architecture(sizes, activations,
                             {normalization_named(normalization), after, epsilon, momentum,
                              std::move(dropout), std::move(shortcuts)}));
          }),
          py::arg("layer_sizes"), py::arg("activations"), py::arg("normalization") = "",
          py::arg("normalize_after") = false, py::arg("epsilon") = 0.0, py::arg("momentum") = 0.0,
          py::arg("dropout") = std::vector<double>{},
          py::arg("shortcuts") = std::vector<std::pair<Index, Index>>{})
      .def_property_readonly("parameters",
                             [](const py::object& self) {
                               auto& net = self.cast<Net&>();
                               return view_of(net.parameters.data(), net.parameters.size(), self);
                             })
      .def_property_readonly("statistics",
                             [](const py::object& self) {
                               auto& net = self.cast<Net&>();
                               return view_of(net.statistics.data(), net.statistics.size(), self);
                             })
      // Of each parameter the free variable it has its value of, or −1; None: all are free.
      .def(
          "set_free",
          [](Net& net, const std::optional<std::vector<Index>>& variables) {
            net.free = variables ? FreeParameters(*variables, net.architecture.segments)
                                 : FreeParameters();
          },
          py::arg("variables"))
      .def("begin_training", &Net::begin_training)
      .def("end_training", &Net::end_training)
      .def(
          "predict",
          [](Net& net, const py::array& inputs, const std::optional<Numbers<std::uint32_t>>& rows,
             std::optional<std::uint64_t> seed, std::uint64_t mask, const Affine& scaling) {
            const ArraySource source = scaled(source_of(inputs), scaling);
            const std::uint32_t* order = rows ? rows->data() : nullptr;
            const Index count = rows ? rows->size() : source.rows;
            py::array_t<Scalar> out({count, net.architecture.outputs()});
            Scalar* data = out.mutable_data();
            without_gil([&] {
              predict(net, source, order, count, data,
                      Masks{seed.has_value(), seed.value_or(0), mask});
            });
            return out;
          },
          py::arg("inputs"), py::arg("rows") = std::nullopt, py::arg("seed") = std::nullopt,
          py::arg("mask") = 0, py::arg("scaling") = std::nullopt);

  // E and its gradient on a data set, again and again, as the weights change.
  using Value = Evaluation<Scalar>;
  const std::string evaluation = std::string("Evaluation") + suffix<Scalar>;
  py::class_<Value>(module, evaluation.c_str(), py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, const py::object& loss, double l2,
                       double l1) {
             return std::make_unique<Value>(net, data.data,
                                            make_loss<Scalar>(net.architecture, loss), l2, l1);
           }),
           py::arg("network"), py::arg("data"), py::arg("loss"), py::arg("l2") = 0.0,
           py::arg("l1") = 0.0, py::keep_alive<1, 2>(), py::keep_alive<1, 3>())
      .def("as_in_training", &Value::as_in_training)
      .def("drop", &Value::drop, py::arg("seed"), py::arg("iteration"))
      .def("watch_flows", &Value::watch_flows)
      .def_property_readonly("flow_norms", &Value::flow_norms)
      .def_property_readonly("weight_norms", &Value::weight_norms)
      .def("value", [](Value& self) { return without_gil([&] { return self.value(); }); })
      .def("value_and_predictions",
           [](Value& self) {
             py::array_t<Scalar> predictions({self.samples(), self.outputs()});
             Scalar* data = predictions.mutable_data();
             const double value = without_gil([&] { return self.value_and_predictions(data); });
             return py::make_tuple(value, predictions);
           })
      .def("value_and_gradient", [](Value& self) {
        py::array_t<Scalar> g(self.size());
        const double value = without_gil([&] { return self.value_and_gradient(); });
        std::copy(self.gradient().begin(), self.gradient().end(), g.mutable_data());
        return py::make_tuple(value, g);
      });
}

}  // namespace

void bind_network(py::module_& module) {
  py::class_<BoundDataset>(module, "Dataset", py::module_local())
      .def(py::init<py::array, py::array, Index, std::optional<Numbers<double>>,
                    std::optional<Numbers<std::uint32_t>>, Affine, Affine>(),
           py::arg("inputs"), py::arg("targets"), py::arg("classes") = 0,
           py::arg("weights") = std::nullopt, py::arg("rows") = std::nullopt,
           py::arg("input_scaling") = std::nullopt, py::arg("target_scaling") = std::nullopt);
  bind_network_of<float>(module);
  bind_network_of<double>(module);
  std::vector<std::string> names;
  for (const auto& [name, kind] : activation_names) names.emplace_back(name);
  module.attr("activation_names") = py::cast(names);
}

FASTOPT_END
