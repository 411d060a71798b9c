"""Metrics of all parts, from what each part gives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.training.data import Data
from fastopt.training.metrics import METRICS, Metric, as_list, mse, r2, rmse

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Mean:
    """A weighted mean over rows, as all metrics but R² are, or functions of one."""

    total: float
    weight: float

    def __add__(self, other: Mean) -> Mean:
        return Mean(self.total + other.total, self.weight + other.weight)

    def value(self) -> float:
        """Return the mean."""
        return self.total / self.weight if self.weight else math.nan


@dataclass(frozen=True)
class Spread:
    """What R² needs, of each output; means and squares are merged as Chan et al. (1979) do."""

    rows: Array
    weight: Array
    residual: Array  # Σ v (T − Y)²
    mean: Array
    squares: Array  # Σ v (T − mean)²
    low: Array
    high: Array

    @staticmethod
    def of(outputs: Array, targets: Array, weights: Array) -> Spread:
        """Return that of a part; the weights are (N, q)."""
        there = weights > 0
        weight = weights.sum(axis=0)
        safe = np.where(weight > 0, weight, 1.0)
        mean = (weights * targets).sum(axis=0) / safe
        return Spread(
            there.sum(axis=0).astype(float),
            weight,
            (weights * (targets - outputs) ** 2).sum(axis=0),
            mean,
            (weights * (targets - mean) ** 2).sum(axis=0),
            np.where(there, targets, np.inf).min(axis=0),
            np.where(there, targets, -np.inf).max(axis=0),
        )

    def __add__(self, other: Spread) -> Spread:
        weight = self.weight + other.weight
        share = other.weight / np.where(weight > 0, weight, 1.0)
        apart = other.mean - self.mean
        return Spread(
            self.rows + other.rows,
            weight,
            self.residual + other.residual,
            self.mean + share * apart,
            self.squares + other.squares + self.weight * share * apart**2,
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
        )

    def value(self) -> float:
        """Return R², the mean over the outputs."""
        if (self.rows < 2).any():
            return math.nan
        total = np.where(self.low == self.high, 0.0, self.squares)
        share = np.divide(
            self.residual, total, out=np.where(self.residual == 0, 0.0, 1.0), where=total > 0
        )
        return float(np.mean(1 - share))


@dataclass(frozen=True)
class Counts:
    """How many samples each class has."""

    of: Mapping[float, int]

    def __add__(self, other: Counts) -> Counts:
        labels = sorted({*self.of, *other.of})
        return Counts({k: self.of.get(k, 0) + other.of.get(k, 0) for k in labels})


def scores_of(
    functions: Mapping[str, Metric], data: Data, outputs: Array
) -> tuple[Mean | Spread, ...]:
    """Return what a part gives for each metric."""
    outputs = outputs.astype(np.float64, copy=False)
    targets: Any = data.targets_of_rows()
    if data.classes:
        targets = np.arange(data.classes) == targets.reshape(-1, 1)
    targets = np.ascontiguousarray(targets.reshape(len(outputs), -1), dtype=np.float64)
    missing, weights = data.missing_of_rows(), data.sample_weight_of_rows()
    if missing is not None:
        targets = np.where(missing, 0.0, targets)
    of_rows = float(len(targets))
    of_outputs = np.ones_like(targets)
    if weights is not None:
        of_outputs = np.broadcast_to(
            weights if weights.ndim == 2 else weights[:, None], targets.shape
        )
        of_rows = float(weights.sum()) / (weights.shape[1] if weights.ndim == 2 else 1)
    found: list[Mean | Spread] = []
    for function in functions.values():
        if function is r2:
            found.append(Spread.of(outputs, targets, of_outputs))
            continue
        squared = mse if function is rmse else function
        value = squared(outputs, targets, weights) if of_rows else 0.0
        found.append(Mean(of_rows * value, of_rows))
    return tuple(found)


def values_of(
    functions: Mapping[str, Metric], found: tuple[Mean | Spread, ...]
) -> dict[str, float]:
    """Return the metrics, by what all parts give together."""
    values = {}
    for (name, function), score in zip(functions.items(), found, strict=True):
        value = score.value()
        values[name] = math.sqrt(value) if function is rmse else value
    return values


def check_metrics(metrics: Any) -> None:
    """Refuse metrics that do not follow from sums over parts."""
    for metric in as_list(metrics):
        if callable(metric) and metric not in METRICS.values():
            name = getattr(metric, "__name__", repr(metric))
            raise ValueError(
                f"metrics: {name!r} is a function of your own, which needs all outputs at once, "
                f"and the data are in parts: take some of {', '.join(METRICS)}, or compute it in "
                "a callback, of rows that fit into memory"
            )
        if metric == "layer_gradient_norms":
            raise ValueError(
                "metrics: 'layer_gradient_norms' needs all outputs at once, and the data are in "
                "parts: compute net.gradient_norms(X, y) in a callback, of rows that fit into "
                "memory"
            )
