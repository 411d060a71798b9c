"""Pictures of layers: the gradients that reach them, and their weights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _validation
from fastopt.plots.drawing import axes_of, ink
from fastopt.training.history import History

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from fastopt.network import MLP


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
    ax = axes_of(ax)
    from matplotlib import colormaps
    from matplotlib.colors import to_rgb
    from matplotlib.ticker import MaxNLocator

    n_shown = min(6, len(rows))
    shown = np.linspace(0, len(rows) - 1, n_shown).round().astype(int)
    # From dark to light, without the lightest, which is too faint on white.
    faint = np.mean(to_rgb(ink(ax))) > 0.5  # in a dark style it is the darkest that is faint
    colors = colormaps["viridis"](
        np.linspace(0.25, 1, n_shown) if faint else np.linspace(0, 0.9, n_shown)
    )
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


def weights(net: MLP, layer: int = 1, ax: Axes | None = None, *, labels: Any = None) -> Axes:
    r"""Draw the weights of a layer as squares: area ∝ \|w\|, filled above 0, hollow below.

    A diagram of Hinton's (1986), which needs no colours.

    Parameters
    ----------
    net : MLP
    layer : int
        From 1, the first one, whose inputs are those of the network; −1 is the last.
    ax : matplotlib Axes, optional
        Where to draw; new ones by default.
    labels : sequence of str, optional
        What the inputs of the layer are called.

    Returns
    -------
    matplotlib Axes
    """
    coefs = getattr(net, "coefs_", None)
    if coefs is None:
        raise TypeError(f"net must be a network, got {net!r}")
    count = len(coefs)
    layer = _validation.integer("layer", layer, low=-count, high=count)
    if layer == 0:
        raise ValueError(f"layer must be 1 … {count}, or −{count} … −1 from the end, got 0")
    number = layer if layer > 0 else count + 1 + layer
    W = np.asarray(coefs[number - 1], dtype=np.float64)
    fan_in, fan_out = W.shape
    if labels is not None and len(labels) != fan_in:
        raise ValueError(f"labels must name {fan_in} inputs of layer {number}, got {len(labels)}")
    ax = axes_of(ax)
    from matplotlib.collections import PatchCollection
    from matplotlib.patches import Rectangle
    from matplotlib.ticker import MaxNLocator

    largest = np.abs(W).max()
    sides = np.sqrt(np.abs(W) / largest) * 0.95 if largest > 0 else np.zeros_like(W)
    color = ink(ax)
    for sign, label in ((1, "w > 0"), (-1, "w < 0")):
        squares = [
            Rectangle((j + 1 - s / 2, i + 1 - s / 2), s, s)
            for (i, j), s in np.ndenumerate(sides)
            if sign * W[i, j] > 0
        ]
        face = color if sign > 0 else "none"
        ax.add_collection(PatchCollection(squares, facecolor=face, edgecolor=color, label=label))
    ax.set(xlim=(0.4, fan_out + 0.6), ylim=(fan_in + 0.6, 0.4), aspect="equal")
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    if labels is not None:
        ax.set_yticks(range(1, fan_in + 1), [str(label) for label in labels])
    inputs = "input" if number == 1 else f"unit of layer {number - 1}"
    units = "output" if number == count else f"unit of layer {number}"
    ax.set(
        xlabel=units,
        ylabel=inputs,
        title=f"$W_{{{number}}}$, largest |w| = {largest:.3g}; filled: w > 0",
    )
    return ax
