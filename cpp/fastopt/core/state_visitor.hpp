// The state of a solver, for whoever writes it out or reads it back.
#pragma once

#include <cstdint>
#include <string>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// Walks over all that a solver carries from step to step, to write it out or to read it back.
class StateVisitor {
 public:
  virtual ~StateVisitor() = default;
  virtual void number(const std::string& name, double& value) = 0;
  virtual void number(const std::string& name, std::int64_t& value) = 0;
  virtual void array(const std::string& name, double* data, Index size) = 0;
  virtual void array(const std::string& name, float* data, Index size) = 0;
};

FASTOPT_END
