"""``fastopt train`` and ``fastopt init``."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from fastopt import _validation
from fastopt.cli import options, results
from fastopt.cli import pictures as drawing
from fastopt.cli.experiment import Experiment
from fastopt.cli.failure import Failure, Misuse, misuse
from fastopt.cli.template import template
from fastopt.cli.training import Data, Fit, check_output, load_data
from fastopt.cli.training import train as train_network
from fastopt.storage import atomic

_DATA, _NET, _METHOD, _FILES = "Data", "Network", "Training", "Files"


def train(
    context: typer.Context,
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA|EXPERIMENT.toml",
            help="A table, or an experiment as `fastopt init` writes it; options override it.",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            "--target", "-t", help="Column to learn: a,b or again.", rich_help_panel=_DATA
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(help="Columns of inputs; else all others.", rich_help_panel=_DATA),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="Columns to leave out.", rich_help_panel=_DATA)
    ] = None,
    categorical: Annotated[
        list[str] | None,
        typer.Option(help="Columns whose numbers are categories.", rich_help_panel=_DATA),
    ] = None,
    weights: Annotated[
        str | None, typer.Option(help="Column of weights of the rows.", rich_help_panel=_DATA)
    ] = None,
    task: Annotated[
        str | None,
        typer.Option(
            help="regression or classification; else by the target.", rich_help_panel=_DATA
        ),
    ] = None,
    impute: Annotated[
        bool | None,
        typer.Option(
            "--impute/--no-impute", help="Put in medians for missing values.", rich_help_panel=_DATA
        ),
    ] = None,
    validation: Annotated[
        float | None, typer.Option(help="Share that is watched; 0.2.", rich_help_panel=_DATA)
    ] = None,
    test: Annotated[
        float | None, typer.Option(help="Share that is kept for the end; 0.", rich_help_panel=_DATA)
    ] = None,
    stream: Annotated[
        bool | None,
        typer.Option(
            "--stream/--no-stream",
            help="Parquet and NPY in blocks; large ones are.",
            rich_help_panel=_DATA,
        ),
    ] = None,
    separator: options.Separator = None,
    decimal: options.Decimal = None,
    header: options.Header = None,
    sheet: options.Sheet = None,
    hidden: Annotated[
        str | None, typer.Option(help="Widths as 64,64, or none; 16.", rich_help_panel=_NET)
    ] = None,
    activation: Annotated[
        str | None, typer.Option(help="tanh, relu, …; tanh.", rich_help_panel=_NET)
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(
            help="adam, lm, bfgs, lbfgs, …; adam.",
            autocompletion=options.names_of_optimizers,
            rich_help_panel=_METHOD,
        ),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of a first-order method.", rich_help_panel=_METHOD)
    ] = None,
    epochs: Annotated[
        int | None, typer.Option(help="At most so many; 500.", rich_help_panel=_METHOD)
    ] = None,
    batch_size: Annotated[
        str | None, typer.Option(help="Rows of a step, or all; 32.", rich_help_panel=_METHOD)
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="Epochs without a better validation loss that end it; 50, 0: never.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            help="mse, mae, huber(0.5), log_cosh, pinball(0.9), poisson, cross_entropy.",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    l2: Annotated[
        float | None, typer.Option(help="Penalty of large weights.", rich_help_panel=_METHOD)
    ] = None,
    l1: Annotated[
        float | None,
        typer.Option(help="Penalty that leaves weights at 0.", rich_help_panel=_METHOD),
    ] = None,
    restarts: Annotated[
        int | None, typer.Option(help="Starts, the best is kept.", rich_help_panel=_METHOD)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Of weights, split and batches; 0.", rich_help_panel=_METHOD)
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="SECTION.KEY=VALUE", help="Any setting.", rich_help_panel=_METHOD
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The model; model.safetensors.", rich_help_panel=_FILES),
    ] = None,
    log: Annotated[
        Path | None, typer.Option(help="A line of JSON an epoch.", rich_help_panel=_FILES)
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="An HTML file that tells all of it.", rich_help_panel=_FILES),
    ] = None,
    interval: Annotated[
        float | None,
        typer.Option(help="In the report: intervals, 0.95 say.", rich_help_panel=_FILES),
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder for pictures.", rich_help_panel=_FILES)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run.", rich_help_panel=_FILES)
    ] = False,
    checkpoint: Annotated[
        bool | None,
        typer.Option(
            "--checkpoint/--no-checkpoint",
            help="Whether a run can be resumed.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> int:
    """Train a network on a table, or as an experiment's file says."""
    experiment = Experiment()
    if source is not None and source.suffix.casefold() == ".toml":
        experiment, source = Experiment.read(source), None
    for assignment in settings or ():
        experiment.set(assignment)
    data = {
        "path": source,
        "target": options.columns(target),
        "inputs": options.columns(inputs),
        "ignore": options.columns(ignore),
        "categorical": options.columns(categorical),
        "weights": weights,
        "task": task,
        "impute": impute,
        "validation": validation,
        "test": test,
        "separator": options.separator_of(separator),
        "decimal": decimal,
        "header": header,
        "sheet": sheet,
        "stream": stream,
    }
    _override(experiment, "data", data)
    _override(experiment, "network", {"hidden": _widths(hidden), "activation": activation})
    if optimizer is not None:
        experiment.choose_optimizer(optimizer)
    _override(experiment, "optimizer", {"learning_rate": learning_rate})
    training = {
        "epochs": epochs,
        "batch_size": _batch(batch_size),
        "patience": patience,
        "loss": loss,
        "l2": l2,
        "l1": l1,
        "restarts": restarts,
        "seed": seed,
    }
    _override(experiment, "training", training)
    output = {
        "model": out,
        "log": log,
        "checkpoint": checkpoint,
        "report": report,
        "interval": interval,
        "pictures": pictures,
    }
    _override(experiment, "output", output)
    return run(experiment, quiet, resume, context.obj or ())


def run(experiment: Experiment, quiet: bool, resume: bool, command: Sequence[str] = ()) -> int:
    """Train as an experiment says, save the model, and tell what came of it."""
    output = experiment["output"]
    model = Path(output["model"])
    table = [Path(experiment["data"]["path"])] if experiment["data"]["path"] is not None else []
    check_output(model, "--out", *table)
    for key in ("log", "report"):
        if output[key] is not None:
            check_output(Path(output[key]), f"--{key}", *table)
    if output["pictures"] is not None:
        drawing.check_folder(Path(output["pictures"]))
    if output["interval"] is not None:
        if output["report"] is None:
            raise Misuse("--interval is for the report: give --report FILE as well")
        with misuse():
            _validation.number("--interval", output["interval"], above=0, below=1)
    console = Console(stderr=True, highlight=False)
    began = time.perf_counter()
    data = load_data(experiment)
    seconds = {"reading the table and splitting it": time.perf_counter() - began}
    fit = train_network(experiment, data, console, quiet, resume)
    line = shlex.join(["fastopt", *command])
    fit.net.metadata = {**fit.net.metadata, "command": line}
    fit.net.save(model)
    wanted = any(output[key] is not None for key in ("report", "pictures"))
    if not quiet or wanted:
        began = time.perf_counter()
        judged = results.judged_parts(fit, data)
        seconds["losses and metrics of the parts"] = time.perf_counter() - began
    if not quiet:
        Console().print(results.by_part(judged, data))
    if not quiet or fit.interrupted:
        print(_ended(fit, model), file=sys.stderr)
    try:
        if wanted:
            _show(experiment, fit, data, judged, seconds, line)
    except KeyboardInterrupt:
        raise Failure(f"interrupted: {model} is written, report and pictures may lack") from None
    return 1 if fit.interrupted else 0


def _show(
    experiment: Experiment, fit: Fit, data: Data, judged: Any, seconds: Any, command: str
) -> None:
    """Write report and pictures."""
    from fastopt.cli import reports

    output = experiment["output"]
    subject = reports.subject_of(fit, data, output["interval"])
    if output["pictures"] is not None:
        drawing.write_all(Path(output["pictures"]), subject)
    if output["report"] is not None:
        reports.write(subject, experiment, judged=judged, seconds=seconds, command=command)


def _ended(fit: Fit, model: Path) -> str:
    epochs = fit.history.epoch[-1] + 1
    best = fit.history.best.get("epoch")
    kept = f", best epoch {best + 1}" if best is not None else ""
    if not fit.interrupted:
        reason = fit.history.stop_reason
        return f"{epochs} epochs ({reason}){kept}; wrote {model}"
    on = f"; --resume goes on from {fit.checkpoint}" if fit.checkpoint is not None else ""
    return f"interrupted after {epochs} epochs{kept}: what there is is in {model}{on}"


def _override(experiment: Experiment, section: str, given: dict[str, Any]) -> None:
    values = {
        key: str(value) if isinstance(value, Path) else value
        for key, value in given.items()
        if value is not None
    }
    if values:
        experiment.update(section, values, "the command line")


def _widths(text: str | None) -> list[int] | None:
    if text is None:
        return None
    if text.strip().casefold() in ("none", ""):
        return []
    try:
        widths = [int(part) for part in text.split(",")]
    except ValueError:
        widths = [0]
    if min(widths) < 1:
        raise Misuse(
            f"--hidden must be widths >= 1 as 64 or 64,64, got {text!r}; --hidden none makes a "
            "network without hidden layers"
        )
    return widths


def _batch(text: str | None) -> int | str | None:
    if text is None or text in ("all", "auto"):
        return text
    try:
        return int(text)
    except ValueError:
        raise Misuse(f"--batch-size must be a number of rows or all, got {text!r}") from None


def init(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("experiment.toml"),
    data: Annotated[str, typer.Option(help="The table that it trains on.")] = "data.csv",
    target: Annotated[str, typer.Option("--target", "-t", help="The column to learn.")] = "y",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> int:
    """Write an experiment with a comment for each setting, for `fastopt train`."""
    check_output(path, "the experiment")
    if path.exists() and not force:
        raise Failure(f"{path} is there already: --force replaces it")
    atomic.write(path, [template(data, options.columns([target]) or []).encode()])
    print(f"wrote {path}: fastopt train {path}")
    return 0
