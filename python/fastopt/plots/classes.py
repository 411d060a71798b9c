"""Pictures of classes that were predicted: the confusion matrix, and the ROC."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.plots.drawing import DASHES, axes_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = npt.NDArray[Any]

# Above this share of the darkest cell its number is written in white.
_DARK = 0.5


def confusion_matrix(
    y_true: Any,
    y_pred: Any,
    ax: Axes | None = None,
    *,
    labels: Any = None,
    normalize: bool = False,
) -> Axes:
    """Draw how many samples of each class (rows) were taken for which (columns).

    Parameters
    ----------
    y_true : array (N,)
        Classes: numbers 0, 1, …, or names.
    y_pred : array (N,) or (N, k)
        Classes; or outputs for each class, of which the largest counts.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    labels : sequence, optional
        What the classes are called, in the order of the outputs; of names that stand in ``y_true``
        the order in which they are drawn.
    normalize : bool
        Whether the share of each row is written instead of the number.

    Returns
    -------
    matplotlib Axes
    """
    _validation.flag("normalize", normalize)
    counts, names = _confusion(y_true, y_pred, labels)
    totals = counts.sum(axis=1, keepdims=True)
    shares = np.divide(counts, totals, out=np.zeros(counts.shape), where=totals > 0)
    ax = axes_of(ax)
    ax.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for i, j in np.ndindex(*counts.shape):
        text = f"{shares[i, j]:.2f}" if normalize else str(counts[i, j])
        color = "white" if shares[i, j] > _DARK else "black"
        ax.text(j, i, text, ha="center", va="center", color=color)
    places = range(len(names))
    ax.set_xticks(places, names)
    ax.set_yticks(places, names)
    accuracy = np.trace(counts) / max(1, counts.sum())
    ax.set(xlabel="predicted class", ylabel="true class", title=f"accuracy {accuracy:.4f}")
    return ax


def _confusion(y_true: Any, y_pred: Any, labels: Any) -> tuple[Array, list[str]]:
    """Return the matrix and the names of its rows."""
    true, pred = np.asarray(y_true), np.asarray(y_pred)
    if pred.ndim == 2 and pred.shape[1] > 1:
        k = pred.shape[1]
        pred = pred.argmax(axis=1)
        if true.ndim == 2:
            true = true.argmax(axis=1)
    else:
        k = 0
    true, pred = true.reshape(-1), pred.reshape(-1)
    if len(true) != len(pred) or not len(true):
        raise ValueError(
            f"y_true and y_pred must have a class for each sample, got {len(true)} and {len(pred)}"
        )
    numbers = k or labels is None or not set(true.tolist()) <= set(labels)
    if numbers and true.dtype.kind in "iub" and pred.dtype.kind in "iub":
        largest = int(max(true.max(), pred.max()))
        if min(true.min(), pred.min()) < 0 and k:
            raise ValueError(f"y_true must hold classes 0 … {k - 1}, got {int(true.min())}")
        values = list(range(k)) if k else sorted({*true.tolist(), *pred.tolist()})
        if k and largest >= k:
            raise ValueError(f"y_true must hold classes 0 … {k - 1}, got {largest}")
        names = values if labels is None else list(labels)
        if len(names) != len(values):
            raise ValueError(f"labels must name {len(values)} classes, got {len(names)}")
    else:
        found = {*true.tolist(), *pred.tolist()}
        values = sorted(found, key=str) if labels is None else list(labels)
        if not found <= set(values):
            raise ValueError(f"labels must hold all classes: {sorted(found, key=str)}")
        names = values
    place = {value: i for i, value in enumerate(values)}
    counts = np.zeros((len(values), len(values)), dtype=int)
    for t, p in zip(true.tolist(), pred.tolist(), strict=True):
        counts[place[t], place[p]] += 1
    return counts, [str(name) for name in names]


def roc(y_true: Any, y_score: Any, ax: Axes | None = None, *, labels: Any = None) -> Axes:
    """Draw the share of hits over the share of false alarms, for each threshold.

    The area below it is in the legend: the probability that a sample of the class has a larger
    score than one of another.

    Parameters
    ----------
    y_true : array (N,)
        Classes 0, 1, …
    y_score : array (N,) or (N, k)
        Scores of class 1; or of each class, which get a curve against all others each (of two
        classes the second one alone).
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    labels : sequence, optional
        What the classes are called.

    Returns
    -------
    matplotlib Axes
    """
    true = np.asarray(y_true).reshape(-1)
    score = _validation.array("y_score", y_score, ndim=(1, 2)).astype(np.float64)
    score = score.reshape(len(score), -1)
    if len(true) != len(score):
        raise ValueError(
            f"y_true and y_score must have as many samples, got {len(true)} and {len(score)}"
        )
    k = score.shape[1]
    classes = [1] if k <= 2 else list(range(k))
    names = {c: f"class {c}" if labels is None else str(list(labels)[c]) for c in classes}
    ax = axes_of(ax)
    for i, c in enumerate(classes):
        column = score[:, 0] if k == 1 else score[:, c]
        false_alarms, hits = curve(true == c, column)
        area = float(np.sum(np.diff(false_alarms) * (hits[1:] + hits[:-1]) / 2))
        line = DASHES[i % len(DASHES)]
        ax.plot(false_alarms, hits, line, label=f"{names[c]}: area {area:.4f}")
    ax.plot([0, 1], [0, 1], ":", color="gray", label="chance")
    ax.set(xlabel="false positive rate", ylabel="true positive rate", xlim=(0, 1), ylim=(0, 1.02))
    ax.legend()
    return ax


def curve(positive: Array, score: Array) -> tuple[Array, Array]:
    """Return the rates of false and of true positives from the largest threshold down."""
    n_positive = int(positive.sum())
    if not 0 < n_positive < len(positive):
        raise ValueError("y_true must hold samples of the class and of others: there is no ROC")
    order = np.argsort(-score, kind="stable")
    # Samples of one score fall on one side of each threshold.
    last = np.append(np.diff(score[order]) != 0, True)
    hits = np.cumsum(positive[order])[last]
    alarms = np.cumsum(~positive[order])[last]
    return (
        np.append(0.0, alarms / (len(positive) - n_positive)),
        np.append(0.0, hits / n_positive),
    )
