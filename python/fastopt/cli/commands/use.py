"""``fastopt predict`` and ``fastopt evaluate``."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table as RichTable

import fastopt
from fastopt.cli import options, results
from fastopt.cli.data.blocks import Blocks, InMemory
from fastopt.cli.data.columns import check_there, numbers_of
from fastopt.cli.data.preprocessing import KEY, Preprocessing
from fastopt.cli.failure import Failure, Misuse
from fastopt.cli.streaming import mapped_inputs, open_table
from fastopt.cli.writing import check_written, is_arrow, write_frames

if TYPE_CHECKING:
    import pandas as pd


def load_model(path: Path) -> fastopt.MLP:
    """Return the network in a file."""
    if path.is_dir():
        raise Misuse(f"{path} is a folder: give a model's file, as fastopt train writes it")
    if not path.exists():
        raise Misuse(f"there is no file {str(path)!r}: give a model's file, as train writes it")
    try:
        return fastopt.load(path)
    except fastopt.FormatError as error:
        raise Failure(f"{path} is no model of fastopt's, or damaged: {error}") from error


def predict(
    model: options.Model,
    data: options.Table,
    out: options.Out = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Write the columns of the table beside them.")
    ] = False,
    probabilities: Annotated[
        bool, typer.Option("--probabilities", help="Of each class, beside the most probable one.")
    ] = False,
    unknown: options.Unknown = "error",
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    header: options.Header = None,
    sheet: options.Sheet = None,
    stream: options.Stream = None,
) -> int:
    """Predict the rows of a table, whose columns are found by their names."""
    check_written(out, model, data)
    net = load_model(model)
    reading = options.reading(separator, decimal, header, sheet)
    table = open_table(data, reading, stream)
    if keep and not (table.alike() and not is_arrow(out)):
        table = open_table(data, reading, False)
    preprocessing = Preprocessing.of(net)
    classifies = preprocessing is not None and preprocessing.task == "classification"
    if probabilities and not classifies:
        raise Misuse(f"--probabilities are of classes, and {model} predicts numbers")
    X = inputs_of(net, preprocessing, table, unknown)
    outputs = np.asarray(net.predict(X)).reshape(table.n_rows, -1)
    write_frames(_predicted(table, preprocessing, outputs, keep, probabilities), out)
    return 0


def _predicted(
    table: Blocks, preprocessing: Preprocessing | None, outputs: Any, keep: bool, share: bool
) -> Iterator[pd.DataFrame]:
    """Yield what is predicted, block by block, beside the columns of the table if they are kept."""
    import pandas as pd

    def named(outputs: Any) -> dict[str, Any]:
        if preprocessing is None:
            return {f"y{i}": column for i, column in enumerate(outputs.T)}
        if preprocessing.task == "regression":
            return {t.name: c for t, c in zip(preprocessing.targets, outputs.T, strict=True)}
        name, classes = preprocessing.targets[0].name, preprocessing.classes
        columns: dict[str, Any] = {name: [classes[i] for i in outputs.argmax(axis=1)]}
        if share:
            columns |= {f"P({name}={c})": outputs[:, i] for i, c in enumerate(classes)}
        return columns

    if not keep:
        for start in range(0, table.n_rows, table.rows_of_a_block):
            yield pd.DataFrame(named(outputs[start : start + table.rows_of_a_block]))
        return
    for block in table.read():
        columns = named(outputs[block.index[0] : block.index[-1] + 1])
        yield pd.DataFrame(
            {
                **{name: block[name] for name in table.names},
                **{_beside(name, table.names): list(c) for name, c in columns.items()},
            }
        )


def _beside(name: str, names: list[str]) -> str:
    return f"predicted {name}" if name in names else name


def inputs_of(
    net: fastopt.MLP,
    preprocessing: Preprocessing | None,
    table: Blocks,
    unknown: str = "error",
    chosen: Any = None,
) -> Any:
    """Return what a network is given of a table, or of the rows that are marked."""
    if unknown not in ("error", "zero"):
        raise Misuse(f"--unknown must be error or zero, got {unknown!r}")
    if preprocessing is not None:
        preprocessing.check_inputs(table.names)
        names = [column.name for column in preprocessing.inputs]
    else:
        names, width = table.names, net.layer_sizes[0]
        if len(names) != width:
            raise Failure(
                "the model knows no names of columns, as it was not trained by fastopt train, and "
                f"takes {width} inputs: the table must have these columns alone, got {len(names)}"
            )

    def inputs(frame: pd.DataFrame) -> Any:
        if preprocessing is not None:
            return preprocessing.X(frame, unknown)
        for name in names:
            check_there(frame[name], "fill it in")
        return np.stack([numbers_of(frame[name]) for name in names], axis=1)

    if isinstance(table, InMemory):
        X = inputs(table.frame)
        return X if chosen is None else X[chosen]
    folder = Path(tempfile.gettempdir())
    return mapped_inputs(table, names, inputs, folder, chosen)


def evaluate(
    model: options.Model,
    data: options.Table,
    metrics: Annotated[
        str | None, typer.Option(help="As rmse,mae,r2 or accuracy,top_k_accuracy.")
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="training, validation or test of the table that it was trained on."),
    ] = None,
    as_json: options.AsJson = False,
    unknown: options.Unknown = "error",
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    header: options.Header = None,
    sheet: options.Sheet = None,
    stream: options.Stream = None,
) -> int:
    """Compare predictions with the targets of a table."""
    net = load_model(model)
    preprocessing = Preprocessing.of(net)
    if preprocessing is None:
        raise Failure(
            f"{model} knows no names of columns, as it was not trained by fastopt train: which are "
            "targets cannot be told; use net.evaluate in Python"
        )
    table = open_table(data, options.reading(separator, decimal, header, sheet), stream)
    y = chosen = None
    if part is not None:
        y = _targets_of(preprocessing, table)
        chosen = np.zeros(len(y), dtype=bool)
        chosen[_rows_of(net, part, preprocessing, y)] = True
        y = y[chosen]
    X = inputs_of(net, preprocessing, table, unknown, chosen)
    if y is None:
        y = _targets_of(preprocessing, table)
    y = results.one_hot(preprocessing, y, net._loss)
    wanted = options.columns([metrics]) if metrics else list(results.metrics_of(preprocessing))
    try:
        values = net.evaluate(X, y, metrics=wanted)
    except ValueError as error:
        raise Misuse(str(error)) from error
    if as_json:
        print(json.dumps({"rows": len(X), **values}))
        return 0
    shown = RichTable(show_edge=False, pad_edge=False)
    for name in ("rows", *values):
        shown.add_column(name, justify="right")
    shown.add_row(str(len(X)), *(f"{value:.6g}" for value in values.values()))
    Console().print(shown)
    return 0


def _targets_of(preprocessing: Preprocessing, table: Blocks) -> Any:
    preprocessing.check_targets(table.names)
    names = [target.name for target in preprocessing.targets]
    return np.concatenate([preprocessing.y(block) for block in table.read(names)])


def _rows_of(net: fastopt.MLP, part: str, preprocessing: Preprocessing, y: Any) -> Any:
    """Return the rows that were a part of the table in training."""
    parts = {"training": "train", "validation": "validation", "test": "test"}
    if part not in parts:
        raise Misuse(f"--part must be training, validation or test, got {part!r}")
    told = net.metadata[KEY].get("split", {})
    try:
        if told["rows"] != len(y):
            raise Misuse(
                f"--part {part}: the model was trained on a table of {told['rows']} rows, and this "
                f"one has {len(y)}: it is another one"
            )
        shares = {name: told[name] for name in parts.values()}
        labels = y if told["stratified"] else None
        split = fastopt.split(len(y), **shares, stratify=labels, random_state=told["seed"])
    except (KeyError, TypeError, ValueError) as error:
        raise Failure(f"the model's file does not say how its table was split: {error}") from error
    rows = getattr(split, parts[part])
    if not len(rows):
        raise Misuse(f"--part {part}: no rows were held out for it")
    return rows
