"""Pictures of a run; they need the extra ``fastopt[plot]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.training.history import History

__all__ = ["error_histogram", "gradient_flow", "learning_curve", "regression"]

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError("fastopt.plots needs matplotlib: pip install 'fastopt[plot]'") from error
    return pyplot.subplots(layout="constrained")[1]


def learning_curve(history: History, ax: Axes | None = None) -> Axes:
    """Draw the loss over the epochs, of training and of validation, and mark the best epoch.

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
    if not isinstance(history, History):
        raise TypeError(f"history must be the History of a fit, got {history!r}")
    if len(history) == 0:
        raise ValueError("history holds no epochs: fit with epochs >= 1")
    ax = _axes(ax)
    epochs = np.array(history.epoch) + 1
    columns = {"loss": "training", "val_loss": "validation"}
    for column, label in columns.items():
        if column in history:
            ax.plot(epochs, history[column], label=label)
    best = history.best
    if best:
        value = best.get("val_loss", best["loss"])
        ax.plot(best["epoch"] + 1, value, "o", color="black", fillstyle="none", label="best epoch")
    drawn = np.concatenate([history[c] for c in columns if c in history])
    if (drawn[np.isfinite(drawn)] > 0).all():
        ax.set_yscale("log")
    ax.set(xlabel="epoch", ylabel="loss")
    ax.legend()
    return ax


def regression(y_true: Any, y_pred: Any, ax: Axes | None = None) -> Axes:
    """Draw outputs over targets, with the line of equals and the fitted line; R is in the title.

    R is the correlation of outputs and targets, as in MATLAB's plotregression.

    Parameters
    ----------
    y_true, y_pred : array
        Targets and outputs of one shape.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.

    Returns
    -------
    matplotlib Axes
    """
    targets, outputs = _pair(y_true, y_pred)
    ax = _axes(ax)
    ax.plot(targets, outputs, ".", label="samples")
    ends = np.array([targets.min(), targets.max()])
    ax.plot(ends, ends, "--", color="gray", label="output = target")
    title = ""
    if ends[0] < ends[1]:
        slope, offset = np.polyfit(targets, outputs, 1)
        ax.plot(ends, slope * ends + offset, color="black", label=f"{slope:.3g} t + {offset:.3g}")
        if np.ptp(outputs) > 0:
            title = f"R = {np.corrcoef(targets, outputs)[0, 1]:.4f}"
    ax.set(xlabel="target", ylabel="output", title=title)
    ax.legend()
    return ax


def error_histogram(y_true: Any, y_pred: Any, bins: int = 20, ax: Axes | None = None) -> Axes:
    """Draw how often errors, targets − outputs, are how large.

    Parameters
    ----------
    y_true, y_pred : array
        Targets and outputs of one shape.
    bins : int
        How many; 20 by default.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.

    Returns
    -------
    matplotlib Axes
    """
    targets, outputs = _pair(y_true, y_pred)
    ax = _axes(ax)
    ax.hist(targets - outputs, bins=_validation.integer("bins", bins, low=1))
    ax.axvline(0, color="black", linestyle="--")
    ax.set(xlabel="target − output", ylabel="samples")
    return ax


def _pair(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Return targets and outputs as vectors of doubles; they are of one shape."""
    targets = _validation.array("y_true", y_true, ndim=(1, 2))
    outputs = _validation.array("y_pred", y_pred, ndim=(1, 2))
    if targets.shape != outputs.shape:
        raise ValueError(
            f"y_true and y_pred must have one shape, got {targets.shape} and {outputs.shape}"
        )
    return targets.reshape(-1).astype(np.float64), outputs.reshape(-1).astype(np.float64)


def gradient_flow(history: History, of: str = "activations", ax: Axes | None = None) -> Axes:
    """Draw the gradient norm of each layer, one line for each of some epochs.

    Where gradients vanish, the lines fall steeply towards the first layers; where they explode,
    they rise.

    Parameters
    ----------
    history : History
        Of a ``fit`` with ``metrics=["layer_gradient_norms"]``.
    of : {"activations", "weights"}
        ‖∂E/∂a_l‖ of the hidden layers, or ‖∂E/∂W_l‖ of all layers.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    TypeError
        What is given is no History.
    ValueError
        The History holds no layer_gradient_norms, or no epochs; or there are no hidden layers whose
        activations could be drawn.
    ImportError
        matplotlib is missing.
    """
    rows = _rows(history, _validation.choice("of", of, ("activations", "weights")))
    ax = _axes(ax)
    from matplotlib import colormaps
    from matplotlib.ticker import MaxNLocator

    n_shown = min(6, len(rows))
    shown = np.linspace(0, len(rows) - 1, n_shown).round().astype(int)
    # From dark to light, without the lightest, which is too faint on white.
    colors = colormaps["viridis"](np.linspace(0, 0.9, n_shown))
    for i, color in zip(shown, colors, strict=True):
        epoch, norms = rows[i]
        layers = np.arange(1, len(norms) + 1)
        ax.semilogy(
            layers, norms, marker="o", markersize=3, color=color, label=f"epoch {epoch + 1}"
        )
    ax.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    what = "a" if of == "activations" else "W"
    ax.set(xlabel="layer l", ylabel=rf"$\|\partial E/\partial {what}_l\|$")
    ax.legend()
    return ax


def _rows(history: Any, of: str) -> list[tuple[int, list[float]]]:
    """Return the epochs that have norms of layers, and these norms."""
    wanted = "fit with metrics=['layer_gradient_norms']"
    if not isinstance(history, History):
        raise TypeError(f"history must be the History of a {wanted}, got {history!r}")
    if len(history) == 0:
        raise ValueError(f"history holds no epochs: {wanted} and epochs >= 1")
    if "layer_gradient_norms" not in history:
        raise ValueError(f"history holds no layer_gradient_norms: {wanted}")
    columns = zip(history.epoch, history["layer_gradient_norms"], strict=True)
    # Epochs of an earlier run that this one continues may have none.
    rows = [(epoch, norms[of]) for epoch, norms in columns if isinstance(norms, dict)]
    if not rows[0][1]:
        raise ValueError(
            "the network has no hidden layers whose activations could be drawn; of='weights' draws "
            "the gradient of its weights"
        )
    return rows


def __dir__() -> list[str]:
    return __all__
