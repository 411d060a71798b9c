// Runs a computation that cannot be interrupted on a thread of its own, so that its caller can be.
#pragma once

#include <chrono>
#include <future>
#include <memory>
#include <utility>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread.hpp"

FASTOPT_BEGIN

// Returns work(). If the caller is interrupted, the thread goes on alone: `work` must own all that
// it touches.
template <class Work>
auto abandonable(Work work) {
  using Task = std::packaged_task<decltype(work())()>;
  const auto task = std::make_shared<Task>(std::move(work));
  auto result = task->get_future();
  if (!start_thread([task] { (*task)(); })) (*task)();
  constexpr double enough_to_ask = 1e9;
  while (result.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready)
    Interruption::poll(enough_to_ask);
  return result.get();
}

FASTOPT_END
