"""Pictures of runs: losses, the state of the method, runs beside each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.plots.drawing import DASHES, axes_of, check_history, ink, log_where_positive
from fastopt.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def learning_curve(history: History, ax: Axes | None = None, *, test: Any = None) -> Axes:
    """Draw the loss over the epochs, of training and of validation, and mark the best epoch.

    Parameters
    ----------
    history : History
        Of a ``fit``.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    test : float or sequence of float, optional
        The loss of the test part: at the end, drawn as a level, or of each epoch.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.MLP([1, 4, 1], random_state=0)
    >>> history = net.fit([[0.0], [0.5], [1.0]], [0, 1, 0], epochs=9)
    >>> ax = fastopt.plots.learning_curve(history)  # doctest: +SKIP
    """
    history = check_history(history)
    ax = axes_of(ax)
    epochs = np.array(history.epoch) + 1
    drawn: list[Any] = []
    for (column, label), dashes in zip(
        {"loss": "training", "val_loss": "validation"}.items(), DASHES, strict=False
    ):
        if column in history:
            ax.plot(epochs, history[column], dashes, label=label)
            drawn.append(history[column])
    if test is not None:
        values = np.asarray(test, dtype=float).reshape(-1)
        if len(values) not in (1, len(epochs)):
            raise ValueError(
                f"test must be one loss or one for each of {len(epochs)} epochs, got {len(values)}"
            )
        values = np.broadcast_to(values, len(epochs))
        ax.plot(epochs, values, DASHES[2], label="test")
        drawn.append(values)
    best = history.best
    if best:
        value = best.get("val_loss", best["loss"])
        ax.plot(best["epoch"] + 1, value, "o", color=ink(ax), fillstyle="none", label="best epoch")
    log_where_positive(ax, *drawn)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend()
    return ax


# Of which a method has what: column, label, line.
_STATE = (
    ("gradient_norm", "gradient norm ‖∇E‖", "-"),
    ("damping", "damping ν", "--"),
    ("learning_rate", "learning rate η", "--"),
    ("step_length", "step length", ":"),
    ("gamma", "effective parameters γ", "-."),
)


def training_state(history: History, ax: Axes | None = None) -> Axes:
    """Draw what a method tells of itself: gradient norm, damping or learning rate, γ.

    Each is there where the run has it: the gradient norm of full-batch methods (of others with
    ``metrics=["gradient_norm"]``), the damping of Levenberg-Marquardt, the rate of first-order
    methods, the step length of a line search, γ of Bayesian regularisation.

    Parameters
    ----------
    history : History
        Of a ``fit``.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.

    Returns
    -------
    matplotlib Axes
    """
    history = check_history(history)
    found = [(column, label, line) for column, label, line in _STATE if _is_told(history, column)]
    if not found:
        raise ValueError(
            "history holds none of gradient_norm, damping, learning_rate, step_length and gamma: "
            "there is nothing to draw"
        )
    ax = axes_of(ax)
    epochs = np.array(history.epoch) + 1
    for column, label, line in found:
        ax.plot(epochs, history[column], line, label=label)
    log_where_positive(ax, *(history[column] for column, *_ in found))
    ax.set(xlabel="epoch", ylabel="value" if len(found) > 1 else found[0][1])
    ax.legend()
    return ax


def _is_told(history: History, column: str) -> bool:
    """Whether a column holds numbers, and not NaN alone."""
    if column not in history:
        return False
    values = history[column]
    return any(isinstance(v, float | int) and np.isfinite(v) for v in values) and all(
        isinstance(v, float | int) for v in values
    )


def compare(
    histories: Any, ax: Axes | None = None, *, x: str = "epochs", column: str | None = None
) -> Axes:
    """Draw one column of several runs, over the epochs or over the time that they took.

    Parameters
    ----------
    histories : dict of History by name, or sequence of History
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    x : {"epochs", "seconds"}
    column : str, optional
        "val_loss" by default where all runs have it, else "loss".

    Returns
    -------
    matplotlib Axes
    """
    if isinstance(histories, History):
        histories = [histories]
    if not isinstance(histories, Mapping):
        histories = {f"run {i + 1}": history for i, history in enumerate(histories)}
    if not histories:
        raise ValueError("histories holds no run")
    runs = {str(name): check_history(history) for name, history in histories.items()}
    _validation.choice("x", x, ("epochs", "seconds"))
    if column is None:
        column = "val_loss" if all("val_loss" in run for run in runs.values()) else "loss"
    for name, run in runs.items():
        for wanted in (column, *(["seconds"] if x == "seconds" else [])):
            if wanted not in run:
                raise ValueError(
                    f"{name} has no column {wanted!r}: there are {', '.join(run.columns)}"
                )
    ax = axes_of(ax)
    for i, (name, run) in enumerate(runs.items()):
        along = np.array(run.epoch) + 1 if x == "epochs" else run.seconds
        ax.plot(along, run[column], DASHES[i % len(DASHES)], label=name)
    log_where_positive(ax, *(run[column] for run in runs.values()))
    of_validation = column.startswith("val_")
    label = f"{column.removeprefix('val_')} ({'validation' if of_validation else 'training'})"
    ax.set(xlabel="epoch" if x == "epochs" else "time (s)", ylabel=label)
    ax.legend()
    return ax
