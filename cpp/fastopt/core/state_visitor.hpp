// The state of a solver, for whoever writes it out or reads it back.
#pragma once

#include <cstdint>
#include <string>

#include "fastopt/core/types.hpp"

FASTOPT_BEGIN

// What numbers of a state may be: one that is read from outside is refused where it is not.
enum class Allowed { any, not_nan, finite, non_negative, positive };

// Walks over all that a solver carries from step to step, to write it out or to read it back.
// Whoever reads walks twice: first to check everything, and nothing is written then.
class StateVisitor {
 public:
  // Counts beyond what any run reaches would overflow when they go on.
  static constexpr std::int64_t most_counts = std::int64_t{1} << 53;

  virtual ~StateVisitor() = default;
  virtual void number(const std::string& name, double& value,
                      Allowed allowed = Allowed::finite) = 0;
  // An integer in [0, most]. Returns the one of the state that is read, also where it is checked
  // alone: sizes of arrays that follow depend on it.
  virtual std::int64_t count(const std::string& name, std::int64_t& value,
                             std::int64_t most = most_counts) = 0;
  virtual void array(const std::string& name, double* data, Index size,
                     Allowed allowed = Allowed::finite) = 0;
  virtual void array(const std::string& name, float* data, Index size,
                     Allowed allowed = Allowed::finite) = 0;

  bool flag(const std::string& name, std::int64_t& value) { return count(name, value, 1) != 0; }
  bool flag(const std::string& name, bool& value) {
    std::int64_t number = value ? 1 : 0;
    const bool read = flag(name, number);
    value = number != 0;
    return read;
  }
  template <class Enum>
  void choice(const std::string& name, Enum& value, Enum last) {
    auto number = static_cast<std::int64_t>(value);
    count(name, number, static_cast<std::int64_t>(last));
    value = static_cast<Enum>(number);
  }
};

FASTOPT_END
