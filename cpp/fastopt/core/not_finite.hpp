// Numbers that are not finite where only finite ones make sense.
#pragma once

#include <stdexcept>

#include "fastopt/core/variant.hpp"

FASTOPT_BEGIN

class NotFinite final : public std::domain_error {
 public:
  using std::domain_error::domain_error;
};

FASTOPT_END
