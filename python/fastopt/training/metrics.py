"""What is told of predictions besides the loss, by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _names
from fastopt.training.history import History
from fastopt.training.user_functions import name_of, takes_outputs_first, takes_weights

Array = npt.NDArray[Any]
# (outputs (N, q), targets (N, q), and of the own ones weights of the samples) → a number
Metric = Callable[..., float]
Weights = npt.NDArray[np.float64] | None


def _mean(values: Array, sample_weight: Weights) -> float:
    """Return the mean over samples and outputs, weighted by sample or, (N, q), by both."""
    if sample_weight is None:
        return float(np.mean(values))
    if sample_weight.ndim > values.ndim:  # one value for all outputs of a sample
        sample_weight = sample_weight.mean(axis=1)
    if sample_weight.ndim == values.ndim:
        return float(np.average(values, weights=sample_weight))
    return float(np.mean(np.average(values, axis=0, weights=sample_weight)))


def mse(outputs: Array, targets: Array, sample_weight: Weights = None) -> float:
    """Mean of (T − Y)² over samples and outputs."""
    return _mean((targets - outputs) ** 2, sample_weight)


def rmse(outputs: Array, targets: Array, sample_weight: Weights = None) -> float:
    """√MSE."""
    return float(np.sqrt(mse(outputs, targets, sample_weight)))


def mae(outputs: Array, targets: Array, sample_weight: Weights = None) -> float:
    """Mean of |T − Y|."""
    return _mean(np.abs(targets - outputs), sample_weight)


def r2(outputs: Array, targets: Array, sample_weight: Weights = None) -> float:
    """1 − Σ(T − Y)² / Σ(T − mean T)², the mean over the outputs.

    Constant targets: 1 where they are met, else 0 (as scikit-learn). One sample: NaN. With weights
    (N, q) an output counts the rows that have weight in it, and NaN if they are fewer than two.
    """
    if len(targets) < 2:
        return math.nan
    if sample_weight is not None and sample_weight.ndim == 2:
        counts = [v > 0 for v in sample_weight.T]
        columns = zip(outputs.T, targets.T, sample_weight.T, counts, strict=True)
        return float(
            np.mean(
                [
                    r2(y[at, None], t[at, None], v[at]) if at.any() else np.nan
                    for y, t, v, at in columns
                ]
            )
        )
    v = np.ones((len(targets), 1)) if sample_weight is None else sample_weight[:, None]
    residual = np.sum(v * (targets - outputs) ** 2, axis=0)
    mean = np.average(targets, axis=0, weights=sample_weight)
    total = np.sum(v * (targets - mean) ** 2, axis=0)
    total[(targets == targets[0]).all(axis=0)] = 0  # where their mean may be rounded
    share = np.divide(residual, total, out=np.where(residual == 0, 0.0, 1.0), where=total > 0)
    return float(np.mean(1 - share))


def accuracy(
    outputs: Array, targets: Array, sample_weight: Weights = None, signed: bool = False
) -> float:
    """Share of samples whose class is right: the largest output.

    One output: the class is 1 where it is above 0.5; with targets −1 and +1 (any below 0, or
    ``signed``) where it is above 0.
    """
    if outputs.shape[1] == 1:
        by_sign = signed or bool((targets < 0).any())
        return binary_accuracy(outputs, targets, sample_weight, 0.0 if by_sign else 0.5, by_sign)
    return _mean(outputs.argmax(axis=1) == targets.argmax(axis=1), sample_weight)


def binary_accuracy(
    outputs: Array,
    targets: Array,
    sample_weight: Weights = None,
    threshold: float = 0.5,
    signed: bool = False,
) -> float:
    """Share of labels that are right, each output for itself: 1 where above ``threshold``."""
    right = (outputs > threshold) == (targets > (0 if signed else 0.5))
    return _mean(right, sample_weight)


def top_k_accuracy(
    outputs: Array, targets: Array, sample_weight: Weights = None, k: int = 5
) -> float:
    """Share of samples whose class is among the ``k`` largest outputs.

    Where equal outputs compete for the last of the k places, a sample counts by the chance that
    its class has in a draw among them: 5 of 10 equal outputs are half a hit.
    """
    own = np.take_along_axis(outputs, targets.argmax(axis=1)[:, None], 1)
    larger, equal = np.sum(outputs > own, axis=1), np.sum(outputs == own, axis=1)
    return _mean(np.clip((k - larger) / np.maximum(equal, 1), 0, 1), sample_weight)


METRICS: dict[str, Metric] = {f.__name__: f for f in (mse, rmse, mae, r2, accuracy, top_k_accuracy)}


def as_list(metrics: Any) -> list[Any]:
    """Return the metrics as a list, where one alone or None may have been given."""
    if metrics is None:
        return []
    if isinstance(metrics, str) or callable(metrics):
        return [metrics]
    if not isinstance(metrics, Iterable):
        raise TypeError(f"metrics must be a sequence of names and functions, got {metrics!r}")
    return list(metrics)


def metric_name(metric: Any, recorded: tuple[str, ...] = ()) -> str:
    """Return the name of a metric as the History has it; ``recorded`` are further names of fit."""
    known = (*METRICS, *recorded)
    name = _names.canonical("metric", metric, known) if isinstance(metric, str) else None
    if name is None:
        listed = ", ".join(map(repr, known))
        cure = _names.hint("metric", metric, known)
        raise ValueError(f"metrics must be functions or of {listed}, got {metric!r}{cure}")
    return name


class Metrics:
    """The metrics of a run, by name; a function of the user's own goes by its own name.

    Such a function is called (targets, outputs), or as its parameter names say, and with
    ``sample_weight`` where it has such a parameter. ``threshold`` says that each output is a label
    of its own, which is 1 above it; ``signed`` that labels are −1 and +1. ``recorded`` are the
    further names that ``fit`` knows.
    """

    def __init__(
        self,
        metrics: Any,
        threshold: float | None = None,
        recorded: tuple[str, ...] = (),
        signed: bool = False,
    ) -> None:
        self.functions: dict[str, Metric] = {}
        self._own: set[str] = set()  # the names of the user's functions
        for metric in as_list(metrics):
            if callable(metric):
                name = name_of(metric)
                if History.is_own(name) or self.functions.get(name, metric) is not metric:
                    raise ValueError(
                        f"metrics: the name {name!r} of a function stands for something else in "
                        "the History: rename it"
                    )
                self.functions[name] = metric
                if METRICS.get(name) is not metric:
                    self._own.add(name)
            else:
                name = metric_name(metric, recorded)
                self.functions[name] = METRICS[name]
        if self.functions.get("accuracy") is accuracy:
            self.functions["accuracy"] = (
                partial(accuracy, signed=signed)
                if threshold is None
                else partial(binary_accuracy, threshold=threshold)
            )

    def __bool__(self) -> bool:
        return bool(self.functions)

    def __call__(
        self,
        outputs: Array,
        targets: Array,
        classes: int = 0,
        sample_weight: Weights = None,
        missing: npt.NDArray[np.bool_] | None = None,
    ) -> dict[str, float]:
        """Return all metrics; ``classes`` > 0: the targets are class numbers.

        Where targets are ``missing`` functions of the user's own see NaN; the weights are 0 there.
        """
        outputs = outputs.astype(np.float64, copy=False)
        if classes:
            targets = np.arange(classes) == targets.reshape(-1, 1)
        # In one order whatever the user's is: sums depend on it in the last bits.
        expected = np.ascontiguousarray(targets.reshape(len(outputs), -1), dtype=np.float64)
        shown = expected
        if missing is not None:
            shown, expected = np.where(missing, np.nan, expected), np.where(missing, 0, expected)
        values = {}
        for name, function in self.functions.items():
            if name in self._own:
                value = _call_own(function, outputs, shown, sample_weight)
            else:
                value = function(outputs, expected, sample_weight)
            values[name] = _number(name, value)
        return values


def _number(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str) and np.size(value) == 1:
            return float(np.asarray(value).reshape(()))
    except (TypeError, ValueError):
        pass
    raise TypeError(f"the metric {name!r} must return one real number, got {value!r}")


def _call_own(function: Metric, outputs: Array, targets: Array, sample_weight: Weights) -> Any:
    """Call a function of the user's own in the order that it has its parameters in."""
    # They may be the user's y and what the next metric sees: not to be written to.
    arrays = outputs.copy(), targets.copy()
    if not takes_outputs_first(function):
        arrays = arrays[::-1]
    if sample_weight is not None and takes_weights(function):
        return function(*arrays, sample_weight=sample_weight.copy())
    return function(*arrays)
