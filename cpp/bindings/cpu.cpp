// Tells which variants this processor and operating system can run. Compiled for the plainest
// processor, because it is loaded before anything is known about the machine.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <string>
#include <vector>

namespace py = pybind11;

namespace {

// From the plainest to the fastest. The compiler's run-time library asks CPUID and, for the wide
// registers, whether the operating system saves them. The other instructions of each level come
// with every processor that has those named here.
std::vector<std::string> supported_variants() {
#if defined(__x86_64__)
  std::vector<std::string> variants;
  __builtin_cpu_init();
  if (!(__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"))) return variants;
  variants.emplace_back("base");
  if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")))
    return variants;
  variants.emplace_back("v3");
  if (!(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl")))
    return variants;
  variants.emplace_back("v4");
  return variants;
#else
  return {"base"};
#endif
}

}  // namespace

PYBIND11_MODULE(_cpu, module) {
  module.def("supported_variants", &supported_variants,
             "Names of the variants that this machine can run, plainest first.");
}
