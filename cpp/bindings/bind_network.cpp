// Networks: parameters, outputs, loss and gradient.
#include "bindings/interruption.hpp"
#include "bindings/network.hpp"
#include "fastopt/objective/batch_gradient.hpp"
#include "fastopt/objective/predict.hpp"

FASTOPT_BEGIN

namespace {

template <class Scalar>
void bind_network_of(py::module_& module) {
  using Net = Network<Scalar>;
  const std::string name = std::string("Network") + suffix<Scalar>;
  py::class_<Net>(module, name.c_str(), py::module_local())
      .def(py::init([](const std::vector<Index>& sizes, const std::vector<std::string>& names) {
             std::vector<Activation> activations;
             for (const auto& activation : names) activations.push_back(activation_named(activation));
             return std::make_unique<Net>(Architecture(sizes, activations));
           }),
           py::arg("layer_sizes"), py::arg("activations"))
      .def_property_readonly("parameters",
                             [](const py::object& self) {
                               auto& net = self.cast<Net&>();
                               return view_of(net.parameters.data(), net.parameters.size(), self);
                             })
      .def("begin_training", &Net::begin_training)
      .def("end_training", &Net::end_training)
      .def(
          "predict",
          [](Net& net, const py::array& inputs) {
            const ArraySource source = source_of(inputs);
            py::array_t<Scalar> out({source.rows, net.architecture.outputs()});
            Scalar* data = out.mutable_data();
            without_gil(
                [&] { predict(net.architecture, net.parameters.data(), source, data); });
            return out;
          },
          py::arg("inputs"))
      .def(
          "loss",
          [](Net& net, const BoundDataset& data, const py::object& loss, double l2) {
            BatchGradient<Scalar> gradient(net.architecture, data.data,
                                           make_loss<Scalar>(net.architecture, loss), l2,
                                           data.data.size());
            return without_gil([&] {
              return gradient.value(net.parameters.data(), nullptr, 0, data.data.size());
            });
          },
          py::arg("data"), py::arg("loss"), py::arg("l2"))
      .def(
          "loss_and_gradient",
          [](Net& net, const BoundDataset& data, const py::object& loss, double l2) {
            BatchGradient<Scalar> gradient(net.architecture, data.data,
                                           make_loss<Scalar>(net.architecture, loss), l2,
                                           data.data.size());
            Buffer<Scalar> g(net.parameters.size());
            const double value = without_gil([&] {
              return gradient(net.parameters.data(), nullptr, 0, data.data.size(), g.data());
            });
            return py::make_tuple(value, py::array_t<Scalar>(g.size(), g.data()));
          },
          py::arg("data"), py::arg("loss"), py::arg("l2"));
}

}  // namespace

void bind_network(py::module_& module) {
  py::class_<BoundDataset>(module, "Dataset", py::module_local())
      .def(py::init<py::array, py::array, Index, std::optional<py::array_t<double>>>(),
           py::arg("inputs"), py::arg("targets"), py::arg("classes") = 0,
           py::arg("weights") = std::nullopt);
  bind_network_of<float>(module);
  bind_network_of<double>(module);
  std::vector<std::string> names;
  for (const auto& [name, kind] : activation_names) names.emplace_back(name);
  module.attr("activation_names") = py::cast(names);
}

FASTOPT_END
