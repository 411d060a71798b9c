"""``fastopt fit-curve``: a formula fitted to a table by least squares."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

import fastopt
from fastopt import _validation
from fastopt.cli import options, pictures
from fastopt.cli.curves import Curve, Fitted, bounds_of, fit, start_of
from fastopt.cli.data.columns import check_there, numbers_of
from fastopt.cli.data.tables import read
from fastopt.cli.failure import Failure, Misuse, misuse, unknown
from fastopt.cli.writing import check_written, write_frames

_LOSSES = ("linear", "soft_l1", "huber", "cauchy", "arctan")


def fit_curve(
    data: options.Table,
    model: Annotated[
        str,
        typer.Option("--model", "-m", help='A formula of columns and parameters: "a*exp(-b*x)+c".'),
    ],
    y: Annotated[
        str | None, typer.Option("--y", help="The column that is fitted; else the last one.")
    ] = None,
    p0: Annotated[
        str | None, typer.Option("--p0", help="The start: 1,0.5,0 or a=1,b=0.5; else all 1.")
    ] = None,
    bounds: Annotated[str | None, typer.Option(help="As a=0:,b=-1:1.")] = None,
    sigma: Annotated[str | None, typer.Option(help="A column of standard deviations of y.")] = None,
    absolute_sigma: Annotated[
        bool, typer.Option("--absolute-sigma", help="They are absolute, not up to a factor.")
    ] = False,
    loss: Annotated[str, typer.Option(help=f"Of residuals: {', '.join(_LOSSES)}.")] = "linear",
    level: Annotated[float, typer.Option("--confidence", help="Of intervals and the band.")] = 0.95,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A table of the rows with curve, lower and upper band."),
    ] = None,
    plot: options.Plot = None,
    as_json: options.AsJson = False,
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    header: options.Header = None,
    sheet: options.Sheet = None,
) -> int:
    """Fit a formula to a table, with intervals and a band of confidence."""
    check_written(out, data)
    pictures.check(plot)
    if loss not in _LOSSES:
        raise unknown("loss", loss, _LOSSES)
    with misuse():
        level = _validation.number("confidence", level, above=0, below=1)
    table = read(data, options.reading(separator, decimal, header, sheet))
    columns = list(table.columns)
    target = columns[-1] if y is None else y
    for name in (target, *([sigma] if sigma else [])):
        if name not in columns:
            raise unknown("column", name, columns)
    curve = Curve.of(model, columns, target)
    x = np.stack([_numbers(table[name]) for name in curve.variables])
    deviations = None if sigma is None else _numbers(table[sigma])
    if deviations is not None and not (deviations > 0).all():
        row = int(np.argmax(~(deviations > 0)))
        raise Failure(
            f"column {sigma!r} has {deviations[row]:g} in row {row + 1}: standard deviations are "
            "numbers > 0"
        )
    if len(table) < len(curve.parameters):
        raise Failure(
            f"{data} has {len(table)} rows, and {len(curve.parameters)} parameters need as many"
        )
    if plot is not None and len(curve.variables) > 1:
        raise Misuse(
            f"--plot draws models of one variable, and {model!r} has {', '.join(curve.variables)}"
        )
    start, limits = start_of(p0, curve.parameters), bounds_of(bounds, curve.parameters)
    fitted = fit(
        curve, x, _numbers(table[target]), start, limits, deviations, absolute_sigma, loss, level
    )
    for note in fitted.notes:
        print(f"fastopt: note: {note}", file=sys.stderr)
    if out is not None:
        values, lower, upper = fitted.band(x)
        used = {name: table[name] for name in (*curve.variables, target)}
        written = table[list(used)].assign(curve=values, lower=lower, upper=upper)
        write_frames([written], out)
    if plot is not None:
        pictures.write(plot, lambda ax: _draw(fitted, x[0], ax))
    if as_json:
        print(json.dumps(_told(fitted)))
    else:
        _print(fitted)
    return 0


def _draw(fitted: Fitted, x: Any, ax: Any) -> None:
    fastopt.plots.fit_1d(
        lambda at: fitted.band(at[None])[0],
        x,
        fitted.y,
        ax,
        band=(lambda at: fitted.edge(at[None], -1), lambda at: fitted.edge(at[None], 1)),
    )


def _numbers(column: Any) -> Any:
    check_there(column, "fill it in, or take the row out")
    return numbers_of(column)


def _told(fitted: Fitted) -> dict[str, Any]:
    covariance = fitted.result.covariance.tolist()
    finite = [[v if math.isfinite(v) else None for v in row] for row in covariance]
    names = fitted.curve.parameters
    return {
        "parameters": dict(zip(names, fitted.values.tolist(), strict=True)),
        "intervals": {
            name: [low, high] if math.isfinite(high - low) else None
            for name, (low, high) in zip(names, fitted.intervals.tolist(), strict=True)
        },
        "covariance": finite,
        "confidence": fitted.level,
        "degrees_of_freedom": fitted.result.degrees_of_freedom,
        "rmse": fitted.rmse,
        "r2": fitted.r2 if math.isfinite(fitted.r2) else None,
    }


def _print(fitted: Fitted) -> None:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("parameter")
    for column in ("value", "standard error", f"{fitted.level:.4g} interval"):
        table.add_column(column, justify="right")
    for name, value, error, (low, high) in zip(
        fitted.curve.parameters, fitted.values, fitted.errors, fitted.intervals, strict=True
    ):
        known = math.isfinite(high - low)
        interval = f"{low:.6g} … {high:.6g}" if known else "not determined"
        table.add_row(name, f"{value:.8g}", f"{error:.3g}" if known else "", interval)
    Console().print(table)
    degrees = fitted.result.degrees_of_freedom
    print(f"rmse {fitted.rmse:.5g}, R² {fitted.r2:.6g}, {degrees} degrees of freedom")
