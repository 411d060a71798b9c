"""Intervals by the profile of a sum of squares: one parameter held, the others fitted anew."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._names import meant_by
from fastopt._quantiles import check_level
from fastopt.functions.inference import FitStatistics
from fastopt.functions.least_squares import least_squares
from fastopt.functions.result import OptimizeWarning

Array = npt.NDArray[np.float64]

# How often the way from the estimate is doubled in search of an end, from one standard error on:
# beyond 2^20 errors it is taken for infinite.
_DOUBLINGS = 20
_ITERATIONS = 60  # of the search of an end in its bracket, which halves at worst
_PRECISION = 1e-6  # of √(ΔΣe² / s²) at an end: six digits of it
# By which share Σe² must be below that of the fit to be a better fit, and not rounding.
_BETTER = 1e-6
_AT_BOUNDS = 1e-12  # of the parameters: no way is left to go but rounding
# Settings of a run that are one for each parameter.
_OF_EACH = ("x_scale", "diff_step")


@dataclass(frozen=True)
class Refit:
    """A problem of least squares that is solved again with one of its parameters held.

    Attributes
    ----------
    residuals : callable
    jac : str or callable
    lower, upper : array (n,)
    options : dict
        Of :func:`fastopt.least_squares`.
    """

    residuals: Callable[[Array], Any]
    jac: Any
    lower: Array
    upper: Array
    options: dict[str, Any]

    def __call__(self, held: int, value: float, start: Array) -> tuple[float, Array, bool]:
        """Return Σe², the parameters, and whether they are the best ones with this one held."""
        full = start.copy()
        full[held] = value
        free = np.arange(start.size) != held
        if not free.any():
            return float(np.sum(np.square(self.residuals(full)))), full, True

        def whole(others: Array) -> Array:
            at = full.astype(others.dtype)
            at[free] = others
            return at

        jac = self.jac
        if callable(jac):
            of_all = jac

            def jac(others: Array) -> Array:
                return np.asarray(of_all(whole(others)))[:, free]

        options = dict(self.options)
        for name in _OF_EACH:
            given = np.asarray(options.get(name))
            if given.shape == start.shape:
                options[name] = given[free]
        bounded = np.isfinite(self.lower[free]).any() or np.isfinite(self.upper[free]).any()
        if bounded:
            options["bounds"] = (self.lower[free], self.upper[free])
            options.pop("method", None)
        result = least_squares(
            lambda others: self.residuals(whole(others)), full[free], jac, **options
        )
        # Also where all others lie at bounds to within rounding.
        sure = result.success or (
            bounded and result.optimality <= _AT_BOUNDS * float(np.abs(result.x).max())
        )
        return 2 * float(result.cost), whole(result.x), bool(sure)


def profile_intervals(
    statistics: FitStatistics, refit: Refit, level: float, parameters: Any
) -> Array:
    """Return the ends of profile intervals, (k, 2)."""
    level = check_level(level)
    if statistics.robust:
        raise ValueError(
            "profile intervals are those of loss='linear': a robust loss is no likelihood"
        )
    if not (math.isfinite(statistics.variance) and statistics.degrees_of_freedom > 0):
        raise ValueError(
            f"profile intervals need degrees of freedom, and {statistics.n_points} points leave "
            f"none beside {statistics.rank} parameters"
        )
    goal = statistics.quantile(level)
    ends = []
    for j in _chosen(parameters, statistics.names):
        profile = _Profile(statistics, refit, j, goal)
        ends.append([profile.end(-1), profile.end(+1)])
    return np.array(ends)


def _chosen(parameters: Any, names: tuple[str, ...]) -> list[int]:
    if parameters is None:
        return list(range(len(names)))
    several = [parameters] if isinstance(parameters, str | int | np.integer) else list(parameters)
    chosen = []
    for parameter in several:
        if isinstance(parameter, str):
            if parameter not in names:
                raise ValueError(
                    f"{parameter!r} is no parameter: there are {', '.join(names)}"
                    + meant_by(parameter, names)
                )
            chosen.append(names.index(parameter))
        else:
            if not -len(names) <= parameter < len(names):
                raise ValueError(
                    f"parameters must be numbers below {len(names)} or names, got {parameter!r}"
                )
            chosen.append(int(parameter) % len(names))
    return chosen


class _Profile:
    """√(ΔΣe² / s²) of one parameter, which is linear in it where the model is."""

    def __init__(self, statistics: FitStatistics, refit: Refit, held: int, goal: float) -> None:
        self.best, self.refit, self.held, self.goal = statistics, refit, held, goal
        self.told = False

    def height(self, value: float, start: Array) -> tuple[float, Array]:
        """Return √(ΔΣe² / s²) − goal where the parameter is held at ``value``, and the others."""
        squares, x, sure = self.refit(self.held, value, start)
        if not sure:  # from the fit itself, as well
            other = self.refit(self.held, value, self.best.parameters)
            squares, x, sure = min((squares, x, sure), other, key=lambda found: found[0])
        rise = squares - self.best.chi_square
        if rise < -_BETTER * (self.best.chi_square + self.best.variance):
            at = ", ".join(f"{n}={v:.8g}" for n, v in zip(self.best.names, x, strict=True))
            raise RuntimeError(
                f"the profile of {self.best.names[self.held]} found a better fit, Σe² = "
                f"{squares:.8g} after {self.best.chi_square:.8g}, at {at}: fit again with these "
                "as p0"
            )
        if not sure and not self.told:
            self.told = True
            warnings.warn(
                f"with {self.best.names[self.held]} held at {value:.6g} the others did not "
                "converge: the interval may be too narrow",
                OptimizeWarning,
                stacklevel=5,
            )
        return math.sqrt(max(rise, 0.0) / self.best.variance) - self.goal, x

    def end(self, side: int) -> float:
        """Return where the profile reaches the goal: below (−1) or above the estimate."""
        x, j = self.best.parameters, self.held
        bound = self.refit.upper[j] if side > 0 else self.refit.lower[j]
        error = self.best.standard_errors[j]
        step = error * self.goal if 0 < error < math.inf else 0.1 * abs(x[j]) or 0.1
        near, at_near, low = x[j], x, -self.goal
        if side * (bound - near) <= 0:
            return float(bound)
        for _ in range(_DOUBLINGS):
            far = near + side * step
            reached = side * (far - bound) >= 0
            far = float(bound) if reached else float(far)
            high, at_far = self.height(far, at_near)
            if high >= 0:
                return self._between(near, low, at_near, far, high)
            if reached:
                return far
            near, low, at_near, step = far, high, at_far, 2 * step
        return side * math.inf

    def _between(self, a: float, low: float, at: Array, b: float, high: float) -> float:
        """Return the root between a, where the height is below zero, and b (Illinois)."""
        last = 0
        for _ in range(_ITERATIONS):
            c = b - high * (b - a) / (high - low)
            h, x = self.height(c, at)
            if abs(h) <= _PRECISION * self.goal or not min(a, b) < c < max(a, b):
                return c
            if h < 0:
                a, low, at = c, h, x
                high = high / 2 if last < 0 else high
            else:
                b, high = c, h
                low = low / 2 if last > 0 else low
            last = -1 if h < 0 else 1
        return c
