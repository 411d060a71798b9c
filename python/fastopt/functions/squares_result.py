"""What ``least_squares`` returns: the solution, and what can be claimed of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt.functions.inference import (
    Band,
    FitStatistics,
    Inference,
    check_names,
    check_sigma,
)
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


class LeastSquaresResult(OptimizeResult, Inference):
    """What :func:`~fastopt.least_squares` returns: SciPy's fields, and statistics when asked for.

    With residuals that are errors of a model, each of the same variance: divide them by their
    standard deviations. All statistics come from ``jac`` at ``x``, by the linear model; with a
    robust loss from the J whose JᵀJ stands for the Hessian.

    Attributes
    ----------
    covariance, standard_errors, correlation : array
        (JᵀJ)⁻¹ s² with s² = Σe²/(m − rank), its roots, and in units of these.
    degrees_of_freedom, chi_square, reduced_chi_square, aic, bic
        As :class:`~fastopt.functions.inference.FitStatistics` has them.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> t = np.arange(6.0)
    >>> y = np.array([2.05, 1.18, 0.78, 0.42, 0.29, 0.15])
    >>> result = fastopt.least_squares(lambda p: p[0] * np.exp(-p[1] * t) - y, [1.0, 1.0])
    >>> result.x.round(3), result.standard_errors.round(3)
    (array([2.037, 0.509]), array([0.034, 0.016]))
    >>> half_life = result.confidence_band(lambda p: np.log(2) / p[1])
    >>> [round(float(value), 2) for value in half_life]
    [1.36, 1.24, 1.48]
    >>> print(result.report(names=("a", "k")))
    fit of 6 points by 2 parameters, 4 degrees of freedom
    χ² 0.00525723, reduced χ² 0.00131431; the scale of the residuals is estimated
    AIC -19.2122, BIC -19.8369
    <BLANKLINE>
    parameter      value  standard error  relative        95 % interval
    a           2.037086          0.0341    1.67 %    1.94252 … 2.13165
    k          0.5092522          0.0159    3.12 %  0.465174 … 0.553331
    <BLANKLINE>
    correlations of size 0.1 and more
    a, k: +0.524
    """

    def statistics(
        self, names: Sequence[str] | None = None, absolute_sigma: bool = False
    ) -> FitStatistics:
        """Return all that is said of the fit, as a ``FitStatistics``.

        Parameters
        ----------
        names : sequence of str, optional
            Of the parameters; x[0], x[1] … by default.
        absolute_sigma : bool
            Whether the residuals are in units of their known standard deviations. False: the
            variance that they have in common is estimated.
        """
        if self["jac"] is None:
            raise ValueError(
                "statistics of a fit need the Jacobian of its residuals, and normal_equations "
                "gives none: (JᵀJ)⁻¹ Σe²/(m − n) is the covariance"
            )
        if not np.isfinite(self["jac"]).all():
            raise ValueError("statistics of a fit need a finite Jacobian at x")
        n = self["x"].size
        return FitStatistics(
            parameters=self["x"],
            names=check_names(names, n),
            n_points=len(self["fun"]),
            chi_square=2 * self["cost"],
            absolute_sigma=_validation.flag("absolute_sigma", absolute_sigma),
            determined=determined(self["jac"], self["jac_errors"]),
            robust=self["robust"],
            at_bound=tuple(int(i) for i in np.flatnonzero(self["active_mask"])),
            failure="" if self["success"] else self["message"],
        )

    def confidence_band(
        self, function: Callable[[Array], Any], level: float = 0.95, absolute_sigma: bool = False
    ) -> Band:
        """Return ``function(x)`` and its confidence interval, by the delta method.

        Parameters
        ----------
        function : callable
            Of the parameters, → a number or an array: the model at other points, or what else
            follows from them.
        level, absolute_sigma
            As for :meth:`statistics`.
        """
        return self._band(function, level, absolute_sigma, 0.0)

    def prediction_band(
        self,
        function: Callable[[Array], Any],
        level: float = 0.95,
        absolute_sigma: bool = False,
        sigma: Any = 1.0,
    ) -> Band:
        """Return a model at the parameters and the interval of new observations.

        Parameters
        ----------
        function : callable
            As for :meth:`confidence_band`.
        level, absolute_sigma
            As for :meth:`statistics`.
        sigma : array_like
            Standard deviations of the new observations in units of those by which the residuals
            were divided (1 where they were not): times s, unless they are known.
        """
        return self._band(function, level, absolute_sigma, check_sigma(sigma))

    def _band(self, function: Any, level: float, absolute_sigma: bool, sigma: Any) -> Band:
        statistics = self.statistics(absolute_sigma=absolute_sigma)
        noise = np.square(sigma) * statistics.variance if np.any(sigma) else 0.0
        return statistics.band(_validation.function("function", function), level, noise=noise)

    def report(
        self,
        names: Sequence[str] | None = None,
        level: float = 0.95,
        absolute_sigma: bool = False,
    ) -> str:
        """Return the fit in words and numbers, for ``print``.

        Parameters
        ----------
        names, absolute_sigma
            As for :meth:`statistics`.
        level : float
            Of the intervals, 0.95 by default.
        """
        return self.statistics(names, absolute_sigma).report(level)


def make_result(
    solver: Any,
    objective: Any,
    report: Any,
    stopped: bool,
    robust: bool,
    lower: Array,
    upper: Array,
    limit: int,
) -> LeastSquaresResult:
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
        rank, undetermined = determined(jacobian, errors)[:2]
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
    return LeastSquaresResult(
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
        robust=robust,
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
