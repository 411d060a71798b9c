"""Input validation of :func:`fastopt.minimize`: arguments, checked and converted."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _names, _validation
from fastopt.functions.operators import densely
from fastopt.optimizers import (
    BayesianRegularization,
    LevenbergMarquardt,
    NewtonCG,
    Optimizer,
    registry,
    resolve,
)

Array = npt.NDArray[np.float64]

DIFFERENCES = ("2-point", "3-point", "cs")

_PAIRS = (tuple, list, np.ndarray)

_NO_STEPS: Array = np.empty(0)

# SciPy's names of options.
_OPTIONS_OF_SCIPY = {"maxcor": "memory", "xtol": "xrtol"}

# Options that belong to a run and not to an optimiser.
_RUN_OPTIONS = (
    *("maxiter", "maxfev", "maxfun", "disp", "iprint", "return_all"),
    *("eps", "finite_diff_rel_step"),
)

# Which have least_squares, or networks alone.
_OF_SUMS_OF_SQUARES = ("lm", "bayesian_regularization")

methods: dict[str, Callable[..., Optimizer]] = {
    **{name: make for name, make in registry.items() if name not in _OF_SUMS_OF_SQUARES},
    "newton_cg": NewtonCG,
}


def starting_point(x0: Any) -> Array:
    """Return a copy of x0 as a vector of doubles; a number is a vector of one."""
    x = _validation.vector("x0", x0)
    if not np.isfinite(x).all():
        i = int(np.argmin(np.isfinite(x)))
        raise ValueError(f"x0[{i}] is {x[i]}: all numbers must be finite")
    return x


def derivative(name: str, value: Any, *, together: bool = False) -> Any:
    """Return a callable, the name of a difference formula, True (fun returns both) or None."""
    if value is None or value is False:
        return None
    if value is True and together:
        return True
    allowed = ", ".join(map(repr, DIFFERENCES)) + (", True" if together else "")
    if isinstance(value, str):
        if value not in DIFFERENCES:
            raise ValueError(f"{name} must be a callable or one of {allowed}, got {value!r}")
        return value
    if not callable(value):
        raise TypeError(f"{name} must be a callable or one of {allowed}, got {value!r}")
    return value


def limits(bounds: Any, n: int) -> tuple[Array, Array]:
    """Return the lower and the upper bounds of n variables, from pairs or an object with lb, ub."""
    lower, upper = np.full(n, -np.inf), np.full(n, np.inf)
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):
        for name, side, values in (("lb", lower, bounds.lb), ("ub", upper, bounds.ub)):
            given = _validation.array(f"bounds.{name}", values, ndim=(0, 1), finite=False)
            if given.size not in (1, n):
                raise ValueError(f"bounds must hold {n} lower and {n} upper bounds")
            side[:] = given
    else:
        expected = f"bounds must be {n} pairs (lower, upper) of numbers or None"
        if isinstance(bounds, str) or not isinstance(bounds, Iterable):
            raise TypeError(f"{expected}, got {bounds!r}")
        pairs = list(bounds)
        if len(pairs) != n or not all(
            isinstance(pair, _PAIRS) and len(pair) == 2 for pair in pairs
        ):
            raise ValueError(f"{expected}, got {bounds!r}")
        for i, (low, high) in enumerate(pairs):
            lower[i] = -np.inf if low is None else _bound(f"bounds[{i}][0]", low)
            upper[i] = np.inf if high is None else _bound(f"bounds[{i}][1]", high)
    for i in range(n):
        if not lower[i] <= upper[i]:
            if np.isnan(lower[i]) or np.isnan(upper[i]):
                raise ValueError(f"bounds[{i}] is nan")
            raise ValueError(f"bounds[{i}]: the lower bound {lower[i]} is above {upper[i]}")
    return lower, upper


def no_constraints(constraints: Any) -> None:
    """Refuse constraints; SciPy's default, an empty sequence, is none."""
    if constraints is None or (isinstance(constraints, (tuple, list)) and not constraints):
        return
    raise ValueError(
        "constraints are not supported, only bounds (method 'lbfgs'): "
        "scipy.optimize.minimize with method 'SLSQP' or 'trust-constr' takes constraints"
    )


def _bound(name: str, value: Any) -> float:
    if isinstance(value, np.ndarray) and value.ndim == 0:
        value = value[()]
    if not isinstance(value, Real):
        raise TypeError(f"{name} must be a number or None, got {value!r}")
    if math.isnan(value):
        raise ValueError(f"{name} is nan")
    return float(value)


def optimizer_for(
    method: str | Optimizer | None, bounded: bool, tol: float | None, options: dict[str, Any]
) -> tuple[str, Optimizer, dict[str, Any]]:
    """Return the name of a method, its optimiser with the options, and the options of the run."""
    options = {_OPTIONS_OF_SCIPY.get(name, name): value for name, value in options.items()}
    if method is None:
        method = "lbfgs" if bounded else "bfgs"
    if isinstance(method, Optimizer):
        name = next((k for k, make in methods.items() if make is type(method)), "")
        if not name:
            reason = (
                "minimises sums of squares alone: use least_squares"
                if isinstance(method, LevenbergMarquardt)
                else "trains networks alone: MLP.fit(..., optimizer=...)"
                if isinstance(method, BayesianRegularization)
                else "is none of fastopt's optimisers"
            )
            raise ValueError(f"method: {type(method).__name__} {reason}")
        optimizer = method
    elif isinstance(method, str):
        known = _names.canonical("optimizer", method, methods)
        if known is None:
            listed = ", ".join(map(repr, methods))
            cure = _names.hint("method", method, methods)
            raise ValueError(
                f"method must be one of {listed} or an Optimizer, got {method!r}{cure}"
            )
        name = known
        optimizer = methods[name]()
    else:
        raise TypeError(f"method must be a name or an Optimizer, got {method!r}")
    settings = optimizer.get_params()
    first_order = "gtol" not in settings
    of_run = [*_RUN_OPTIONS, *_options_of_the_search(name, first_order, bounded)]
    run = {option: options.pop(option) for option in of_run if option in options}
    allowed = {*settings, "gtol"}
    unknown = [option for option in options if option not in allowed]
    if unknown:
        listed = ", ".join(sorted({*allowed, *of_run}))
        cure = _names.meant_by(unknown[0], sorted({*allowed, *of_run}))
        raise ValueError(
            f"options of {name!r} are {listed}; got {unknown[0]!r} = {options[unknown[0]]!r}{cure}"
        )
    if tol is not None:
        options.setdefault("gtol", _validation.number("tol", tol, low=0))
    if first_order and "gtol" in options:
        run["gtol"] = options.pop("gtol")
    if isinstance(method, Optimizer):
        return name, resolve(method, **options), run
    return name, methods[name](**options) if options else optimizer, run


def _options_of_the_search(name: str, first_order: bool, bounded: bool) -> tuple[str, ...]:
    if first_order:
        return ()
    if bounded:
        return ("maxls",)
    return ("maxls", "norm", "hess_inv0") if name in ("bfgs", "dfp") else ("maxls", "norm")


def steps_for(settings: dict[str, Any], n: int) -> tuple[Array, bool]:
    """Return the steps that SciPy's ``finite_diff_rel_step`` or ``eps`` ask for, if relative."""
    for name, relative in (("finite_diff_rel_step", True), ("eps", False)):
        if settings.get(name) is None:
            continue
        steps = _validation.array(name, settings[name], ndim=(0, 1))
        if steps.size not in (1, n) or not (steps > 0).all():
            raise ValueError(f"{name} must be a positive number or {n} of them, got {steps}")
        return np.array(np.broadcast_to(steps, (n,)), dtype=np.float64), relative
    return _NO_STEPS, True


def inverse_hessian(value: Any, n: int) -> Array:
    """Return the option ``hess_inv0``: a symmetric positive definite matrix."""
    v = np.asarray(_validation.array("hess_inv0", value, ndim=(2,)), dtype=np.float64)
    if v.shape != (n, n):
        raise ValueError(f"hess_inv0 must have shape ({n}, {n}), got {v.shape}")
    if not np.allclose(v, v.T, rtol=1e-8, atol=0):
        raise ValueError("hess_inv0 must be symmetric")
    try:
        np.linalg.cholesky(v)
    except np.linalg.LinAlgError:
        raise ValueError("hess_inv0 must be positive definite") from None
    return v


def objective_for(
    fun: Any,
    jac: Any,
    hess: Any,
    hessp: Any,
    args: Any,
    x0: Array,
    bounds: tuple[Array, Array] | tuple[()] = (),
    steps: tuple[Array, bool] = (_NO_STEPS, True),
) -> _core.PythonObjective:
    """Return the C++ side of the caller's functions."""
    _validation.function("fun", fun)
    jac = derivative("jac", jac, together=True)
    hess = derivative("hess", hess)
    if hessp is not None:
        _validation.function("hessp", hessp)
    if not isinstance(args, tuple):
        args = (args,)
    return _core.PythonObjective(
        fun,
        "3-point" if jac is None else jac,
        "3-point" if hess is None else densely(hess) if callable(hess) else hess,
        hessp,
        args,
        x0,
        *steps,
        *bounds,
    )
