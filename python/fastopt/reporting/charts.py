"""Charts as plain SVG, drawn here; ``report.js`` zooms them and reads their numbers off.

Why by hand: a library's bundle (plotly.js has 4.6 MB) would be a hundred times as large as the rest
of the report. A chart here is a square of 1000 by 1000 that the page stretches to its width, so
zooming is another part of the square (``viewBox``), and widths of lines stay as they are
(``non-scaling-stroke``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.reporting.axes import SIZE, Axis
from fastopt.reporting.markup import Html, data, spell, table, tag

Array = npt.NDArray[Any]

# A line of more points is drawn through the smallest and the largest of each of so many pieces / 2.
_MOST_POINTS = 1500
# How many rows of numbers stand below a chart.
_ROWS = 25


@dataclass(frozen=True)
class Series:
    """Numbers of one name: a line, points, or the heights of bars.

    Attributes
    ----------
    rows : array, optional
        Of points, what each is called when it is read off: the number of its row.
    """

    label: str
    x: Array
    y: Array
    style: str = "line"
    rows: Array | None = None


@dataclass(frozen=True)
class Chart:
    """Series on axes.

    Attributes
    ----------
    said : str
        What the picture shows, in words, for those who do not see it.
    marks : sequence of (label, x, y)
        Places that are marked with a ring.
    diagonal : bool
        Whether the line y = x is drawn.
    size : {"", "small", "wide"}
    """

    title: str
    x_label: str
    y_label: str
    series: Sequence[Series]
    said: str = ""
    marks: Sequence[tuple[str, float, float]] = field(default=())
    x: Axis | None = None
    y: Axis | None = None
    diagonal: bool = False
    size: str = ""

    def html(self) -> Html:
        """Return the figure."""
        drawn = [_thinned(s) if s.style == "line" else s for s in self.series]
        x = self.x or Axis.of(*(s.x for s in drawn), log=False)
        y = self.y or Axis.of(*(s.y for s in drawn))
        paths: list[Html] = []
        if self.diagonal:
            ends = np.array([max(x.low, y.low), min(x.high, y.high)])
            paths.append(_path(_line(x.places(ends), y.places(ends)), "diagonal"))
        for i, series in enumerate(drawn):
            paths += _drawn(series, i, x, y, len(drawn))
        for _, at_x, at_y in self.marks:
            d = _dots(x.places(np.array([at_x])), y.places(np.array([at_y])))
            paths += [_path(d, "ring"), _path(d, "hole")]
        said = f"{self.title}. {self.said}".strip()
        svg = tag(
            *("svg", paths),
            viewBox=f"0 0 {SIZE:g} {SIZE:g}",
            preserveAspectRatio="none",
            role="img",
            aria_label=said,
        )
        frame = tag(
            *("div", tag("div", _ticks(x, y), class_="ticks", aria_hidden="true"), svg),
            class_="frame",
        )
        parts = [
            tag("figcaption", self.title),
            self._legend(),
            tag("div", self.y_label, class_="y-label", aria_hidden="true"),
            frame,
            tag("div", self.x_label, class_="x-label", aria_hidden="true"),
            self._numbers(),
            data(self._content(drawn, x, y)),
        ]
        return tag("figure", parts, class_=f"chart {self.size}".strip())

    def _legend(self) -> Html | None:
        names = [
            tag("li", tag("i", class_=f"sign {s.style} s{i % 4}"), s.label)
            for i, s in enumerate(self.series)
        ]
        names += [tag("li", tag("i", class_="sign mark"), label) for label, *_ in self.marks]
        return tag("ul", names, class_="legend") if len(names) > 1 else None

    def _content(self, drawn: Sequence[Series], x: Axis, y: Axis) -> dict[str, Any]:
        return {
            "title": self.title,
            "xLabel": self.x_label,
            "x": [x.low, x.high, x.log],
            "y": [y.low, y.high, y.log],
            "series": [
                {
                    "label": s.label,
                    "style": s.style,
                    "x": _rounded(s.x),
                    "y": _rounded(s.y),
                    **({} if s.rows is None else {"rows": np.asarray(s.rows).tolist()}),
                }
                for s in drawn
            ],
        }

    def _numbers(self) -> Html | None:
        """Return some of the numbers as a table, for those who do not see the picture."""
        lines = [s for s in self.series if s.style != "points"]
        if not lines:
            return None
        n = len(lines[0].x)
        shown = np.unique(np.linspace(0, n - 1, min(n, _ROWS)).round().astype(int))
        rows = [
            (spell(float(lines[0].x[i])), *(float(s.y[i]) for s in lines if i < len(s.y)))
            for i in shown
        ]
        whole = table(self.title, [self.x_label, *(s.label for s in lines)], rows)
        return tag("details", tag("summary", f"Numbers of “{self.title}”"), whole)


def _rounded(values: Array) -> list[float | None]:
    """Return what is read off, with as many digits as anybody reads."""
    return [float(f"{v:.6g}") if np.isfinite(v) else None for v in np.asarray(values, dtype=float)]


def _thinned(series: Series) -> Series:
    """Return a line with fewer points that looks the same: of each piece the extremes."""
    n = len(series.x)
    if n <= _MOST_POINTS:
        return series
    kept = {0, n - 1}
    for piece in np.array_split(np.arange(n), _MOST_POINTS // 2):
        y = series.y[piece]
        if np.isfinite(y).any():
            kept |= {int(piece[np.nanargmin(y)]), int(piece[np.nanargmax(y)])}
    at = np.array(sorted(kept))
    return Series(series.label, series.x[at], series.y[at], series.style)


def _drawn(series: Series, i: int, x: Axis, y: Axis, count: int) -> list[Html]:
    at_x, at_y = x.places(series.x), y.places(series.y)
    which = f"s{i % 4}"
    if series.style == "points":
        path = _path(_dots(at_x, at_y), f"points {which}")
        # The third kind of points are rings, so that three can be told apart in grey.
        hole = [_path(_dots(at_x, at_y), "points hole")] if i % 4 == 2 else []
        return [path, *hole]
    if series.style == "bars":
        width = (at_x[1] - at_x[0] if len(at_x) > 1 else SIZE / 2) / (count + 0.25)
        left = at_x + (i - count / 2) * width
        floor = float(y.places(np.array([max(y.low, 0.0)]))[0])
        d = "".join(
            f"M{a:.1f} {SIZE - floor:.1f}V{SIZE - h:.1f}h{width:.1f}V{SIZE - floor:.1f}z"
            for a, h in zip(left, at_y, strict=True)
            if h > floor
        )
        return [_path(d, f"bars {which}")]
    return [_path(_line(at_x, at_y), f"line {which}")]


def _path(d: str, kind: str) -> Html:
    return tag("path", d=d, class_=kind)


def _line(x: Array, y: Array) -> str:
    """Return a path through points; it stops where one has no place."""
    pieces, pen = [], "M"
    for a, b in zip(x, y, strict=True):
        if np.isnan(a) or np.isnan(b):
            pen = "M"
            continue
        pieces.append(f"{pen}{a:.2f} {SIZE - b:.2f}")
        pen = "L"
    return "".join(pieces)


def _dots(x: Array, y: Array) -> str:
    """Return lines of no length, whose round or square ends are the points."""
    there = ~(np.isnan(x) | np.isnan(y))
    return "".join(f"M{a:.2f} {SIZE - b:.2f}h0" for a, b in zip(x[there], y[there], strict=True))


def _ticks(x: Axis, y: Axis) -> list[Html]:
    return [
        tag("span", tag("b", label), class_="x", style=f"left:{place / 10:.2f}%")
        for place, label in x.ticks()
    ] + [
        tag("span", tag("b", label), class_="y", style=f"bottom:{place / 10:.2f}%")
        for place, label in y.ticks()
    ]
