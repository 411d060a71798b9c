"""The arguments of ``least_squares``, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.optimizers.base import Optimizer
from fastopt.optimizers.levenberg_marquardt import LevenbergMarquardt

Array = npt.NDArray[np.float64]

NOTHING = np.empty(0)
UNBOUNDED = (-np.inf, np.inf)
_DIFFERENCES = ("2-point", "3-point", "cs")
_LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")


def positional(args: Any) -> tuple[Any, ...]:
    """Return ``args`` as a tuple, where one argument alone may have been given."""
    several = isinstance(args, Sequence | np.ndarray) and not isinstance(args, str)
    return tuple(args) if several and np.ndim(args) else (args,)


def check_kwargs(kwargs: Any) -> dict[str, Any]:
    """Return the arguments by name."""
    if kwargs is None:
        return {}
    if not isinstance(kwargs, Mapping):
        raise TypeError(f"kwargs must be a mapping of names to values, got {kwargs!r}")
    return dict(kwargs)


def check_tolerance(name: str, value: Any) -> float:
    """Return the tolerance; 0 where there is no such test."""
    if value.__class__ is float and 0 <= value < 1:
        return float(value)
    return 0.0 if value is None else _validation.number(name, value, low=0, below=1)


def check_start(x0: Any, bounds: Any) -> tuple[Array, Array, Array]:
    """Return x0 as float64 (n,), and the bounds as arrays or, where there are none, `NOTHING`."""
    if x0 is None:
        raise TypeError("x0 is missing: the parameters to start from")
    x = x0  # what is right already is not looked at again: it would take longer than a small run
    if x0.__class__ is not np.ndarray or x0.dtype != np.float64 or x0.ndim != 1 or not x0.size:
        x = _validation.vector("x0", x0)
    x = np.ascontiguousarray(x)
    if bounds is UNBOUNDED:
        return x, NOTHING, NOTHING
    lower, upper = check_bounds(bounds, x.size)
    if np.isinf(lower).all() and np.isinf(upper).all():
        return x, NOTHING, NOTHING
    check_within("x0", x, lower, upper)
    return x, lower, upper


def check_within(name: str, x: Array, lower: Array, upper: Array) -> None:
    """Refuse a start outside the bounds."""
    outside = np.flatnonzero((x < lower) | (x > upper))
    if outside.size:
        i = int(outside[0])
        raise ValueError(
            f"{name} must lie within the bounds, got {name}[{i}] = {x[i]} outside "
            f"[{lower[i]}, {upper[i]}]"
        )


def check_bounds(bounds: Any, n: int) -> tuple[Array, Array]:
    """Return the lower and the upper bounds of n parameters."""
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


def check_loss(loss: Any, f_scale: Any) -> bool:
    """Return whether the loss is a robust one."""
    if loss.__class__ is str and loss == "linear" and f_scale.__class__ is float and f_scale == 1.0:
        return False
    _validation.choice("loss", loss, _LOSSES)
    _validation.number("f_scale", f_scale, above=0)
    return bool(loss != "linear")


def check_method(method: Any, bounded: bool, robust: bool) -> Any:
    """Return the method; by default the one that bounds and loss ask for."""
    if method is None:
        return "trf" if bounded or robust else "lm"
    if isinstance(method, Optimizer) and not isinstance(method, LevenbergMarquardt):
        raise ValueError(
            f"method must be 'lm', 'trf' or a LevenbergMarquardt, got {method!r}: for other "
            "optimisers use minimize"
        )
    if not isinstance(method, LevenbergMarquardt):
        _validation.choice("method", method, ("lm", "trf"))
    if isinstance(method, LevenbergMarquardt) and method.separable is True:
        raise ValueError(
            "method: LevenbergMarquardt(separable=True) trains networks, whose output weights "
            "enter linearly; of a function none is known to: leave separable at False"
        )
    if method != "trf":
        name = "'lm'" if isinstance(method, str) else "LevenbergMarquardt"
        if bounded:
            raise ValueError(f"method {name} takes no bounds: use 'trf'")
        if robust:
            raise ValueError(f"method {name} takes the linear loss only: use 'trf'")
    return method


def check_scale(x_scale: Any, n: int) -> Array:
    """Return D = 1 / x_scale, or `NOTHING` where D follows the Jacobian."""
    if x_scale is None or (isinstance(x_scale, str) and x_scale == "jac"):
        return NOTHING
    return 1 / _positive("x_scale", x_scale, n, "'jac', ")


def check_jac(jac: Any) -> None:
    """Refuse what names no differences."""
    if not isinstance(jac, str) or jac not in _DIFFERENCES:
        raise ValueError(f"jac must be '2-point', '3-point', 'cs' or a callable, got {jac!r}")


def check_diff_step(diff_step: Any, n: int) -> Array:
    """Return the relative step of each parameter."""
    return NOTHING if diff_step is None else _positive("diff_step", diff_step, n)


def _positive(name: str, values: Any, n: int, other: str = "") -> Array:
    x = np.asarray(values)
    if (
        x.dtype.kind not in "fiu"
        or x.shape not in ((), (1,), (n,))
        or not (np.isfinite(x) & (x > 0)).all()
    ):
        raise ValueError(f"{name} must be {other}a positive number or {n} of them, got {values!r}")
    return np.array(np.broadcast_to(x.astype(np.float64), (n,)))
