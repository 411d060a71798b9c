"""One table, one JSON file and one picture of the results."""

import json
import platform
import time
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.question import REFERENCE
from bench.threads import cpus

PACKAGES = ("numpy", "scipy", "scikit-learn", "torch", "jax", "jaxlib", "pyrenn", "optimistix")
COLUMNS = ("case", "contender", "lower q.", "median", "upper q.", "÷ fastopt", "(quartiles)")


def table(results):
    """Return the lines of the table: contenders, the missing, targets and whether they are met."""
    rows = []
    for result in results:
        rows += [(f"{result.name}: {result.title} [{result.unit}]",), *_rows(result)]
    cells = [row for row in rows if len(row) > 1]
    widths = [max(len(row[i]) for row in (COLUMNS, *cells)) for i in range(len(COLUMNS))]
    rule = "─" * (sum(widths) + 2 * len(widths) - 2)
    lines = [_line(COLUMNS, widths)]
    for row in rows:
        lines += [rule, row[0]] if len(row) == 1 else [_line(row, widths)]
    for result in results:
        for i, verdict in enumerate(result.verdicts):
            lines += [rule] * (result is results[0] and i == 0)
            lines.append(f"{result.name}: {_sentence(verdict)}")
    return "\n".join([*lines, *_remarks(results)])


def _line(cells, widths):
    left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
    right = [cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True)]
    return "  ".join(left + right).rstrip()


def _rows(result):
    if result.skipped:
        yield "", f"not run: {result.skipped}", "", "", "", "", ""
    own = result.best(REFERENCE)
    for row in sorted(result.rows, key=lambda row: row.median, reverse=not result.timed):
        name = row.label + (" ✗" if row.differs else "")
        ratio = result.ratio(row)
        ratios = ("", "")
        if ratio is not None and row is not own:
            ratios = (f"{ratio[1]:.3g}", f"{ratio[0]:.3g}–{ratio[2]:.3g}")
        figures = (
            [_number(q) for q in row.quartiles] if result.timed else ["", _number(row.median), ""]
        )
        yield "", name, *figures, *ratios
    for label in result.missing:
        yield "", label, "", "missing", "", "", ""


def _number(x):
    return f"{x:,.0f}" if abs(x) >= 1000 else f"{x:.4g}"


def _sentence(verdict):
    if verdict.met is None:
        return f"{verdict.target}: not known, one of the two did not run"
    against = f" ({verdict.against})" if verdict.against else ""
    return f"{verdict.target}{against}: {verdict.reached:.3g}, {'met' if verdict.met else 'MISSED'}"


def _remarks(results):
    missing = {label: why for result in results for label, why in result.missing.items()}
    for label, why in missing.items():
        yield f"missing: {label} ({why})"
    for result in results:
        for row in result.rows:
            if row.differs:
                yield f"✗ {result.name}: {row.label} {row.differs}: it does not do the same work"


def machine():
    """Return what the figures were measured on."""
    about = {
        "cpu": _cpu(),
        "cpus": cpus(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "versions": {},
    }
    for package in PACKAGES:
        try:
            about["versions"][package] = version(package)
        except PackageNotFoundError:
            about["versions"][package] = None
    try:
        import fastopt
    except ImportError as error:
        about["fastopt"] = str(error)
    else:
        about["fastopt"] = fastopt.build_info()
    return about


def _cpu():
    names = {"model name": platform.processor(), "flags": ""}
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            for line in lines:
                key, _, value = line.partition(":")
                if key.strip() in names:
                    names[key.strip()] = value.strip()
    except OSError:
        pass
    flags = names["flags"].split()
    vectors = [name for name in ("avx", "avx2", "avx512f") if name in flags]
    return f"{names['model name']} ({vectors[-1]})" if vectors else names["model name"]


def write(results, folder, settings):
    """Write ``latest.json`` and ``latest.png`` (with Matplotlib); return the paths."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    content = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "settings": settings,
        "machine": machine(),
        "results": [asdict(result) for result in results],
    }
    paths = [folder / "latest.json"]
    text = json.dumps(content, indent=1, ensure_ascii=False, default=str)
    paths[0].write_text(text + "\n", encoding="utf-8")
    timed = [result for result in results if result.timed and result.rows]
    if timed:
        try:
            paths.append(plot(timed, folder / "latest.png"))
        except ImportError as error:
            print(f"no picture: {error}")
    return paths


def plot(results, path):
    """Draw the medians of each case, with the quartiles, on a logarithmic axis."""
    from matplotlib.figure import Figure

    sizes = [len(result.rows) for result in results]
    figure = Figure(figsize=(9, 0.28 * sum(sizes) + 0.9 * len(sizes)), layout="constrained")
    grid = figure.subplots(len(results), squeeze=False, gridspec_kw={"height_ratios": sizes})
    for result, axes in zip(results, grid[:, 0], strict=True):
        rows = sorted(result.rows, key=lambda row: row.median, reverse=True)
        for at, row in enumerate(rows):
            low, middle, high = row.quartiles
            color = "tab:orange" if row.name == REFERENCE else "tab:blue"
            axes.barh(at, middle, color=color, xerr=[[middle - low], [high - middle]])
            axes.annotate(
                f" {_number(middle)}", (high, at), va="center", fontsize=8, annotation_clip=False
            )
        axes.set_yticks(range(len(rows)), [row.label for row in rows])
        axes.set_xscale("log")
        axes.set_title(f"{result.name}: {result.title} [{result.unit}]", loc="left", fontsize=10)
        axes.margins(x=0.15)
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    return path
