"""The sections of a report on data, split, network and run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from fastopt import _architecture
from fastopt.plots.runs import _STATE
from fastopt.reporting.charts import Chart, Series
from fastopt.reporting.markup import Html, spell, table, tag
from fastopt.reporting.subject import Subject
from fastopt.training.history import NUMBERS

# How many columns, categories and metrics are told of; the others are counted.
_MOST_COLUMNS, _MOST_CATEGORIES, _MOST_METRICS = 200, 5, 4


def section(name: str, *content: Any) -> Html:
    """Return a section with its heading, which the table of contents leads to."""
    key = name.lower().replace(" ", "-")
    heading = tag("h2", name, id=f"{key}-heading")
    return tag("section", heading, content, id=key, aria_labelledby=f"{key}-heading")


def data(subject: Subject) -> Html:
    """Tell of each column what it holds."""
    rows = []
    for j, column in enumerate(subject.columns[:_MOST_COLUMNS]):
        values = subject.values[:, j]
        if column.categories:
            counts = np.bincount(values[values >= 0].astype(int), minlength=len(column.categories))
            rows.append(
                _of_classes(column.name, "input", column.missing, column.categories, counts)
            )
        else:
            rows.append(_of_numbers(column.name, "input", column.missing, values))
    left = len(subject.columns) - len(rows)
    if subject.questions:
        for question in subject.questions:
            gone = int((question.true < 0).sum())
            counts = np.bincount(question.true[question.true >= 0], minlength=len(question.classes))
            rows.append(_of_classes(question.name, "target", gone, question.classes, counts))
    else:
        for name, values in zip(subject.target_names, subject.targets.T, strict=True):
            rows.append(_of_numbers(name, "target", int(np.isnan(values).sum()), values))
    head = ("column", "is", "missing", "smallest", "mean", "largest", "standard deviation", "holds")
    more = tag("p", f"{left} more columns of inputs are not listed.") if left else None
    return section("Data", _sampled(subject), table("Columns", head, rows), more)


def _sampled(subject: Subject) -> Html | None:
    whole = sum(subject.total.values())
    if whole <= len(subject.values):
        return None
    return tag(
        "p",
        f"The numbers and pictures of rows are of {len(subject.values)} of {whole} rows, drawn at "
        "random; losses and metrics in “Split” are of all.",
    )


def _of_numbers(name: str, role: str, missing: int, values: Any) -> tuple[Any, ...]:
    x = np.asarray(values, dtype=np.float64)
    x = x[np.isfinite(x)]
    if not len(x):
        return (name, role, missing, "", "", "", "", "nothing")
    numbers = (float(x.min()), float(x.mean()), float(x.max()), float(x.std()))
    return (name, role, missing, *numbers, "numbers" if x.min() < x.max() else "one number")


def _of_classes(name: str, role: str, missing: int, classes: Any, counts: Any) -> tuple[Any, ...]:
    order = np.argsort(-counts, kind="stable")[:_MOST_CATEGORIES]
    told = ", ".join(f"{classes[i]}: {counts[i]}" for i in order)
    if len(classes) > len(order):
        told += f" and {len(classes) - len(order)} more"
    return (name, role, missing, "", "", "", "", told)


def split(subject: Subject, judged: Mapping[str, Mapping[str, float]]) -> Html:
    """Tell how many rows each part has, and how good the network is on it."""
    counts = {name: subject.total.get(name, len(rows)) for name, rows in subject.parts.items()}
    whole = sum(counts.values())
    columns = list(dict.fromkeys(column for values in judged.values() for column in values))
    rows = [
        (
            name,
            count,
            f"{100 * count / whole:.3g} %",
            *(float(judged.get(name, {}).get(column, np.nan)) for column in columns),
        )
        for name, count in counts.items()
    ]
    return section("Split", table("Parts", ("part", "rows", "share", *columns), rows))


def network(subject: Subject) -> Html:
    """Tell the layers."""
    net = subject.net
    head = ("layer", "inputs", "outputs", "activation", "parameters", "extras")
    layers = [(str(i), *rest) for i, *rest in _architecture._layers_in_words(net)]
    told = [tag("p", f"{net.n_parameters} parameters in {net.dtype.name}. {_scaling(net)}")]
    return section("Network", told, table("Layers", head, layers))


def _scaling(net: Any) -> str:
    kinds = (("inputs", net.scale_inputs), ("targets", net.scale_targets))
    words = [f"{what} by “{kind}”" for what, kind in kinds if kind is not None]
    return f"Scaled inside the network: {', '.join(words)}." if words else "It scales nothing."


def run(subject: Subject) -> Html:
    """Draw the losses, the metrics and the state of the method over the epochs."""
    history = subject.history
    if not len(history):
        return section("Run", tag("p", "The history has no epochs."))
    epochs = np.array(history.epoch, dtype=np.float64) + 1
    told = {"training": "loss", "validation": "val_loss"}
    losses = [
        Series(label, epochs, _numbers(history, column))
        for label, column in told.items()
        if column in history
    ]
    best = history.best
    marks, said = [], []
    for series in losses:
        finite = series.y[np.isfinite(series.y)]
        if len(finite):
            said.append(
                f"The {series.label} loss goes from {spell(float(finite[0]))} to "
                f"{spell(float(finite[-1]))} in {len(epochs)} epochs"
            )
    if best:
        value = float(best.get("val_loss", best["loss"]))
        marks = [("best epoch", best["epoch"] + 1.0, value)]
        said.append(f"the best is {spell(value)} in epoch {best['epoch'] + 1}")
    charts = [Chart("Loss", "epoch", "loss", losses, "; ".join(said) + ".", marks, size="wide")]
    for metric in _metrics(history)[:_MOST_METRICS]:
        names = {"training": metric, "validation": f"val_{metric}"}
        lines = [
            Series(label, epochs, _numbers(history, column))
            for label, column in names.items()
            if column in history
        ]
        charts.append(Chart(metric, "epoch", metric, lines, size="small"))
    for column, label, _ in _STATE:
        if column in history:
            y = _numbers(history, column)
            if np.isfinite(y).any() and np.nanmin(y) < np.nanmax(y):
                line = [Series(label, epochs, y)]
                charts.append(Chart(label, "epoch", label, line, size="small"))
    reason = history.stop_reason or "none was told"
    ended = tag("p", f"{len(history)} epochs; the reason that ended them: {reason}.")
    return section("Run", ended, tag("div", [chart.html() for chart in charts], class_="charts"))


def _numbers(history: Any, column: str) -> Any:
    return np.array(
        [v if isinstance(v, float | int) and not isinstance(v, bool) else np.nan
         for v in history[column]],
        dtype=np.float64,
    )  # fmt: skip


def _metrics(history: Any) -> list[str]:
    known = {*NUMBERS, "loss", "epoch", "layer_gradient_norms"}
    names = (n for n in history if n not in known and not n.startswith("val_"))
    return [n for n in names if np.isfinite(_numbers(history, n)).any()]
