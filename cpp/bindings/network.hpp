// What the bindings of networks share: a loss made from its name or from the user's function.
#pragma once

#include "bindings/arrays.hpp"
#include "bindings/gil.hpp"
#include "bindings/results.hpp"
#include "fastopt/network/loss.hpp"
#include "fastopt/network/network.hpp"

FASTOPT_BEGIN

// The first part of what a loss function returns.
inline double loss_value(const py::object& value) {
  if (PyFloat_Check(value.ptr())) return PyFloat_AS_DOUBLE(value.ptr());
  const py::array array = array_of(value, "a loss function", "(value, d value / d outputs)");
  if (!is_real(array) || array.size() != 1)
    throw py::type_error("the value that a loss function returns must be one real number, got " +
                         py::repr(value).cast<std::string>());
  return py::array_t<double, py::array::forcecast>(array).data()[0];
}

// The user's (outputs, targets) → (value, ∂value/∂outputs), on arrays of their own.
template <class Scalar>
typename Loss<Scalar>::Custom custom_loss(py::function function, Index q) {
  // Copies and the end of the function object need the GIL, wherever they happen.
  const auto shared =
      std::shared_ptr<py::function>(new py::function(std::move(function)), [](py::function* f) {
        const GilAcquire gil;
        delete f;
      });
  return [shared, q](const Scalar* outputs, const Scalar* targets, Scalar* delta, Index n) {
    const GilAcquire gil;
    const py::tuple arguments = py::make_tuple(copied(outputs, {n, q}), copied(targets, {n, q}));
    const auto result = py::reinterpret_steal<py::object>(
        or_stop([&] { return PyObject_CallObject(shared->ptr(), arguments.ptr()); }));
    if (!result) throw py::error_already_set();
    if (!py::isinstance<py::tuple>(result) || py::len(result) != 2)
      throw py::type_error("a loss function must return (value, d value / d outputs)");
    const auto pair = result.template cast<py::tuple>();
    const py::array given = array_of(pair[1], "a loss function", "(value, d value / d outputs)");
    if (!is_real(given))
      throw py::type_error(
          "the derivative that a loss function returns must hold real numbers, "
          "got dtype " +
          py::str(given.dtype()).cast<std::string>());
    if (given.ndim() != 2 || given.shape(0) != n || given.shape(1) != q)
      throw py::value_error("the derivative that a loss function returns must have the shape (" +
                            std::to_string(n) + ", " + std::to_string(q) +
                            ") of the outputs, got " + shape_of(given));
    const Numbers<Scalar> slope(given);
    std::copy(slope.data(), slope.data() + n * q, delta);
    return loss_value(pair[0]);
  };
}

// `loss` is a name, perhaps with numbers, "huber(0.5)", or a callable.
template <class Scalar>
Loss<Scalar> make_loss(const Architecture& net, const py::object& loss) {
  const Activation output = net.layers.back().activation;
  if (py::isinstance<py::str>(loss)) {
    const py::tuple parts = loss.attr("partition")("(");
    std::vector<double> numbers;
    for (const py::handle each : parts[2].attr("rstrip")(")").attr("split")(","))
      if (py::len(each) > 0)
        numbers.push_back(py::float_(py::reinterpret_borrow<py::object>(each)));
    if (numbers.size() > 1 && static_cast<Index>(numbers.size()) != net.outputs())
      throw py::value_error("a loss has one number, or one for each output of the network");
    return Loss<Scalar>(loss_named(parts[0].cast<std::string>()), output, {}, std::move(numbers));
  }
  return Loss<Scalar>(LossKind::custom, output,
                      custom_loss<Scalar>(loss.cast<py::function>(), net.outputs()));
}

template <class Scalar>
inline constexpr const char* suffix = sizeof(Scalar) == 4 ? "F32" : "F64";

FASTOPT_END
