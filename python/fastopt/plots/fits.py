"""Pictures of what is fitted: the path of a minimisation, and a curve among its data."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.plots.drawing import axes_of, ink, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Beyond the path, as a share of its extent.
_MARGIN = 0.15
# Contours, which the path stands out from in any style.
_FAINT: dict[str, Any] = {"linewidths": 0.6, "alpha": 0.5}


def path_2d(
    fun: Callable[[Any], float],
    path: Any,
    ax: Axes | None = None,
    *,
    minimum: Any = None,
    limits: Any = None,
    levels: int = 25,
    grid: int = 80,
) -> Axes:
    """Draw the points that a method went through, on the contours of a function of two variables.

    Parameters
    ----------
    fun : callable
        ``fun(x)`` → a number, x (2,).
    path : array (k, 2)
        The points, as a ``callback`` of :func:`fastopt.minimize` collects them.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    minimum : array (2,), optional
        Marked where it is known.
    limits : ((x_low, x_high), (y_low, y_high)), optional
        What is drawn; by default the path with a margin.
    levels : int
        How many contours, closer to each other near the lowest value; 25 by default.
    grid : int
        ``fun`` is called grid² times; 80 by default.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import fastopt
    >>> path = [[-1.2, 1.0]]
    >>> fun = lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2
    >>> result = fastopt.minimize(fun, path[0], method="bfgs", callback=lambda x: path.append(x))
    >>> ax = fastopt.plots.path_2d(fun, path, minimum=[1, 1])  # doctest: +SKIP
    """
    _validation.function("fun", fun)
    points = _validation.array("path", path, ndim=2).astype(np.float64)
    if points.shape[1] != 2 or not len(points):
        raise ValueError(f"path must be points (k, 2), got the shape {points.shape}")
    levels = _validation.integer("levels", levels, low=2)
    grid = _validation.integer("grid", grid, low=5)
    shown = points if minimum is None else np.vstack([points, np.reshape(minimum, (1, 2))])
    if limits is None:
        low, high = shown.min(axis=0), shown.max(axis=0)
        extent = np.where(high > low, high - low, 1.0)
        limits = np.stack([low - _MARGIN * extent, high + _MARGIN * extent], axis=1)
    limits = _validation.array("limits", limits, ndim=2).astype(np.float64)
    if limits.shape != (2, 2) or not (limits[:, 0] < limits[:, 1]).all():
        raise ValueError(f"limits must be ((x_low, x_high), (y_low, y_high)), got {limits}")
    x, y = (np.linspace(low, high, grid) for low, high in limits)
    values = np.array([[float(fun(np.array([u, v]))) for u in x] for v in y])
    ax = axes_of(ax)
    finite = values[np.isfinite(values)]
    if len(finite) and finite.min() < finite.max():
        # Equal steps of the root of f − min f would be equal distances of a quadratic function.
        heights = finite.min() + (finite.max() - finite.min()) * np.linspace(0, 1, levels) ** 3
        masked = np.ma.masked_invalid(values)
        ax.contour(x, y, masked, levels=np.unique(heights), colors=[ink(ax)], **_FAINT)
    ax.plot(points[:, 0], points[:, 1], "o-", markersize=3, label=f"path, {len(points) - 1} steps")
    ax.plot(*points[0], "s", color=ink(ax), fillstyle="none", markersize=8, label="start")
    if minimum is not None:
        ax.plot(*np.reshape(minimum, 2), "*", color=ink(ax), markersize=12, label="minimum")
    ax.set(xlabel="$x_1$", ylabel="$x_2$", xlim=tuple(limits[0]), ylim=tuple(limits[1]))
    ax.legend()
    return ax


def fit_1d(
    model: Any,
    x: Any,
    y: Any,
    ax: Axes | None = None,
    *,
    band: Any = None,
    points: int = 400,
    x_unit: str | None = None,
    y_unit: str | None = None,
) -> Axes:
    """Draw a curve among the data that it was fitted to, with a band where there is one.

    Parameters
    ----------
    model : MLP or callable
        A network of one input and one output, or ``model(x)`` → the curve at x (n,).
    x, y : array (N,) or (N, 1)
        The data.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    band : float, (lower, upper) or callable, optional
        Half the width of the band: a number, or ``band(x)`` → numbers (n,). Or two functions of x,
        which return its edges.
    points : int
        Of the curve; 400 by default.
    x_unit, y_unit : str, optional
        For the labels of the axes.

    Returns
    -------
    matplotlib Axes
    """
    x = _validation.array("x", x, ndim=(1, 2)).astype(np.float64)
    y = _validation.array("y", y, ndim=(1, 2)).astype(np.float64)
    for name, values in (("x", x), ("y", y)):
        if values.ndim == 2 and values.shape[1] != 1:
            raise ValueError(f"{name} must be of one column, got the shape {values.shape}")
    x, y = x.reshape(-1), y.reshape(-1)
    if len(x) != len(y) or not len(x):
        raise ValueError(f"x and y must have as many samples, got {len(x)} and {len(y)}")
    points = _validation.integer("points", points, low=2)
    labels = with_unit("x", x_unit), with_unit("y", y_unit)
    along = np.linspace(x.min(), x.max(), points)
    if hasattr(model, "predict"):
        curve = np.asarray(model.predict(along[:, None])).reshape(len(along), -1)
        if curve.shape[1] != 1:
            raise ValueError(f"model must have one output, got {curve.shape[1]}")
        curve = curve[:, 0]
    else:
        curve = _on(along, _validation.function("model", model), "model")
    ax = axes_of(ax)
    ax.plot(x, y, ".", color="gray", label="data")
    (line,) = ax.plot(along, curve, label="fit")
    if band is not None:
        if isinstance(band, tuple | list) and len(band) == 2:
            lower, upper = (_on(along, edge, "band") for edge in band)
        else:
            half = _on(along, band, "band") if callable(band) else np.full(points, float(band))
            if (half < 0).any():
                raise ValueError("band must be half of a width, >= 0")
            lower, upper = curve - half, curve + half
        ax.fill_between(along, lower, upper, color=line.get_color(), alpha=0.25, label="band")
    ax.set(xlabel=labels[0], ylabel=labels[1])
    ax.legend()
    return ax


def _on(x: Any, function: Callable[[Any], Any], name: str) -> Any:
    values = np.asarray(function(x), dtype=np.float64)
    if values.size == 1:
        return np.full(len(x), float(values.reshape(())))
    if values.size != len(x):
        raise ValueError(
            f"{name} must return a number for each x of {len(x)}, got the shape {values.shape}"
        )
    return values.reshape(-1)
