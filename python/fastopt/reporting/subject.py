"""What a report is about: a network, the rows that it is judged by, and what it makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt.training.history import History

if TYPE_CHECKING:
    from fastopt.network import MLP

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Column:
    """A column of inputs as people know it: numbers, or categories.

    Attributes
    ----------
    categories : tuple of str
        What the numbers of the column stand for; empty: they are what they are.
    missing : int
        In how many rows there was no value.
    """

    name: str
    categories: tuple[str, ...] = ()
    missing: int = 0


@dataclass(frozen=True)
class Question:
    """Something with classes for answers: the classes, the true ones, those that were given.

    Attributes
    ----------
    true, given : array (N,) of int
        −1 where the true class is missing.
    probability : array (N,)
        That the network gives the true class.
    """

    name: str
    classes: tuple[str, ...]
    true: Array
    given: Array
    probability: Array


@dataclass
class Subject:
    """A trained network and its rows.

    Attributes
    ----------
    values : array (N, c)
        Of the columns of inputs; of categories their numbers.
    to_inputs : callable
        From such values to what the network is given.
    y : array
        Targets as the network takes them.
    outputs : array (N, q)
        In the units of the targets.
    parts : dict of rows by name
    rows : array (N,)
        The number by which each row is known to the reader.
    total : dict of int by name
        How many rows each part has, where these are a sample of them.
    interval : float or None
        The probability of the intervals that are wanted.
    """

    net: MLP
    history: History
    columns: tuple[Column, ...]
    values: Array
    y: Array
    parts: dict[str, Array]
    target_names: tuple[str, ...]
    class_names: tuple[str, ...] = ()
    to_inputs: Callable[[Array], Array] = np.asarray
    weights: Array | None = None
    rows: Array | None = None
    total: Mapping[str, int] = field(default_factory=dict)
    seed: int = 0
    interval: float | None = None

    def __post_init__(self) -> None:
        self.outputs = self.predict(self.values)
        self.targets = np.asarray(self.y, dtype=np.float64).reshape(len(self.y), -1)
        self.questions = self.answered(self.values, np.arange(len(self.values)), self.outputs)
        if self.rows is None:
            self.rows = np.arange(len(self.values))

    def predict(self, values: Array) -> Array:
        """Return the outputs (N, q)."""
        return np.asarray(self.net.predict(self.to_inputs(values))).reshape(len(values), -1)

    def answered(self, values: Array, rows: Array, outputs: Array | None = None) -> list[Question]:
        """Return the answers to other values of inputs in some rows, if anything is asked."""
        outputs = self.predict(values) if outputs is None else outputs
        return _questions(self, self.targets[rows], outputs)

    @property
    def classifies(self) -> bool:
        """Whether classes are learned."""
        return bool(self.questions)

    def part_of_rows(self) -> list[str]:
        """Return the part that each row belongs to."""
        names = [""] * len(self.values)
        for name, rows in self.parts.items():
            for row in rows.tolist():
                names[row] = name
        return names

    def held_out(self) -> tuple[str, Array]:
        """Return the part that tells most of new data, and its rows."""
        for name in ("test", "validation"):
            if name in self.parts:
                return name, self.parts[name]
        name = next(iter(self.parts))
        return name, self.parts[name]

    def errors(self) -> Array:
        """Return of each row how wrong it is: its largest error in standard deviations.

        Of classes: how improbable the network holds the true one. NaN where there is no target.
        """
        if self.questions:
            return np.asarray(
                np.max(
                    [np.where(q.true >= 0, 1 - q.probability, np.nan) for q in self.questions],
                    axis=0,
                )
            )
        apart = np.abs(self.targets - self.outputs)
        spread = np.nanstd(self.targets, axis=0)
        apart = apart / np.where(spread > 0, spread, 1.0)
        none = np.asarray(np.isnan(apart).all(axis=1))
        return np.where(none, np.nan, np.nanmax(np.where(none[:, None], 0.0, apart), axis=1))


def spread_over(names: Sequence[str] | None, count: int, stem: str, single: str) -> tuple[str, ...]:
    """Return a name for each of ``count`` columns, those that were given or numbered ones."""
    if names is not None:
        return tuple(str(name) for name in names)
    return (single,) if count == 1 else tuple(f"{stem}{i}" for i in range(count))


def _questions(subject: Subject, raw: Array, outputs: Array) -> list[Question]:
    net, loss = subject.net, subject.net._loss
    q = outputs.shape[1]
    names = subject.class_names
    if net.output_activation == "softmax" or loss == "cross_entropy":
        scores = outputs
        if net.output_activation == "identity":
            scores = np.exp(outputs - outputs.max(axis=1, keepdims=True))
            scores = scores / scores.sum(axis=1, keepdims=True)
        gone = np.isnan(raw).any(axis=1)
        known = np.nan_to_num(raw)
        true = known[:, 0].astype(int) if raw.shape[1] == 1 else known.argmax(axis=1)
        true[gone] = -1
        probability = scores[np.arange(len(scores)), true]
        classes = names or tuple(map(str, range(q)))
        (name,) = subject.target_names[:1] or ("class",)
        return [Question(name, classes, true, scores.argmax(axis=1), probability)]
    there = raw[~np.isnan(raw)]
    of_two = net.output_activation == "sigmoid" and bool(np.isin(there, (0, 1)).all())
    if loss != "binary_cross_entropy" and not of_two:
        return []
    asked = []
    for k in range(q):
        p = np.asarray(outputs[:, k], dtype=np.float64)
        if net.output_activation == "identity":
            p = 1 / (1 + np.exp(-np.clip(p, -500, 500)))
        gone = np.isnan(raw[:, k])
        true = np.where(gone, -1, np.nan_to_num(raw[:, k]) > 0.5).astype(int)
        probability = np.where(true == 1, p, 1 - p)
        classes = names if len(names) == 2 and q == 1 else ("0", "1")
        given = (p > 0.5).astype(int)
        asked.append(Question(subject.target_names[k], classes, true, given, probability))
    return asked
