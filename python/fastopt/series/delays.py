"""Rows of delayed values of a series, beside what they are to predict."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._names import friendly

Array = npt.NDArray[Any]


class Lagged(NamedTuple):
    """Rows of delayed values beside what they are to predict; see :func:`fastopt.lagged`."""

    inputs: Array  # (N, …)
    targets: Array  # (N,) or (N, q)
    series: Array  # (N,) which series a row is of, from 0
    times: Array  # (N,) which of its rows the target is


@friendly
def lagged(
    x: Any,
    y: Any,
    input_delays: Iterable[int] = (1, 2),
    feedback_delays: Iterable[int] = (1, 2),
) -> Lagged:
    """Return the rows [x(t − d₁), x(t − d₂), …, y(t − f₁), …] and the targets y(t).

    Rows begin where all delayed values are there, at the longest delay. No row spans two series.

    Parameters
    ----------
    x : array (T,) or (T, d), a list of them, or None
        What drives the series; None where only its own past counts.
    y : array (T,) or (T, q), or a list of them
        The series. A list or tuple of arrays or frames holds several, in parts of their own;
        nested lists of numbers are one array.
    input_delays, feedback_delays : iterable of int
        d ≥ 0 and f ≥ 1, ascending: 0 is the present. ``range(1, 3)`` is MATLAB's ``1:2``.

    Returns
    -------
    Lagged
        A named tuple: ``inputs``, ``targets``, and of each row ``series`` and ``times``, the row of
        that series which is the target. Columns of ``inputs`` are ordered by delay, then by column.

    Examples
    --------
    >>> import fastopt
    >>> rows = fastopt.lagged([1, 2, 3, 4], [10, 20, 30, 40], [0, 1], [2])
    >>> rows.inputs.tolist(), rows.targets.tolist()
    ([[3.0, 2.0, 10.0], [4.0, 3.0, 20.0]], [30.0, 40.0])
    """
    delays = Delays.checked(input_delays, feedback_delays)
    return delays.rows(*delays.check_series(x, y))


class Delays(NamedTuple):
    """Which rows before the present count, ascending."""

    inputs: tuple[int, ...]
    feedback: tuple[int, ...]

    @classmethod
    def checked(cls, input_delays: Any, feedback_delays: Any) -> Delays:
        """Return delays that were given by a user."""
        delays = cls(
            _delays("input_delays", input_delays, 0), _delays("feedback_delays", feedback_delays, 1)
        )
        if not (delays.inputs or delays.feedback):
            raise ValueError(
                "input_delays and feedback_delays are both empty: nothing would be left to "
                "predict from"
            )
        return delays

    @property
    def longest(self) -> int:
        """How many rows of a series have no row of delayed values."""
        return max(self.inputs + self.feedback)

    def check_series(self, x: Any, y: Any) -> tuple[list[Array | None], list[Array]]:
        """Return each series as arrays of doubles: inputs (T, d) or None, and outputs as given."""
        ys = [series_array(name, part) for name, part in each("y", y)]
        widths = {part.shape[1:] for part in ys}
        if len(widths) > 1:
            raise ValueError(
                f"all series of y must have the same columns, got shapes {[p.shape for p in ys]}"
            )
        if not self.inputs:
            if x is not None:
                raise ValueError("x is given and input_delays is empty: give x=None, or delays")
            return [None] * len(ys), ys
        if x is None:
            raise ValueError(
                f"x is None and input_delays={self.inputs}: a series of its own past alone has "
                "input_delays=()"
            )
        xs = [as_columns(series_array(name, part)) for name, part in each("x", x)]
        if len(xs) != len(ys):
            raise ValueError(f"x holds {len(xs)} series and y {len(ys)}: they must be equal")
        if len({part.shape[1] for part in xs}) > 1:
            raise ValueError(
                f"all series of x must have the same columns, got shapes {[p.shape for p in xs]}"
            )
        return list(xs), ys

    def rows(self, xs: list[Array | None], ys: list[Array]) -> Lagged:
        """Return the rows of series that were checked, those of one after those of the other."""
        parts = [self._rows_of(k, x, y) for k, (x, y) in enumerate(zip(xs, ys, strict=True))]
        return Lagged(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def _rows_of(self, k: int, x: Array | None, y: Array) -> Lagged:
        start, end = self.longest, len(y)
        if x is not None and len(x) != end:
            raise ValueError(f"x has {len(x)} rows and y {end}{of_series(k)}: they must be equal")
        if end <= start:
            raise ValueError(
                f"y has {end} rows{of_series(k)}, and the longest delay is {start}: there must be "
                "more"
            )
        own = as_columns(y)
        columns = [] if x is None else [x[start - d : end - d] for d in self.inputs]
        columns += [own[start - f : end - f] for f in self.feedback]
        times = np.arange(start, end)
        return Lagged(np.hstack(columns), y[start:], np.full(len(times), k), times)


def _delays(name: str, values: Any, low: int) -> tuple[int, ...]:
    try:
        given = tuple(values)
    except TypeError:
        raise TypeError(
            f"{name} must hold whole numbers, as range(1, 3) or [1, 2], got {values!r}"
        ) from None
    delays = tuple(_validation.integer(f"{name}[{i}]", d, low=low) for i, d in enumerate(given))
    if list(delays) != sorted(set(delays)):
        raise ValueError(f"{name} must be ascending without repetition, got {given!r}")
    return delays


def is_several(value: Any) -> bool:
    """Whether arrays or frames stand in a list; lists of numbers are one array."""
    return isinstance(value, list | tuple) and any(getattr(part, "shape", ()) for part in value)


def each(name: str, value: Any) -> list[tuple[str, Any]]:
    """Return each series with what errors call it."""
    if not is_several(value):
        return [(name, value)]
    return [(f"{name}[{k}]", part) for k, part in enumerate(value)]


def series_array(name: str, value: Any) -> Array:
    """Return a series as an array of doubles, (T,) or (T, columns), without missing values."""
    cure = "; cut the series there, and give the pieces as several"
    return _validation.array(name, value, ndim=(1, 2), cure=cure).astype(np.float64)


def as_columns(values: Array) -> Array:
    """Return (T,) as (T, 1)."""
    return values.reshape(len(values), -1)


def of_series(k: int) -> str:
    """Return which series an error is of, where it is not the first."""
    return f" (series {k})" if k else ""
