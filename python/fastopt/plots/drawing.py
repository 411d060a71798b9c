"""What all pictures share: axes, ink, lines that differ in grey, checks of what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

# One after the other, for lines and for points: they can be told apart without colours.
DASHES = ("-", "--", ":", "-.")
MARKERS = ("o", "x", "^", "s", "+", "v", "D", "*")


def axes_of(ax: Axes | None) -> Axes:
    """Return the axes, or new ones of a figure of pyplot's."""
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("fastopt.plots needs matplotlib: pip install 'fastopt[plot]'") from error
    return pyplot.subplots(layout="constrained")[1]


def ink(ax: Axes) -> Any:
    """Return the colour that the axes are labelled in: black, or white in a dark style."""
    return ax.xaxis.label.get_color()


def with_unit(what: str, unit: str | None) -> str:
    """Return the label of an axis: "target (kg)"."""
    if unit is not None and not isinstance(unit, str):
        raise TypeError(f"unit must be a text such as 'kg', got {unit!r}")
    return f"{what} ({unit})" if unit else what


def check_history(history: Any) -> History:
    """Return a History that has rows, or refuse it."""
    if not isinstance(history, History):
        raise TypeError(f"history must be the History of a fit, got {history!r}")
    if len(history) == 0:
        raise ValueError("history holds no epochs: fit with epochs >= 1")
    return history


def log_where_positive(ax: Axes, *columns: Any) -> None:
    """Draw the values on a logarithmic axis where all of them are above 0."""
    drawn = np.concatenate([np.asarray(column, dtype=float) for column in columns])
    finite = drawn[np.isfinite(drawn)]
    if len(finite) and (finite > 0).all():
        ax.set_yscale("log")


def pair(y_true: Any, y_pred: Any) -> tuple[Array, Array]:
    """Return targets and outputs as doubles; they are of one shape."""
    targets = _validation.array("y_true", y_true, ndim=(1, 2))
    outputs = _validation.array("y_pred", y_pred, ndim=(1, 2))
    if targets.shape != outputs.shape:
        raise ValueError(
            f"y_true and y_pred must have one shape, got {targets.shape} and {outputs.shape}"
        )
    return targets.astype(np.float64), outputs.astype(np.float64)


def check_parts(parts: Any, n: int) -> dict[str, Array]:
    """Return the rows of each part by its name; a Split of fastopt.split serves too."""
    if parts is None:
        return {}
    if hasattr(parts, "_asdict"):
        parts = {"training" if k == "train" else k: v for k, v in parts._asdict().items()}
    if not isinstance(parts, Mapping):
        raise TypeError(f"parts must be a dict of rows by name, or a Split, got {parts!r}")
    checked = {}
    for name, rows in parts.items():
        rows = np.asarray(rows)
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "iu"):
            raise ValueError(f"parts[{name!r}] must be numbers of rows")
        if rows.size and not (rows.min() >= 0 and rows.max() < n):
            raise ValueError(f"parts[{name!r}] must be rows of 0 … {n - 1}")
        if rows.size:
            checked[str(name)] = rows
    return checked
