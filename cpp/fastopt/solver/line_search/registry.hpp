// The list of methods that search along a line and know no more than gradients: a new one is its
// own header and a line here.
#pragma once

#include <memory>

#include "fastopt/core/settings.hpp"
#include "fastopt/solver/line_search/conjugate_gradient.hpp"
#include "fastopt/solver/line_search/one_step_secant.hpp"
#include "fastopt/solver/line_search/scaled_conjugate_gradient.hpp"
#include "fastopt/solver/line_search/steepest_descent.hpp"

FASTOPT_BEGIN

// A method is made from (objective, w0, settings), or with `own` besides, the numbers that are its
// own.
template <class Method>
std::unique_ptr<LineSearchSolver> make_line_search(Objective& objective, const double* w0,
                                                   const LineSearchSolverSettings& settings,
                                                   const Settings& own) {
  if constexpr (std::is_constructible_v<Method, Objective&, const double*,
                                        const LineSearchSolverSettings&, const Settings&>)
    return std::make_unique<Method>(objective, w0, settings, own);
  else
    return std::make_unique<Method>(objective, w0, settings);
}

struct RegisteredLineSearch {
  const char* name;
  std::unique_ptr<LineSearchSolver> (*make)(Objective&, const double*,
                                            const LineSearchSolverSettings&, const Settings&);
};

inline const RegisteredLineSearch registered_line_searches[] = {
    {"steepest_descent", make_line_search<SteepestDescent>},
    {"conjugate_gradient", make_line_search<ConjugateGradient>},
    {"scaled_conjugate_gradient", make_line_search<ScaledConjugateGradient>},
    {"one_step_secant", make_line_search<OneStepSecant>},
};

inline std::unique_ptr<LineSearchSolver> make_line_search_solver(
    const std::string& name, Objective& objective, const double* w0,
    const LineSearchSolverSettings& settings, const Settings& own) {
  for (const auto& method : registered_line_searches)
    if (name == method.name) return method.make(objective, w0, settings, own);
  throw std::invalid_argument("unknown line-search method '" + name + "'");
}

FASTOPT_END
