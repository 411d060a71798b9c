"""The report of a training on a table."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.cli.data.preprocessing import Preprocessing
from fastopt.cli.experiment import Experiment
from fastopt.cli.results import one_hot
from fastopt.cli.training import Data, Fit
from fastopt.reporting import report
from fastopt.reporting.markup import tag
from fastopt.reporting.subject import Column, Subject

Array = npt.NDArray[Any]

# Of a larger part so many rows are looked at, drawn at random.
_MOST_ROWS = 20_000


def subject_of(fit: Fit, data: Data, interval: float | None = None) -> Subject:
    """Return what the report is about: columns as they stand in the table, and rows from 1."""
    made, seed = data.preprocessing, int(data.split["seed"])
    random = np.random.default_rng(seed)
    X, y, weights, rows, parts, start = [], [], [], [], {}, 0
    for part in data.parts:
        n = len(part.rows)
        at = np.arange(n) if n <= _MOST_ROWS else np.sort(random.choice(n, _MOST_ROWS, False))
        X.append(part.X[at])
        y.append(one_hot(made, part.y[at], fit.loss))
        weights.append(None if part.weights is None else part.weights[at])
        rows.append(np.asarray(part.rows)[at] + 1)
        parts[part.name] = np.arange(start, start + len(at))
        start += len(at)
    return Subject(
        net=fit.net,
        history=fit.history,
        columns=tuple(
            Column(c.name, c.categories, data.missing.get(c.name, 0)) for c in made.inputs
        ),
        values=_values_of(made, np.concatenate(X)),
        y=np.concatenate(y),
        parts=parts,
        target_names=tuple(target.name for target in made.targets),
        class_names=tuple(str(c) for c in made.classes),
        to_inputs=lambda values: _inputs_of(made, values),
        rows=np.concatenate(rows),
        total={part.name: len(part.rows) for part in data.parts},
        seed=seed,
        interval=interval,
    )


def _values_of(made: Preprocessing, X: Array) -> Array:
    """Return inputs column by column of the table: 0/1 columns become numbers of categories."""
    ends = np.cumsum([column.width for column in made.inputs])
    pieces = zip(made.inputs, np.split(X, ends[:-1], axis=1), strict=True)
    return np.stack(
        [piece.argmax(axis=1) if column.categories else piece[:, 0] for column, piece in pieces],
        axis=1,
    ).astype(np.float64)


def _inputs_of(made: Preprocessing, values: Array) -> Array:
    """Return the opposite of :func:`_values_of`."""
    pieces = [
        values[:, [j]] == np.arange(column.width) if column.categories else values[:, [j]]
        for j, column in enumerate(made.inputs)
    ]
    return np.hstack(pieces).astype(np.float64)


def write(
    subject: Subject,
    experiment: Experiment,
    *,
    judged: Mapping[str, Mapping[str, float]],
    seconds: Mapping[str, float],
    command: str,
) -> None:
    """Write the report where the experiment says."""
    again = (
        tag("p", "The command:"),
        tag("pre", tag("code", command)),
        tag("p", "The same with all settings, as a file for “fastopt train”:"),
        tag("pre", tag("code", experiment.text())),
    )
    title = f"Training on {Path(experiment['data']['path']).name}"
    path = experiment["output"]["report"]
    report.write(subject, path, title=title, again=again, judged=judged, seconds=seconds)
