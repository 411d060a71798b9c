// A small pool of threads. Work is cut into tasks by the size of the problem alone, never by the
// number of threads, so results do not depend on that number; the pool only decides who does what.
//
// Each thread has a range of the tasks for its own, the same in each job of that size, so that what
// it wrote in the last step is in its own cache in the next one; when it is through, it takes from
// the others' ranges. With one counter for all, tasks change places between the cores at random,
// and a step of a network in two threads takes as long as in one.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <type_traits>

#include "fastopt/core/interruption.hpp"
#include "fastopt/core/thread.hpp"
#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

class ThreadPool {
 public:
  using Task = void (*)(const void* context, Index task);

  // The pool is never destroyed: its detached workers may outlive static destructors.
  static ThreadPool& instance() {
    static std::atomic<ThreadPool*>& slot = instance_slot();
    ThreadPool* pool = slot.load();
    if (pool == nullptr) {
      auto* fresh = new ThreadPool;
      if (slot.compare_exchange_strong(pool, fresh)) {
        pool = fresh;
      } else {
        delete fresh;
      }
    }
    return *pool;
  }

  static void set_threads(int threads) { thread_count().store(threads); }
  static int threads() { return thread_count().load(); }

  // Runs task 0 … count-1, the caller working along. When the pool is busy with another caller's
  // work, this caller does its tasks alone.
  void run(Index count, const void* context, Task task) {
    const std::unique_lock<std::mutex> owner(owner_, std::try_to_lock);
    int helpers = static_cast<int>(std::min<Index>(threads(), count)) - 1;
    if (helpers >= 1 && owner.owns_lock()) helpers = std::min(helpers, start_workers(helpers));
    if (helpers < 1 || !owner.owns_lock()) {
      for (Index i = 0; i < count; ++i) task(context, i);
      return;
    }
    context_ = context;
    task_ = task;
    error_ = nullptr;
    helpers_ = helpers;
    ranges_used_ = std::min<Index>(helpers + 1, most_ranges);
    for (Index r = 0; r < ranges_used_; ++r) {
      range(r).next.store(count * r / ranges_used_);
      range(r).end = count * (r + 1) / ranges_used_;
    }
    open_.store(true);
    generation_.fetch_add(1);
    if (sleeping_.load() > 0) {
      const std::lock_guard<std::mutex> lock(sleep_);
      wake_.notify_all();
    }
    work(0);
    open_.store(false);
    // A worker enters before it looks whether the job is open: once none is inside after the job
    // was closed, every task that was taken is done.
    while (inside_.load() != 0) relax();
    if (error_ != nullptr) std::rethrow_exception(error_);
  }

 private:
  static constexpr auto spin_time = std::chrono::microseconds(300);
  static constexpr Index most_ranges = 64;

  struct alignas(64) Range {
    std::atomic<Index> next{0};
    Index end = 0;
  };

  static std::atomic<ThreadPool*>& instance_slot() {
    static std::atomic<ThreadPool*> slot{nullptr};
#if defined(__unix__) || defined(__APPLE__)
    static const int registered = pthread_atfork(
        [] { pause(instance_slot().load()); }, [] { go_on(instance_slot().load()); }, become_child);
    static_cast<void>(registered);
#endif
    return slot;
  }

  static std::atomic<int>& thread_count() {
    static std::atomic<int> count{1};
    return count;
  }

  static void relax() {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#else
    std::this_thread::yield();
#endif
  }

  // A fork may come in the middle of a job, by the thread whose job it is (in a signal handler that
  // the work has called) or by another. The workers do not exist in the child: before the fork they
  // leave the job, with each task that they took done, so that the job's own thread can go on in
  // both processes.
  static void pause(ThreadPool* pool) {
    if (pool == nullptr) return;
    pool->paused_.store(true);
    while (pool->inside_.load() != 0) std::this_thread::yield();
  }
  static void go_on(ThreadPool* pool) {
    if (pool != nullptr) pool->paused_.store(false);
  }
  // Later jobs get a pool of their own: this one's locks may be held by threads that are gone, and
  // a worker that woke up late was perhaps just inside, about to find that the job is paused.
  static void become_child() {
    ThreadPool* pool = instance_slot().exchange(nullptr);
    if (pool != nullptr) pool->inside_.store(0);
    go_on(pool);
  }

  // Returns how many there are: fewer than wanted where the system gives no more threads.
  int start_workers(int wanted) {
    while (workers_ < wanted &&
           start_thread([this, index = workers_, seen = generation_.load()] { live(index, seen); }))
      ++workers_;
    return workers_;
  }

  Range& range(Index r) { return ranges_[static_cast<std::size_t>(r)]; }

  void work(Index own) {
    for (Index k = 0; k < ranges_used_; ++k) {
      Range& tasks = range((own + k) % ranges_used_);
      for (;;) {
        if (own > 0 && paused_.load()) return;
        const Index i = tasks.next.fetch_add(1);
        if (i >= tasks.end) break;
        try {
          task_(context_, i);
        } catch (...) {
          const std::lock_guard<std::mutex> lock(error_lock_);
          if (error_ == nullptr) error_ = std::current_exception();
          for (Index r = 0; r < ranges_used_; ++r) range(r).next.store(range(r).end);
        }
      }
    }
  }

  // A worker's life: wait for a new generation (spin first, since inside an epoch the next job is
  // microseconds away, then sleep), help, wait again.
  [[noreturn]] void live(int index, std::uint64_t seen) {
    Interruption::leave_to_others();
    for (;;) {
      const auto start = std::chrono::steady_clock::now();
      while (generation_.load() == seen) {
        for (int i = 0; i < 64 && generation_.load() == seen; ++i) relax();
        if (std::chrono::steady_clock::now() - start > spin_time) {
          std::unique_lock<std::mutex> lock(sleep_);
          sleeping_.fetch_add(1);
          wake_.wait(lock, [&] { return generation_.load() != seen; });
          sleeping_.fetch_sub(1);
        }
      }
      inside_.fetch_add(1);
      seen = generation_.load();
      if (open_.load() && index < helpers_) work(index + 1);
      inside_.fetch_sub(1);
    }
  }

  std::mutex owner_, sleep_, error_lock_;
  std::condition_variable wake_;
  std::exception_ptr error_;
  const void* context_ = nullptr;
  Task task_ = nullptr;
  std::array<Range, most_ranges> ranges_;
  Index ranges_used_ = 0;
  int helpers_ = 0, workers_ = 0;
  std::atomic<bool> open_{false}, paused_{false};
  std::atomic<int> inside_{0}, sleeping_{0};
  std::atomic<std::uint64_t> generation_{0};
};

// task(i) for i = 0 … count-1 in any order and in several threads; one task stays in the caller.
template <class Task>
void parallel_for(Index count, const Task& task) {
  if (count == 1) {
    task(Index{0});
  } else if (count > 1) {
    ThreadPool::instance().run(count, &task, [](const void* context, Index i) {
      (*static_cast<const Task*>(context))(i);
    });
  }
}

FASTOPT_END
