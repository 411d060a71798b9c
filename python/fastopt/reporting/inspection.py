"""What the outputs depend on: permutation importance and partial dependence, by scikit-learn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.reporting.subject import Subject

Array = npt.NDArray[Any]

# So many numbers are predicted at most, which takes a network of usual size seconds.
_MOST_PREDICTIONS = 1_000_000
_MOST_ROWS, _FEWEST_ROWS, _REPEATS = 2000, 50, 5
# How many columns get a picture of partial dependence, and how fine it is.
_PICTURES, _GRID = 6, 25


@dataclass(frozen=True)
class Importance:
    """By how much a score falls when a column is shuffled, and how far its repeats spread."""

    name: str
    mean: float
    deviation: float


@dataclass(frozen=True)
class Dependence:
    """The mean output over the values of one column, all others as they are."""

    column: int
    grid: Array
    means: Array  # (k, G): of each output


@dataclass(frozen=True)
class Inspection:
    """What was found, on which rows."""

    part: str
    n_rows: int
    score: str
    importances: list[Importance]
    dependences: list[Dependence]


def inspect(subject: Subject) -> Inspection:
    """Inspect a network on the rows that were held out, some of them where there are many.

    Raises
    ------
    ImportError
        scikit-learn is missing.
    """
    from sklearn.inspection import partial_dependence, permutation_importance

    part, rows = subject.held_out()
    most = _MOST_PREDICTIONS // (_REPEATS * len(subject.columns))
    most = min(_MOST_ROWS, max(_FEWEST_ROWS, most))
    if len(rows) > most:
        rows = np.sort(np.random.default_rng(subject.seed).choice(rows, most, replace=False))
    values = np.asarray(subject.values[rows], dtype=np.float64)
    model, score = _as_estimator(subject), _scorer(subject, rows)
    found = permutation_importance(
        *(model, values, np.zeros(len(rows))),
        scoring=score,
        n_repeats=_REPEATS,
        random_state=subject.seed % 2**32,
    )
    means, deviations = found["importances_mean"], found["importances_std"]
    order = np.argsort(-means, kind="stable")
    importances = [
        Importance(subject.columns[j].name, float(means[j]), float(deviations[j])) for j in order
    ]
    dependences = []
    for j in order[:_PICTURES]:
        if len(np.unique(values[:, j])) < 2:
            continue
        of_column = partial_dependence(
            *(model, values, [int(j)]),
            kind="average",
            method="brute",
            grid_resolution=_GRID,
            categorical_features=[int(j)] if subject.columns[j].categories else None,
        )
        dependences.append(
            Dependence(int(j), np.asarray(of_column["grid_values"][0]), of_column["average"])
        )
    name = "accuracy" if subject.classifies else "R²"
    return Inspection(part, len(rows), name, importances, dependences)


def _as_estimator(subject: Subject) -> Any:
    """Return the network as scikit-learn's inspection takes it: a regressor of all its outputs."""
    from sklearn.base import BaseEstimator, RegressorMixin

    class Model(RegressorMixin, BaseEstimator):  # type: ignore[misc]
        def fit(self, X: Any, y: Any) -> Any:
            return self

        def __sklearn_is_fitted__(self) -> bool:
            return True

        def predict(self, X: Any) -> Any:
            outputs = subject.predict(X)
            return outputs[:, 0] if outputs.shape[1] == 1 else outputs

    return Model()


def _scorer(subject: Subject, rows: Array) -> Any:
    """Return accuracy, or R² as a mean over the targets, of the values that it is called with."""
    targets = subject.targets[rows]

    def accuracy(model: Any, values: Any, _: Any) -> float:
        asked = subject.answered(values, rows)
        shares = [np.mean((q.given == q.true)[q.true >= 0]) for q in asked if (q.true >= 0).any()]
        return float(np.mean(shares))

    def r2(model: Any, values: Any, _: Any) -> float:
        left = np.nansum((targets - subject.predict(values)) ** 2, axis=0)
        whole = np.nansum((targets - np.nanmean(targets, axis=0)) ** 2, axis=0)
        varies = whole > 0
        return float(np.mean(1 - left[varies] / whole[varies])) if varies.any() else 0.0

    return accuracy if subject.classifies else r2
