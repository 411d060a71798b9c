// Arrays of numbers: of any layout and kind in Python, in C order here.
#pragma once

#include <pybind11/numpy.h>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

template <class T>
using Numbers = pybind11::array_t<T, pybind11::array::c_style | pybind11::array::forcecast>;

FASTOPT_END
