"""``fastopt compare``: runs beside each other, from their logs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

import fastopt
from fastopt.cli import options, pictures
from fastopt.cli.failure import Failure, Misuse, misuse
from fastopt.training.history import History

_COLUMNS = ("epochs", "best epoch", "best loss", "last loss", "seconds", "seconds to best")


def read_log(path: Path) -> History:
    """Return the rows of a run that ``--log`` or JSONLinesLogger has written."""
    if not path.is_file():
        raise Misuse(f"there is no file {str(path)!r}: fastopt train --log run.jsonl writes one")
    history = History()
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines()):
        try:
            row = json.loads(line)
            epoch = row.pop("epoch")
            # null is what NaN and infinities are written as.
            history.append(epoch, **{k: math.nan if v is None else v for k, v in row.items()})
        except (ValueError, TypeError, AttributeError, KeyError) as error:
            raise Failure(
                f"{path} is no log of a run: line {number + 1} is no JSON object with an epoch, as "
                "fastopt train --log writes them"
            ) from error
    if not len(history):
        raise Failure(f"{path} is empty: the run has written no epoch yet")
    if "loss" not in history:
        raise Failure(f"{path} is no log of a run: its lines have no loss")
    return history


def summary(history: History) -> dict[str, Any]:
    """Return what a run came to; the best epoch is by the validation loss where there is one."""
    column = "val_loss" if "val_loss" in history else "loss"
    facts: dict[str, Any] = {"epochs": history.epoch[-1] + 1, "by": column}
    best = history.best
    facts["best epoch"] = best["epoch"] + 1 if best else None
    facts["best loss"] = best.get(column)
    facts["last loss"] = history[column][-1]
    if "seconds" in history:
        facts["seconds"] = history.seconds[-1]
        facts["seconds to best"] = best.get("seconds")
    return facts


def compare(
    logs: Annotated[list[Path], typer.Argument(help="Logs of runs: run1.jsonl run2.jsonl …")],
    plot: options.Plot = None,
    x: Annotated[str, typer.Option(help="Of the picture: epochs or seconds.")] = "epochs",
    as_json: options.AsJson = False,
) -> int:
    """Show runs beside each other, the best first."""
    pictures.check(plot)
    runs = {str(path): read_log(path) for path in logs}
    if plot is not None:
        with misuse():
            pictures.write(plot, lambda ax: fastopt.plots.compare(runs, ax, x=x))
    facts = {name: summary(history) for name, history in runs.items()}
    ranked = sorted(facts.items(), key=lambda item: _rank(item[1]["best loss"]))
    if as_json:
        print(json.dumps([{"run": name, **_finite(told)} for name, told in ranked]))
        return 0
    if len({told["by"] for told in facts.values()}) > 1:
        typer.echo("fastopt: note: some runs have a validation loss and others have none", err=True)
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("run")
    for column in _COLUMNS:
        table.add_column(column, justify="right")
    for name, told in ranked:
        table.add_row(name, *(_shown(told.get(column)) for column in _COLUMNS))
    Console().print(table)
    return 0


def _rank(value: Any) -> float:
    return math.inf if value is None or math.isnan(value) else float(value)


def _shown(value: Any) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.5g}"


def _finite(told: dict[str, Any]) -> dict[str, Any]:
    """Return the same with null where JSON has no number."""
    return {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in told.items()
    }
