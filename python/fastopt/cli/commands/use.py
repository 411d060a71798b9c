"""``fastopt predict`` and ``fastopt evaluate``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table as RichTable

import fastopt
from fastopt.cli import options, results
from fastopt.cli.data.columns import check_there, numbers_of
from fastopt.cli.data.preprocessing import KEY, Preprocessing
from fastopt.cli.data.tables import read
from fastopt.cli.failure import Failure, Misuse
from fastopt.cli.training import check_output


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
) -> int:
    """Predict the rows of a table, whose columns are found by their names."""
    import pandas as pd

    if out is not None:
        check_output(out, "--out")
    net = load_model(model)
    table = read(data, options.reading(separator, decimal, header, sheet))
    preprocessing = Preprocessing.of(net)
    X = inputs_of(net, preprocessing, table, unknown)
    outputs = np.asarray(net.predict(X)).reshape(len(X), -1)
    columns: dict[str, Any] = {}
    if preprocessing is not None and preprocessing.task == "classification":
        name = preprocessing.targets[0].name
        columns[name] = [preprocessing.classes[i] for i in outputs.argmax(axis=1)]
        if probabilities:
            for i, label in enumerate(preprocessing.classes):
                columns[f"P({name}={label})"] = outputs[:, i]
    else:
        if probabilities:
            raise Misuse(f"--probabilities are of classes, and {model} predicts numbers")
        names = (
            [f"y{i}" for i in range(outputs.shape[1])]
            if preprocessing is None
            else [target.name for target in preprocessing.targets]
        )
        columns = {name: outputs[:, i] for i, name in enumerate(names)}
    if keep:
        columns = {
            **{name: table[name] for name in table.columns},
            **{_beside(name, table): column for name, column in columns.items()},
        }
    _write(pd.DataFrame(columns), out)
    return 0


def _beside(name: str, table: Any) -> str:
    return f"predicted {name}" if name in table.columns else name


def _write(frame: Any, out: Path | None) -> None:
    if out is None:
        frame.to_csv(sys.stdout, index=False)
    elif out.suffix.casefold() in (".parquet", ".pq"):
        frame.to_parquet(out, index=False)
    elif out.suffix.casefold() in (".feather", ".arrow"):
        frame.to_feather(out)
    else:
        frame.to_csv(out, index=False, sep="\t" if out.suffix.casefold() == ".tsv" else ",")


def inputs_of(
    net: fastopt.MLP, preprocessing: Preprocessing | None, table: Any, unknown: str = "error"
) -> Any:
    """Return what a network is given of a table."""
    if unknown not in ("error", "zero"):
        raise Misuse(f"--unknown must be error or zero, got {unknown!r}")
    if preprocessing is not None:
        return preprocessing.X(table, unknown)
    width = net.layer_sizes[0]
    if table.shape[1] != width:
        raise Failure(
            f"the model knows no names of columns, as it was not trained by fastopt train, and "
            f"takes {width} inputs: the table must have these columns alone, got {table.shape[1]}"
        )
    for name in table.columns:
        check_there(table[name], "fill it in")
    return np.stack([numbers_of(table[name]) for name in table.columns], axis=1)


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
) -> int:
    """Compare predictions with the targets of a table."""
    net = load_model(model)
    preprocessing = Preprocessing.of(net)
    if preprocessing is None:
        raise Failure(
            f"{model} knows no names of columns, as it was not trained by fastopt train: which are "
            "targets cannot be told; use net.evaluate in Python"
        )
    table = read(data, options.reading(separator, decimal, header, sheet))
    X, y = inputs_of(net, preprocessing, table, unknown), preprocessing.y(table)
    if part is not None:
        rows = _rows_of(net, part, preprocessing, y)
        X, y = X[rows], y[rows]
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
