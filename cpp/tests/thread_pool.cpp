// The pool without Python: every task once, exceptions, work within work, several callers, a number
// of threads that changes meanwhile, and forks, also in the middle of a job. Prints the first thing
// that is wrong and fails.
#include "fastopt/core/thread_pool.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <vector>

using namespace fastopt;

namespace {

void require(bool holds, const char* what) {
  if (holds) return;
  std::printf("%s\n", what);
  std::fflush(stdout);
  std::_Exit(1);
}

void every_task_once(int round) {
  const Index count = 1 + round % 40;
  std::vector<int> done(static_cast<std::size_t>(count));
  parallel_for(count, [&](Index i) { ++done[static_cast<std::size_t>(i)]; });
  for (const int times : done) require(times == 1, "a task was left out or done twice");
}

void exception_of_a_task() {
  bool caught = false;
  try {
    parallel_for(20, [](Index i) {
      if (i == 7 || i == 9) throw std::runtime_error("task");
    });
  } catch (const std::runtime_error&) {
    caught = true;
  }
  require(caught, "the exception of a task was lost");
}

void work_within_work() {
  parallel_for(5, [](Index i) {
    Index products[8];
    parallel_for(8, [&](Index j) { products[j] = i * j; });
    for (Index j = 0; j < 8; ++j) require(products[j] == i * j, "work within work is wrong");
  });
}

void caller(int id, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    every_task_once(round + id);
    if (round % 30 == 0) work_within_work();
    if (round % 50 == 0) exception_of_a_task();
    if (round % 100 == 0) usleep(700);  // long enough for the workers to fall asleep
    if (id == 0 && round % 10 == 0) ThreadPool::set_threads(1 + round / 10 % 6);
  }
}

// The thread whose job it is forks in the middle of it: the job ends in both processes.
void fork_within_work(int round) {
  const auto owner = std::this_thread::get_id();
  const Index count = 20 + round % 20;
  std::vector<int> done(static_cast<std::size_t>(count));
  pid_t child = -1;
  int own_tasks = 0;
  parallel_for(count, [&](Index i) {
    // Long enough for the workers to be at their tasks when the fork comes.
    const auto start = std::chrono::steady_clock::now();
    while (std::chrono::steady_clock::now() - start < std::chrono::microseconds(20)) continue;
    if (std::this_thread::get_id() == owner && ++own_tasks == 3) child = fork();
    ++done[static_cast<std::size_t>(i)];
  });
  if (child == -1) return;  // the workers left fewer than three tasks
  for (const int times : done) require(times == 1, "a task was left out or done twice by a fork");
  if (child == 0) {
    alarm(20);  // ends a child that waits for a thread which it has not
    every_task_once(round);
    std::_Exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  require(status == 0, "a child of a fork within work failed");
}

}  // namespace

int main() {
  ThreadPool::set_threads(4);
  std::vector<std::thread> callers;
  for (int id = 0; id < 3; ++id) callers.emplace_back(caller, id, 3000);
  for (auto& thread : callers) thread.join();

  ThreadPool::set_threads(4);
  for (int k = 0; k < 5; ++k) {
    caller(1, 20);
    const pid_t child = fork();
    if (child == 0) {
      caller(1, 200);
      std::_Exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    require(status == 0, "a child process failed");
  }
  for (int round = 0; round < 200; ++round) {
    if (round % 50 == 0) usleep(700);
    fork_within_work(round);
  }
}
