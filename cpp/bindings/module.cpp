// The extension module: a list of what it binds, one file each.
#include <pybind11/pybind11.h>

#include "bindings/interruption.hpp"
#include "bindings/memory_errors.hpp"
#include "bindings/not_finite.hpp"
#include "fastopt/core/thread.hpp"
#include "fastopt/core/types.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

void bind_core(py::module_& module);
void bind_descent(py::module_& module);
void bind_minimize(py::module_& module);
void bind_newton(py::module_& module);
void bind_network(py::module_& module);
void bind_least_squares(py::module_& module);
void bind_many_fits(py::module_& module);
void bind_second_order(py::module_& module);
void bind_solve(py::module_& module);
void bind_training(py::module_& module);
void bind_random(py::module_& module);
void bind_update(py::module_& module);

FASTOPT_END

PYBIND11_MODULE(FASTOPT_MODULE_NAME, module) {
  fastopt::allocate_thread_locals();
  fastopt::register_interruption();
  fastopt::register_memory_errors();
  fastopt::register_not_finite();
  fastopt::bind_core(module);
  fastopt::bind_solve(module);
  fastopt::bind_minimize(module);
  fastopt::bind_descent(module);
  fastopt::bind_newton(module);
  fastopt::bind_network(module);
  fastopt::bind_training(module);
  fastopt::bind_least_squares(module);
  fastopt::bind_many_fits(module);
  fastopt::bind_random(module);
  fastopt::bind_update(module);
  fastopt::bind_second_order(module);
}
