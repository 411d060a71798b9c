"""Inputs, targets and weights of samples: checked, and handed to C++ as they are."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation, losses
from fastopt.training.parts import check_strata, divide
from fastopt.training.scaling import Scaling, Scalings, learn, sizes
from fastopt.training.targets import check_targets, input_hint, labels, plain
from fastopt.training.user_functions import OwnLoss

Array = npt.NDArray[Any]

_NUMBERS_AT_ONCE = 1 << 20  # so that a checksum of memory maps needs little memory


class Data:
    """Samples of a network: ``inputs``, ``targets`` and what C++ reads them through.

    Attributes
    ----------
    classes : int
        How many classes there are, where the targets are class numbers in one column; else 0.
    scalings : Scalings
        How a network sees inputs and targets; the arrays are as the user gave them.
    rows : array of uint32 or None
        Which rows of the arrays belong to the data; None: all of them. Rows of weight 0 do not:
        they neither count nor move batch statistics, whatever numbers they hold.
    sample_weight : array (N,) or (N, q) or None
        The weights that the user gave samples or targets, without those of classes; 0 where a
        target is missing.
    missing : array (N, q) of bool or None
        Which targets are missing in rows that have others: metrics of the user's own see NaN there.
    mean_weight : float
        That weights were divided by.
    """

    in_parts = False

    def __init__(
        self,
        inputs: Array,
        targets: Array,
        classes: int,
        weights: npt.NDArray[np.float64] | None = None,
        rows: npt.NDArray[np.uint32] | None = None,
        sample_weight: npt.NDArray[np.float64] | None = None,
        missing: npt.NDArray[np.bool_] | None = None,
        scalings: Scalings | None = None,
    ) -> None:
        self.inputs, self.targets, self.classes = inputs, targets, classes
        self.weights, self.sample_weight, self.missing = weights, sample_weight, missing
        self.scalings = scalings or Scalings()
        self.mean_weight = 1.0
        if weights is not None:
            rows = _weighted_rows(weights, rows)
            used = weights if rows is None else weights[rows]
            largest = used.max()
            weights = weights / largest  # so that the sum is finite
            mean = (used / largest).mean()
            weights = weights / mean
            self.mean_weight = float(mean * largest)
        self.rows = rows
        self._used = weights

    @cached_property
    def native(self) -> _core.Dataset:
        """What C++ reads; made when it is first asked for, as parts of data are made of wholes."""
        return _core.Dataset(
            self.inputs,
            self.targets,
            self.classes,
            self._used,
            self.rows,
            input_scaling=self.scalings.input_affine,
            target_scaling=self.scalings.target_affine,
        )

    def __len__(self) -> int:
        return len(self.inputs) if self.rows is None else len(self.rows)

    def checksums(self) -> dict[str, str | None]:
        """Return inputs, targets and weights of the data's own rows in a few words each.

        Equal numbers have equal words, whatever their dtype and layout are. It takes a pass over
        the data, less than an epoch does.
        """
        targets, missing = _checksum(self.targets, self.rows), self.missing
        if missing is not None:
            targets += f", without {_checksum(missing, self.rows)}"
        weights = None if self._used is None else _checksum(self._used, self.rows)
        return {"X": _checksum(self.inputs, self.rows), "y": targets, "sample_weight": weights}

    @property
    def used_weights(self) -> npt.NDArray[np.float64] | None:
        """What the loss is weighted by, of mean one over the data's own rows; None: all alike."""
        return self._used

    @property
    def one_dimensional(self) -> bool:
        """Whether the targets are (N,)."""
        return self.targets.ndim == 1

    def forget(self) -> None:
        """Let go of what is kept beside the arrays: nothing."""

    def weights_of(self, of: str) -> npt.NDArray[np.float64] | None:
        """Return the samples' own weights of "inputs" or "targets"."""
        weights = self.sample_weight
        # Of a row whose targets have weights of their own it is the largest.
        of_rows = of == "inputs" and weights is not None and weights.ndim == 2
        return weights.max(axis=1) if of_rows and weights is not None else weights

    def learned(self, of: str, kind: str) -> Scaling:
        """Return what is learned of "inputs" or "targets", by the samples' own weights."""
        return learn(kind, getattr(self, of), self.rows, self.weights_of(of))

    def sizes(self, of: str) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Return Σ x² and max |x| of each column of "inputs" or "targets"."""
        return sizes(getattr(self, of), self.rows)

    def targets_of_rows(self) -> Array:
        """Return the targets of the data's own rows."""
        return self.targets if self.rows is None else self.targets[self.rows]

    def sample_weight_of_rows(self) -> npt.NDArray[np.float64] | None:
        """Return the samples' own weights of the data's own rows, for metrics."""
        weights = self.sample_weight
        return weights if weights is None or self.rows is None else weights[self.rows]

    def missing_of_rows(self) -> npt.NDArray[np.bool_] | None:
        """Return which targets of the data's own rows are missing, if any."""
        missing = self.missing
        return missing if missing is None or self.rows is None else missing[self.rows]

    def weighted(self, class_weight: Any, n_outputs: int) -> Data:
        """Return the same samples, their weights multiplied by those of their classes."""
        if class_weight is None:
            return self
        return self._times(_class_weights(class_weight, self.targets, self.rows, n_outputs))

    def weighted_by(self, by_class: Mapping[float, float]) -> Data:
        """Return the same samples, their weights multiplied by those of their classes."""
        weights = np.zeros(len(self.targets))
        used = labels(self.targets_of_rows(), "class_weight")
        weights[slice(None) if self.rows is None else self.rows] = weights_of_classes(
            by_class, used
        )
        return self._times(weights)

    def _times(self, weights: npt.NDArray[np.float64]) -> Data:
        if self.weights is not None:
            own = self.weights
            weights = (weights if own.ndim == 1 else weights[:, None]) * own
        return self._with(weights, self.rows)

    def scaled(self, scalings: Scalings, dtype: np.dtype[Any], name: str = "X") -> Data:
        """Return the same samples as a network of ``dtype`` sees them; nothing is copied."""
        if scalings.inputs is not None:
            scalings.inputs.check_finite(name, self.inputs, dtype, self.rows)
        if scalings.targets is not None:
            scalings.targets.check_finite("y", self.targets, dtype, self.rows)
        return self._with(self.weights, self.rows, scalings)

    def split(self, how: str, share: float, seed: int) -> tuple[Data, Data]:
        """Return two parts of the data, the second a ``share`` of it; nothing is copied."""
        n_second = round(share * len(self))
        if not 0 < n_second < len(self):
            raise ValueError(
                f"validation_split={share} of {len(self)} samples leaves no sample for "
                f"{'validation' if n_second == 0 else 'training'}"
            )
        if how == "last":
            order, classes = np.arange(len(self), dtype=np.uint32)[::-1], None
        else:
            order, classes = _core.permutation(seed, len(self)), None
        if how == "stratified":
            classes = labels(self.targets_of_rows(), "validation_split=('stratified', …)")
            check_strata(order, classes)
        first, second = (np.sort(part) for part in divide(order, n_second, classes))
        return self._part(first), self._part(second)

    def _part(self, at: npt.NDArray[np.uint32]) -> Data:
        return self._with(self.weights, at if self.rows is None else self.rows[at])

    def _with(
        self,
        weights: npt.NDArray[np.float64] | None,
        rows: npt.NDArray[np.uint32] | None,
        scalings: Scalings | None = None,
    ) -> Data:
        """Return data of the same arrays."""
        arrays = self.inputs, self.targets, self.classes
        scalings = scalings or self.scalings
        return Data(*arrays, weights, rows, self.sample_weight, self.missing, scalings)


def _checksum(array: Array, rows: npt.NDArray[np.uint32] | None) -> str:
    """Return the shape of some rows of an array and CRC-32 of their numbers."""
    n = len(array) if rows is None else len(rows)
    step = max(1, _NUMBERS_AT_ONCE // max(1, array[:1].size))
    found = 0
    for start in range(0, n, step):
        piece = slice(start, start + step)
        numbers = array[piece] if rows is None else array[rows[piece]]
        # Adding 0 makes −0 one with 0, which it equals.
        found = zlib.crc32((np.asarray(numbers, dtype="<f8") + 0.0).tobytes(), found)
    return f"shape {(n, *array.shape[1:])}, checksum {found:08x}"


def _weighted_rows(
    weights: npt.NDArray[np.float64], rows: npt.NDArray[np.uint32] | None
) -> npt.NDArray[np.uint32] | None:
    """Return those rows that have a weight which is not zero."""
    positive = weights > 0 if rows is None else weights[rows] > 0
    if positive.ndim == 2:
        positive = np.logical_or.reduce(positive, axis=1)
    if positive.all():
        return rows
    if not positive.any():
        raise ValueError("sample_weight must not be zero for all samples")
    found = np.flatnonzero(positive)
    return found.astype(np.uint32) if rows is None else rows[found]


def check_inputs(X: Any, n_inputs: int, dtype: np.dtype[Any], name: str = "X") -> Array:
    """Return X as an array (N, n_inputs) that is finite in the network's dtype."""
    hint = partial(input_hint, name, n_inputs)
    inputs = plain(_validation.array(name, X, ndim=2, dtype=dtype, hint=hint))
    if inputs.shape[1] != n_inputs:
        raise ValueError(
            f"{name} must have {n_inputs} columns, as the network has inputs; got shape "
            f"{inputs.shape}{hint(inputs.shape)}"
        )
    return inputs


def check_loss(loss: Any, check_slopes: bool = False) -> Any:
    """Return the name of a loss, its numbers included, or the caller's function for C++."""
    if isinstance(loss, OwnLoss):
        return loss
    if callable(loss):
        return OwnLoss(loss, check_slopes)
    return losses.named(loss)


def check_weights(sample_weight: Any, n_outputs: int, loss: Any, name: str) -> Any:
    """Return one weight for each sample, or for each target, float64; None where all are alike."""
    if sample_weight is None:
        return None
    weights = _validation.array(name, sample_weight, ndim=(1, 2)).astype(np.float64)
    if weights.ndim == 2 and weights.shape[1] != n_outputs:
        raise ValueError(
            f"{name} must have shape (N,), or (N, {n_outputs}) with a weight for each target, got "
            f"{weights.shape}"
        )
    if weights.ndim == 2 and loss == "cross_entropy":
        raise ValueError(
            f"{name} must have shape (N,) for cross_entropy, whose classes are told apart by all "
            f"outputs together, got {weights.shape}"
        )
    if (weights < 0).any():
        at = tuple(int(i) for i in np.argwhere(weights < 0)[0])
        raise ValueError(f"{name} must be >= 0, got {weights[at]} at row {at[0]}")
    if not weights.any():
        raise ValueError(f"{name} must not be zero for all samples")
    return weights.reshape(-1) if n_outputs == 1 else weights


def check_weights_of_loss(loss: Any, weights: Any, name: str) -> None:
    """Refuse weights of samples or classes beside a custom loss, to which they are not applied."""
    if callable(loss) and weights is not None:
        raise ValueError(
            f"{name} is not applied to a custom loss; apply the weights inside the loss function"
        )


def make_data(
    X: Any,
    y: Any,
    loss: Any,
    layer_sizes: tuple[int, ...],
    dtype: np.dtype[Any],
    sample_weight: Any = None,
    names: tuple[str, str, str] = ("X", "y", "sample_weight"),
    missing_targets: str = "error",
    scalings: Scalings | None = None,
) -> Data:
    """Check everything and put it together; ``dtype`` is what the network computes with.

    What it scales needs to be finite in its dtype only then. The data are not scaled yet.
    """
    scalings = scalings or Scalings()
    inputs = check_inputs(X, layer_sizes[0], scalings.dtype_of_inputs(dtype), names[0])
    weights = check_weights(sample_weight, layer_sizes[-1], loss, names[2])
    dtype = scalings.dtype_of_targets(dtype)
    targets, classes, missing = check_targets(
        y, loss, layer_sizes[-1], dtype, names[1], weights, missing_targets
    )
    check_weights_of_loss(loss, sample_weight, names[2])
    _validation.same_length(**{names[0]: inputs, names[1]: targets})
    _validation.same_length(**{names[1]: targets, names[2]: weights})
    if len(inputs) >= 2**32:
        raise ValueError(f"{names[0]} has {len(inputs)} rows; fewer than 2**32 can be used")
    if missing is None:
        return Data(inputs, targets, classes, weights, sample_weight=weights)
    weights = _without_missing(weights, missing)
    in_part = missing if missing.ndim == 2 else None
    of_loss: npt.NDArray[np.float64] = weights
    if callable(loss) and in_part is not None:  # it sees NaN where a row has other targets
        of_loss = np.logical_or.reduce(weights > 0, axis=1).astype(np.float64)
    return Data(inputs, targets, classes, of_loss, sample_weight=weights, missing=in_part)


def _without_missing(weights: Any, missing: Array) -> npt.NDArray[np.float64]:
    """Return weights that are 0 where targets are missing."""
    there: npt.NDArray[np.float64] = (~missing).astype(np.float64)
    if weights is not None:
        there *= weights if weights.ndim == missing.ndim else weights[:, None]
    if not there.any():
        raise ValueError("all targets are missing, or of weight zero")
    return there


def _class_weights(
    class_weight: Any, targets: Array, rows: npt.NDArray[np.uint32] | None, n_outputs: int
) -> npt.NDArray[np.float64]:
    """Return a weight for each row of the targets, zero for those that are not used."""
    used = labels(targets if rows is None else targets[rows], "class_weight")
    present, counts = np.unique(used, return_counts=True)
    # A part of the data may lack a class that the network knows.
    known = {*np.unique(targets).tolist(), *range(max(2, n_outputs))}
    by_class = weights_by_class(class_weight, present, counts, known)
    of_sample = np.zeros(len(targets))
    of_sample[slice(None) if rows is None else rows] = weights_of_classes(by_class, used)
    return of_sample


def weights_by_class(
    class_weight: Any, present: Array, counts: Array, known: set[float]
) -> dict[float, float]:
    """Return the weight of each class that is present, by how many samples it has."""
    if isinstance(class_weight, str):
        _validation.choice("class_weight", class_weight, ("balanced",))
        weights = counts.sum() / (len(present) * counts)
        return dict(zip(present.tolist(), weights.tolist(), strict=True))
    if isinstance(class_weight, Mapping):
        given = {
            k: _validation.number(f"class_weight[{k!r}]", v, low=0) for k, v in class_weight.items()
        }
        unknown = [k for k in given if k not in known]
        if unknown:
            raise ValueError(f"class_weight names {unknown[0]!r}, which is no class of y")
        return {label: given.get(label, 1.0) for label in present.tolist()}
    raise TypeError(f"class_weight must be a dict or 'balanced', got {class_weight!r}")


def weights_of_classes(by_class: Mapping[float, float], of: Array) -> npt.NDArray[np.float64]:
    """Return the weight of each sample by its class."""
    present, index = np.unique(of, return_inverse=True)
    weights = np.array([by_class[label] for label in present.tolist()])
    found: npt.NDArray[np.float64] = weights[index.reshape(-1)]
    return found
