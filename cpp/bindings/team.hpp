// Threads of Python's that work side by side for one caller, who waits and can end them: Python
// tells signals to the main thread alone.
#pragma once

#include <atomic>

#include "bindings/interruption.hpp"

FASTOPT_BEGIN

class Team {
 public:
  // What a thread does from enter() to leave(), long work within calls too, ends by
  // KeyboardInterrupt once the team was stopped.
  void enter() { of_this_thread() = this; }
  static void leave() { of_this_thread() = nullptr; }
  void stop() { stopped_.store(true); }

  // The hook of Interruption.
  static bool or_python_wants_to_stop() {
    const Team* team = of_this_thread();
    if (team == nullptr || !team->stopped_.load()) return python_wants_to_stop();
    const GilAcquire gil;
    PyErr_SetNone(PyExc_KeyboardInterrupt);
    return true;
  }

 private:
  static const Team*& of_this_thread() {
    thread_local const Team* team = nullptr;
    return team;
  }
  std::atomic<bool> stopped_{false};
};

FASTOPT_END
