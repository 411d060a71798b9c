"""Pictures of a run; they need the extra ``fastopt[plot]``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.training.history import History

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
    ValueError
        The History holds no layer_gradient_norms.
    ImportError
        matplotlib is missing.
    """
    _validation.choice("of", of, ("activations", "weights"))
    if "layer_gradient_norms" not in history:
        raise ValueError(
            "history holds no layer_gradient_norms: fit with metrics=['layer_gradient_norms']"
        )
    rows: list[tuple[int, Any]] = [
        (epoch, norms)
        for epoch, norms in zip(history.epoch, history["layer_gradient_norms"], strict=True)
        if isinstance(norms, dict)
    ]
    ax = _axes(ax)
    shown = np.unique(np.linspace(0, len(rows) - 1, min(6, len(rows))).round().astype(int))
    for k, i in enumerate(shown):
        epoch, norms = rows[i]
        layers = np.arange(1, len(norms[of]) + 1)
        shade = (k + 1) / (len(shown) + 1)
        ax.semilogy(
            layers, norms[of], marker="o", markersize=3, color=(0.1, 0.3 * shade, shade),
            label=f"epoch {epoch + 1}",
        )  # fmt: skip
    what = "a" if of == "activations" else "W"
    ax.set(xlabel="layer l", ylabel=rf"$\|\partial E/\partial {what}_l\|$")
    ax.legend()
    return ax
