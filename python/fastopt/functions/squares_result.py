"""What ``least_squares`` returns: the solution, and what can be claimed of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt.functions.result import OptimizeResult
from fastopt.functions.squares_arguments import NOTHING
from fastopt.functions.squares_rank import determined

Array = npt.NDArray[np.float64]

_CALLBACK = -2
# Of columns of unit length, the smallest pivot in shares of the largest from which on J has full
# rank whatever its errors: those of differences in single precision stay below it.
_SURE = 1e-2
# Status and message, where a first-order condition holds and where it does not.
_CONVERGED = {
    "gradient": (
        1,
        "converged: the columns of the Jacobian explain less than gtol of the residuals",
    ),
    "function_change": (2, "converged: the cost can fall by less than ftol of itself"),
    "step": (3, "converged: a full step changes each parameter by less than xtol of itself"),
    "noise_floor": (
        5,
        "converged: what is left to gain is below the rounding or the noise of the residuals",
    ),
}
_STALLED = "stalled: the cost changes by rounding alone, and no first-order condition holds yet"
_NOT_CONVERGED = {
    "evaluations": (0, "max_nfev = {limit} values of the residuals were computed"),
    "gradient": (-3, "stationary, but no minimum can be claimed: the Jacobian is zero"),
    "vanished": (
        -4,
        "stationary, but no minimum can be claimed: a parameter has lost its influence on the "
        "residuals, as it does on a plateau or at infinity",
    ),
    "step": (
        -5,
        "stalled: no shorter step lowers the cost, though the Jacobian says that one should",
    ),
    "function_change": (-5, _STALLED),
    "noise_floor": (-5, _STALLED),
    "non_finite": (-6, "no finite value was found near the last finite x"),
    "damping": (-7, "the damping reached damping_max and no step lowers the cost"),
}


def make_result(
    solver: Any,
    objective: Any,
    report: Any,
    stopped: bool,
    robust: bool,
    lower: Array,
    upper: Array,
    limit: int,
) -> OptimizeResult:
    """Return SciPy's fields of a run that ended with ``report``, or was ``stopped``."""
    if isinstance(solver, _core.LevenbergMarquardtSolver):
        x, residuals, jacobian, gradient, optimality, rank = _solution(solver, objective)
        errors = getattr(objective, "jacobian_errors", np.zeros(x.size))
        sure = False
    else:
        x, residuals, jacobian, gradient, optimality, rank = solver.solution()
        errors = solver.jacobian_errors
        sure = rank == x.size and solver.smallest_pivot > _SURE
        if robust:
            residuals = objective.residuals(x)
    undetermined = np.empty(0, dtype=np.intp)
    if jacobian is not None and not sure and np.isfinite(jacobian).all():
        rank, undetermined, _ = determined(jacobian, errors)
    inactive = solver.inactive()
    if stopped:
        status, message, success = _CALLBACK, "the callback raised StopIteration", False
    else:
        name = report.status
        success = report.optimal
        if success:
            status, message = _CONVERGED[name]
        else:
            if rank > 0 and name in _CONVERGED and (name == "gradient" or inactive.size):
                name = "vanished"
            status, message = _NOT_CONVERGED[name]
            message = message.format(limit=limit)
            if inactive.size and name in ("vanished", "gradient"):
                message = f"{message}; not felt at x: {_named(inactive)}"
            if name == "non_finite" and isinstance(objective, _core.PythonResiduals):
                message = f"{message}; {objective.not_finite}".rstrip("; ")
    if lower is NOTHING:
        mask = np.zeros(x.size, dtype=np.int64)
    else:
        mask = np.where(x <= lower, -1, np.where(x >= upper, 1, 0))
        optimality = float(abs(x - np.clip(x - gradient, lower, upper)).max())
    return OptimizeResult(
        x=x,
        cost=report.loss,
        fun=residuals,
        jac=jacobian,
        grad=gradient,
        optimality=optimality,
        active_mask=mask,
        nfev=report.n_value,
        # A solver that does not hold J has it computed once more for the result.
        njev=getattr(objective, "n_jacobian", report.n_gradient),
        status=status,
        message=message,
        success=success,
        rank=rank,
        inactive=inactive,
        undetermined=undetermined,
        jac_errors=errors,
    )


def _named(inactive: Any) -> str:
    """Name the parameters, of many the first."""
    shown = ", ".join(f"x[{i}]" for i in inactive[:8])
    return shown if inactive.size <= 8 else f"{shown} and {inactive.size - 8} more"


def _solution(solver: Any, objective: Any) -> tuple[Any, ...]:
    """Return x, e, J, g, max |g| and the rank of J, where the solver does not hold all of them."""
    x, gradient = solver.weights, solver.gradient
    optimality = float(abs(gradient).max())
    if isinstance(objective, _core.PythonNormalEquations):
        products = objective.products(x)
        size = np.sqrt(np.where(np.diag(products) > 0, np.diag(products), 1.0))
        rank = int(np.linalg.matrix_rank(products / np.outer(size, size), hermitian=True))
        return x, None, None, gradient, optimality, rank
    return x, objective.residuals(x), objective.jacobian(x), gradient, optimality, 0
