"""Of what a network is made: layer sizes, activations and dtype; checked, and shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastopt import _core, _validation
from fastopt._html import table
from fastopt._trainable import names_of

if TYPE_CHECKING:
    from fastopt.network import MLP


# Activations of output layers alone.
OF_OUTPUTS = ("exp", "softmax", "increasing")


def summary(net: MLP) -> str:
    """Return a table of the layers: widths, activations, numbers of parameters.

    Networks that have any of them get a column for normalisation, dropout and shortcuts: "+ 1"
    adds the outputs of layer 1, "+ 0 P" the inputs times P.

    Examples
    --------
    >>> import fastopt
    >>> print(fastopt.MLP([4, 8, 3], output_activation="softmax").summary())
    layer    inputs  outputs  activation  parameters
    1             4        8  tanh                40
    2             8        3  softmax             27
    total                                         67
    >>> net = fastopt.MLP([4, 8, 8, 3], normalization="batch", dropout=0.2, residual=True)
    >>> print(net.summary())
    layer    inputs  outputs  activation  parameters  extras
    1             4        8  tanh                48  batch, dropout 0.2
    2             8        8  tanh                80  batch, dropout 0.2, + 1
    3             8        3  identity            27
    total                                        155
    """
    layers = _layers_in_words(net)
    head = f"{'layer':<6}{'inputs':>9}{'outputs':>9}  {'activation':<10}{'parameters':>12}"
    rows = [head + "  extras" * any(layer[-1] for layer in layers)]
    for i, fan_in, fan_out, name, size, extra in layers:
        rows.append(f"{i:<6}{fan_in:>9}{fan_out:>9}  {name:<10}{size:>12}  {extra}".rstrip())
    rows.append(f"{'total':<36}{net._hidden.n_parameters:>12}")
    return "\n".join(rows)


def html(net: MLP) -> str:
    """Return the table of the layers for notebooks."""
    head = ("layer", "inputs", "outputs", "activation", "parameters", "extras")
    total = ("total", "", "", "", net._hidden.n_parameters, "")
    return table(repr(net), head, [*_layers_in_words(net), total])


def _layers_in_words(net: MLP) -> list[tuple[int, int, int, str, int, str]]:
    """Return of each layer its number, inputs, outputs, activation, parameters and extras."""
    names = (*net._activations, net._output_activation)
    layers = []
    for i, (arrays, name) in enumerate(zip(net._hidden.arrays, names, strict=True), start=1):
        fan_in, fan_out = arrays["W"][1]
        size = sum(math.prod(shape) for _, shape in arrays.values())
        layers.append((i, fan_in, fan_out, name, size, _extras(net, i)))
    return layers


def _extras(net: MLP, layer: int) -> str:
    """Return what layer 1, 2, … has beside weights, biases and an activation."""
    hidden, words = net._hidden, []
    normalization = hidden.normalization
    if layer == 1 and hidden.rates[0]:
        words.append(f"dropout {hidden.rates[0]:g} of inputs")
    if layer < len(net._layer_sizes) - 1:
        if normalization is not None:
            kind = "batch" if hidden.uses_batch else "layer"
            words.append(kind + " after" * (normalization.position == "after"))
        if hidden.rates[layer]:
            words.append(f"dropout {hidden.rates[layer]:g}")
    projects = " P" * ("P" in hidden.arrays[layer - 1])
    frozen = [n for n in names_of(hidden)[layer - 1] if n not in net._trainable.trained]
    if frozen:
        whole = len(frozen) == len(names_of(hidden)[layer - 1])
        words.append("frozen" if whole else f"frozen {' '.join(frozen)}")
    words += [
        f"tied {' '.join(group)}"
        for group in net._trainable.tied
        if any(name in group for name in names_of(hidden)[layer - 1])
    ]
    words += [f"+ {start}{projects}" for start, end in hidden.shortcuts if end == layer]
    return ", ".join(words)


def text(net: MLP) -> str:
    """Return a network as Python code that makes one like it."""
    names = (
        *("activation", "output_activation", "dtype", "normalization", "dropout", "residual"),
        *("scale_inputs", "scale_targets"),
    )
    settings = {name: getattr(net, name) for name in names} | {"dtype": net._dtype.name}
    words = [f"{name}={value!r}" for name, value in settings.items() if value]
    return f"MLP({', '.join([str(list(net._layer_sizes)), *words])})"


def check_sizes(layer_sizes: Any) -> tuple[int, ...]:
    """Return the numbers of inputs, hidden units and outputs."""
    try:
        sizes = tuple(layer_sizes)
    except TypeError:
        raise TypeError(
            f"layer_sizes must be a sequence of integers, got {layer_sizes!r}"
        ) from None
    if len(sizes) < 2:
        raise ValueError(
            f"layer_sizes must name at least the inputs and the outputs, got {layer_sizes!r}"
        )
    return tuple(_validation.integer(f"layer_sizes[{i}]", n, low=1) for i, n in enumerate(sizes))


def check_activations(activation: Any, n_hidden: int) -> tuple[str, ...]:
    """Return the name of each hidden layer's activation."""
    known = [name for name in _core.activation_names if name not in OF_OUTPUTS]
    if isinstance(activation, str):
        return (_validation.choice("activation", activation, known, "activation"),) * n_hidden
    if not isinstance(activation, Sequence | np.ndarray):
        raise TypeError(f"activation must be a name or a sequence of names, got {activation!r}")
    names = tuple(activation)
    if len(names) != n_hidden:
        raise ValueError(
            f"activation must be one name or one for each of the {n_hidden} hidden layers, got "
            f"{len(names)}"
        )
    return tuple(
        _validation.choice(f"activation[{i}]", name, known, "activation")
        for i, name in enumerate(names)
    )


def check_dtype(dtype: Any) -> np.dtype[Any]:
    """Return float32 or float64, in the machine's byte order."""
    try:
        checked = np.dtype(object if dtype is None else dtype)
    except TypeError:
        raise TypeError(f"dtype must be 'float64' or 'float32', got {dtype!r}") from None
    if checked not in (np.float64, np.float32):
        raise ValueError(f"dtype must be 'float64' or 'float32', got {dtype!r}")
    return np.dtype(np.float32 if checked == np.float32 else np.float64)
