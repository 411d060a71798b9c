"""Minimise any function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._names import friendly
from fastopt.functions.adaptive_descent import AdaptiveDescent
from fastopt.functions.problem import (
    inverse_hessian,
    limits,
    no_constraints,
    objective_for,
    optimizer_for,
    starting_point,
    steps_for,
)
from fastopt.functions.result import (
    MESSAGES,
    OptimizeResult,
    OptimizeWarning,
    Status,
    history_of,
    wants_result,
)
from fastopt.memory import check_bytes, check_memory
from fastopt.optimizers import LBFGS, FirstOrder, Optimizer
from fastopt.schedules import AdaptiveLearningRate, Schedule
from fastopt.training.loop import run

Array = npt.NDArray[np.float64]

# What a method that does not fit into memory is to be replaced by.
_INSTEAD = {
    "newton": "newton_cg or lbfgs",
    "bfgs": "lbfgs",
    "dfp": "lbfgs",
    "lbfgs": "a smaller memory, or a smaller maxiter",
}


@friendly
def minimize(
    fun: Callable[..., Any],
    x0: npt.ArrayLike,
    args: tuple[Any, ...] = (),
    method: str | Optimizer | None = None,
    jac: Callable[..., Any] | str | bool | None = None,
    hess: Callable[..., Any] | str | None = None,
    hessp: Callable[..., Any] | None = None,
    bounds: Any = None,
    constraints: Any = (),
    tol: float | None = None,
    callback: Callable[..., Any] | None = None,
    options: dict[str, Any] | None = None,
    *,
    record_path: bool = False,
) -> OptimizeResult:
    """Minimise a function of n variables, with the arguments of ``scipy.optimize.minimize``.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args) -> float``; x is an array of shape (n,), a fresh one for each call.
    x0 : array (n,)
        Where to start; any real dtype. It is not written to.
    args : tuple
        Further arguments of fun, jac, hess and hessp.
    method : str or Optimizer
        "bfgs" (the default), "lbfgs" (the default with bounds), "dfp", "newton", "newton_cg",
        "cg" (also "hager_zhang", "polak_ribiere", "fletcher_reeves"), "scg", "oss",
        "steepest_descent", or a first-order rule: "sgd", "momentum", "nesterov", "adagrad",
        "rmsprop", "adam", "adamw", "nadam", "traingda" …. SciPy's "BFGS", "CG", "L-BFGS-B" and
        "Newton-CG" are understood. Or an object such as ``fastopt.BFGS(scale_initial=False)``.
    jac : callable, {"2-point", "3-point", "cs"} or True
        ``jac(x, *args) -> array (n,)``; differences of fun, "3-point" by default (central, the most
        exact one for real x; "cs", a complex step, is exact to rounding where fun takes complex x);
        or True: fun returns (value, gradient). Steps are in proportion to |x_i|. Where a run stalls
        because differences are not exact enough, better ones take their place: central for forward
        ones, then those of fourth order (four calls of fun for each x_i).
    hess : callable or {"2-point", "3-point"}
        "newton", "newton_cg", "scg": ``hess(x, *args) -> array (n, n)``; by default differences of
        jac, or of fun where there is no jac.
    hessp : callable
        "newton_cg", "scg": ``hessp(x, v, *args) -> array (n,)``, the product H v.
    bounds : sequence of (low, high), or an object with lb and ub
        "lbfgs" alone, by projection; None stands for no bound.
    constraints : ()
        None are supported; the empty sequence, SciPy's default, is accepted.
    tol : float
        The same as the option ``gtol``.
    callback : callable
        Called after each iteration with a copy of x, or, where its only parameter is named
        ``intermediate_result``, with an OptimizeResult of x and fun. StopIteration ends the run.
    options : dict
        ``maxiter`` (200 n; first-order rules 10,000), ``maxfev`` or ``maxfun`` (no limit; looked at
        after each iteration, which is the last one where ``nfev`` has reached ``maxfev``, or has
        passed ``maxfun``, as of SciPy's L-BFGS-B), ``gtol``, ``disp``, ``iprint`` (without effect),
        ``return_all`` (a list of all iterates as ``result.allvecs``), and the settings of the
        method's Optimizer (``learning_rate``, ``c1``, ``scale_initial`` …). SciPy's ``maxcor`` and
        ``xtol`` are ``memory`` and ``xrtol``.
        Without ``gtol`` convergence is judged relative to the scale of the problem.

        ``finite_diff_rel_step`` or ``eps``, numbers or arrays (n,): the steps of the differences
        for the gradient, relative to |x_i| or absolute; they stay as they are then.
        ``maxls`` (40): values in one line search at most. ``norm`` (inf): the order of the norm of
        the gradient that is compared with ``gtol``. ``hess_inv0`` ("bfgs", "dfp"): V₀, a symmetric
        positive definite array (n, n), instead of a multiple of I.
    record_path : bool
        Keep every iterate in ``result.path``, an array (nit + 1, n).

    Returns
    -------
    OptimizeResult
        See :class:`fastopt.functions.result.OptimizeResult`. ``success`` is True only where x is a
        minimum by the curvature measured there, or where what a tolerance asked for holds
        (docs/success.md).

    Raises
    ------
    ValueError
        fun, gradient or Hessian not finite at x0 (with the index); wrong shapes; unknown methods
        and options.
    TypeError
        Numbers that are not real, things that cannot be called.
    MemoryError
        The method needs more memory than is available, as n² numbers of "newton", "bfgs", "dfp".

    Examples
    --------
    >>> import fastopt
    >>> def rosenbrock(x):
    ...     return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    >>> result = fastopt.minimize(rosenbrock, [-1.2, 1.0])
    >>> result.success, result.x.round(6)
    (True, array([1., 1.]))
    """
    x = starting_point(x0)
    no_constraints(constraints)
    if options is not None and not isinstance(options, Mapping):
        raise TypeError(f"options must be a mapping of names to values, got {options!r}")
    if callback is not None:
        _validation.function("callback", callback)
    options = dict(options or {})
    name, optimizer, settings = optimizer_for(method, bounds is not None, tol, options)
    if bounds is not None and name != "lbfgs":
        raise ValueError(f"bounds are for method 'lbfgs' alone, got method {name!r}")
    if hess is not None and name not in ("newton", "newton_cg", "scg"):
        _warn(f"method {name!r} does not use hess")
        hess = None
    if hessp is not None and name not in ("newton_cg", "scg"):
        _warn(f"method {name!r} does not use hessp")
    maxiter = _limit("maxiter", settings.get("maxiter"))
    if maxiter is None:
        maxiter = 10_000 if isinstance(optimizer, FirstOrder) else 200 * x.size
    # An iteration makes a pair at most.
    pairs = max(1, min(optimizer.memory, maxiter)) if isinstance(optimizer, LBFGS) else 1
    check_memory(name, x.size, _INSTEAD.get(name, "fewer variables"), memory=pairs, function=True)
    box = () if bounds is None else limits(bounds, x.size)
    if box:
        x = np.clip(x, *box)
    steps = steps_for(settings, x.size)
    if steps[0].size and (jac is True or callable(jac) or jac == "cs"):
        warnings.warn(
            "steps of differences are not used where jac is given", OptimizeWarning, stacklevel=3
        )
    objective = objective_for(fun, jac, hess, hessp, args, x, box, steps)
    evaluations = _limit_of_evaluations(settings)
    solver = _solver(optimizer, objective, x, box, settings.get("gtol"), maxiter)
    if settings.get("maxls") is not None:
        solver.limit_search(_validation.count("maxls", settings["maxls"], low=1))
    if settings.get("norm", math.inf) != math.inf:
        solver.set_norm(_validation.number("norm", settings["norm"], low=1))
    if settings.get("hess_inv0") is not None:
        solver.inverse_hessian = inverse_hessian(settings["hess_inv0"], x.size)

    return_all = _validation.flag("return_all", settings.get("return_all", False))
    path = [x.copy()] if record_path or return_all else None
    reports = _core.Reports()
    if maxiter == 0 or callback is not None or evaluations is not None or path is not None:
        watchers: list[Callable[[int, Any], str | None]] = [_recorder(reports, solver, path)]
        if callback is not None:
            watchers.append(_caller(callback, solver))
        if evaluations is not None:
            watchers.append(_counter(objective, *evaluations))
        reason = run(solver, range(maxiter), watchers)
    else:
        reports = solver.steps(maxiter)
        reason = None if reports[-1].status == "running" else reports[-1].status
    result = _result(name, solver, objective, reports, reason, x, maxiter, evaluations)
    if path is not None and record_path:
        result["path"] = np.array(path)
    if path is not None and return_all:
        result["allvecs"] = path
    if settings.get("disp"):
        print(f"{result.message}\n{result!r}")
    return result


def _warn(text: str) -> None:
    warnings.warn(text, OptimizeWarning, stacklevel=4)


def _limit(name: str, value: Any) -> int | None:
    return None if value is None else _validation.count(name, value)


def _solver(
    optimizer: Any,
    objective: _core.PythonObjective,
    x: Array,
    box: tuple[Array, Array] | tuple[()],
    gtol: float | None,
    maxiter: int,
) -> Any:
    if box:
        return optimizer.make_bounded_solver(objective, x, *box)
    if not isinstance(optimizer, FirstOrder):
        return optimizer.make_solver(objective, x)
    if gtol is not None:
        gtol = _validation.number("gtol", gtol, low=0)
    solver = _core.DescentSolver(
        objective, x, *optimizer._rule(), math.nan if gtol is None else gtol
    )
    rate = optimizer._followed_rate
    if isinstance(rate, AdaptiveLearningRate):
        return AdaptiveDescent(solver, rate)
    if isinstance(rate, Schedule):
        if rate.needs_epoch:
            raise ValueError(f"{type(rate).__name__} counts epochs, of which minimize has none")
        what = f"the learning rates of {maxiter:,} iterations"
        check_bytes(what, 8 * maxiter, "a smaller maxiter")
        solver.set_learning_rates(rate.rates(0, max(1, maxiter), 0))
    else:
        solver.set_learning_rates([rate])
    return solver


def _recorder(
    reports: _core.Reports, solver: Any, path: list[Array] | None
) -> Callable[[int, Any], str | None]:
    def record(_: int, report: Any) -> None:
        before = reports[-1].iterations if reports else 0
        reports.append(report)
        if path is not None and report.iterations > before:
            path.append(solver.weights)

    return record


def _caller(callback: Callable[..., Any], solver: Any) -> Callable[[int, Any], str | None]:
    by_name = wants_result(callback)
    before = 0

    def call(_: int, report: Any) -> str | None:
        nonlocal before
        if report.iterations == before:
            return None  # nothing was moved
        before = report.iterations
        try:
            if by_name:
                callback(intermediate_result=OptimizeResult(x=solver.weights, fun=report.loss))
            else:
                callback(solver.weights)
        except StopIteration:
            return "callback"
        return None

    return call


def _limit_of_evaluations(settings: dict[str, Any]) -> tuple[str, int] | None:
    """Return the name and the number of the limit that is given, if one is."""
    given = [name for name in ("maxfev", "maxfun") if settings.get(name) is not None]
    if len(given) > 1:
        raise ValueError("give maxfev or maxfun, not both")
    return (given[0], _validation.count(given[0], settings[given[0]])) if given else None


def _counter(
    objective: _core.PythonObjective, name: str, limit: int
) -> Callable[[int, Any], str | None]:
    """Watch the evaluations: SciPy's ``maxfev`` is reached at that number, ``maxfun`` beyond it."""
    end = limit + 1 if name == "maxfun" else limit
    return lambda _, report: (
        "evaluation_limit" if objective.nfev >= end and report.status == "running" else None
    )


def _result(
    name: str,
    solver: Any,
    objective: _core.PythonObjective,
    reports: _core.Reports,
    reason: str | None,
    x0: Array,
    maxiter: int,
    evaluations: tuple[str, int] | None,
) -> OptimizeResult:
    last = reports[-1] if reports else None
    if last is None:
        fun, jac = objective.value_and_gradient(x0)
        x, nit, success = x0, 0, False
    else:
        x, fun, jac, nit = solver.weights, solver.loss, solver.gradient, last.iterations
        success = bool(last.optimal)
    # The fault is at x0 itself, not at a trial that left the domain of fun: E and its gradient are
    # of x0 there, and a Hessian is taken at iterates alone.
    finite = math.isfinite(fun) and bool(np.isfinite(jac).all())
    no_hessian = reason == "non_finite" and objective.fault.startswith("hess")
    if nit == 0 and (not finite or no_hessian):
        raise ValueError(f"{objective.fault or 'fun(x)'} at x0: all numbers must be finite there")
    status = Status[(reason or "iteration_limit").upper()]
    message = MESSAGES[status]
    if status == Status.ITERATION_LIMIT:
        message = f"The iteration limit, maxiter = {maxiter}, was reached."
    if status == Status.EVALUATION_LIMIT and evaluations is not None:
        message = "The limit of evaluations, {} = {}, was reached.".format(*evaluations)
    if status == Status.GRADIENT and not success:
        message = (
            "The gradient vanishes, but x is no minimum: fun falls where its curvature is negative."
        )
    if status == Status.LINE_SEARCH and last is not None:
        message = _stalled(last, math.isfinite(last.attainable))
    if status in (Status.NON_FINITE, Status.DIVERGED) and objective.fault:
        message = f"{message} The last one: {objective.fault}."
    result = OptimizeResult(
        message=message, success=success, status=status, fun=fun, x=x, nit=nit, jac=jac
    )
    if last is not None and math.isfinite(last.attainable):
        result["attainable"] = last.attainable
    if name in ("bfgs", "dfp"):
        result["hess_inv"] = solver.inverse_hessian
    if name == "newton":
        result["hess"] = solver.hessian
        known = bool(np.isfinite(result["hess"]).all())
        result["positive_definite"] = solver.positive_definite and known
    result["nfev"], result["njev"] = objective.nfev, objective.njev
    if name in ("newton", "newton_cg"):
        result["nhev"] = objective.nhev
    result["history"] = history_of(reports, status.name.lower())
    return result


def _stalled(last: _core.Report, measured: bool) -> str:
    message = MESSAGES[Status.LINE_SEARCH]
    if last.doubtful_gradient:
        return f"{message} Differences of fun contradict it. Is the gradient right, and fun smooth?"
    if measured:
        return (
            f"The line search stalled: a decrease of about {last.attainable:.1e} still seems "
            "attainable, but no lower value was found."
        )
    return message
