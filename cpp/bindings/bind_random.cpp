// Random numbers for the start of a network.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>

#include "bindings/gil.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/network/initial_values.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

namespace {

// `part` tells the arrays of one network apart.
template <class Draw>
py::array_t<double> filled(py::ssize_t rows, py::ssize_t columns, Draw draw) {
  py::array_t<double> array({rows, columns});
  double* data = array.mutable_data();
  const GilRelease release;
  draw(data, rows * columns);
  return array;
}

}  // namespace

void bind_random(py::module_& module) {
  module.def(
      "random_uniform",
      [](std::uint64_t seed, std::uint64_t part, py::ssize_t rows, py::ssize_t columns) {
        const Random random = random_stream(seed, Stream::initializer, part);
        return filled(rows, columns, [&](double* data, Index size) {
          for (Index i = 0; i < size; ++i) data[i] = random.uniform(static_cast<std::uint64_t>(i));
        });
      },
      py::arg("seed"), py::arg("part"), py::arg("rows"), py::arg("columns"));
  module.def(
      "random_normal",
      [](std::uint64_t seed, std::uint64_t part, py::ssize_t rows, py::ssize_t columns) {
        const Random random = random_stream(seed, Stream::initializer, part);
        return filled(rows, columns, [&](double* data, Index size) {
          for (Index i = 0; i < size; ++i) data[i] = random.normal(static_cast<std::uint64_t>(i));
        });
      },
      py::arg("seed"), py::arg("part"), py::arg("rows"), py::arg("columns"));
  module.def(
      "random_orthonormal",
      [](std::uint64_t seed, std::uint64_t part, py::ssize_t rows, py::ssize_t columns) {
        const Random random = random_stream(seed, Stream::initializer, part);
        return filled(rows, columns, [&](double* data, Index) {
          random_orthonormal(random, rows, columns, data);
        });
      },
      py::arg("seed"), py::arg("part"), py::arg("rows"), py::arg("columns"));
}

FASTOPT_END
