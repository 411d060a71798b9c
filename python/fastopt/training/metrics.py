"""What is told of predictions besides the loss, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.training.history import History

Array = npt.NDArray[Any]
# (outputs (N, q), targets (N, q)) → a number
Metric = Callable[[Array, Array], float]


def mse(outputs: Array, targets: Array) -> float:
    """Mean of (T − Y)² over samples and outputs."""
    return float(np.mean((targets - outputs) ** 2))


def rmse(outputs: Array, targets: Array) -> float:
    """√MSE."""
    return float(np.sqrt(mse(outputs, targets)))


def mae(outputs: Array, targets: Array) -> float:
    """Mean of |T − Y|."""
    return float(np.mean(np.abs(targets - outputs)))


def r2(outputs: Array, targets: Array) -> float:
    """1 − Σ(T − Y)² / Σ(T − mean T)², the mean over the outputs.

    Constant targets: 1 where they are met, else 0 (as scikit-learn).
    """
    residual = np.sum((targets - outputs) ** 2, axis=0)
    total = np.sum((targets - targets.mean(axis=0)) ** 2, axis=0)
    share = np.divide(residual, total, out=np.where(residual == 0, 0.0, 1.0), where=total > 0)
    return float(np.mean(1 - share))


def accuracy(outputs: Array, targets: Array) -> float:
    """Share of samples whose class is right: the largest output; one output: 1 where above 0.5."""
    if outputs.shape[1] == 1:
        return binary_accuracy(outputs, targets)
    return float(np.mean(outputs.argmax(axis=1) == targets.argmax(axis=1)))


def binary_accuracy(outputs: Array, targets: Array, threshold: float = 0.5) -> float:
    """Share of labels that are right, each output for itself: 1 where above ``threshold``."""
    return float(np.mean((outputs > threshold) == (targets > 0.5)))


def top_k_accuracy(outputs: Array, targets: Array, k: int = 5) -> float:
    """Share of samples whose class is among the ``k`` largest outputs."""
    rank = np.sum(outputs > np.take_along_axis(outputs, targets.argmax(axis=1)[:, None], 1), axis=1)
    return float(np.mean(rank < k))


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


class Metrics:
    """The metrics of a run, by name; a function (outputs, targets) → number goes by its own name.

    ``threshold`` says that each output is a label of its own, which is 1 above it. ``recorded`` are
    the further names that ``fit`` knows.
    """

    def __init__(
        self, metrics: Any, threshold: float | None = None, recorded: tuple[str, ...] = ()
    ) -> None:
        self.functions: dict[str, Metric] = {}
        for metric in as_list(metrics):
            if callable(metric):
                name = getattr(metric, "__name__", type(metric).__name__)
                if History.is_own(name) or self.functions.get(name, metric) is not metric:
                    raise ValueError(
                        f"metrics: the name {name!r} of a function stands for something else in "
                        "the History: rename it"
                    )
                self.functions[name] = metric
            elif isinstance(metric, str) and metric in METRICS:
                self.functions[metric] = METRICS[metric]
            else:
                known = ", ".join(map(repr, (*METRICS, *recorded)))
                raise ValueError(f"metrics must be functions or of {known}, got {metric!r}")
        if threshold is not None and self.functions.get("accuracy") is accuracy:
            self.functions["accuracy"] = lambda y, t: binary_accuracy(y, t, threshold)

    def __bool__(self) -> bool:
        return bool(self.functions)

    def __call__(self, outputs: Array, targets: Array, classes: int = 0) -> dict[str, float]:
        """Return all metrics; ``classes`` > 0: the targets are class numbers."""
        outputs = outputs.astype(np.float64, copy=False)
        if classes:
            targets = np.arange(classes) == targets.reshape(-1, 1)
        # In one order whatever the user's is: sums depend on it in the last bits.
        expected = np.ascontiguousarray(targets.reshape(len(outputs), -1), dtype=np.float64)
        values = {}
        for name, function in self.functions.items():
            arrays = (outputs, expected)
            if METRICS.get(name) is not function:
                # They may be the user's y and what the next metric sees: not to be written to.
                arrays = (outputs.copy(), expected.copy())
            values[name] = _number(name, function(*arrays))
        return values


def _number(name: str, value: Any) -> float:
    try:
        if not isinstance(value, str) and np.size(value) == 1:
            return float(np.asarray(value).reshape(()))
    except (TypeError, ValueError):
        pass
    raise TypeError(f"the metric {name!r} must return one real number, got {value!r}")
