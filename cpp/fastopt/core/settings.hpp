// Named numbers, as they come from Python.
#pragma once

#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "fastopt/core/variant.hpp"

FASTOPT_BEGIN

class Settings {
 public:
  Settings(std::map<std::string, double> values) : values_(std::move(values)) {}
  double operator[](const std::string& name) const {
    const auto found = values_.find(name);
    if (found == values_.end()) throw std::invalid_argument("missing setting '" + name + "'");
    return found->second;
  }

 private:
  std::map<std::string, double> values_;
};

FASTOPT_END
