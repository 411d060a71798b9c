"""Pictures that commands write to a file; they need the extra ``fastopt[plot]``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastopt.cli.failure import Failure, Misuse
from fastopt.cli.training import check_output


def check(path: Path | None) -> None:
    """Refuse, before the work, a place or a kind of file that no picture can be written to."""
    if path is None:
        return
    check_output(path, "--plot")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise Failure("--plot needs matplotlib: pip install 'fastopt[plot]'") from error
    known = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix.removeprefix(".").casefold() not in known:
        raise Misuse(
            f"--plot {path}: its name must end in .png, .pdf, .svg, …, got {path.suffix!r}"
        )


def write(path: Path, draw: Callable[[Any], Any]) -> None:
    """Write what a function draws on axes; no window is opened."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    draw(figure.subplots())
    figure.savefig(path, dpi=150)
