"""Derivatives of a network's outputs by its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._evaluation import checked_inputs
from fastopt._folding import fold
from fastopt.memory import check_bytes

# Of a Jacobian at once: 32 MB.
_NUMBERS_AT_ONCE = 1 << 22

if TYPE_CHECKING:
    from fastopt.network import MLP

Array = npt.NDArray[np.float64]


def input_jacobian(net: MLP, X: Any) -> Array:
    """Return ∂ŷ/∂x, the derivatives of all outputs by all inputs, exact.

    Of the network in use: nothing is dropped, batch normalisation is by the running statistics.
    Both are in the units of X and y. Where an activation has a kink ("relu"), it is the derivative
    from the side that training takes.

    Parameters
    ----------
    X : array (N, d)

    Returns
    -------
    array (N, q, d), float64
        ``[i, k, j]`` is ∂ŷ_k/∂x_j at row i; 0 for columns of inputs that were constant in training.

    Raises
    ------
    ValueError
        X does not fit, or batch normalisation stands after activations whose values shortcuts take
        further.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 20, 1], scale_inputs="standard", random_state=0)
    >>> X = np.random.default_rng(0).uniform(-1, 1, (300, 2))
    >>> history = net.fit(X, X[:, 0] + 2 * X[:, 1] ** 2, "lm", epochs=100)
    >>> net.input_jacobian([[0.5, 0.5]]).round(1)
    array([[[1., 2.]]])
    """
    inputs = checked_inputs(net, X)
    q, d = net.layer_sizes[-1], net.layer_sizes[0]
    check_bytes(
        f"the derivatives of {len(inputs):,} × {q} outputs by {d} inputs",
        8 * len(inputs) * q * d,
        "fewer samples at a time",
    )
    jacobian = _of_scaled(_in_use(net), inputs)
    if net._scalings.inputs is not None:
        jacobian *= net._scalings.inputs.affine[1]
    if net._scalings.targets is not None:
        jacobian *= net._scalings.targets.scale[:, None]
    return jacobian


def _of_scaled(net: MLP, inputs: Any) -> Array:
    """Return ∂y/∂x (N, q, d) of the scaled problem, from the derivatives by the weights.

    All that reads the inputs does so through matrices M, those of the first layer and of shortcuts:
    ∂y/∂x = Σ δ Mᵀ, with δ = ∂y/∂(x M). A further input that is always 1, and whose weights are
    zero, changes nothing, and δ are the derivatives by these weights.
    """
    wider, constants = _with_ones(net)
    q, d = net.layer_sizes[-1], net.layer_sizes[0]
    numbering = wider._hidden.views(np.arange(wider.n_parameters, dtype=np.float64))
    weights = wider._views.layers()
    read = [
        (numbering[end - 1][name][d].astype(np.intp), weights[end - 1][name][:d].T)
        for name, end in _readers(wider)
    ]
    jacobian = np.empty((len(inputs), q, d))
    step = max(1, _NUMBERS_AT_ONCE // (q * wider.n_parameters))
    for start in range(0, len(inputs), step):
        rows = slice(start, start + step)
        x = np.asarray(inputs[rows], dtype=np.float64)
        if net._scalings.inputs is not None:
            x = net._scalings.inputs.transform(x)
        x = np.concatenate([x, np.ones((len(x), constants))], axis=1)
        of_weights = _core.jacobian(wider._core, x)[1]
        total = sum(of_weights[:, columns] @ matrix for columns, matrix in read)
        jacobian[rows] = np.reshape(total, (len(x), q, d))
    return jacobian


def _with_ones(net: MLP) -> tuple[MLP, int]:
    """Return a network of the same outputs with further inputs, and how many these are.

    Shortcuts from the inputs lead through a projection in it, as no hidden layer is of its width.
    """
    d, *later = net.layer_sizes
    constants = next(k for k in range(1, len(later) + 2) if d + k not in later)
    wider = type(net)(
        (d + constants, *later),
        net.activation,
        net.output_activation,
        initializer="zeros",
        normalization=net.normalization,
        residual=net.residual,
    )
    for old, new in zip(net._views.layers(), wider._views.layers(), strict=True):
        for name, values in new.items():
            if name not in old:  # a projection where there was none
                values[:d], values[d:] = np.eye(d, values.shape[1]), 0
            elif values.shape == old[name].shape:
                values[...] = old[name]
            else:
                values[:d], values[d:] = old[name], 0
    return wider, constants


def _readers(net: MLP) -> list[tuple[str, int]]:
    """Return the matrices that read the inputs: their names, and the layers, counted from 1."""
    return [("W", 1), *(("P", end) for start, end in net._hidden.shortcuts if start == 0)]


def _in_use(net: MLP) -> MLP:
    """Return the network in double precision, without what acts in training alone."""
    if net.dtype != np.float64:
        net = net.astype("float64")
    if net._hidden.uses_batch:
        return fold(net)
    if not net._hidden.drops:
        return net
    state = net.__getstate__() | {"dropout": 0.0, "history": None}
    other = type(net).__new__(type(net))
    other.__setstate__(state)
    return other
