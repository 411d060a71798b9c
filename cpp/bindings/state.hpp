// Export and import of states as dicts of numbers and arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "bindings/numbers.hpp"
#include "fastopt/core/state_visitor.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

class Export final : public StateVisitor {
 public:
  py::dict state;
  void number(const std::string& name, double& value, Allowed) override {
    state[name.c_str()] = value;
  }
  std::int64_t count(const std::string& name, std::int64_t& value, std::int64_t) override {
    state[name.c_str()] = value;
    return value;
  }
  void array(const std::string& name, double* data, Index size, Allowed) override {
    state[name.c_str()] = copied(data, {size});
  }
  void array(const std::string& name, float* data, Index size, Allowed) override {
    state[name.c_str()] = copied(data, {size});
  }
};

// With `dry`, everything is checked and nothing is written, so that a state that does not fit
// leaves the solver as it was. What does not fit is a ValueError with the name of the field.
class Import final : public StateVisitor {
 public:
  Import(const py::dict& state, bool dry) : state_(state), dry_(dry) {}

  void number(const std::string& name, double& value, Allowed allowed) override {
    const py::object given = entry(name);
    const double number = PyFloat_AsDouble(given.ptr());
    if (PyErr_Occurred() != nullptr) {
      PyErr_Clear();
      refuse(name, "a number", given);
    }
    if (!fits(number, allowed)) refuse(name, described(allowed), given);
    if (!dry_) value = number;
  }

  std::int64_t count(const std::string& name, std::int64_t& value, std::int64_t most) override {
    const py::object given = entry(name);
    const std::string wanted = "an integer in [0, " + std::to_string(most) + "]";
    const auto index = py::reinterpret_steal<py::object>(PyNumber_Index(given.ptr()));
    int overflow = 0;
    const long long number = index ? PyLong_AsLongLongAndOverflow(index.ptr(), &overflow) : -1;
    PyErr_Clear();
    if (!index || overflow != 0 || number < 0 || number > most) refuse(name, wanted, given);
    if (!dry_) value = number;
    return number;
  }

  void array(const std::string& name, double* data, Index size, Allowed allowed) override {
    copy(name, data, size, allowed);
  }
  void array(const std::string& name, float* data, Index size, Allowed allowed) override {
    copy(name, data, size, allowed);
  }
  std::size_t fields() const { return fields_; }

 private:
  static bool fits(double x, Allowed allowed) {
    switch (allowed) {
      case Allowed::any:
        return true;
      case Allowed::not_nan:
        return !std::isnan(x);
      case Allowed::finite:
        return std::isfinite(x);
      case Allowed::non_negative:
        return std::isfinite(x) && x >= 0;
      case Allowed::positive:
        return std::isfinite(x) && x > 0;
    }
    return false;
  }
  static const char* described(Allowed allowed) {
    static constexpr const char* texts[] = {"a number", "a number, not NaN", "a finite number",
                                            "a finite number >= 0", "a finite number > 0"};
    return texts[static_cast<int>(allowed)];
  }

  [[noreturn]] static void refuse(const std::string& name, const std::string& wanted,
                                  const py::handle& given) {
    throw py::value_error("state['" + name + "'] must be " + wanted + ", got " +
                          py::repr(given).cast<std::string>());
  }

  py::object entry(const std::string& name) {
    ++fields_;
    if (!state_.contains(name.c_str()))
      throw py::value_error("the state has no entry '" + name + "': it belongs to another solver");
    return state_[name.c_str()];
  }

  template <class T>
  void copy(const std::string& name, T* data, Index size, Allowed allowed) {
    const py::object given = entry(name);
    const std::string wanted = "an array of " + std::string(sizeof(T) == 4 ? "float32" : "float64");
    if (!py::isinstance<py::array_t<T>>(given)) refuse(name, wanted, given);
    const auto array = py::array_t<T, py::array::c_style>::ensure(given);
    if (!array || array.size() != size)
      throw py::value_error("state['" + name + "'] must hold " + std::to_string(size) +
                            " numbers, got " + std::to_string(array ? array.size() : 0));
    const T* first = array.data();
    const T* wrong = std::find_if_not(first, first + size,
                                      [&](T x) { return fits(static_cast<double>(x), allowed); });
    if (wrong != first + size)
      throw py::value_error("state['" + name + "'][" + std::to_string(wrong - first) +
                            "] must be " + described(allowed) + ", got " +
                            py::repr(py::float_(static_cast<double>(*wrong))).cast<std::string>());
    if (!dry_) std::copy(first, first + size, data);
  }

  const py::dict& state_;
  bool dry_;
  std::size_t fields_ = 0;
};

// The state of anything that a StateVisitor can walk over.
template <class Stateful>
py::dict export_state(Stateful& solver) {
  Export visitor;
  solver.visit(visitor);
  return visitor.state;
}

template <class Stateful>
void import_state(Stateful& solver, const py::dict& state) {
  Import check(state, true);
  solver.visit(check);
  if (check.fields() != state.size())
    throw py::value_error("the state has entries of another solver");
  Import read(state, false);
  solver.visit(read);
}

FASTOPT_END
