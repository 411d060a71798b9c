"""Of what a network is made: layer sizes, activations and dtype, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fastopt import _core, _validation


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
    known = [name for name in _core.activation_names if name != "softmax"]
    if isinstance(activation, str):
        return (_validation.choice("activation", activation, known),) * n_hidden
    if not isinstance(activation, Sequence | np.ndarray):
        raise TypeError(f"activation must be a name or a sequence of names, got {activation!r}")
    names = tuple(activation)
    if len(names) != n_hidden:
        raise ValueError(
            f"activation must be one name or one for each of the {n_hidden} hidden layers, got "
            f"{len(names)}"
        )
    return tuple(
        _validation.choice(f"activation[{i}]", name, known) for i, name in enumerate(names)
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
