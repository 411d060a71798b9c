// Arrays of numbers: of any layout and kind in Python, in C order here.
#pragma once

#include <pybind11/numpy.h>

#include <algorithm>
#include <utility>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

template <class T>
using Numbers = pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>;

// A new array with these numbers, or MemoryError: where pybind11's own array of a pointer finds no
// memory for the copy, it is null, and no exception is raised.
template <class T>
pybind11::array_t<T> copied(const T* data, pybind11::array::ShapeContainer shape) {
  pybind11::array_t<T> array(std::move(shape));
  std::copy_n(data, array.size(), array.mutable_data());
  return array;
}

FASTOPT_END
