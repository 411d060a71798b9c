// Asks the host program, now and then, whether the work should end (Ctrl-C).
#pragma once

#include <chrono>
#include <exception>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

struct Interrupted : std::exception {
  const char* what() const noexcept override { return "interrupted"; }
};

class Interruption {
 public:
  using Hook = bool (*)();

  static void set_hook(Hook hook) { hook_slot() = hook; }

  // Call with the amount of work (floating-point operations, roughly) done since the last call.
  // Throws Interrupted; costs an addition in most calls and asks at most every 20 ms.
  static void poll(double work) {
    if (is_left_to_others()) return;
    thread_local double done = 0;
    thread_local Clock::time_point last{};
    done += work;
    if (done < work_between_looks) return;
    done = 0;
    const auto now = Clock::now();
    if (now - last < std::chrono::milliseconds(20)) return;
    last = now;
    if (Hook hook = hook_slot(); hook != nullptr && hook()) throw Interrupted{};
  }

  // For a worker thread: whoever waits for its work asks.
  static void leave_to_others() { is_left_to_others() = true; }

 private:
  using Clock = std::chrono::steady_clock;
  static constexpr double work_between_looks = 1e6;
  static bool& is_left_to_others() {
    thread_local bool left = false;
    return left;
  }
  static Hook& hook_slot() {
    static Hook hook = nullptr;
    return hook;
  }
};

FASTOPT_END
