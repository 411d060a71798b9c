"""Where variable projection begins in a new network: hidden units that are spread over the data."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt.training.problem import Problem

Array = npt.NDArray[np.float64]

# Lengths of a unit's weights over H^{1/n}, in half ranges of its n inputs. As output weights are
# solved for, what counts is how units differ: Glorot's are all nearly linear on inputs in [-1, 1],
# and a fast sine has no gradient in them. 0.7 is Nguyen and Widrow's (1990), best for several
# hidden layers (two spirals: 20 of 20 starts, with 0.35 four, with Glorot's none); one layer is
# more often at its goal with less (the fast sine 0.25 to 0.35, sinc · sinc 0.25; bench/league).
_SHALLOW, _DEEP = 0.25, 0.7
# What the argument of an activation is to tanh's.
_STEEPNESS = {"tanh": 1.0, "sigmoid": 2.0}
# Of the data, so many at most are looked at.
_SAMPLES = 1000
# Initialisers count their arrays from 0 on.
_PART = 0xFFFF_FFFF


def spread(problem: Problem, w0: Array, seed: int) -> Array:
    """Return weights to begin with: of a new network spread over the data, others as they are.

    A network is new where all hidden biases are zero. The weights of a unit keep their direction
    and become as long as Nguyen and Widrow's where they are shorter, and each unit changes sign at
    a sample that is drawn for it.
    """
    network = problem.network
    names = network._activations
    hidden = network._hidden
    w = w0.copy()
    layers = hidden.views(w)[:-1]
    plain = not hidden.shortcuts and all("b" in layer for layer in layers)
    if not plain or not set(names) <= _STEEPNESS.keys():
        return w0
    if any(layer["b"].any() for layer in layers):
        return w0
    a = _samples(problem)
    share = _SHALLOW if len(layers) == 1 else _DEEP
    for i, (layer, name) in enumerate(zip(layers, names, strict=True)):
        W, b = layer["W"], layer["b"]
        n, H = W.shape
        half = np.ptp(a, axis=0) / 2 if i == 0 else np.ones(n)
        lengths = np.linalg.norm(W * half[:, None], axis=0)
        wanted = _STEEPNESS[name] * share * H ** (1 / n)
        W *= np.maximum(np.divide(wanted, lengths, out=np.ones(H), where=lengths > 0), 1)
        drawn = _core.random_uniform(seed, _PART - i, 1, H)[0]
        rows = np.minimum((drawn * len(a)).astype(int), len(a) - 1)
        b[:] = -np.einsum("ji,ij->j", a[rows], W)
        z = a @ W + b
        a = np.tanh(z) if name == "tanh" else 0.5 * (1 + np.tanh(z / 2))
    return w


def _samples(problem: Problem) -> Any:
    """Return inputs as the network sees them, of all data or of rows at equal distances."""
    data = problem.data
    at = np.linspace(0, len(data) - 1, min(len(data), _SAMPLES)).astype(int)
    inputs = np.asarray(data.inputs[at if data.rows is None else data.rows[at]], np.float64)
    scaling = None if data.scalings is None else data.scalings.inputs
    return inputs if scaling is None else scaling.transform(inputs)
