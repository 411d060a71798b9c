// Networks: parameters, outputs, loss and gradient.
#include "bindings/interruption.hpp"
#include "bindings/network.hpp"
#include "fastopt/objective/evaluation.hpp"
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
             for (const auto& activation : names)
               activations.push_back(activation_named(activation));
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
          [](Net& net, const py::array& inputs, const std::optional<Numbers<std::uint32_t>>& rows) {
            const ArraySource source = source_of(inputs);
            const std::uint32_t* order = rows ? rows->data() : nullptr;
            const Index count = rows ? rows->size() : source.rows;
            py::array_t<Scalar> out({count, net.architecture.outputs()});
            Scalar* data = out.mutable_data();
            without_gil([&] {
              predict(net.architecture, net.parameters.data(), source, order, count, data);
            });
            return out;
          },
          py::arg("inputs"), py::arg("rows") = std::nullopt);

  // E and its gradient on a data set, again and again, as the weights change.
  using Value = Evaluation<Scalar>;
  const std::string evaluation = std::string("Evaluation") + suffix<Scalar>;
  py::class_<Value>(module, evaluation.c_str(), py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, const py::object& loss, double l2) {
             return std::make_unique<Value>(net, data.data,
                                            make_loss<Scalar>(net.architecture, loss), l2);
           }),
           py::arg("network"), py::arg("data"), py::arg("loss"), py::arg("l2") = 0.0,
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>())
      .def("value", [](Value& self) { return without_gil([&] { return self.value(); }); })
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
                    std::optional<Numbers<std::uint32_t>>>(),
           py::arg("inputs"), py::arg("targets"), py::arg("classes") = 0,
           py::arg("weights") = std::nullopt, py::arg("rows") = std::nullopt);
  bind_network_of<float>(module);
  bind_network_of<double>(module);
  std::vector<std::string> names;
  for (const auto& [name, kind] : activation_names) names.emplace_back(name);
  module.attr("activation_names") = py::cast(names);
}

FASTOPT_END
