"""``fastopt.report``: a training and its network in one HTML file."""

from __future__ import annotations

import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import fastopt
from fastopt import _validation
from fastopt.plots.drawing import check_parts
from fastopt.reporting import results, sections
from fastopt.reporting.markup import Html, spell, table, tag
from fastopt.reporting.sections import section
from fastopt.reporting.subject import Column, Subject, spread_over
from fastopt.storage import atomic
from fastopt.training.history import History

if TYPE_CHECKING:
    from fastopt.network import MLP

_HERE = Path(__file__).parent


def report(
    net: MLP | Any,
    history: History,
    X: Any,
    y: Any,
    path: Any,
    *,
    parts: Any = None,
    feature_names: Sequence[str] | None = None,
    target_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    sample_weight: Any = None,
    title: str | None = None,
    code: str | None = None,
    interval: float | None = None,
    random_state: int = 0,
) -> Path:
    """Write what a training brought into one HTML file, which needs no network to be looked at.

    It has a summary of the data, the split, the layers, curves that can be zoomed and read off (by
    mouse, keyboard and screen reader), outputs over targets and their errors or the confusion of
    classes by part, the worst rows, permutation importance and partial dependence (these two need
    the extra ``fastopt[sklearn]``), where the time went, versions, and the code to do it again.

    Parameters
    ----------
    net : MLP, MLPRegressor or MLPClassifier
        As it was trained.
    history : History
        Of the ``fit``; of an estimator its ``history_``.
    X, y : array
        The data, all parts of them, as ``fit`` takes them; frames name the columns.
    path : str or path
        The file, which is replaced as a whole.
    parts : dict of rows by name, or Split, optional
        Which rows of X were trained on, and which not, as ``fastopt.split`` gives them. By default
        those that ``fit`` held out with ``validation_split``.
    feature_names, target_names, class_names : sequence of str, optional
        What columns and classes are called.
    sample_weight : array (N,), optional
        For losses and metrics.
    title : str, optional
    code : str, optional
        What is shown as the way to do it again; by default what network and history know of it.
    interval : float, optional
        The probability of prediction intervals, 0.95 say: how many targets of each part they hold.
    random_state : int
        For the points that are drawn of many, and for the shuffles of the importance.

    Returns
    -------
    pathlib.Path
        Of the file.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.random.default_rng(0).uniform(-1, 1, (60, 2))
    >>> y = X[:, 0] * X[:, 1]
    >>> parts = fastopt.split(len(X), random_state=0)
    >>> train, validation, _ = ((X[rows], y[rows]) for rows in parts)
    >>> net = fastopt.MLP([2, 8, 1], random_state=0)
    >>> history = net.fit(*train, "lm", epochs=20, validation_data=validation)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = fastopt.report(net, history, X, y, f"{folder}/report.html", parts=parts)
    ...     path.read_text("utf-8").startswith("<!doctype html>")
    True
    """
    began = time.perf_counter()
    if not isinstance(history, History):
        raise TypeError(f"history must be the History of a fit, got {history!r}")
    seed = _validation.integer("random_state", random_state, low=0)
    if interval is not None:
        interval = _validation.number("interval", interval, above=0, below=1)
    names = feature_names if feature_names is not None else _names_of(X)
    targets = target_names if target_names is not None else _names_of(y)
    network, y, class_names = _of_estimator(net, y, class_names)
    values, y = _validation.array("X", X), np.asarray(y)
    _validation.same_length(X=values, y=y)
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    n_inputs, n_outputs = network.layer_sizes[0], network.layer_sizes[-1]
    if class_names is not None and len(class_names) != max(2, n_outputs):
        raise ValueError(
            f"class_names must name {max(2, n_outputs)} classes, got {len(class_names)}"
        )
    for what, given, count in (
        ("feature_names", names, n_inputs),
        ("target_names", targets, n_targets),
    ):
        if given is not None and len(given) != count:
            raise ValueError(f"{what} must name {count} columns, got {len(given)}")
    subject = Subject(
        net=network,
        history=history,
        columns=tuple(Column(name) for name in spread_over(names, n_inputs, "x", "x")),
        values=values,
        y=y,
        parts=_parts(parts, history, len(values)),
        target_names=spread_over(targets, n_targets, "y", "y"),
        class_names=tuple(str(name) for name in class_names or ()),
        weights=None if sample_weight is None else np.asarray(sample_weight),
        seed=seed,
        interval=interval,
    )
    again = tag("pre", tag("code", _code(network, history) if code is None else code))
    return write(subject, path, title=title, again=again, began=began)


def _names_of(value: Any) -> list[str] | None:
    """Return what a frame calls its columns, a series itself; None where there are no names."""
    columns = getattr(value, "columns", None)
    if columns is not None:
        return [str(name) for name in columns]
    name = getattr(value, "name", None)
    return None if name is None else [str(name)]


def _of_estimator(net: Any, y: Any, class_names: Any) -> tuple[Any, Any, Any]:
    """Return the network of an estimator, the targets as it takes them, and names of classes."""
    if not hasattr(net, "layer_sizes") and not hasattr(net, "network_"):
        raise TypeError(f"net must be a network or an estimator that has been fitted, got {net!r}")
    if not hasattr(net, "network_"):
        return net, y, class_names
    classes = getattr(net, "classes_", None)
    if classes is not None and np.ndim(y) == 1:
        y = np.searchsorted(classes, np.asarray(y))
        class_names = classes.tolist() if class_names is None else class_names
    return net.network_, y, class_names


def _parts(parts: Any, history: History, n: int) -> dict[str, Any]:
    """Return the rows of each part; all rows are "training" where nothing says more."""
    if parts is None and history.validation_rows is not None:
        held_out = np.zeros(n, dtype=bool)
        held_out[history.validation_rows] = True
        parts = {"training": ~held_out, "validation": held_out}
    return check_parts(parts, n) or {"training": np.arange(n)}


def write(
    subject: Subject,
    path: Any,
    *,
    title: str | None = None,
    again: Any,
    judged: Mapping[str, Mapping[str, float]] | None = None,
    seconds: Mapping[str, float] | None = None,
    began: float | None = None,
) -> Path:
    """Write the report on a subject.

    Parameters
    ----------
    again : Html, or a sequence of it
        How to do it again.
    judged : dict by part of dicts of losses and metrics, optional
        Where they are known already, as those of rows of which the subject is a sample.
    seconds : dict, optional
        What took how long beside the training.
    began : float
        When the work on the report began, by ``time.perf_counter``.
    """
    began = time.perf_counter() if began is None else began
    title = title or f"Training of {type(subject.net).__name__} {_sizes(subject)}"
    content = [
        sections.data(subject),
        sections.split(subject, judge(subject) if judged is None else judged),
        sections.network(subject),
        sections.run(subject),
        results.predictions(subject),
        results.intervals(subject),
        results.worst_rows(subject),
        results.influence(subject),
    ]
    # The last, since it tells how long the others took.
    own = {"this report": time.perf_counter() - began}
    content += [_time(subject.history, {**(seconds or {}), **own}), _again(again)]
    atomic.write(path, [_page(title, _summary(subject), [c for c in content if c]).encode()])
    return Path(path)


def judge(subject: Subject) -> dict[str, dict[str, float]]:
    """Return loss and metrics of each part."""
    judged = {}
    y = np.asarray(subject.y)
    for name, rows in subject.parts.items():
        wanted = ["accuracy"] if subject.classifies else ["rmse", "mae"]
        if not subject.classifies and len(rows) > 1:
            wanted.append("r2")
        try:
            evaluate: Any = subject.net.evaluate
            judged[name] = evaluate(
                subject.to_inputs(subject.values[rows]),
                y[rows],
                metrics=wanted,
                sample_weight=None if subject.weights is None else subject.weights[rows],
                missing_targets="ignore",
            )
        except ValueError:  # no target of the part is there, or the loss was lost with a pickle
            judged[name] = {}
    return judged


def _sizes(subject: Subject) -> str:
    return "–".join(map(str, subject.net.layer_sizes))


def _summary(subject: Subject) -> str:
    history = subject.history
    optimizer = str((history.solver_state or {}).get("optimizer", "")).partition("(")[0]
    by = f" by {optimizer}" if optimizer else ""
    task = "a classifier" if subject.classifies else "a regression"
    n = sum(subject.total.values()) or len(subject.values)
    words = f"A network {_sizes(subject)}, {task}, trained{by} on {n} rows"
    best = history.best
    if best:
        value = best.get("val_loss", best["loss"])
        what = "validation loss" if "val_loss" in best else "loss"
        words += f"; the best {what} is {spell(float(value))} in epoch {best['epoch'] + 1}"
    return words + "."


def _time(history: History, seconds: Mapping[str, float]) -> Html:
    rows: list[tuple[Any, ...]] = []
    if len(history) and "seconds" in history:
        whole, epochs = float(history.seconds[-1]), len(history)
        rows += [("training", whole), ("an epoch of it, on average", whole / epochs)]
        best = history.best
        if best:
            rows.append((f"training up to the best epoch, {best['epoch'] + 1}", best["seconds"]))
    rows += [(name, float(value)) for name, value in seconds.items()]
    counts = [
        (name, int(np.nansum(history[column])))
        for name, column in (
            ("evaluations of the loss", "n_value"),
            ("gradients", "n_gradient"),
            ("Hessians", "n_hessian"),
        )
        if column in history
    ]
    told = [table("Seconds", ("what", "seconds"), rows)]
    if counts:
        told.append(table("Work of the training", ("what", "how many"), counts))
    return section("Where the time went", told)


def _again(again: Any) -> Html:
    build = fastopt.build_info()
    rows = [
        ("fastopt", build["version"]),
        ("its build", f"variant {build['variant']} ({build['instructions']}), {build['compiler']}"),
        ("threads", str(build["threads"])),
        ("Python", platform.python_version()),
        ("NumPy", np.__version__),
        *(
            (name, sys.modules[module].__version__)
            for name, module in (("pandas", "pandas"), ("scikit-learn", "sklearn"))
            if sys.modules.get(module) is not None
        ),
        ("machine", f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"),
        ("written", datetime.now().astimezone().isoformat(" ", "seconds")),
    ]
    return section("Do it again", again, table("Versions", ("what", "version"), rows))


def _code(net: MLP, history: History) -> str:
    """Return the code of a training as far as network and History know it."""
    state = history.solver_state or {}
    optimizer = state.get("optimizer")
    arguments = ["X", "y"]
    if optimizer:
        arguments.append(f"fastopt.{optimizer}")
    if isinstance(net._loss, str):
        arguments.append(f"loss={net._loss!r}")
    arguments.append(f"epochs={len(history)}")
    if "seed" in state:
        arguments.append(f"random_state={state['seed']}")
    lines = [
        "import fastopt",
        "",
        f"net = fastopt.{str(net)[:-1]}, random_state={net._seed})",
        f"history = net.fit({', '.join(arguments)})",
        "# Not known from network and history: validation data, batch_size, weights, callbacks.",
    ]
    return "\n".join(lines)


def _page(title: str, summary: str, content: Sequence[Html]) -> str:
    """Return the whole document; its policy forbids it to load anything."""
    names = [(c.split('id="', 1)[1].split('"', 1)[0], _heading(c)) for c in content]
    links = [tag("li", tag("a", Html(name), href=f"#{key}")) for key, name in names]
    style = Html((_HERE / "report.css").read_text("utf-8"))
    script = Html((_HERE / "report.js").read_text("utf-8"))
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name_="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        tag("header", tag("h1", title), tag("p", summary)),
        tag("nav", tag("ul", links), aria_label="Sections"),
        tag("main", list(content), id="content"),
        tag("script", script),
    )
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


def _heading(content: Html) -> str:
    return content.split("</h2>", 1)[0].rpartition(">")[2]
