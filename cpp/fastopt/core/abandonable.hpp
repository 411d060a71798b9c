// Work that cannot be interrupted, done so that the caller can.
#pragma once

#include <chrono>
#include <future>
#include <thread>
#include <utility>

#include "fastopt/core/interruption.hpp"

FASTOPT_BEGIN

// Returns work(), made by another thread. Where the host program asks for an end meanwhile, that
// thread is left to itself: `work` must own all that it touches.
template <class Work>
auto abandonable(Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  std::thread thread(std::move(task));
  constexpr double enough_to_ask = 1e9;
  while (result.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    try {
      Interruption::poll(enough_to_ask);
    } catch (...) {
      thread.detach();
      throw;
    }
  }
  thread.join();
  return result.get();
}

FASTOPT_END
