"""How weights start; biases start at zero."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

_HE = ("relu", "leaky_relu", "elu", "gelu", "silu")

Initializer = str


def initial_parameters(
    layer_sizes: Sequence[int], activations: Sequence[str], initializer: Any, seed: int
) -> npt.NDArray[np.float64]:
    """Return the flat vector of a network: W (fan_in × fan_out, C order), then b, for each layer.

    ``activations`` names one for each layer, the output's last.
    """
    rng = np.random.default_rng(seed)
    parts = []
    for i, (fan_in, fan_out) in enumerate(pairwise(layer_sizes)):
        hidden = i < len(layer_sizes) - 2
        sd = np.sqrt(2 / (fan_in + fan_out))
        if hidden and activations[i] in _HE:
            sd = np.sqrt(2 / fan_in)
        elif hidden and activations[i] == "selu":
            sd = np.sqrt(1 / fan_in)
        if initializer == "zeros":
            sd = 0.0
        parts += [sd * rng.standard_normal(fan_in * fan_out), np.zeros(fan_out)]
    return np.concatenate(parts)
