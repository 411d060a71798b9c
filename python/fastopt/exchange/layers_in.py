"""A network made of the layers that other software lists, one after the other.

A layer is a `Dense`, `Norm`, `Act` or `Drop`; what does not fit a network of fastopt's is refused
by the name that it has where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._architecture import OF_OUTPUTS
from fastopt.layers import BatchNormalization, LayerNormalization, Normalization
from fastopt.network import MLP
from fastopt.training.scaling import Scaling

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Dense:
    """x W + b."""

    W: Numbers
    b: Numbers | None
    name: str


@dataclass(frozen=True)
class Norm:
    """Normalisation over the batch, by these statistics in use, or over units (mean is None)."""

    gamma: Numbers | None
    beta: Numbers | None
    epsilon: float
    name: str
    mean: Numbers | None = None
    variance: Numbers | None = None
    momentum: float = 0.99


@dataclass(frozen=True)
class Act:
    """An activation by fastopt's name."""

    activation: str
    name: str


@dataclass(frozen=True)
class Drop:
    """Dropout."""

    rate: float
    name: str
    alpha: bool = False


Layer = Dense | Norm | Act | Drop


@dataclass
class _Block:
    """A dense layer with what follows it."""

    dense: Dense
    norm: Norm | None = None
    after: bool = False
    act: Act | None = None
    drop: Drop | None = None

    @property
    def activation(self) -> str:
        return "identity" if self.act is None else self.act.activation

    @property
    def _is_linear(self) -> bool:
        return self.activation == "identity" and not self.after

    def add(self, layer: Layer) -> None:
        if isinstance(layer, Norm) and self.norm is None and self.drop is None:
            self.norm, self.after = layer, self.act is not None
        elif isinstance(layer, Act) and layer.activation == "identity":
            self.act = self.act or layer
        elif isinstance(layer, Act) and self._is_linear and self.drop is None:
            self.act = layer
        elif isinstance(layer, Drop) and self.drop is None:
            self.drop = layer
        else:
            raise ValueError(
                f"{layer.name} cannot stand where it does: after a dense layer fastopt has one "
                "normalisation before or after one activation, then dropout"
            )


def network(
    layers: list[Layer],
    dtype: Any,
    *,
    residual: Any = False,
    projections: Mapping[int, Numbers] | None = None,
) -> MLP:
    """Return the network that these layers are, with their weights, and of its shortcuts P."""
    rest, inputs_dropped = list(layers), 0.0
    if rest and isinstance(rest[0], Drop):
        inputs_dropped = rest[0].rate
        rest = rest[1:]
    if not rest or not isinstance(rest[0], Dense):
        first = f"got {rest[0].name} first" if rest else "there is none"
        raise ValueError(f"a network of dense layers is needed, and {first}")
    blocks: list[_Block] = []
    for layer in rest:
        if isinstance(layer, Dense):
            _check_width(blocks, layer)
            blocks.append(_Block(layer))
        else:
            blocks[-1].add(layer)
    *hidden, last = blocks
    for extra in (last.norm, last.drop):
        if extra is not None:
            raise ValueError(
                f"{extra.name} of the last dense layer: normalisation and dropout are of hidden "
                "layers"
            )
    for block in hidden:
        if block.activation in OF_OUTPUTS:
            raise ValueError(
                f"{block.act.name} of a hidden layer: {block.activation} is of outputs"  # type: ignore[union-attr]
            )
    rates = [0.0 if block.drop is None else block.drop.rate for block in hidden]
    _check_alpha(hidden)
    net = MLP(
        [blocks[0].dense.W.shape[0], *(block.dense.W.shape[1] for block in blocks)],
        [block.activation for block in hidden] or "tanh",
        last.activation,
        dtype=np.dtype(dtype),
        initializer="zeros",
        normalization=_normalization(hidden),
        dropout=[inputs_dropped, *rates],
        residual=residual,
    )
    _fill(net, blocks)
    for end, P in (projections or {}).items():
        _put(net._views.layers()[end - 1]["P"], P, f"the shortcut to layer {end}")
    return net


def scaling_of_inputs(factor: Numbers, shift: Numbers) -> Scaling | None:
    """Return the scaling that factor·x + shift is; None: it is none, and goes into the weights.

    Factors must not be negative. A column with the factor 0 is dropped, as a constant one is: its
    shift must be 0, too.
    """
    if not (factor >= 0).all() or shift[factor == 0].any():
        return None
    scale, offset = np.zeros(len(factor)), np.zeros(len(factor))
    with np.errstate(over="ignore"):
        np.divide(1.0, factor, out=scale, where=factor > 0)
        np.divide(-shift, factor, out=offset, where=factor > 0)
    return Scaling(offset, scale) if np.isfinite([offset, scale]).all() else None


def _check_width(blocks: list[_Block], layer: Dense) -> None:
    if layer.W.ndim != 2 or 0 in layer.W.shape:
        raise ValueError(f"{layer.name} must have a matrix of weights, got {layer.W.shape}")
    before = blocks[-1].dense.W.shape[1] if blocks else layer.W.shape[0]
    if layer.W.shape[0] != before:
        raise ValueError(
            f"{layer.name} has {layer.W.shape[0]} inputs, and the layer before it {before} outputs"
        )
    if layer.b is not None and layer.b.shape != layer.W.shape[1:]:
        raise ValueError(f"{layer.name} must have {layer.W.shape[1]} biases, got {layer.b.shape}")


def _check_alpha(hidden: list[_Block]) -> None:
    """Refuse dropout that training here would do otherwise."""
    for block in hidden:
        drop = block.drop
        if drop is not None and drop.rate > 0 and drop.alpha != (block.activation == "selu"):
            raise ValueError(
                f"{drop.name} after {block.activation!r}: fastopt has alpha dropout after 'selu' "
                "and inverted dropout after the others; leave it out, predictions are the same"
            )


def _normalization(hidden: list[_Block]) -> Normalization | None:
    """Return the normalisation that all hidden layers share."""
    norms = [block.norm for block in hidden]
    found = next((norm for norm in norms if norm is not None), None)
    if found is None:
        return None
    kinds = {
        None if n is None else (n.mean is None, n.epsilon, n.momentum, block.after)
        for n, block in zip(norms, hidden, strict=True)
    }
    if len(kinds) > 1:
        raise ValueError(
            f"{found.name}: all hidden layers must be normalised alike, or none (fold batch "
            "normalisation into the weights where it comes from)"
        )
    position = "after" if hidden[0].after else "before"
    if found.mean is None:
        return LayerNormalization(found.epsilon, position)
    return BatchNormalization(found.momentum, found.epsilon, position)


def _fill(net: MLP, blocks: list[_Block]) -> None:
    statistics = []
    for arrays, block in zip(net._views.layers(), blocks, strict=True):
        width, norm = block.dense.W.shape[1], block.norm
        _put(arrays["W"], block.dense.W, block.dense.name)
        b = np.zeros(width) if block.dense.b is None else block.dense.b
        if "b" in arrays:
            _put(arrays["b"], b, block.dense.name)
        if norm is None:
            continue
        _put(arrays["gamma"], np.ones(width) if norm.gamma is None else norm.gamma, norm.name)
        _put(arrays["beta"], np.zeros(width) if norm.beta is None else norm.beta, norm.name)
        if norm.mean is not None and norm.variance is not None:
            # What normalises before the activation takes a bias away again: it has none here.
            mean = norm.mean.astype(np.float64) - (b if "b" not in arrays else 0)
            statistics += [mean, norm.variance]
        elif "b" not in arrays and b.any():
            raise ValueError(
                f"{block.dense.name} has biases and is normalised by {norm.name} before its "
                "activation: fastopt's layer normalisation there has none"
            )
    if statistics:
        net.statistics = np.concatenate(statistics)


def _put(to: Numbers, values: Numbers, name: str) -> None:
    if to.shape != values.shape:
        raise ValueError(f"{name} must hold an array of shape {to.shape}, got {values.shape}")
    with np.errstate(over="ignore"):  # told below
        to[...] = values
    if not np.isfinite(to).all():
        raise ValueError(f"{name} holds numbers that are not finite in {to.dtype}")
