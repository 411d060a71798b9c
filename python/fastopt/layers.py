"""What hidden layers have beyond weights and an activation: normalisation, dropout, shortcuts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._settings import Settings, choice, flag, integer, number

Array = npt.NDArray[Any]


@dataclass
class BatchNormalization(Settings):
    """γ·(z − μ)/√(σ² + ε) + β, with mean and variance of each unit over the batch.

    In use, ``predict`` and ``evaluate``, running statistics take their place. After each update of
    the weights they move: running ← momentum·running + (1 − momentum)·batch, from mean 0 and
    variance 1 on. σ² is the biased variance (÷ B) in both places. A last batch of one sample joins
    the batch before it.

    Parameters
    ----------
    momentum : float
        In [0, 1), 0.99 by default, as Keras states it; PyTorch's momentum is 1 minus this one.
    epsilon : float
        ε, 1e-3 by default (Keras); > 0.
    position : {"before", "after"}
        Of the activation. "before" (default): such a layer has W, γ, β and no b. "after": it keeps
        b.

    References
    ----------
    Ioffe & Szegedy 2015; Géron 2019, chapter 11.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.BatchNormalization(momentum=0.9)
    BatchNormalization(momentum=0.9, epsilon=0.001, position='before')
    >>> net = fastopt.MLP([4, 16, 1], "relu", normalization=fastopt.BatchNormalization(0.9))
    """

    momentum: float = number(0.99, low=0, below=1)
    epsilon: float = number(1e-3, above=0)
    position: str = choice(("before", "after"), "before")


@dataclass
class LayerNormalization(Settings):
    """γ·(z − μ)/√(σ² + ε) + β, with mean and (biased) variance of each sample over its units.

    Training and use are the same, batches may be of any size, and second-order methods work.

    Parameters
    ----------
    epsilon : float
        ε, 1e-5 by default (PyTorch); > 0.
    position : {"before", "after"}
        Of the activation. "before" (default): such a layer has W, γ, β and no b. "after": it keeps
        b.

    References
    ----------
    Ba, Kiros & Hinton 2016.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.LayerNormalization(position="after")
    LayerNormalization(epsilon=1e-05, position='after')
    >>> net = fastopt.MLP([4, 16, 1], normalization="layer")
    """

    epsilon: float = number(1e-5, above=0)
    position: str = choice(("before", "after"), "before")


@dataclass
class Residual(Settings):
    """Shortcuts around blocks of hidden layers: a_e ← a_e + a_s, or a_e + a_s P.

    a_s are the inputs of a block (after their dropout), a_e the outputs of its last layer. The last
    block is shorter where the layers are no multiple of ``layers``.

    Parameters
    ----------
    layers : int
        The hidden layers in a block, ≥ 1; 1 by default.
    projection : bool
        False (default): widths must be equal, and the blocks begin after the first hidden layer,
        which brings the inputs to their width. True: they begin at the inputs, and where widths
        differ, P (width of a_s × width of a_e) is learned.

    References
    ----------
    He et al. 2016; Géron 2019, chapter 14.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Residual(2)
    Residual(layers=2, projection=False)
    >>> net = fastopt.MLP([4, 16, 16, 8, 8, 1], residual=fastopt.Residual(2, projection=True))
    """

    layers: int = integer(1, low=1)
    projection: bool = flag(False)


Normalization = BatchNormalization | LayerNormalization
_NAMES: dict[str, type[BatchNormalization] | type[LayerNormalization]] = {
    "batch": BatchNormalization,
    "layer": LayerNormalization,
}


class HiddenLayers:
    """The checked options of a network's hidden layers, and where each array lies.

    The flat vector holds, layer by layer: W (fan_in × fan_out, C order), b where no normalisation
    stands before the activation, γ and β where one stands anywhere, and the projection P of a
    shortcut from another width.
    """

    def __init__(
        self, layer_sizes: Sequence[int], normalization: Any, dropout: Any, residual: Any
    ) -> None:
        self.layer_sizes = tuple(layer_sizes)
        n_hidden = len(self.layer_sizes) - 2
        self.normalization = _check_normalization(normalization, n_hidden)
        self.rates = _check_dropout(dropout, n_hidden)
        self.residual = _check_residual(residual)
        self.shortcuts = _shortcuts(self.residual, self.layer_sizes)
        self.arrays = self._place()

    @property
    def uses_batch(self) -> bool:
        """Whether the loss of one sample depends on the others of its batch."""
        return isinstance(self.normalization, BatchNormalization)

    @property
    def normalized_widths(self) -> tuple[int, ...]:
        """The widths of the layers that keep running means and variances."""
        return self.layer_sizes[1:-1] if self.uses_batch else ()

    @property
    def drops(self) -> bool:
        """Whether there is any dropout."""
        return any(self.rates)

    @property
    def dropout(self) -> float | tuple[float, ...]:
        """One rate, where inputs have none and hidden layers share it, or all of them."""
        if not self.drops:
            return 0.0
        inputs, *hidden = self.rates
        return hidden[0] if not inputs and len(set(hidden)) == 1 else self.rates

    @property
    def n_parameters(self) -> int:
        """The length of the flat vector."""
        offset, shape = list(self.arrays[-1].values())[-1]
        return offset + math.prod(shape)

    def core_arguments(self) -> tuple[Any, ...]:
        """Return what the compiled network is made of, beside sizes and activations."""
        rates = list(self.rates) if self.drops else []
        shortcuts = list(self.shortcuts)
        n = self.normalization
        if n is None:
            return ("", False, 0.0, 0.0, rates, shortcuts)
        kind, momentum = ("layer", 0.0)
        if isinstance(n, BatchNormalization):
            kind, momentum = "batch", n.momentum
        return (kind, n.position == "after", n.epsilon, momentum, rates, shortcuts)

    def views(self, flat: Array) -> list[dict[str, Array]]:
        """Return the arrays of each layer, by the names W, b, gamma, beta, P, as views."""
        return [
            {
                name: flat[offset : offset + math.prod(shape)].reshape(shape)
                for name, (offset, shape) in layer.items()
            }
            for layer in self.arrays
        ]

    def check_batch(self, batch_size: int, n_samples: int) -> None:
        """Raise ValueError where batch normalisation would see one sample alone."""
        if not self.uses_batch or min(batch_size, n_samples) > 1:
            return
        given, remedy = ("X has one sample", "more samples")
        if n_samples > 1:
            given, remedy = "batch_size=1", "a batch_size of at least 2"
        raise ValueError(
            f"{given}: batch normalisation has nothing to average in a batch of one sample; use "
            f"normalization='layer', or {remedy}"
        )

    def check_second_order(self, method: str) -> None:
        """Raise ValueError where the loss is no fixed function of the weights."""
        if self.uses_batch:
            raise ValueError(
                f"{method} needs a loss whose samples do not depend on each other, and "
                "normalization='batch' ties them by the statistics of the batch: use "
                "normalization='layer', or a first-order optimizer such as 'adam'"
            )
        if self.drops:
            raise ValueError(
                f"{method} needs a loss that is the same in each iteration, and "
                f"dropout={self.dropout} draws new masks: use dropout=0, or a first-order "
                "optimizer such as 'adam'"
            )

    def _place(self) -> list[dict[str, tuple[int, tuple[int, ...]]]]:
        start, layers = 0, []
        ends = {end: begin for begin, end in self.shortcuts}
        for layer, (fan_in, fan_out) in enumerate(pairwise(self.layer_sizes), start=1):
            normalization = self.normalization if layer < len(self.layer_sizes) - 1 else None
            shapes: dict[str, tuple[int, ...]] = {"W": (fan_in, fan_out)}
            if normalization is None or normalization.position == "after":
                shapes["b"] = (fan_out,)
            if normalization is not None:
                shapes["gamma"] = shapes["beta"] = (fan_out,)
            if layer in ends and self.layer_sizes[ends[layer]] != fan_out:
                shapes["P"] = (self.layer_sizes[ends[layer]], fan_out)
            placed = {}
            for name, shape in shapes.items():
                placed[name] = (start, shape)
                start += math.prod(shape)
            layers.append(placed)
        return layers


def _check_normalization(normalization: Any, n_hidden: int) -> Normalization | None:
    if isinstance(normalization, str):
        normalization = _NAMES[
            _validation.choice("normalization", normalization, _NAMES, "normalization")
        ]()
    if normalization is None:
        return None
    if not isinstance(normalization, BatchNormalization | LayerNormalization):
        raise TypeError(
            "normalization must be None, 'batch', 'layer', a BatchNormalization or a "
            f"LayerNormalization, got {normalization!r}"
        )
    if n_hidden == 0:
        raise ValueError(f"normalization={normalization!r} is of hidden layers, and there are none")
    return normalization


def _check_dropout(dropout: Any, n_hidden: int) -> tuple[float, ...]:
    """Return the rates of the inputs and of each hidden layer."""
    if isinstance(dropout, np.ndarray):
        dropout = dropout.tolist()
    if isinstance(dropout, str) or not isinstance(dropout, Sequence):
        rate = _validation.number("dropout", dropout, low=0, below=1)
        if rate > 0 and n_hidden == 0:
            raise ValueError(
                f"dropout={rate} is of hidden layers, and there are none; dropout=[{rate}] is that "
                "of the inputs"
            )
        return (0.0, *(rate,) * n_hidden)
    rates = list(dropout)
    if len(rates) not in (n_hidden, n_hidden + 1):
        raise ValueError(
            f"dropout must be one rate, one for each of the {n_hidden} hidden layers, or one more "
            f"with that of the inputs first, got {len(rates)}"
        )
    checked = [
        _validation.number(f"dropout[{i}]", rate, low=0, below=1) for i, rate in enumerate(rates)
    ]
    return tuple(checked) if len(rates) > n_hidden else (0.0, *checked)


def _check_residual(residual: Any) -> bool | int | str | Residual:
    if isinstance(residual, Residual):
        return residual
    allowed = "False, True, 'projection', a number of layers in a block ≥ 1 or a Residual"
    if isinstance(residual, bool | np.bool_):
        return bool(residual)
    if isinstance(residual, str):
        if residual != "projection":
            raise ValueError(f"residual must be {allowed}, got {residual!r}")
        return residual
    try:
        return _validation.integer("residual", residual, low=1)
    except (TypeError, ValueError) as error:
        raise type(error)(f"residual must be {allowed}, got {residual!r}") from None


def _blocks(residual: bool | int | str | Residual) -> Residual:
    if isinstance(residual, Residual):
        return residual
    return Residual(projection=True) if residual == "projection" else Residual(int(residual))


def _shortcuts(
    residual: bool | int | str | Residual, sizes: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """Return (start, end) of each block: a_end gets a_start added; 0 is the inputs."""
    if residual is False:
        return ()
    blocks, n_hidden = _blocks(residual), len(sizes) - 2
    first = 0 if blocks.projection else 1
    least = first + blocks.layers
    if n_hidden < least:
        raise ValueError(
            f"residual={residual!r} needs at least {least} hidden layer{'s' * (least > 1)}, got "
            f"{n_hidden}"
        )
    pairs = tuple(
        (start, min(start + blocks.layers, n_hidden))
        for start in range(first, n_hidden, blocks.layers)
    )
    for start, end in pairs:
        if sizes[start] != sizes[end] and not blocks.projection:
            remedy = (
                "residual='projection'"
                if blocks.layers == 1
                else f"Residual({blocks.layers}, projection=True)"
            )
            raise ValueError(
                f"residual={residual!r} adds the {sizes[start]} outputs of hidden layer {start} to "
                f"the {sizes[end]} of hidden layer {end}: their widths must be equal; {remedy} "
                "learns a projection where they differ"
            )
    return pairs
