"""Batch normalisation folded into weights and biases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt.layers import BatchNormalization

if TYPE_CHECKING:
    from fastopt.network import MLP


def fold(net: MLP) -> MLP:
    """Return a network without batch normalisation that computes the same in use.

    The running statistics, γ and β go into the weights and biases:
    W ← W·diag(γ/√(σ² + ε)), b = β − μ ⊗ γ/√(σ² + ε). Dropout, which is off in use, is left out.

    Raises
    ------
    ValueError
        There is no batch normalisation; or it stands after the activation, and shortcuts need
        its outputs.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 4, 1], normalization="batch", random_state=0)
    >>> X = np.array([[0.5, -1.0], [2.0, 1.0]])
    >>> np.allclose(net.fold().predict(X), net.predict(X))
    True
    """
    n = net.normalization
    if not isinstance(n, BatchNormalization):
        raise ValueError(f"only batch normalization can be folded, got normalization={n!r}")
    if n.position == "after" and net.residual is not False:
        raise ValueError(
            "normalization after the activation cannot be folded where residual="
            f"{net.residual!r} takes the normalised values further"
        )
    net._views.check_statistics(net.statistics)
    arrays = _fold(net, n)
    state = net.__getstate__()
    state |= {"normalization": None, "dropout": 0.0, "statistics": np.empty(0), "history": None}
    state |= {"trainable": None, "tied": ()}  # there are other arrays now
    state["parameters"] = np.concatenate([array.ravel() for array in arrays])
    other = type(net).__new__(type(net))
    other.__setstate__(state)
    return other


def _fold(net: MLP, n: BatchNormalization) -> list[Any]:
    """Return W, b and, where there is one, P of each layer."""
    arrays, start = [], 0
    # What a normalisation after the activation does to the inputs of the next layer.
    factor, offset = np.ones(net.layer_sizes[0]), np.zeros(net.layer_sizes[0])
    for layer in net._views.layers():
        W = layer["W"].astype(np.float64)
        b = offset @ W + layer.get("b", 0.0)
        W *= factor[:, None]
        width = W.shape[1]
        factor, offset = np.ones(width), np.zeros(width)
        if "gamma" in layer:
            mean, variance = net.statistics[start : start + 2 * width].reshape(2, width)
            start += 2 * width
            a = layer["gamma"] / np.sqrt(variance.astype(np.float64) + n.epsilon)
            if n.position == "before":
                W, b = W * a, layer["beta"] - mean * a
            else:
                factor, offset = a, layer["beta"] - mean * a
        arrays += [W, b, *([layer["P"]] if "P" in layer else [])]
    return arrays
