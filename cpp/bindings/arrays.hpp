// NumPy arrays as fastopt sees them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "bindings/numbers.hpp"
#include "fastopt/data/dataset.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

// Rows of a one- or two-dimensional array of any layout, byte order and real type. The array is
// neither copied nor kept alive.
inline ArraySource source_of(const py::array& array) {
  static const std::map<std::pair<char, py::ssize_t>, ElementType> types = {
      {{'b', 1}, ElementType::b1},  {{'i', 1}, ElementType::i8},  {{'i', 2}, ElementType::i16},
      {{'i', 4}, ElementType::i32}, {{'i', 8}, ElementType::i64}, {{'u', 1}, ElementType::u8},
      {{'u', 2}, ElementType::u16}, {{'u', 4}, ElementType::u32}, {{'u', 8}, ElementType::u64},
      {{'f', 2}, ElementType::f16}, {{'f', 4}, ElementType::f32}, {{'f', 8}, ElementType::f64}};
  const py::dtype dtype = array.dtype();
  const auto type = types.find({dtype.kind(), dtype.itemsize()});
  if (type == types.end())
    throw py::type_error("arrays of " + std::string(py::str(dtype)) + " are not supported");
  if (array.ndim() != 1 && array.ndim() != 2)
    throw py::value_error("an array must have one or two dimensions");
  ArraySource source;
  source.data = static_cast<const char*>(array.data());
  source.type = type->second;
  source.swapped = dtype.attr("isnative").cast<bool>() == false;
  source.rows = array.shape(0);
  source.row_stride = array.strides(0);
  source.columns = array.ndim() == 2 ? array.shape(1) : 1;
  source.column_stride = array.ndim() == 2 ? array.strides(1) : 0;
  return source;
}

// Offsets and factors of the columns, (2, columns), or nothing.
using Affine = std::optional<Numbers<double>>;

// The same source, its columns scaled. The scaling is not kept alive.
inline ArraySource scaled(ArraySource source, const Affine& affine) {
  if (!affine) return source;
  if (affine->ndim() != 2 || affine->shape(0) != 2 || affine->shape(1) != source.columns)
    throw py::value_error("a scaling must have an offset and a factor for each column");
  source.offset = affine->data();
  source.factor = source.offset + source.columns;
  return source;
}

// A data set with the arrays that it reads.
struct BoundDataset {
  Dataset data;
  py::array inputs, targets;
  Affine input_scaling, target_scaling;

  BoundDataset(py::array x, py::array y, Index classes, std::optional<Numbers<double>> weights,
               std::optional<Numbers<std::uint32_t>> rows, Affine of_inputs, Affine of_targets)
      : inputs(std::move(x)),
        targets(std::move(y)),
        input_scaling(std::move(of_inputs)),
        target_scaling(std::move(of_targets)) {
    data.inputs = scaled(source_of(inputs), input_scaling);
    data.targets = scaled(source_of(targets), target_scaling);
    data.classes = classes;
    if (data.targets.rows != data.inputs.rows)
      throw py::value_error("inputs and targets must have as many rows as each other");
    if (rows) {
      data.rows.assign(rows->data(), rows->data() + rows->size());
      for (const std::uint32_t row : data.rows)
        if (static_cast<Index>(row) >= data.inputs.rows) throw py::index_error("no such row");
    }
    if (weights) {
      if (weights->size() != data.inputs.rows &&
          weights->size() != data.inputs.rows * data.outputs())
        throw py::value_error("one weight is needed for each sample, or for each target");
      data.weights.assign(weights->data(), weights->data() + weights->size());
    }
  }
};

// An array that looks at memory of `owner`, which it keeps alive.
template <class Scalar>
py::array_t<Scalar> view_of(Scalar* data, Index size, const py::handle& owner) {
  return py::array_t<Scalar>({size}, {static_cast<Index>(sizeof(Scalar))}, data, owner);
}

FASTOPT_END
