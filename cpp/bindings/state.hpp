// Export and import of states as dicts of numbers and arrays.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <algorithm>
#include <string>
#include <type_traits>

#include "fastopt/core/state_visitor.hpp"

FASTOPT_BEGIN

namespace py = pybind11;

class Export final : public StateVisitor {
 public:
  py::dict state;
  void number(const std::string& name, double& value) override { state[name.c_str()] = value; }
  void number(const std::string& name, std::int64_t& value) override {
    state[name.c_str()] = value;
  }
  void array(const std::string& name, double* data, Index size) override {
    state[name.c_str()] = py::array_t<double>(size, data);
  }
  void array(const std::string& name, float* data, Index size) override {
    state[name.c_str()] = py::array_t<float>(size, data);
  }
};

// With `dry`, everything is checked and nothing is written, so that a state that does not fit
// leaves the solver as it was.
class Import final : public StateVisitor {
 public:
  Import(const py::dict& state, bool dry) : state_(state), dry_(dry) {}
  void number(const std::string& name, double& value) override { read(name, value); }
  void number(const std::string& name, std::int64_t& value) override { read(name, value); }
  void array(const std::string& name, double* data, Index size) override { copy(name, data, size); }
  void array(const std::string& name, float* data, Index size) override { copy(name, data, size); }
  std::size_t count() const { return count_; }

 private:
  py::object entry(const std::string& name) {
    ++count_;
    if (!state_.contains(name.c_str()))
      throw py::value_error("the state has no entry '" + name + "': it belongs to another solver");
    return state_[name.c_str()];
  }
  template <class T>
  void read(const std::string& name, T& value) {
    const py::object given = entry(name);
    try {
      const T number = given.cast<T>();
      if (!dry_) value = number;
    } catch (const py::cast_error&) {
      throw py::type_error("state['" + name + "'] must be " +
                           (std::is_integral_v<T> ? "an integer" : "a number") + ", got " +
                           py::repr(given).cast<std::string>());
    }
  }
  template <class T>
  void copy(const std::string& name, T* data, Index size) {
    const py::object given = entry(name);
    if (!py::isinstance<py::array_t<T>>(given))
      throw py::type_error("state['" + name + "'] must be an array of " +
                           std::string(sizeof(T) == 4 ? "float32" : "float64"));
    const auto array = py::array_t<T, py::array::c_style>::ensure(given);
    if (!array || array.size() != size)
      throw py::value_error("state['" + name + "'] must hold " + std::to_string(size) +
                            " numbers, got " + std::to_string(array ? array.size() : 0));
    if (!dry_) std::copy(array.data(), array.data() + size, data);
  }

  const py::dict& state_;
  bool dry_;
  std::size_t count_ = 0;
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
  if (check.count() != state.size())
    throw py::value_error("the state has entries of another solver");
  Import read(state, false);
  solver.visit(read);
}

FASTOPT_END
