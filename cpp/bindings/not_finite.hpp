// Numbers that are not finite come out of C++ as fastopt's NonFiniteError.
#pragma once

#include <pybind11/pybind11.h>

#include "fastopt/core/not_finite.hpp"

FASTOPT_BEGIN

inline void register_not_finite() {
  pybind11::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const NotFinite& error) {
      const auto type = pybind11::module_::import("fastopt._errors").attr("NonFiniteError");
      PyErr_SetString(type.ptr(), error.what());
    }
  });
}

FASTOPT_END
