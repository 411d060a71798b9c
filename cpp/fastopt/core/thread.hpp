// Threads of our own, with a stack of a size of our own: the default is the limit on the stack of
// the process, 128 KB with some C libraries and a random few MB where there is no limit.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "fastopt/core/scratch.hpp"
#include "fastopt/core/variant.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#include <sys/mman.h>
#endif

FASTOPT_BEGIN

// What libraries keep for each thread (TLS) is allocated when a thread first uses it, and where
// that fails the C library ends the process. Called when a thread begins, and for the main thread
// when the module is imported, this uses all that our work uses: our own, and what exceptions need.
inline void allocate_thread_locals() noexcept {
  ScratchStack::of_this_thread();
  try {
    throw std::bad_alloc();
  } catch (const std::bad_alloc&) {
  }
}

// Runs `work`, which does not throw, in a detached thread; false: the system gives no
// more threads, or no memory for one.
template <class Work>
bool start_thread(Work work) {
#if defined(__unix__) || defined(__APPLE__)
  // No call needs more than 64 KB; what libraries keep for each thread lies there as well. Memory
  // that is not touched costs nothing.
  constexpr std::size_t stack_bytes = std::size_t{2} << 20;
  // Room that is kept for what the thread allocates before it is ready: some hundred bytes in a few
  // blocks. A thread for which malloc makes no arena of its own gets each block as a mapping (a
  // page or two), or makes the heap longer by 132 KB, or by 1 MB where something stands in its way:
  // so it is address space that is kept, not a block of the heap.
  constexpr std::size_t reserved_bytes = std::size_t{2} << 20;
  struct Start {
    std::unique_ptr<Work> work;
    std::atomic<bool> may_begin{false}, ready{false};
  };
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  Start start;
  start.work.reset(new (std::nothrow) Work(std::move(work)));
  void* reserve =
      mmap(nullptr, reserved_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  const bool has_room = reserve != MAP_FAILED;
  pthread_t thread;
  const bool started = start.work != nullptr && has_room &&
                       pthread_attr_setstacksize(&attributes, stack_bytes) == 0 &&
                       pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0 &&
                       pthread_create(
                           &thread, &attributes,
                           [](void* given) -> void* {
                             auto& start = *static_cast<Start*>(given);
                             while (!start.may_begin.load()) std::this_thread::yield();
                             allocate_thread_locals();
                             const std::unique_ptr<Work> mine = std::move(start.work);
                             start.ready.store(true);
                             (*mine)();
                             return nullptr;
                           },
                           &start) == 0;
  pthread_attr_destroy(&attributes);
  if (has_room) munmap(reserve, reserved_bytes);
  start.may_begin.store(true);
  while (started && !start.ready.load()) std::this_thread::yield();
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
