"""What stands between a table and a network, learned in training and kept in the model's file."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt.cli.data.columns import (
    check_there,
    first,
    kind_of,
    numbers_of,
    places_of,
    text_of,
)
from fastopt.cli.failure import Failure, Misuse, listed, unknown

if TYPE_CHECKING:
    import pandas as pd

    from fastopt.network import MLP

Array = npt.NDArray[Any]

# Where the metadata of a network hold it, and the version that this fastopt writes and reads.
KEY, FORMAT = "table", 1

_IMPUTE = "--impute puts the median there, of categories the most frequent one"


@dataclass(frozen=True)
class Input:
    """A column of inputs: numbers, or categories that become a 0/1 column each."""

    name: str
    kind: str
    categories: tuple[str, ...] = ()
    fill: float | str | None = None  # what a missing value becomes; None: it is refused

    @property
    def width(self) -> int:
        """How many inputs of the network it becomes."""
        return len(self.categories) if self.kind == "category" else 1

    @property
    def labels(self) -> list[str]:
        """What these inputs are called."""
        return [f"{self.name}={c}" for c in self.categories] or [self.name]

    def of(self, column: pd.Series, unknown: str = "error") -> Array:
        """Return what the network is given of a column, (N, width)."""
        if self.fill is None:
            check_there(column, f"fill it in, or train with --impute ({_IMPUTE})")
        if self.kind == "number":
            x = numbers_of(column)
            if self.fill is not None:
                x = np.where(np.isnan(x), float(self.fill), x)
            return x[:, None]
        places = places_of(column, list(self.categories), unknown)
        if self.fill is not None:
            gone = np.asarray(column.isna())
            places[gone] = self.categories.index(str(self.fill))
        hot: Array = (places[:, None] == np.arange(self.width)).astype(np.float64)
        return hot


@dataclass(frozen=True)
class Target:
    """A column of targets: numbers, or classes."""

    name: str
    classes: tuple[Any, ...] = ()

    def of(self, column: pd.Series) -> Array:
        """Return the numbers or, of classes, which of them each row has."""
        check_there(column, "a target is not put in: take the row out")
        if not self.classes:
            return numbers_of(column)
        names = [text_of(c) for c in self.classes]
        places = places_of(column, names, "keep")
        if (places < 0).any():
            row, value = first(column, places < 0)
            raise Failure(
                f"target {self.name!r} has the class {str(value)!r} in row {row}, which the"
                f" model does not know: it knows {listed(names)}"
            )
        return places


@dataclass(frozen=True)
class Preprocessing:
    """The columns of a table as a network takes them."""

    inputs: tuple[Input, ...]
    targets: tuple[Target, ...]

    @property
    def task(self) -> str:
        """What is learned: "classification" or "regression"."""
        return "classification" if self.targets[0].classes else "regression"

    @property
    def classes(self) -> tuple[Any, ...]:
        """The classes, in the order of the outputs."""
        return self.targets[0].classes

    @property
    def width(self) -> int:
        """How many inputs the network has."""
        return sum(column.width for column in self.inputs)

    @property
    def labels(self) -> list[str]:
        """What the inputs of the network are called."""
        return [label for column in self.inputs for label in column.labels]

    @property
    def n_outputs(self) -> int:
        """How many outputs the network has."""
        return len(self.classes) or len(self.targets)

    def check_inputs(self, names: Collection[str]) -> None:
        """Refuse a table that lacks a column of inputs."""
        for column in self.inputs:
            _check_column(names, column.name, "the model's input")

    def check_targets(self, names: Collection[str]) -> None:
        """Refuse a table that lacks a column of targets."""
        for column in self.targets:
            _check_column(names, column.name, "the model's target")

    def X(self, frame: pd.DataFrame, unknown_categories: str = "error") -> Array:
        """Return the inputs (N, d); columns are found by their names, whatever their order."""
        self.check_inputs(frame.columns)
        parts = [column.of(frame[column.name], unknown_categories) for column in self.inputs]
        return np.ascontiguousarray(np.hstack(parts))

    def y(self, frame: pd.DataFrame) -> Array:
        """Return the targets: (N,) of one column, (N, q) of several, numbers of classes (N,)."""
        self.check_targets(frame.columns)
        parts = [column.of(frame[column.name]) for column in self.targets]
        return parts[0] if len(parts) == 1 else np.stack(parts, axis=1)

    # --- in the file ---------------------------------------------------------------------------

    def attach(self, net: MLP, **more: Any) -> None:
        """Keep it in a network's metadata."""
        net.metadata = {**net.metadata, KEY: {"format": FORMAT, **asdict(self), **more}}

    @classmethod
    def of(cls, net: MLP) -> Preprocessing | None:
        """Return what a network's metadata hold; None where it was trained without a table."""
        told = net.metadata.get(KEY)
        if told is None:
            return None
        try:
            if told["format"] > FORMAT:
                raise ValueError(f"format {told['format']}: a later fastopt wrote it")
            made = cls(
                tuple(_input(entry) for entry in told["inputs"]),
                tuple(
                    Target(str(entry["name"]), tuple(entry["classes"])) for entry in told["targets"]
                ),
            )
            if not made.targets or made.width != net.layer_sizes[0]:
                raise ValueError(f"{made.width} inputs, and the network has {net.layer_sizes[0]}")
            if made.n_outputs != net.layer_sizes[-1]:
                raise ValueError(
                    f"{made.n_outputs} outputs, and the network has {net.layer_sizes[-1]}"
                )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Failure(f"the model's file is damaged where its columns are told: {error}") from (
                error
            )
        return made


def _input(entry: dict[str, Any]) -> Input:
    kind, fill = entry["kind"], entry["fill"]
    categories = tuple(str(c) for c in entry["categories"])
    if kind not in ("number", "category") or bool(categories) != (kind == "category"):
        raise ValueError(f"column {entry['name']!r} is of no kind that there is")
    if fill is not None:
        fill = float(fill) if kind == "number" else str(fill)
        if kind == "category" and fill not in categories:
            raise ValueError(f"column {entry['name']!r} is filled with no category of its own")
    return Input(str(entry["name"]), kind, categories, fill)


def _check_column(names: Collection[str], name: str, what: str) -> None:
    if name not in names:
        told = str(unknown("", name, list(names))).rpartition(": ")[2]
        raise Failure(f"the table has no column {name!r}, {what}: {told}")


def chosen_inputs(
    names: list[str],
    targets: list[str],
    inputs: list[str] | None = None,
    ignore: list[str] = (),  # type: ignore[assignment]
    categorical: list[str] = (),  # type: ignore[assignment]
) -> list[str]:
    """Return the names of the columns of inputs; refuse names that the table does not have."""
    for what, given in (
        ("target", targets),
        ("input", inputs or []),
        ("column (--ignore)", ignore),
        ("column (--categorical)", categorical),
    ):
        for name in given:
            if name not in names:
                raise unknown(what, name, names)
    both = next((name for name in targets if name in (inputs or [])), None)
    if both is not None:
        raise Misuse(f"column {both!r} is given as a target and as an input: it can be one of them")
    chosen = inputs or [name for name in names if name not in targets and name not in ignore]
    if not chosen:
        raise Misuse("there is no column of inputs left: leave fewer of them out")
    unnamed = next((name for name in chosen if _UNNAMED.fullmatch(name)), None)
    if unnamed is not None and not inputs:
        raise Failure(
            f"column {names.index(unnamed) + 1} has no name, as numbers of rows that were written "
            f"with a table: leave it out with --ignore {quote(unnamed)}, or give it a name"
        )
    return chosen


# What pandas calls columns of text files and workbooks that have no name.
_UNNAMED = re.compile(r"Unnamed: \d+")


def learn(
    frame: pd.DataFrame,
    targets: list[str],
    *,
    inputs: list[str] | None = None,
    ignore: list[str] = (),  # type: ignore[assignment]
    categorical: list[str] = (),  # type: ignore[assignment]
    task: str = "auto",
    impute: bool = False,
    training_rows: Any = None,
) -> Preprocessing:
    """Return how a table becomes inputs and targets.

    Categories are those of all rows, in the order of their names; what is put in for missing values
    is learned from the rows of training alone.
    """
    chosen = chosen_inputs(list(frame.columns), targets, inputs, ignore, categorical)
    rows = slice(None) if training_rows is None else training_rows
    columns = tuple(
        learn_input(frame[name], name in categorical, impute, frame[name].iloc[rows])
        for name in chosen
    )
    return Preprocessing(columns, learn_targets(frame, targets, task))


def learn_targets(frame: pd.DataFrame, targets: list[str], task: str) -> tuple[Target, ...]:
    """Return what columns of targets hold, all of whose rows are there."""
    made = tuple(_learn_target(frame[name], task) for name in targets)
    if len(made) > 1 and any(target.classes for target in made):
        named = next(target.name for target in made if target.classes)
        raise Misuse(
            f"target {named!r} holds classes, and there are {len(made)} targets: train one model "
            "for each, or --task regression where they are numbers"
        )
    return made


def learn_input(column: pd.Series, categorical: bool, impute: bool, known: pd.Series) -> Input:
    """Return what a column of inputs holds; ``known`` is what fills it in where values lack."""
    name = str(column.name)
    kind = kind_of(column, categorical)
    if not impute:
        check_there(column, f"fill it in, or give --impute ({_IMPUTE.removeprefix('--impute ')})")
    there = known.dropna()
    if impute and len(there) == 0:
        raise Failure(
            f"column {name!r} has no value in the rows of training: leave it out with --ignore "
            f"{quote(name)}"
        )
    if kind == "number":
        fill = float(np.median(numbers_of(there))) if impute else None
        numbers_of(column)
        return Input(name, kind, fill=fill)
    texts = column.dropna().map(text_of)
    categories = tuple(sorted(texts.unique()))
    # Of those that are equally frequent the first by name.
    frequent = there.map(text_of).value_counts().sort_index().idxmax() if impute else None
    return Input(name, kind, categories, frequent)


# Whole numbers are classes where they are no more different ones than these, and there are as many
# rows of each on average.
_MOST_CLASSES, _ROWS_OF_A_CLASS = 10, 5


def _learn_target(column: pd.Series, task: str) -> Target:
    import pandas as pd

    name = str(column.name)
    check_there(column, "a target is not put in: take the row out")
    values = column.unique()
    if len(values) == 1:
        raise Failure(
            f"target {name!r} is {values[0]!s} in every row: there is nothing to learn; give "
            "another --target"
        )
    is_bool = pd.api.types.is_bool_dtype(column.dtype)
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not is_bool
    if task == "auto":
        if numeric:
            x = numbers_of(column)
            whole = bool((x == np.floor(x)).all())
            few = len(values) <= _MOST_CLASSES and len(x) >= _ROWS_OF_A_CLASS * len(values)
            task = "classification" if whole and few else "regression"
        else:
            task = "classification" if is_bool else _task_of_texts(column)
    if task == "regression":
        numbers_of(column)
        return Target(name)
    if numeric:
        x = numbers_of(column)
        if not (x == np.floor(x)).all():
            row = int(np.argmax(x != np.floor(x))) + 1
            raise Failure(
                f"target {name!r} holds {x[row - 1]} in row {row}, which is no class: classes are "
                "texts or whole numbers; give --task regression"
            )
        return _classes(name, sorted({int(v) for v in x}), len(column))
    if is_bool:
        return Target(name, (False, True))
    return _classes(name, sorted({text_of(v) for v in values}), len(column))


def _task_of_texts(column: pd.Series) -> str:
    return "regression" if kind_of(column) == "number" else "classification"


def _classes(name: str, classes: list[Any], rows: int) -> Target:
    if len(classes) > rows / 2 and rows > 4:
        raise Failure(
            f"target {name!r} has {len(classes)} classes in {rows} rows, too few of each to learn "
            "from: give --task regression where they are numbers, or another --target"
        )
    return Target(name, tuple(classes))
