// The constants of a solver's verdicts by name: for bench/ablation.py and the tests alone.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <type_traits>

#include "fastopt/core/types.hpp"

namespace py = pybind11;

FASTOPT_BEGIN

// `visit(solver, field)` calls field(name, value) for each of them.
template <class Class, class Visit>
void def_constants(Class& bound, Visit visit) {
  using Type = typename Class::type;
  bound
      .def("constants",
           [visit](Type& solver) {
             py::dict found;
             visit(solver, [&](const char* name, auto& value) { found[name] = value; });
             return found;
           })
      .def(
          "set_constant",
          [visit](Type& solver, const std::string& wanted, double given) {
            bool known = false;
            visit(solver, [&](const char* name, auto& value) {
              if (wanted != name) return;
              value = static_cast<std::decay_t<decltype(value)>>(given);
              known = true;
            });
            if (!known) throw py::value_error("no constant '" + wanted + "'");
          },
          py::arg("name"), py::arg("value"));
}

FASTOPT_END
