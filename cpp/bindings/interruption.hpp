// Long work runs without the GIL; Ctrl-C reaches it through Interruption and comes out as Python's
// own exception.
#pragma once

#include <pybind11/pybind11.h>

#include "bindings/gil.hpp"
#include "fastopt/core/interruption.hpp"

FASTOPT_BEGIN

// Called by working threads, which do not hold the GIL. Python looks at signals in its main thread
// only; elsewhere this says "no".
inline bool python_wants_to_stop() {
  const GilAcquire gil;
  return or_stop([] { return PyErr_CheckSignals() != 0; });
}

// Where Interrupted comes out of work with the GIL, as of a constructor that fills large memory,
// Python's exception is pending already too.
inline void register_interruption() {
  pybind11::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const Interrupted&) {
    }
  });
}

// f() without the GIL. When the work was interrupted, Python's exception is pending already.
template <class F>
auto without_gil(F&& f) {
  try {
    const GilRelease release;
    return f();
  } catch (const Interrupted&) {
    throw pybind11::error_already_set();
  }
}

FASTOPT_END
