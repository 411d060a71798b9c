"""What a training brought, in words and tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from rich.table import Table

from fastopt.cli.data.preprocessing import Preprocessing

if TYPE_CHECKING:
    import fastopt
    from fastopt.cli.training import Data, Fit, Part

REGRESSION = ("rmse", "mae", "r2")
CLASSIFICATION = ("accuracy",)


def metrics_of(preprocessing: Preprocessing) -> tuple[str, ...]:
    """Return by what a model is judged."""
    return CLASSIFICATION if preprocessing.task == "classification" else REGRESSION


def one_hot(preprocessing: Preprocessing, y: Any, loss: Any) -> Any:
    """Return the targets as a loss takes them: of squares, a 1 in the place of each class."""
    if preprocessing.task == "classification" and loss != "cross_entropy":
        return np.eye(preprocessing.n_outputs)[y]
    return y


def described(data: Data) -> str:
    """Return in words what is trained on."""
    made = data.preprocessing
    n = len(made.inputs)
    inputs = f"{n} column{'s' * (n > 1)} of inputs"
    if made.width != n:
        inputs += f" ({made.width} after one-hot)"
    names = ", ".join(target.name for target in made.targets)
    if made.task == "classification":
        what = f"target {names}: classification, {len(made.classes)} classes"
        if all(isinstance(c, int) and not isinstance(c, bool) for c in made.classes):
            what += " (--task regression takes them as numbers)"
    else:
        what = f"target{'s' * (len(made.targets) > 1)} {names}: regression"
    rows = ", ".join(f"{part.name} {len(part.rows)}" for part in data.parts)
    streamed = ", streamed" if data.streamed else ""
    return f"{data.path}: {data.n_rows} rows{streamed} ({rows}); {inputs}; {what}"


def judged(net: fastopt.MLP, preprocessing: Preprocessing, part: Part, y: Any) -> dict[str, float]:
    """Return loss and metrics of a network on a part."""
    wanted = [*metrics_of(preprocessing)]
    if "r2" in wanted and len(part.X) < 2:
        wanted.remove("r2")  # of one row there is none
    values: dict[str, float] = net.evaluate(part.X, y, metrics=wanted, sample_weight=part.weights)
    return values


def judged_parts(fit: Fit, data: Data) -> dict[str, dict[str, float]]:
    """Return the loss and the metrics of each part."""
    made = data.preprocessing
    return {
        part.name: judged(fit.net, made, part, one_hot(made, part.y, fit.loss))
        for part in data.parts
    }


def by_part(values: dict[str, dict[str, float]], data: Data) -> Table:
    """Return the loss and the metrics of each part, to be shown."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("part")
    table.add_column("rows", justify="right")
    columns = ["loss", *metrics_of(data.preprocessing)]
    for column in columns:
        table.add_column(column, justify="right")
    for part in data.parts:
        found = values[part.name]
        shown = (f"{found[c]:.5g}" if c in found else "" for c in columns)
        table.add_row(part.name, str(len(part.rows)), *shown)
    return table
