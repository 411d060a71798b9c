"""Targets, checked: numbers, class numbers, probabilities; and which of them are missing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation, losses

Array = npt.NDArray[Any]
Weights = npt.NDArray[np.float64] | None


def plain(x: Array) -> Array:
    """Return an array that C++ can read: only long double is converted, as a whole."""
    return x.astype(np.float64) if x.dtype.itemsize > 8 else x


def input_hint(name: str, n_inputs: int, shape: tuple[int, ...]) -> str:
    """Return how inputs of a wrong shape become (N, n_inputs)."""
    size, of_sample = math.prod(shape), math.prod(shape[1:])
    if n_inputs > 1 and size == n_inputs:
        return f"; {name}.reshape(1, -1) makes one sample of it"
    if len(shape) == 1:
        return f"; {name}.reshape(-1, 1) makes one column of it"
    if len(shape) > 2:
        fits = "as" if of_sample == n_inputs else f"not {n_inputs} as"
        return (
            f"; {name}.reshape(len({name}), -1) makes a row of each image or series: {of_sample} "
            f"numbers, {fits} the network has inputs"
        )
    if len(shape) == 2 and shape[0] == n_inputs:
        return f"; samples stand in rows: {name}.T has them so"
    return ""


def check_targets(
    y: Any,
    loss: Any,
    n_outputs: int,
    dtype: np.dtype[Any],
    name: str = "y",
    weights: Weights = None,
    missing_targets: str = "error",
) -> tuple[Array, int, Array | None]:
    """Return the targets, the number of classes where they are class numbers (else 0), and NaN.

    Where ``weights`` are zero targets may be any finite numbers. The last is None, or says which
    targets are missing: (N,), or (N, q) where a sample may have others that are not. They are 0 in
    what is returned, but for a loss of the user's own, which looks for NaN itself.
    """
    ignore = _validation.choice("missing_targets", missing_targets, ("error", "ignore")) == "ignore"
    cure = "; missing_targets='ignore' leaves missing ones out of the loss"
    targets = plain(_validation.array(name, y, ndim=(1, 2), dtype=dtype, missing=ignore, cure=cure))
    if loss == "cross_entropy" and n_outputs == 1:
        raise ValueError(
            "cross_entropy needs one output for each class, the network has 1: two classes in one "
            "output are 'binary_cross_entropy'"
        )
    columns = 1 if targets.ndim == 1 else targets.shape[1]
    by_number = loss == "cross_entropy" and columns == 1
    if losses.check_outputs(loss, n_outputs) and columns == 1:  # all levels see the same target
        targets = np.broadcast_to(targets.reshape(-1, 1), (len(targets), n_outputs))
        columns = n_outputs
    if columns != n_outputs and not by_number:
        raise ValueError(
            f"{name} must have {n_outputs} columns, as the network has outputs; got shape "
            f"{targets.shape}{_target_hint(name, targets, n_outputs)}"
        )
    missing = None
    if ignore and targets.dtype.kind == "f":
        targets, missing = _without_missing(name, targets, loss)
    if by_number:
        _check_classes(name, targets, n_outputs, weights)
        return targets, n_outputs, missing
    if loss in ("binary_cross_entropy", "cross_entropy"):
        _check_range(name, targets, loss, weights)
    if loss == "poisson":
        _check_counts(name, targets, weights)
    return targets, 0, missing


def _without_missing(name: str, targets: Array, loss: Any) -> tuple[Array, Array | None]:
    """Return the targets with 0 for NaN, and where it was."""
    missing: Array = np.isnan(targets)
    if not missing.any():
        return targets, None
    if missing.all():
        raise ValueError(f"{name} holds no number: all {targets.size} targets are missing")
    if not callable(loss):
        targets = np.where(missing, targets.dtype.type(0), targets)
    if missing.ndim == 2 and (missing.shape[1] == 1 or loss == "cross_entropy"):
        missing = np.logical_or.reduce(
            missing, axis=1
        )  # classes are told apart by all outputs together
    return targets, missing


def _target_hint(name: str, targets: Array, n_outputs: int) -> str:
    """Return the cure where targets look like class numbers, or have their shape swapped."""
    if targets.size == len(targets) and (targets == np.floor(targets)).all():
        low, high = targets.min(), targets.max()
        if low in (0, 1) and high - low < n_outputs:
            less = "" if high < n_outputs else f" of y − 1 (classes are 0 … {n_outputs - 1})"
            return f"; for class numbers use loss='cross_entropy'{less}"
    if targets.ndim == 2 and len(targets) == n_outputs:
        return f"; samples stand in rows: {name}.T has them so"
    if targets.ndim == 1 and len(targets) == n_outputs:
        return f"; {name}.reshape(1, -1) makes one sample of it"
    return ""


def _check_classes(name: str, targets: Array, n_classes: int, weights: Weights) -> None:
    numbers = targets.reshape(-1)
    wrong = (numbers < 0) | (numbers >= n_classes) | (numbers != np.floor(numbers))
    wrong = _counting(wrong, weights)
    if wrong.any():
        at = int(np.argmax(wrong))
        # MATLAB, R and many files count classes from 1.
        from_one = numbers[at] == n_classes and numbers.min() >= 1
        raise ValueError(
            f"{name} must hold class numbers in [0, {n_classes - 1}] for the network's {n_classes} "
            f"outputs, got {numbers[at]} at row {at}"
            + (f"; they count from 1: give {name} - 1" if from_one else "")
        )


def _check_range(name: str, targets: Array, loss: str, weights: Weights) -> None:
    wrong = _counting((targets < 0) | (targets > 1), weights)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{name} must lie in [0, 1] for {loss}, got {targets[at]} at row {at[0]}"
            f"{_label_hint(name, targets)}"
        )


def _check_counts(name: str, targets: Array, weights: Weights) -> None:
    wrong = _counting(targets < 0, weights)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(
            f"{name} must be >= 0 for poisson, whose targets are counts or rates, got "
            f"{targets[at]} at row {at[0]}"
        )


def _label_hint(name: str, targets: Array) -> str:
    """Return what makes 0 and 1 of two other labels."""
    low, high = targets.min(), targets.max()
    two = bool(((targets == low) | (targets == high)).all())
    if two and (low, high) == (1, 2):
        return f"; labels 1 and 2 become 0 and 1 by {name} - 1"
    if two and (low, high) == (-1, 1):
        return f"; labels −1 and 1 become 0 and 1 by ({name} + 1) / 2"
    return ""


def _counting(wrong: Array, weights: Weights) -> Array:
    """Return where something is wrong in rows, or targets, whose weight is not zero."""
    if weights is None or len(weights) != len(wrong):  # lengths are compared elsewhere
        return wrong
    if weights.ndim == 2:
        return wrong & (weights > 0) if wrong.shape == weights.shape else wrong
    counts: Array = (weights > 0).reshape(-1, *[1] * (wrong.ndim - 1))
    return wrong & counts


def labels(targets: Array, what: str) -> Array:
    """Return the classes as numbers (N,); the targets are these, or one-hot."""
    if targets.ndim == 2 and targets.shape[1] > 1:
        if ((targets == 0) | (targets == 1)).all() and (targets.sum(axis=1) == 1).all():
            classes: Array = targets.argmax(axis=1)
            return classes
    elif (targets == np.floor(targets)).all():
        return targets.reshape(-1)
    raise ValueError(f"{what} needs classes in y: whole numbers, or one-hot rows")
