// What this variant was built from.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <numeric>
#include <string>

#include "bindings/interruption.hpp"
#include "bindings/team.hpp"
#include "fastopt/core/random.hpp"
#include "fastopt/core/thread_pool.hpp"
#include "fastopt/core/types.hpp"

namespace py = pybind11;

#define FASTOPT_STRING_(x) #x
#define FASTOPT_STRING(x) FASTOPT_STRING_(x)

FASTOPT_BEGIN

namespace {

std::string compiler() {
#if defined(__clang__)
  return "Clang " __clang_version__;
#else
  return "GCC " __VERSION__;
#endif
}

// Eigen's own SimdInstructionSetsInUse() says "AVX" of an AVX2 build.
const char* instructions() {
#if defined(__AVX512F__)
  return "AVX-512, AVX2, FMA";
#elif defined(__AVX2__)
  return "AVX2, FMA";
#elif defined(__SSE4_2__)
  return "SSE4.2";
#else
  return "the processor's own";
#endif
}

py::dict build_info_raw() {
  py::dict info;
  info["variant"] = FASTOPT_STRING(FASTOPT_VARIANT);
  info["eigen"] = FASTOPT_STRING(EIGEN_MAJOR_VERSION) "." FASTOPT_STRING(
      EIGEN_MINOR_VERSION) "." FASTOPT_STRING(EIGEN_PATCH_VERSION);
  info["compiler"] = compiler();
  info["instructions"] = instructions();
  return info;
}

}  // namespace

void bind_core(py::module_& module) {
  // Eigen's blocking follows the caches that it finds: with constants, results do not depend on
  // them.
  Eigen::setCpuCacheSizes(32 * 1024, 512 * 1024, 4 * 1024 * 1024);
  Interruption::set_hook(&Team::or_python_wants_to_stop);
  py::class_<Team>(module, "Team")
      .def(py::init<>())
      .def("stop", &Team::stop)
      .def("__enter__", &Team::enter)
      .def("__exit__", [](Team&, const py::args&) { Team::leave(); });
  module.def("build_info_raw", &build_info_raw);
  module.def("set_threads", &ThreadPool::set_threads, py::arg("threads"));
  module.def("threads", &ThreadPool::threads);
  // The numbers 0 … n-1 in random order.
  module.def(
      "permutation",
      [](std::uint64_t seed, std::uint32_t n) {
        std::vector<std::uint32_t> order(n);
        std::iota(order.begin(), order.end(), 0u);
        shuffle(order, random_stream(seed, Stream::split, 0));
        return py::array_t<std::uint32_t>(static_cast<py::ssize_t>(n), order.data());
      },
      py::arg("seed"), py::arg("n"));
}

FASTOPT_END
