// Memory that runs out comes out of C++ as Python's MemoryError, whoever asked for it.
#pragma once

#include <pybind11/pybind11.h>

#ifdef __linux__
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>
#endif

#include <array>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

#include "fastopt/core/out_of_memory.hpp"

FASTOPT_BEGIN

// Made without asking for memory: how much the process holds, and its limit where there is one.
inline std::array<char, 240> out_of_memory_text() {
  std::array<char, 240> text{};
  long long held = 0, limit = -1;
#ifdef __linux__
  std::array<char, 32> words{};
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file >= 0) {
    if (read(file, words.data(), words.size() - 1) > 0)
      held = std::atoll(words.data()) * sysconf(_SC_PAGESIZE);
    close(file);
  }
  rlimit space{};
  if (getrlimit(RLIMIT_AS, &space) == 0 && space.rlim_cur != RLIM_INFINITY)
    limit = static_cast<long long>(space.rlim_cur);
#endif
  const int length =
      std::snprintf(text.data(), text.size(),
                    "out of memory: a temporary array of this call cannot be allocated; "
                    "memory_needed tells how much a method takes");
  auto at = static_cast<std::size_t>(length);
  if (held > 0)
    at += static_cast<std::size_t>(
        std::snprintf(text.data() + at, text.size() - at, "; this process holds %lld bytes", held));
  if (limit >= 0)
    std::snprintf(text.data() + at, text.size() - at, " of the %lld of its limit (ulimit -v)",
                  limit);
  return text;
}

inline void register_memory_errors() {
  pybind11::register_local_exception_translator([](std::exception_ptr thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const OutOfMemory& error) {
      PyErr_SetString(PyExc_MemoryError, error.what());
    } catch (const std::bad_alloc&) {  // of the standard library and of Eigen, which tell no size
      const auto text = out_of_memory_text();
      PyErr_SetString(PyExc_MemoryError, text.data());
    } catch (const std::length_error&) {  // a std::vector beyond what can be addressed
      PyErr_SetString(
          PyExc_MemoryError,
          "out of memory: an array of more numbers than can be addressed was asked for");
    } catch (const std::runtime_error&) {
      // pybind11 says so where Python could not make an object, and Python's own error is pending.
      if (PyErr_Occurred() == nullptr || PyErr_ExceptionMatches(PyExc_MemoryError) == 0) throw;
    }
  });
}

FASTOPT_END
