"""A curve that is fitted to columns of a table: the formula, the start, intervals and the band."""

from __future__ import annotations

import inspect
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import fastopt
from fastopt.cli.expression import Expression
from fastopt.cli.failure import Failure, Misuse, unknown
from fastopt.functions.curve_result import CurveFitResult
from fastopt.functions.inference import Band

Array = npt.NDArray[Any]


@dataclass
class Curve:
    """A formula of variables, which are columns, and parameters.

    Attributes
    ----------
    expression : Expression
    variables, parameters : tuple of str
        Its names: those that are columns, and the others.
    """

    expression: Expression
    variables: tuple[str, ...]
    parameters: tuple[str, ...]

    @classmethod
    def of(cls, text: str, columns: Sequence[str], y: str) -> Curve:
        """Read a formula of a table's columns."""
        expression = Expression(text)
        if y in expression.names:
            raise Misuse(f"the model holds {y!r}, the column that is fitted: name another with --y")
        variables = tuple(name for name in expression.names if name in columns)
        parameters = tuple(name for name in expression.names if name not in columns)
        if not variables:
            raise Misuse(
                f"the model {text!r} holds no column of the table: there are "
                f"{', '.join(c for c in columns if c != y)}"
            )
        if not parameters:
            raise Misuse(f"the model {text!r} has no parameters: all its names are columns")
        return cls(expression, variables, parameters)

    def function(self) -> Callable[..., Array]:
        """Return ``f(x, *parameters)`` as ``curve_fit`` takes it; x is (variables, N)."""

        def f(x: Array, *values: float) -> Array:
            given = dict(zip(self.variables, x, strict=True))
            given |= dict(zip(self.parameters, values, strict=True))
            return np.broadcast_to(np.asarray(self.expression(given), dtype=float), x.shape[1:])

        # By which curve_fit names the parameters in what it tells.
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        f.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [inspect.Parameter(name, kind) for name in ("_", *self.parameters)]
        )
        return f


@dataclass
class Fitted:
    """A fitted curve with its intervals of one level, and what was said on the way."""

    curve: Curve
    result: CurveFitResult
    residuals: Array
    y: Array
    level: float
    notes: list[str]

    @property
    def values(self) -> Array:
        """The parameters."""
        return self.result.popt

    @property
    def errors(self) -> Array:
        """Standard errors of the parameters."""
        return self.result.standard_errors

    @property
    def intervals(self) -> Array:
        """The ends of the parameters' intervals, (n, 2)."""
        return self.result.confidence_intervals(self.level)

    @property
    def rmse(self) -> float:
        """Root of the mean of squared residuals."""
        return float(np.sqrt(np.mean(self.residuals**2)))

    @property
    def r2(self) -> float:
        """1 − Σe² / Σ(y − ȳ)²."""
        spread = float(np.sum((self.y - self.y.mean()) ** 2))
        return 1 - float(np.sum(self.residuals**2)) / spread if spread else math.nan

    def band(self, x: Array) -> Band:
        """Return the curve at x and the ends of its confidence band."""
        return self.result.confidence_band(x, self.level)

    def edge(self, x: Array, sign: int) -> Array:
        """Return the upper (1) or the lower (−1) edge of the band; without one, the curve."""
        values, lower, upper = self.band(x)
        edge = upper if sign > 0 else lower
        return np.where(np.isfinite(edge), edge, values)


def fit(
    curve: Curve,
    x: Array,
    y: Array,
    p0: Array | None,
    bounds: tuple[Array, Array] | None,
    sigma: Array | None,
    absolute_sigma: bool,
    loss: str,
    level: float,
) -> Fitted:
    """Fit a curve; what is said of its parameters on the way goes into the notes."""
    start = np.ones(len(curve.parameters)) if p0 is None else p0
    f = curve.function()
    first = f(x, *start)
    if not np.isfinite(first).all():
        row = int(np.argmax(~np.isfinite(first))) + 1
        raise Failure(
            f"the model is {first[row - 1]} in row {row} at the start {told(curve, start)}: give "
            "other values with --p0"
        )
    options: dict[str, Any] = {} if bounds is None else {"bounds": bounds}
    if loss != "linear":
        options["loss"] = loss
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = fastopt.curve_fit(
                f, x, y, start, sigma=sigma, absolute_sigma=absolute_sigma, **options
            )
        except RuntimeError as error:
            raise Failure(f"{error}; give values nearer to the answer with --p0") from error
        except (ValueError, TypeError) as error:
            raise Misuse(str(error)) from error
    notes = [" ".join(str(warning.message).split()) for warning in caught]
    return Fitted(curve, result, y - f(x, *result.popt), y, level, notes)


def told(curve: Curve, values: Array) -> str:
    """Return parameters with their values."""
    return ", ".join(f"{n}={v:g}" for n, v in zip(curve.parameters, values, strict=True))


def start_of(text: str | None, parameters: tuple[str, ...]) -> Array | None:
    """Return the start that ``--p0`` says: 1,0.5,0 in order, or a=1,b=0.5 by name."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wanted = f"--p0 must be {len(parameters)} numbers, for {', '.join(parameters)}, got {text!r}"
    if all("=" in part for part in parts):
        values = np.ones(len(parameters))
        for part in parts:
            name, _, number = part.partition("=")
            values[_place(name.strip(), parameters, "--p0")] = _number(number, wanted)
        return values
    if len(parts) != len(parameters):
        raise Misuse(wanted)
    return np.array([_number(part, wanted) for part in parts])


def bounds_of(text: str | None, parameters: tuple[str, ...]) -> tuple[Array, Array] | None:
    """Return the bounds that ``--bounds`` says: a=0:,b=-1:1."""
    if text is None:
        return None
    lower, upper = np.full(len(parameters), -np.inf), np.full(len(parameters), np.inf)
    for part in text.split(","):
        name, equals, span = part.partition("=")
        low, colon, high = span.partition(":")
        wanted = (
            f"--bounds must be name=low:high, each may be left out, as a=0:,b=-1:1, got {part!r}"
        )
        if not equals or not colon:
            raise Misuse(wanted)
        j = _place(name.strip(), parameters, "--bounds")
        lower[j] = _number(low, wanted) if low.strip() else -np.inf
        upper[j] = _number(high, wanted) if high.strip() else np.inf
    return lower, upper


def _place(name: str, parameters: tuple[str, ...], option: str) -> int:
    if name not in parameters:
        raise unknown(f"parameter ({option})", name, parameters)
    return parameters.index(name)


def _number(text: str, wanted: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Misuse(wanted) from None
