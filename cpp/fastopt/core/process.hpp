// Which process this is: a child of fork has the memory of its parent and none of its threads, so
// that what another thread had locked there is free.
#pragma once

#include <cstdint>

#include "fastopt/core/variant.hpp"

#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

FASTOPT_BEGIN

inline std::int64_t this_process() {
#if defined(__unix__) || defined(__APPLE__)
  return getpid();
#else
  return 1;
#endif
}

FASTOPT_END
