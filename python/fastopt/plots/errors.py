"""Pictures of numbers that were predicted: outputs over targets, and how large errors are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.plots.drawing import MARKERS, axes_of, check_parts, ink, pair, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The greys of the bars of parts, from dark to light.
_HATCHES = ("", "//", "..", "xx", "\\\\", "oo")


def correlation(targets: Any, outputs: Any) -> float | None:
    """Return R, or None where one of the two does not vary."""
    if len(targets) < 2 or np.ptp(targets) == 0 or np.ptp(outputs) == 0:
        return None
    return float(np.corrcoef(targets, outputs)[0, 1])


def regression(
    y_true: Any,
    y_pred: Any,
    ax: Axes | None = None,
    *,
    parts: Any = None,
    unit: str | None = None,
) -> Axes:
    """Draw outputs over targets, with the line of equals and the fitted line; R is in the title.

    R is the correlation of outputs and targets, as in MATLAB's plotregression.

    Parameters
    ----------
    y_true, y_pred : array
        Targets and outputs of one shape.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    parts : dict of rows by name, or Split, optional
        Each part gets points of its own, and its R in the legend: ``fastopt.split(len(X))``, or
        ``{"validation": history.validation_rows}``.
    unit : str, optional
        Of the targets, for the labels of the axes.

    Returns
    -------
    matplotlib Axes
    """
    targets, outputs = pair(y_true, y_pred)
    chosen = check_parts(parts, len(targets))
    label_x, label_y = with_unit("target", unit), with_unit("output", unit)
    ax = axes_of(ax)
    if not chosen:
        ax.plot(targets.reshape(-1), outputs.reshape(-1), ".", label="samples")
    for i, (name, rows) in enumerate(chosen.items()):
        t, o = targets[rows].reshape(-1), outputs[rows].reshape(-1)
        r = correlation(t, o)
        told = name if r is None else f"{name}: R = {r:.4f}"
        ax.plot(t, o, MARKERS[i % len(MARKERS)], fillstyle="none", markersize=4, label=told)
    targets, outputs = targets.reshape(-1), outputs.reshape(-1)
    ends = np.array([targets.min(), targets.max()])
    ax.plot(ends, ends, "--", color="gray", label="output = target")
    title = ""
    if ends[0] < ends[1]:
        slope, offset = np.polyfit(targets, outputs, 1)
        ax.plot(ends, slope * ends + offset, color=ink(ax), label=f"{slope:.3g} t + {offset:.3g}")
        r = correlation(targets, outputs)
        title = "" if r is None else f"R = {r:.4f}"
    ax.set(xlabel=label_x, ylabel=label_y, title=title)
    ax.legend()
    return ax


def error_histogram(
    y_true: Any,
    y_pred: Any,
    bins: int = 20,
    ax: Axes | None = None,
    *,
    parts: Any = None,
    unit: str | None = None,
) -> Axes:
    """Draw how often errors, targets − outputs, are how large.

    Parameters
    ----------
    y_true, y_pred : array
        Targets and outputs of one shape.
    bins : int
        How many; 20 by default.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    parts : dict of rows by name, or Split, optional
        The bars of parts stand one upon the other, as in MATLAB's ploterrhist.
    unit : str, optional
        Of the targets, for the label of the axis.

    Returns
    -------
    matplotlib Axes
    """
    targets, outputs = pair(y_true, y_pred)
    chosen = check_parts(parts, len(targets))
    bins = _validation.integer("bins", bins, low=1)
    label = with_unit("target − output", unit)
    ax = axes_of(ax)
    errors = targets - outputs
    if chosen:
        hatches = [_HATCHES[i % len(_HATCHES)] for i in range(len(chosen))]
        edges = np.histogram_bin_edges(errors.reshape(-1), bins)
        below = np.zeros(bins)
        for (name, rows), hatch in zip(chosen.items(), hatches, strict=True):
            counts = np.histogram(errors[rows].reshape(-1), edges)[0]
            at, widths = edges[:-1], np.diff(edges)
            ax.bar(at, counts, widths, below, align="edge", hatch=hatch, label=name)
            below = below + counts
        ax.legend()
    else:
        ax.hist(errors.reshape(-1), bins=bins)
    ax.axvline(0, color=ink(ax), linestyle="--")
    ax.set(xlabel=label, ylabel="samples")
    return ax
