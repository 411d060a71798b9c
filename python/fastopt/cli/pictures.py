"""Pictures that commands write to a file; they need the extra ``fastopt[plot]``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from fastopt import plots
from fastopt.cli.failure import Failure, Misuse
from fastopt.cli.training import check_output
from fastopt.reporting.subject import Subject


def check(path: Path | None) -> None:
    """Refuse, before the work, a place or a kind of file that no picture can be written to."""
    if path is None:
        return
    check_output(path, "--plot")
    known = _canvas("--plot").get_supported_filetypes()
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


def check_folder(folder: Path) -> None:
    """Refuse, before the work, a folder that no pictures can be written to; make one."""
    _canvas("--pictures")
    if folder.exists() and not folder.is_dir():
        raise Misuse(f"--pictures {folder} is a file: give a folder")
    if not folder.absolute().parent.is_dir():
        raise Misuse(f"--pictures {folder}: there is no folder {folder.parent}; make it first")
    folder.mkdir(exist_ok=True)


def _canvas(option: str) -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise Failure(f"{option} needs matplotlib: pip install 'fastopt[plot]'") from error
    return FigureCanvasAgg


def write_all(folder: Path, subject: Subject) -> None:
    """Write pictures of the run, and of predictions or classes."""
    history = subject.history
    drawn: dict[str, Callable[[Any], Any]] = {
        "learning_curve": lambda ax: plots.learning_curve(history, ax),
        "training_state": lambda ax: plots.training_state(history, ax),
    }
    for name, draw in {**drawn, **_of_predictions(subject)}.items():
        write(folder / f"{name}.png", draw)


def _of_predictions(subject: Subject) -> dict[str, Callable[[Any], Any]]:
    drawn: dict[str, Callable[[Any], Any]] = {}
    for question in subject.questions:
        for part, rows in subject.parts.items():
            classes = np.array(question.classes)
            true, given = classes[question.true[rows]], classes[question.given[rows]]

            def draw(ax: Any, true: Any = true, given: Any = given, classes: Any = classes) -> Any:
                return plots.confusion_matrix(true, given, ax, labels=classes.tolist())

            drawn[f"confusion_matrix_{part}"] = draw
    if not subject.questions:
        several = len(subject.target_names) > 1
        for k, name in enumerate(subject.target_names):
            pair, end = (subject.targets[:, k], subject.outputs[:, k]), f"_{k + 1}" * several
            for kind in ("regression", "error_histogram"):

                def compare(ax: Any, kind: str = kind, pair: Any = pair, name: str = name) -> Any:
                    getattr(plots, kind)(*pair, ax=ax, parts=subject.parts)
                    return ax.set_title(f"{name}  {ax.get_title()}".rstrip())

                drawn[f"{kind}{end}"] = compare
    return drawn
