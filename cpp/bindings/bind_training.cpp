// First-order training of networks, an epoch a step.
#include "bindings/interruption.hpp"
#include "bindings/network.hpp"
#include "fastopt/solver/first_order/epoch.hpp"

FASTOPT_BEGIN

namespace {

template <class Scalar>
void bind_epoch(py::module_& module) {
  using Net = Network<Scalar>;
  using Solves = Epoch<Scalar>;
  const std::string name = std::string("Epoch") + suffix<Scalar>;
  py::class_<Solves, Solver>(module, name.c_str(), py::module_local())
      .def(py::init([](Net& net, const BoundDataset& data, const py::object& loss,
                       const std::string& rule, std::map<std::string, double> settings,
                       double weight_decay, Index batch_size, bool shuffle, std::uint64_t seed,
                       double l2, const std::string& clip, double clip_limit, bool gradient_norm,
                       bool can_undo, double l1) {
             EpochOptions options;
             options.batch_size = batch_size;
             options.shuffle = shuffle;
             options.seed = seed;
             options.l2 = l2;
             options.l1 = l1;
             options.clip = {clip_named(clip), clip_limit};
             options.gradient_norm = gradient_norm;
             options.can_undo = can_undo;
             return std::make_unique<Solves>(
                 net, data.data, make_loss<Scalar>(net.architecture, loss),
                 make_rule(rule, Settings(std::move(settings))), weight_decay, options);
           }),
           py::arg("network"), py::arg("data"), py::arg("loss"), py::arg("rule"),
           py::arg("settings"), py::arg("weight_decay"), py::arg("batch_size"), py::arg("shuffle"),
           py::arg("seed"), py::arg("l2"), py::arg("clip"), py::arg("clip_limit"),
           py::arg("gradient_norm"), py::arg("can_undo"), py::arg("l1") = 0.0,
           py::keep_alive<1, 2>(), py::keep_alive<1, 3>())
      .def_property_readonly("iterations_per_epoch", &Solves::iterations_per_epoch)
      .def(
          "set_learning_rates",
          [](Solves& solver, const Numbers<double>& rates) {
            solver.set_learning_rates({rates.data(), rates.data() + rates.size()});
          },
          py::arg("rates"))
      .def_property_readonly("updates", &Solves::updates)
      .def_property_readonly("loss_before", &Solves::loss_before)
      .def(
          "undo",
          [](Solves& solver, const Report& report) {
            return without_gil([&] { return solver.undo(report); });
          },
          py::arg("report"))
      .def("rewind", &Solves::rewind)
      .def("restore_best", &Solves::restore_best)
      .def("restore_first", &Solves::restore_first)
      .def("restore_previous", &Solves::restore_previous);
}

}  // namespace

void bind_training(py::module_& module) {
  bind_epoch<float>(module);
  bind_epoch<double>(module);
}

FASTOPT_END
