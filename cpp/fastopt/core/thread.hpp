// Threads of our own, with a stack of a size of our own: the default is the limit on the stack of
// the process, 128 KB with some C libraries and a random few MB where there is no limit.
#pragma once

#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "fastopt/core/variant.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

FASTOPT_BEGIN

// Runs `work`, which does not throw, in a thread that nobody waits for; false: the system gives no
// more threads, or no memory for one.
template <class Work>
bool start_thread(Work work) {
#if defined(__unix__) || defined(__APPLE__)
  // No call needs more than 64 KB; what libraries keep for each thread (TLS) lies there as well.
  // Memory that is not touched costs nothing.
  constexpr std::size_t stack_bytes = std::size_t{2} << 20;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  std::unique_ptr<Work> owned(new (std::nothrow) Work(std::move(work)));
  pthread_t thread;
  const bool started = owned != nullptr &&
                       pthread_attr_setstacksize(&attributes, stack_bytes) == 0 &&
                       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                       pthread_create(
                           &thread, &attributes,
                           [](void* given) -> void* {
                             const std::unique_ptr<Work> mine(static_cast<Work*>(given));
                             (*mine)();
                             return nullptr;
                           },
                           owned.get()) == 0;
  pthread_attr_destroy(&attributes);
  if (started) owned.release();
  return started;
#else
  try {
    std::thread(std::move(work)).detach();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
#endif
}

FASTOPT_END
