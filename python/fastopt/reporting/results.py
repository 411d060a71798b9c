"""The sections of a report on predictions: how good they are, where not, and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.plots.errors import correlation
from fastopt.reporting.axes import Axis
from fastopt.reporting.charts import Chart, Series
from fastopt.reporting.inspection import Dependence, Inspection, inspect
from fastopt.reporting.markup import Html, spell, table, tag
from fastopt.reporting.sections import section
from fastopt.reporting.subject import Question, Subject

Array = npt.NDArray[Any]

# Of each part so many points are drawn at most: more of them hide one another.
_MOST_POINTS = 1000
_BINS = 21
_WORST = 10
# How many targets and classes get pictures, and how many columns a row of a table.
_MOST_TARGETS, _MOST_CLASSES, _MOST_COLUMNS, _MOST_IMPORTANCES = 6, 25, 12, 20


def predictions(subject: Subject) -> Html:
    """Draw outputs over targets and their errors, or the confusion of classes, by part."""
    if subject.questions:
        tables = [
            _confusion(question, name, rows)
            for question in subject.questions[:_MOST_TARGETS]
            for name, rows in subject.parts.items()
        ]
        return section("Predictions", tables)
    charts = []
    for k, name in enumerate(subject.target_names[:_MOST_TARGETS]):
        charts += [_regression(subject, k, name), _errors(subject, k, name)]
    left = len(subject.target_names) - _MOST_TARGETS
    more = tag("p", f"{left} more targets are not drawn.") if left > 0 else None
    return section(
        "Predictions", tag("div", [chart.html() for chart in charts], class_="charts"), more
    )


def _regression(subject: Subject, k: int, name: str) -> Chart:
    t, o = subject.targets[:, k], np.asarray(subject.outputs[:, k], dtype=np.float64)
    series, said = [], []
    random = np.random.default_rng(subject.seed)
    assert subject.rows is not None
    for part, rows in subject.parts.items():
        rows = rows[np.isfinite(t[rows])]
        r = correlation(t[rows], o[rows])
        told = "" if r is None else f": R = {r:.4f}"
        said.append(f"{part}{told}")
        if len(rows) > _MOST_POINTS:
            rows = np.sort(random.choice(rows, _MOST_POINTS, replace=False))
        series.append(Series(f"{part}{told}", t[rows], o[rows], "points", subject.rows[rows]))
    both = Axis.of(t, o, log=False)
    words = f"Points near the diagonal are predicted well. {'; '.join(said)}."
    return Chart(
        f"{name}: output over target",
        *("target", "output", series, words),
        x=both,
        y=both,
        diagonal=True,
    )


def _errors(subject: Subject, k: int, name: str) -> Chart:
    errors = subject.targets[:, k] - subject.outputs[:, k]
    finite = errors[np.isfinite(errors)]
    edges = np.histogram_bin_edges(finite if len(finite) else np.zeros(1), _BINS)
    middle = (edges[1:] + edges[:-1]) / 2
    series = []
    for part, rows in subject.parts.items():
        counts = np.histogram(errors[rows][np.isfinite(errors[rows])], edges)[0]
        series.append(Series(part, middle, 100 * counts / max(1, counts.sum()), "bars"))
    said = ""
    if len(finite):
        said = f"Errors have the mean {spell(float(finite.mean()))} and the standard deviation "
        said += f"{spell(float(finite.std()))}."
    highest = max(float(s.y.max()) for s in series)
    return Chart(
        f"{name}: errors",
        *("target − output", "rows of the part (%)", series, said),
        x=Axis.of(edges, log=False, margin=0.02),
        y=Axis(0.0, 1.08 * highest or 1.0),
    )


def _confusion(question: Question, part: str, rows: Array) -> Html:
    true, given = question.true[rows], question.given[rows]
    true, given = true[true >= 0], given[true >= 0]
    k = len(question.classes)
    counts = np.zeros((k, k), dtype=int)
    np.add.at(counts, (true, given), 1)
    n = int(counts.sum())
    caption = f"{question.name}, {part}: accuracy {spell(np.trace(counts) / max(1, n), 4)}"
    if k > _MOST_CLASSES:
        apart = counts - np.diag(np.diag(counts))
        worst = np.argsort(-apart, axis=None, kind="stable")[:_MOST_CLASSES]
        pairs = [np.unravel_index(at, apart.shape) for at in worst if apart.flat[at]]
        lines = [(question.classes[i], question.classes[j], int(apart[i, j])) for i, j in pairs]
        return table(
            f"{caption}; what is confused most", ("true class", "taken for", "rows"), lines
        )
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    head = tag(
        "tr", tag("th", "true \\ predicted", scope="col"),
        [tag("th", name, scope="col") for name in question.classes],
    )  # fmt: skip
    body = [
        tag(
            "tr",
            tag("th", question.classes[i], scope="row"),
            [
                tag(
                    "td",
                    str(counts[i, j]),
                    class_="cell right" if i == j else "cell",
                    style=f"--share:{shares[i, j]:.3f}",
                )
                for j in range(k)
            ],
        )
        for i in range(k)
    ]
    whole = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", body))
    return tag("div", whole, class_="scroll", tabindex=0, role="region", aria_label=caption)


def intervals(subject: Subject) -> Html | None:
    """Tell how often targets lie in the intervals of their predictions, where that is asked for."""
    level = subject.interval
    if level is None:
        return None
    try:
        found: Any = subject.net.predict(subject.to_inputs(subject.values), interval=level)
    except (ValueError, RuntimeError, ImportError) as error:  # a report is no reason to fail
        return section("Intervals", tag("p", f"There are none: {error}"))
    n = len(subject.values)
    lower, upper = (np.asarray(end).reshape(n, -1) for end in found[-2:])
    inside = (lower <= subject.targets) & (subject.targets <= upper)
    rows = [
        (part, name, float(np.mean(inside[at, k])), float(np.mean((upper - lower)[at, k])))
        for part, at in subject.parts.items()
        for k, name in enumerate(subject.target_names)
    ]
    head = ("part", "target", "share inside", "mean width")
    words = f"Intervals that hold a new target with probability {level:g}, and how many they hold."
    return section("Intervals", tag("p", words), table("Coverage", head, rows))


def worst_rows(subject: Subject) -> Html:
    """List the rows that are predicted worst."""
    errors = subject.errors()
    descending = np.argsort(-np.where(np.isnan(errors), -np.inf, errors), kind="stable")
    order = [int(i) for i in descending[:_WORST] if np.isfinite(errors[i])]
    parts, columns = subject.part_of_rows(), subject.columns[:_MOST_COLUMNS]
    assert subject.rows is not None
    rows = []
    for i in order:
        inputs = [_value(subject, i, j) for j in range(len(columns))]
        rows.append((str(subject.rows[i]), parts[i], *_told(subject, i), *inputs))
    if subject.questions:
        told = [h for q in subject.questions for h in (q.name, "predicted", "probability of it")]
        by = "those whose true class is held the least probable"
    else:
        told = [h for name in subject.target_names for h in (name, "output", "error")]
        by = "those whose error is the largest, in standard deviations of the target"
    head = ("row", "part", *told, *(column.name for column in columns))
    return section("Worst rows", tag("p", f"Of all parts, {by}."), table("Worst rows", head, rows))


def _told(subject: Subject, i: int) -> list[Any]:
    if subject.questions:
        told: list[Any] = []
        for q in subject.questions:
            true = q.classes[q.true[i]] if q.true[i] >= 0 else None
            told += [true, q.classes[q.given[i]], float(q.probability[i])]
        return told
    pairs = zip(subject.targets[i], subject.outputs[i], strict=True)
    return [number for t, o in pairs for number in (float(t), float(o), float(t - o))]


def _value(subject: Subject, i: int, j: int) -> Any:
    value, column = subject.values[i, j], subject.columns[j]
    if not column.categories:
        return float(value)
    return column.categories[int(value)] if value >= 0 else None


def influence(subject: Subject) -> Html:
    """Tell which columns the outputs depend on, and how."""
    try:
        found = inspect(subject)
    except ImportError:
        cure = "needs scikit-learn: pip install 'fastopt[sklearn]'."
        return section("What the outputs depend on", tag("p", f"This section {cure}"))
    rows = [
        (i.name, _bar(i.mean, found), float(i.mean), float(i.deviation))
        for i in found.importances[:_MOST_IMPORTANCES]
    ]
    head = ("column", "", f"fall of {found.score}", "standard deviation")
    caption = f"Permutation importance, {found.part}"
    words = (
        f"Of {found.n_rows} rows of the part “{found.part}”: by how much {found.score} falls where "
        "the values of one column are shuffled, over 5 shuffles. Columns that tell the same share "
        "their importance."
    )
    charts = [_dependence(subject, d).html() for d in found.dependences]
    curves = (
        tag("h3", "Partial dependence"),
        tag("p", "The mean output where one column is set to a value and all others stay."),
        tag("div", charts, class_="charts"),
    )
    content = (tag("p", words), table(caption, head, rows), curves if charts else None)
    return section("What the outputs depend on", content)


def _bar(mean: float, found: Inspection) -> Html:
    largest = max((i.mean for i in found.importances), default=0.0)
    width = 100 * max(0.0, mean) / largest if largest > 0 else 0.0
    return tag("span", class_="bar", style=f"--width:{width:.1f}%", aria_hidden="true")


def _dependence(subject: Subject, found: Dependence) -> Chart:
    column = subject.columns[found.column]
    of_classes = bool(subject.questions)
    names = subject.questions[0].classes if of_classes else subject.target_names
    if len(found.means) == 1:
        names = (names[-1],)
    largest = np.argsort(-np.ptp(found.means, axis=1), kind="stable")[:4]
    grid = np.asarray(found.grid, dtype=np.float64)
    style, said = "line", ""
    if column.categories:
        style = "points"
        said = ", ".join(f"{int(v)}: {column.categories[int(v)]}" for v in grid)
    series = [Series(names[i], grid, found.means[i], style) for i in sorted(largest)]
    label = f"{column.name} ({said})" if said else column.name
    y_label = "mean probability" if of_classes else "mean output"
    y = Axis.of(found.means, log=False)
    return Chart(column.name, label, y_label, series, said, size="small", y=y)
