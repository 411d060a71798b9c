// The GIL given back and taken so that a thread survives the end of the interpreter.
//
// Once the interpreter ends, Python (before 3.14) ends every other thread that asks for the GIL by
// pthread_exit. That unwinds the thread's stack: through destructors that may not throw, which
// aborts the process, and through others that count references without the GIL. Such a thread
// stops for good here instead, as Python 3.14 lets it; the process ends with the main thread.
#pragma once

#include <Python.h>

#include <chrono>
#include <thread>
#include <utility>
#ifdef __GLIBCXX__
#include <cxxabi.h>
#endif

#include "fastopt/core/variant.hpp"

FASTOPT_BEGIN

[[noreturn]] inline void stop_for_good() {
  for (;;) std::this_thread::sleep_for(std::chrono::hours(1));
}

inline bool interpreter_is_ending() {
#if PY_VERSION_HEX >= 0x030D0000
  return Py_IsFinalizing() != 0 || Py_IsInitialized() == 0;
#else
  return _Py_IsFinalizing() != 0 || Py_IsInitialized() == 0;
#endif
}

// f(), which may run Python code: another thread's turn, and so the end of this one, may come at
// any of its instructions. The exception of pthread_exit has no object: the reference to it is one
// to null, which the sanitizer of undefined behaviour would mark. Inline, GCC (12) would go by the
// attributes of the function around it.
template <class F>
#ifdef __GLIBCXX__
__attribute__((noinline, no_sanitize("null")))
#endif
decltype(auto)
or_stop(F&& f) {
#ifdef __GLIBCXX__
  try {
    return f();
  } catch (abi::__forced_unwind&) {
    stop_for_good();
  }
#else
  return f();
#endif
}

// Without the GIL to the end of the scope.
class GilRelease {
 public:
  GilRelease() {
    if (interpreter_is_ending()) this_thread_ends_it() = true;
    state_ = PyEval_SaveThread();
  }
  GilRelease(const GilRelease&) = delete;
  GilRelease& operator=(const GilRelease&) = delete;
  ~GilRelease() {
    stop_at_the_end();
    or_stop([this] { PyEval_RestoreThread(state_); });
  }

  // Called without the GIL.
  static void stop_at_the_end() {
    if (interpreter_is_ending() && !this_thread_ends_it()) stop_for_good();
  }

 private:
  // A thread that has the GIL while the interpreter is ending is the one that ends it.
  static bool& this_thread_ends_it() {
    thread_local bool ends = false;
    return ends;
  }

  PyThreadState* state_;
};

// With the GIL to the end of the scope, whether the thread has it already or not.
class GilAcquire {
 public:
  GilAcquire() {
    if (PyGILState_Check() == 0) GilRelease::stop_at_the_end();
    state_ = or_stop([] { return PyGILState_Ensure(); });
  }
  GilAcquire(const GilAcquire&) = delete;
  GilAcquire& operator=(const GilAcquire&) = delete;
  ~GilAcquire() { PyGILState_Release(state_); }

 private:
  PyGILState_STATE state_;
};

FASTOPT_END
