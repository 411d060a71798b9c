"""Sums of squares of any function, with SciPy's names."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt.functions.result import OptimizeResult
from fastopt.memory import check_memory
from fastopt.optimizers.base import Optimizer
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt
from fastopt.training import loop

Array = npt.NDArray[np.float64]

_NOTHING = np.empty(0)
_UNBOUNDED = (-np.inf, np.inf)
_EPSILON = float(np.finfo(float).eps)
# The relative error of a Jacobian by differences.
_DIFFERENCES = {"2-point": _EPSILON**0.5, "3-point": _EPSILON ** (2 / 3), "cs": 0.0}
_LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")
_LARGE = 1000  # parameters from which on the memory is checked
_RADIUS = 100.0  # of the trust region at the start, in units of ‖D x0‖ (MINPACK)

_CALLBACK = -2
# Status and message, where a first-order condition holds and where it does not.
_CONVERGED = {
    "gradient": (
        1,
        "converged: the columns of the Jacobian explain less than gtol of the residuals",
    ),
    "function_change": (2, "converged: the cost can fall by less than ftol of itself"),
    "step": (3, "converged: a full step changes each parameter by less than xtol of itself"),
    "noise_floor": (5, "converged: what is left to gain is below the rounding of the residuals"),
}
_NOT_CONVERGED = {
    "evaluations": (0, "max_nfev values of the residuals were computed"),
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
    "noise_floor": (-5, "stalled: the cost changes by rounding alone, far from a stationary point"),
    "non_finite": (-6, "no finite value was found near the last finite x"),
    "damping": (-7, "the damping reached damping_max and no step lowers the cost"),
}


def least_squares(
    fun: Callable[..., Any] | None = None,
    x0: Any = None,
    jac: str | Callable[..., Any] = "3-point",
    bounds: Any = _UNBOUNDED,
    method: str | LevenbergMarquardt | None = None,
    ftol: float | None = 1e-15,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    x_scale: Any = None,
    loss: str = "linear",
    f_scale: float = 1.0,
    max_nfev: int | None = None,
    verbose: int = 0,
    args: Sequence[Any] = (),
    kwargs: Mapping[str, Any] | None = None,
    callback: Callable[..., Any] | None = None,
    *,
    normal_equations: Callable[..., Any] | None = None,
    diff_step: Any = None,
) -> OptimizeResult:
    """Minimise a sum of squares, ½ Σ e_k(x)², or of a loss that grows more slowly.

    Parameters
    ----------
    fun : callable
        ``fun(x, *args, **kwargs)`` → residuals e, (m,). x is a float64 array (n,) of its own.
    x0 : array_like, (n,) or a number
        Where to start; it is not written to.
    jac : {"3-point", "2-point", "cs"} or callable
        The Jacobian ∂e_k/∂x_i, (m, n): by central differences (default), forward differences,
        a complex step (``fun`` then sees complex x), or ``jac(x, *args, **kwargs)``. Differences
        use steps in proportion to each parameter.
    bounds : (lower, upper)
        Numbers or arrays (n,); infinite where there is none. Also an object with ``lb`` and ``ub``.
    method : {"lm", "trf"} or LevenbergMarquardt, optional
        "lm": Moré's trust-region Levenberg-Marquardt by QR of J; the default without bounds and
        with the linear loss. "trf": the same with bounds and robust losses. A
        :class:`~fastopt.LevenbergMarquardt`: its damping rule and scaling, no bounds, linear loss.
    ftol : float, optional
        End where the cost cannot fall by more than ftol of itself, by the linear model and by the
        last step. 1e-15 by default: a relative change of 1e-8, SciPy's default, leaves only about
        four digits of the parameters. None or 0: no such test.
    xtol : float, optional
        End where a full Gauss-Newton step changes each parameter by less than xtol of itself;
        1e-8 by default (SciPy).
    gtol : float, optional
        End where ‖P e‖ ≤ gtol · ‖e‖, P the projection on the columns of J; 1e-8 by default
        (SciPy). It does not depend on units.
    x_scale : array_like or "jac", optional
        The scale of each parameter; by default (or "jac") it follows the columns of J (Moré).
    loss : {"linear", "soft_l1", "huber", "cauchy", "arctan"}
        ρ in the cost ½ Σ C² ρ((e_k/C)²), C = ``f_scale``: z, 2(√(1+z)−1), z if z ≤ 1 else 2√z−1,
        ln(1+z), arctan z.
    f_scale : float
        C > 0: residuals within it count as inliers.
    max_nfev : int, optional
        Values of ``fun`` at most, those for differences not counted; 200 (n + 1) by default.
    verbose : {0, 1, 2}
        Nothing, a line at the end, or a line for each iteration.
    args, kwargs
        Handed on to ``fun`` and ``jac``.
    callback : callable, optional
        ``callback(intermediate_result)`` (a parameter of this name) or ``callback(x)`` after each
        iteration; StopIteration ends the run.
    normal_equations : callable
        Instead of ``fun``: ``normal_equations(x, *args, **kwargs)`` → (½ Σ e², Jᵀe, JᵀJ), for data
        that is summed elsewhere.
    diff_step : array_like, optional
        Relative steps of the differences; by default ε^(1/3) (3-point) or ε^(1/2) (2-point).

    Returns
    -------
    OptimizeResult
        SciPy's fields: ``x, cost, fun, jac, grad, optimality, active_mask, nfev, njev, status,
        message, success``, and ``rank``, the numerical rank of J. ``jac`` and ``grad`` are those of
        the cost: with a robust loss J is scaled so that JᵀJ stands for the Hessian.

        ``success`` means that a first-order condition holds to the scale of the problem. A start
        with J = 0, a parameter that has run off to where it has no influence, a stalled run and an
        exhausted ``max_nfev`` are reported as what they are.

    Raises
    ------
    ValueError
        Wrong shapes or values, residuals or Jacobian not finite at x0, unknown names.
    TypeError
        x0, residuals or Jacobian that are not real numbers.

    Notes
    -----
    Levenberg-Marquardt never keeps a step that raises the cost. Exceptions of the callables come
    out unchanged.

    References
    ----------
    Moré 1978; Triggs et al. 2000 (robust losses).

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> result = fastopt.least_squares(lambda x: [10 * (x[1] - x[0] ** 2), 1 - x[0]], [-1.2, 1.0])
    >>> result.x
    array([1., 1.])
    >>> result.success, result.rank
    (True, 2)
    """
    x, lower, upper = _check_start(x0, bounds)
    n = x.size
    arguments = args if args.__class__ is tuple else _arguments(args)
    keywords = {} if kwargs is None else dict(kwargs)
    bounded = lower is not _NOTHING
    tests = (_tolerance("ftol", ftol), _tolerance("xtol", xtol), _tolerance("gtol", gtol))
    if max_nfev is None:
        max_nfev = 200 * (n + 1)
    else:
        max_nfev = _validation.integer("max_nfev", max_nfev, low=1)
    if verbose not in (0, 1, 2):
        raise ValueError(f"verbose must be 0, 1 or 2, got {verbose!r}")
    robust = _check_loss(loss, f_scale)
    method = _check_method(method, bounded, robust)
    scale = _check_scale(x_scale, n)

    if n >= _LARGE:
        check_memory("lm", n, "minimize with method='lbfgs'")
    if normal_equations is not None:
        if fun is not None:
            raise ValueError("give fun or normal_equations, not both")
        if bounded or robust:
            raise ValueError("normal_equations works without bounds and with the linear loss")
        objective: Any = _core.PythonNormalEquations(
            _callable("normal_equations", normal_equations), arguments, keywords, x
        )
        jacobian_error = 0.0
        if not isinstance(method, LevenbergMarquardt):
            method = LevenbergMarquardt(scaling="diagonal")
    else:
        jacobian_error = 0.0 if callable(jac) else _check_jac(jac)
        objective = _core.PythonResiduals(
            _callable("fun", fun),
            jac,
            arguments,
            keywords,
            x,
            _NOTHING if diff_step is None else _check_diff_step(diff_step, n),
            loss,
            f_scale,
            lower,
            upper,
        )

    if isinstance(method, LevenbergMarquardt):
        settings = method.get_params()
        solver: _core.LevenbergMarquardtSolver | _core.LeastSquaresSolver
        solver = _core.LevenbergMarquardtSolver(
            objective,
            x,
            damping=settings["damping"],
            damping_rule=settings["damping_rule"],
            scaling=settings["scaling"],
            damping_max=settings["damping_max"],
            ftol=tests[0],
            xtol=tests[1],
            gtol=tests[2],
            max_evaluations=max_nfev,
        )
    elif bounded:
        solver = _core.BoundedLeastSquaresSolver(
            objective, x, *tests, jacobian_error, max_nfev, scale, lower, upper
        )
    else:
        solver = _core.TrustRegionSolver(
            objective, x, *tests, jacobian_error, max_nfev, scale, _RADIUS
        )

    if callback is None and verbose < 2:
        report, stopped = solver.run(), False
    else:
        report, stopped = _run_with_watchers(solver, callback, verbose)
    result = _result(solver, objective, report, stopped, robust, lower, upper)
    if verbose:
        print(f"{result.message}\nnfev {result.nfev}, cost {result.cost:.6e}")
    return result


def _arguments(args: Any) -> tuple[Any, ...]:
    return tuple(args) if isinstance(args, Sequence) else (args,)


def _tolerance(name: str, value: Any) -> float:
    if value.__class__ is float and 0 <= value < 1:
        return float(value)
    return 0.0 if value is None else _validation.number(name, value, low=0, below=1)


def _check_start(x0: Any, bounds: Any) -> tuple[Array, Array, Array]:
    """Return x0 as float64 (n,), and the bounds as arrays or, where there are none, `_NOTHING`."""
    if x0.__class__ is not np.ndarray or x0.dtype != np.float64 or x0.ndim != 1:
        x0 = _convert_start(x0)
    x: Array = np.ascontiguousarray(x0)
    if x.size == 0:
        raise ValueError("x0 must hold at least one number, got none")
    if bounds is _UNBOUNDED:
        return x, _NOTHING, _NOTHING
    lower, upper = _check_bounds(bounds, x.size)
    if np.isinf(lower).all() and np.isinf(upper).all():
        return x, _NOTHING, _NOTHING
    outside = np.flatnonzero((x < lower) | (x > upper))
    if outside.size:
        i = int(outside[0])
        raise ValueError(
            f"x0 must lie within the bounds, got x0[{i}] = {x[i]} outside [{lower[i]}, {upper[i]}]"
        )
    return x, lower, upper


def _convert_start(x0: Any) -> Array:
    if x0 is None:
        raise TypeError("x0 is missing: the parameters to start from")
    x = np.asarray(x0)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"x0 must hold real numbers, got dtype {x.dtype}")
    if x.ndim > 1:
        raise ValueError(f"x0 must have at most one dimension, got shape {x.shape}")
    return np.atleast_1d(x).astype(np.float64)


def _check_bounds(bounds: Any, n: int) -> tuple[Array, Array]:
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        pair: Any = (bounds.lb, bounds.ub)
    else:
        pair = bounds
    if not isinstance(pair, Sequence | np.ndarray) or len(pair) != 2:
        raise ValueError("bounds must be the two arrays or numbers (lower, upper)")
    sides = []
    for name, side in zip(("lower", "upper"), pair, strict=True):
        values = np.asarray(side)
        if values.dtype.kind not in "fiub":
            raise TypeError(f"the {name} bounds must be real numbers, got dtype {values.dtype}")
        if values.ndim > 1 or values.size not in (1, n):
            raise ValueError(
                f"the {name} bounds must be a number or of shape ({n},), got shape {values.shape}"
            )
        values = np.array(np.broadcast_to(values, (n,)), dtype=np.float64)
        if np.isnan(values).any():
            raise ValueError(f"the {name} bounds must not be NaN")
        sides.append(values)
    lower, upper = sides
    wrong = np.flatnonzero(~(lower < upper))
    if wrong.size:
        i = int(wrong[0])
        raise ValueError(
            f"each lower bound must be below its upper bound, got {lower[i]} and {upper[i]} "
            f"at index {i}"
        )
    return lower, upper


def _check_loss(loss: Any, f_scale: Any) -> bool:
    """Return whether the loss is a robust one."""
    if loss == "linear" and f_scale == 1.0:
        return False
    _validation.choice("loss", loss, _LOSSES)
    _validation.number("f_scale", f_scale, above=0)
    return bool(loss != "linear")


def _check_method(method: Any, bounded: bool, robust: bool) -> Any:
    if method is None:
        return "trf" if bounded or robust else "lm"
    if isinstance(method, Optimizer) and not isinstance(method, LevenbergMarquardt):
        raise ValueError(
            f"method must be 'lm', 'trf' or a LevenbergMarquardt, got {method!r}: for other "
            "optimisers use minimize"
        )
    if not isinstance(method, LevenbergMarquardt):
        _validation.choice("method", method, ("lm", "trf"))
    if method != "trf":
        name = "'lm'" if isinstance(method, str) else "LevenbergMarquardt"
        if bounded:
            raise ValueError(f"method {name} takes no bounds: use 'trf'")
        if robust:
            raise ValueError(f"method {name} takes the linear loss only: use 'trf'")
    return method


def _check_scale(x_scale: Any, n: int) -> Array:
    """Return D = 1 / x_scale, or `_NOTHING` where D follows the Jacobian."""
    if x_scale is None or (isinstance(x_scale, str) and x_scale == "jac"):
        return _NOTHING
    if isinstance(x_scale, str):
        raise ValueError(f"x_scale must be 'jac' or positive numbers, got {x_scale!r}")
    scale = _validation.array("x_scale", x_scale, ndim=(0, 1)) if np.ndim(x_scale) else x_scale
    scale = np.asarray(scale, dtype=np.float64)
    if scale.size not in (1, n) or not (np.isfinite(scale) & (scale > 0)).all():
        raise ValueError(
            f"x_scale must be 'jac', a positive number or {n} of them, got {x_scale!r}"
        )
    return np.array(np.broadcast_to(1 / scale, (n,)))


def _check_jac(jac: Any) -> float:
    """Return the relative error of the differences that ``jac`` names."""
    if not isinstance(jac, str) or jac not in _DIFFERENCES:
        raise ValueError(f"jac must be '2-point', '3-point', 'cs' or a callable, got {jac!r}")
    return float(_DIFFERENCES[jac])


def _check_diff_step(diff_step: Any, n: int) -> Array:
    step = np.asarray(diff_step, dtype=np.float64)
    if step.size not in (1, n) or not (np.isfinite(step) & (step > 0)).all():
        raise ValueError(f"diff_step must be a positive number or {n} of them, got {diff_step!r}")
    return np.array(np.broadcast_to(step, (n,)))


def _callable(name: str, value: Any) -> Any:
    if not callable(value):
        raise TypeError(f"{name} must be callable, got {value!r}")
    return value


def _run_with_watchers(
    solver: Any, callback: Callable[..., Any] | None, verbose: int
) -> tuple[Any, bool]:
    """Step with all looking on; return the last report, and whether the callback ended it."""
    last: list[Any] = []

    def remember(_: int, report: Any) -> None:
        last[:] = [report]

    watchers: list[Any] = [remember]
    if verbose == 2:
        print(f"{'iteration':>10} {'nfev':>8} {'cost':>14} {'step':>12} {'gradient':>12}")

        def show(i: int, report: Any) -> None:
            print(
                f"{report.iterations:>10} {report.n_value:>8} {report.loss:>14.6e} "
                f"{report.step_norm:>12.3e} {report.gradient_norm:>12.3e}"
            )

        watchers.append(show)
    if callback is not None:
        tell = _callable("callback", callback)
        parameters = inspect.signature(tell).parameters
        wants_result = "intermediate_result" in parameters

        def call(i: int, report: Any) -> str | None:
            if report.status != "running" and report.step_norm == 0:
                return None  # no iteration was made
            x = solver.weights
            try:
                if wants_result:
                    tell(
                        intermediate_result=OptimizeResult(
                            x=x, cost=report.loss, nit=report.iterations, nfev=report.n_value
                        )
                    )
                else:
                    tell(x)
            except StopIteration:
                return "callback"
            return None

        watchers.append(call)
    reason = loop.run(solver, _forever(), watchers)
    return last[0], reason == "callback"


def _forever() -> Any:
    i = 0
    while True:
        yield i
        i += 1


def _result(
    solver: Any,
    objective: Any,
    report: Any,
    stopped: bool,
    robust: bool,
    lower: Array,
    upper: Array,
) -> OptimizeResult:
    if isinstance(solver, _core.LevenbergMarquardtSolver):
        x, residuals, jacobian, gradient, optimality, rank = _solution(solver, objective)
    else:
        x, residuals, jacobian, gradient, optimality, rank = solver.solution()
        if robust:
            residuals = objective.residuals(x)
    if stopped:
        status, message, success = _CALLBACK, "the callback raised StopIteration", False
    else:
        name = report.status
        success = report.optimal
        if success:
            status, message = _CONVERGED[name]
        else:
            if name == "gradient" and rank > 0:
                name = "vanished"
            status, message = _NOT_CONVERGED[name]
            if name == "non_finite" and isinstance(objective, _core.PythonResiduals):
                message = f"{message}; {objective.not_finite}".rstrip("; ")
    if lower is _NOTHING:
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
        njev=report.n_gradient,
        status=status,
        message=message,
        success=success,
        rank=rank,
    )


def _solution(solver: Any, objective: Any) -> tuple[Any, ...]:
    """Return x, e, J, g, max |g| and the rank of J, where the solver does not hold all of them."""
    x, gradient = solver.weights, solver.gradient
    optimality = float(abs(gradient).max())
    if isinstance(objective, _core.PythonNormalEquations):
        products = objective.products(x)
        size = np.sqrt(np.where(np.diag(products) > 0, np.diag(products), 1.0))
        rank = int(np.linalg.matrix_rank(products / np.outer(size, size), hermitian=True))
        return x, None, None, gradient, optimality, rank
    jacobian = objective.jacobian(x)
    size = np.linalg.norm(jacobian, axis=0)
    rank = int(np.linalg.matrix_rank(jacobian / np.where(size > 0, size, 1.0)))
    return x, objective.residuals(x), jacobian, gradient, optimality, rank
