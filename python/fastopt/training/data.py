"""Inputs, targets and weights of samples: checked, and handed to C++ as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt.training.user_functions import OwnLoss

Array = npt.NDArray[Any]

LOSSES = ("mse", "mae", "huber", "binary_cross_entropy", "cross_entropy")


class Data:
    """Samples of a network: ``inputs``, ``targets`` and what C++ reads them through.

    Attributes
    ----------
    classes : int
        How many classes there are, where the targets are class numbers in one column; else 0.
    rows : array of uint32 or None
        Which rows of the arrays belong to the data; None: all of them. Rows of weight 0 do not:
        they neither count nor move batch statistics, whatever numbers they hold.
    sample_weight : array (N,) or None
        The weights that the user gave the samples, without those of classes.
    """

    def __init__(
        self,
        inputs: Array,
        targets: Array,
        classes: int,
        weights: npt.NDArray[np.float64] | None = None,
        rows: npt.NDArray[np.uint32] | None = None,
        sample_weight: npt.NDArray[np.float64] | None = None,
    ) -> None:
        self.inputs, self.targets, self.classes = inputs, targets, classes
        self.weights, self.sample_weight = weights, sample_weight
        if weights is not None:
            rows = _weighted_rows(weights, rows)
            used = weights if rows is None else weights[rows]
            largest = used.max()
            weights = weights / largest  # so that the sum is finite
            weights = weights / (used / largest).mean()
        self.rows = rows
        self.native = _core.Dataset(inputs, targets, classes, weights, rows)

    def __len__(self) -> int:
        return len(self.inputs) if self.rows is None else len(self.rows)

    def targets_of_rows(self) -> Array:
        """Return the targets of the data's own rows."""
        return self.targets if self.rows is None else self.targets[self.rows]

    def sample_weight_of_rows(self) -> npt.NDArray[np.float64] | None:
        """Return the samples' own weights of the data's own rows, for metrics."""
        weights = self.sample_weight
        return weights if weights is None or self.rows is None else weights[self.rows]

    def weighted(self, class_weight: Any, n_outputs: int) -> Data:
        """Return the same samples, their weights multiplied by those of their classes."""
        if class_weight is None:
            return self
        weights = _class_weights(class_weight, self.targets, self.rows, n_outputs)
        if self.weights is not None:
            weights = weights * self.weights
        return Data(self.inputs, self.targets, self.classes, weights, self.rows, self.sample_weight)

    def split(self, share: float, seed: int) -> tuple[Data, Data]:
        """Return two parts of the data, the second a random ``share`` of it; nothing is copied."""
        n_second = round(share * len(self))
        if not 0 < n_second < len(self):
            raise ValueError(
                f"validation_split={share} of {len(self)} samples leaves no sample for "
                f"{'validation' if n_second == 0 else 'training'}"
            )
        order = _core.permutation(seed, len(self))
        first, second = np.sort(order[n_second:]), np.sort(order[:n_second])
        return self._part(first), self._part(second)

    def _part(self, at: npt.NDArray[np.uint32]) -> Data:
        rows = at if self.rows is None else self.rows[at]
        return Data(self.inputs, self.targets, self.classes, self.weights, rows, self.sample_weight)


def _weighted_rows(
    weights: npt.NDArray[np.float64], rows: npt.NDArray[np.uint32] | None
) -> npt.NDArray[np.uint32] | None:
    """Return those rows whose weight is not zero."""
    positive = weights > 0 if rows is None else weights[rows] > 0
    if positive.all():
        return rows
    if not positive.any():
        raise ValueError("sample_weight must not be zero for all samples")
    found = np.flatnonzero(positive)
    return found.astype(np.uint32) if rows is None else rows[found]


def check_inputs(X: Any, n_inputs: int, dtype: np.dtype[Any], name: str = "X") -> Array:
    """Return X as an array (N, n_inputs) that is finite in the network's dtype."""
    inputs = _plain(_validation.array(name, X, ndim=2, dtype=dtype))
    if inputs.shape[1] != n_inputs:
        raise ValueError(
            f"{name} must have {n_inputs} columns, as the network has inputs; got shape "
            f"{inputs.shape}"
        )
    return inputs


def check_loss(loss: Any, check_slopes: bool = False) -> Any:
    """Return the name of a loss, or the caller's function as C++ calls it."""
    if isinstance(loss, OwnLoss):
        return loss
    if callable(loss):
        return OwnLoss(loss, check_slopes)
    return _validation.choice("loss", loss, LOSSES, "loss")


def check_targets(
    y: Any,
    loss: Any,
    n_outputs: int,
    dtype: np.dtype[Any],
    name: str = "y",
    weights: npt.NDArray[np.float64] | None = None,
) -> tuple[Array, int]:
    """Return the targets, and the number of classes where they are class numbers, else 0.

    Where ``weights`` are zero they may be any finite numbers.
    """
    targets = _plain(_validation.array(name, y, ndim=(1, 2), dtype=dtype))
    if loss == "cross_entropy" and n_outputs == 1:
        raise ValueError(
            "cross_entropy needs one output for each class, the network has 1: two classes in one "
            "output are 'binary_cross_entropy'"
        )
    if loss == "cross_entropy" and (targets.ndim == 1 or targets.shape[1] == 1):
        _check_classes(name, targets, n_outputs, weights)
        return targets, n_outputs
    columns = 1 if targets.ndim == 1 else targets.shape[1]
    if columns != n_outputs:
        raise ValueError(
            f"{name} must have {n_outputs} columns, as the network has outputs; got shape "
            f"{targets.shape}{_classes_hint(targets, n_outputs)}"
        )
    if loss in ("binary_cross_entropy", "cross_entropy"):
        _check_range(name, targets, loss, weights)
    return targets, 0


def _classes_hint(targets: Array, n_outputs: int) -> str:
    """Return the cure where targets look like class numbers."""
    if targets.size == len(targets) and (targets == np.floor(targets)).all():
        low, high = targets.min(), targets.max()
        if low in (0, 1) and high - low < n_outputs:
            less = "" if high < n_outputs else f" of y − 1 (classes are 0 … {n_outputs - 1})"
            return f"; for class numbers use loss='cross_entropy'{less}"
    return ""


def check_weights(sample_weight: Any, name: str) -> Any:
    """Return one weight for each sample, float64, or None where all count alike."""
    if sample_weight is None:
        return None
    weights = _validation.array(name, sample_weight, ndim=1).astype(np.float64)
    if (weights < 0).any():
        at = int(np.argmax(weights < 0))
        raise ValueError(f"{name} must be >= 0, got {weights[at]} at row {at}")
    if not weights.any():
        raise ValueError(f"{name} must not be zero for all samples")
    return weights


def check_weights_of_loss(loss: Any, weights: Any, name: str) -> None:
    """Refuse weights of samples or classes where nobody could follow them."""
    if callable(loss) and weights is not None:
        raise ValueError(
            f"{name} does not reach a loss function of your own: weigh the samples in it"
        )


def make_data(
    X: Any,
    y: Any,
    loss: Any,
    layer_sizes: tuple[int, ...],
    dtype: np.dtype[Any],
    sample_weight: Any = None,
    names: tuple[str, str, str] = ("X", "y", "sample_weight"),
) -> Data:
    """Check everything and put it together; ``dtype`` is what the network computes with."""
    inputs = check_inputs(X, layer_sizes[0], dtype, names[0])
    weights = check_weights(sample_weight, names[2])
    targets, classes = check_targets(y, loss, layer_sizes[-1], dtype, names[1], weights)
    check_weights_of_loss(loss, sample_weight, names[2])
    _validation.same_length(**{names[0]: inputs, names[1]: targets})
    _validation.same_length(**{names[1]: targets, names[2]: weights})
    if len(inputs) >= 2**32:
        raise ValueError(f"{names[0]} has {len(inputs)} rows; fewer than 2**32 can be used")
    return Data(inputs, targets, classes, weights, sample_weight=weights)


def _plain(x: Array) -> Array:
    # Wider than C++ reads (long double): the one case that is converted as a whole.
    return x.astype(np.float64) if x.dtype.itemsize > 8 else x


def _check_classes(
    name: str, targets: Array, n_classes: int, weights: npt.NDArray[np.float64] | None
) -> None:
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


def _check_range(
    name: str, targets: Array, loss: str, weights: npt.NDArray[np.float64] | None
) -> None:
    wrong = _counting((targets < 0) | (targets > 1), weights)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{name} must lie in [0, 1] for {loss}, got {targets[at]} at row {at[0]}")


def _counting(wrong: Array, weights: npt.NDArray[np.float64] | None) -> Array:
    """Return where something is wrong in rows whose weight is not zero."""
    if weights is None or len(weights) != len(wrong):  # lengths are compared elsewhere
        return wrong
    counts: Array = (weights > 0).reshape(-1, *[1] * (wrong.ndim - 1))
    return wrong & counts


def _labels(targets: Array) -> Array:
    """Return the classes as numbers (N,); the targets are these, or one-hot."""
    if targets.ndim == 2 and targets.shape[1] > 1:
        if ((targets == 0) | (targets == 1)).all() and (targets.sum(axis=1) == 1).all():
            classes: Array = targets.argmax(axis=1)
            return classes
    elif (targets == np.floor(targets)).all():
        return targets.reshape(-1)
    raise ValueError("class_weight needs classes in y: whole numbers, or one-hot rows")


def _class_weights(
    class_weight: Any, targets: Array, rows: npt.NDArray[np.uint32] | None, n_outputs: int
) -> npt.NDArray[np.float64]:
    """Return a weight for each row of the targets, zero for those that are not used."""
    used = targets if rows is None else targets[rows]
    present, index = np.unique(_labels(used), return_inverse=True)
    index = index.reshape(-1)
    if isinstance(class_weight, str):
        _validation.choice("class_weight", class_weight, ("balanced",))
        weights = len(index) / (len(present) * np.bincount(index))
    elif isinstance(class_weight, Mapping):
        given = {
            k: _validation.number(f"class_weight[{k!r}]", v, low=0) for k, v in class_weight.items()
        }
        # A part of the data may lack a class that the network knows.
        known = {*np.unique(targets).tolist(), *range(max(2, n_outputs))}
        unknown = [k for k in given if k not in known]
        if unknown:
            raise ValueError(f"class_weight names {unknown[0]!r}, which is no class of y")
        weights = np.array([given.get(label, 1.0) for label in present.tolist()])
    else:
        raise TypeError(f"class_weight must be a dict or 'balanced', got {class_weight!r}")
    of_sample = np.zeros(len(targets))
    of_sample[slice(None) if rows is None else rows] = weights[index]
    return of_sample
