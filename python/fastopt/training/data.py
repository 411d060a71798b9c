"""Inputs, targets and weights of samples: checked, and handed to C++ as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation

Array = npt.NDArray[Any]

LOSSES = ("mse", "mae", "huber", "binary_cross_entropy", "cross_entropy")


class Data:
    """Samples of a network: ``inputs``, ``targets`` and what C++ reads them through.

    Attributes
    ----------
    classes : int
        How many classes there are, where the targets are class numbers in one column; else 0.
    rows : array of uint32 or None
        Which rows of the arrays belong to the data; None: all of them.
    """

    def __init__(
        self,
        inputs: Array,
        targets: Array,
        classes: int,
        weights: npt.NDArray[np.float64] | None = None,
        rows: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        self.inputs, self.targets, self.classes = inputs, targets, classes
        self.weights, self.rows = weights, rows
        if weights is not None:
            used = weights if rows is None else weights[rows]
            largest = used.max()
            if not largest > 0:
                raise ValueError("sample_weight must not be zero for all samples")
            weights = weights / largest  # so that the sum is finite
            weights = weights / (used / largest).mean()
        self.native = _core.Dataset(inputs, targets, classes, weights, rows)

    def __len__(self) -> int:
        return len(self.inputs) if self.rows is None else len(self.rows)

    def targets_of_rows(self) -> Array:
        """Return the targets of the data's own rows."""
        return self.targets if self.rows is None else self.targets[self.rows]

    def weighted(self, class_weight: Any, n_outputs: int) -> Data:
        """Return the same samples, their weights multiplied by those of their classes."""
        if class_weight is None:
            return self
        weights = _class_weights(class_weight, self.targets, self.rows, n_outputs)
        if self.weights is not None:
            weights = weights * self.weights
        return Data(self.inputs, self.targets, self.classes, weights, self.rows)

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

    def _part(self, rows: npt.NDArray[np.uint32]) -> Data:
        return Data(self.inputs, self.targets, self.classes, self.weights, rows)


def check_inputs(X: Any, n_inputs: int, dtype: np.dtype[Any], name: str = "X") -> Array:
    """Return X as an array (N, n_inputs) that is finite in the network's dtype."""
    inputs = _plain(_validation.array(name, X, ndim=2, dtype=dtype))
    if inputs.shape[1] != n_inputs:
        raise ValueError(
            f"{name} must have {n_inputs} columns, as the network has inputs; got shape "
            f"{inputs.shape}"
        )
    return inputs


def check_loss(loss: Any) -> Any:
    """Return the name of a loss, or the caller's function."""
    return loss if callable(loss) else _validation.choice("loss", loss, LOSSES)


def check_targets(
    y: Any, loss: Any, n_outputs: int, dtype: np.dtype[Any], name: str = "y"
) -> tuple[Array, int]:
    """Return the targets, and the number of classes where they are class numbers, else 0."""
    targets = _plain(_validation.array(name, y, ndim=(1, 2), dtype=dtype))
    if loss == "cross_entropy" and n_outputs == 1:
        raise ValueError(
            "cross_entropy needs one output for each class, the network has 1: two classes in one "
            "output are 'binary_cross_entropy'"
        )
    if loss == "cross_entropy" and (targets.ndim == 1 or targets.shape[1] == 1):
        _check_classes(name, targets, n_outputs)
        return targets, n_outputs
    columns = 1 if targets.ndim == 1 else targets.shape[1]
    if columns != n_outputs:
        raise ValueError(
            f"{name} must have {n_outputs} columns, as the network has outputs; got shape "
            f"{targets.shape}"
        )
    if loss in ("binary_cross_entropy", "cross_entropy"):
        _check_range(name, targets, loss)
    return targets, 0


def check_weights(sample_weight: Any, targets: Array, names: tuple[str, str]) -> Any:
    """Return one weight for each sample, float64, or None where all count alike."""
    if sample_weight is None:
        return None
    of_targets, name = names
    weights = _validation.array(name, sample_weight, ndim=1).astype(np.float64)
    _validation.same_length(**{of_targets: targets, name: weights})
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
    targets, classes = check_targets(y, loss, layer_sizes[-1], dtype, names[1])
    check_weights_of_loss(loss, sample_weight, names[2])
    _validation.same_length(**{names[0]: inputs, names[1]: targets})
    if len(inputs) >= 2**32:
        raise ValueError(f"{names[0]} has {len(inputs)} rows; fewer than 2**32 can be used")
    weights = check_weights(sample_weight, targets, names[1:])
    return Data(inputs, targets, classes, weights)


def _plain(x: Array) -> Array:
    # Wider than C++ reads (long double): the one case that is converted as a whole.
    return x.astype(np.float64) if x.dtype.itemsize > 8 else x


def _check_classes(name: str, targets: Array, n_classes: int) -> None:
    wrong = (targets < 0) | (targets >= n_classes) | (targets != np.floor(targets))
    if wrong.any():
        at = int(np.argmax(wrong))
        raise ValueError(
            f"{name} must hold class numbers in [0, {n_classes - 1}] for the network's {n_classes} "
            f"outputs, got {targets.reshape(-1)[at]} at row {at}"
        )


def _check_range(name: str, targets: Array, loss: str) -> None:
    wrong = (targets < 0) | (targets > 1)
    if wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong)[0])
        raise ValueError(f"{name} must lie in [0, 1] for {loss}, got {targets[at]} at row {at[0]}")


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
    """Return a weight for each row of the targets; those that are used are what is balanced."""
    present, index = np.unique(_labels(targets), return_inverse=True)
    index = index.reshape(-1)
    if isinstance(class_weight, str):
        _validation.choice("class_weight", class_weight, ("balanced",))
        used = index if rows is None else index[rows]
        counts = np.bincount(used, minlength=len(present))
        weights = len(used) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    elif isinstance(class_weight, Mapping):
        given = {
            k: _validation.number(f"class_weight[{k!r}]", v, low=0) for k, v in class_weight.items()
        }
        # A part of the data may lack a class that the network knows.
        known = {*present.tolist(), *range(max(2, n_outputs))}
        unknown = [k for k in given if k not in known]
        if unknown:
            raise ValueError(f"class_weight names {unknown[0]!r}, which is no class of y")
        weights = np.array([given.get(label, 1.0) for label in present.tolist()])
    else:
        raise TypeError(f"class_weight must be a dict or 'balanced', got {class_weight!r}")
    of_sample: npt.NDArray[np.float64] = weights[index]
    return of_sample
