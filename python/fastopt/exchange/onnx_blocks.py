"""The parts of an ONNX model put together to the layers of a network, from the input on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError
from fastopt.exchange.layers_in import Act, Dense, Layer, Norm, network, scaling_of_inputs
from fastopt.layers import HiddenLayers, Residual
from fastopt.network import MLP
from fastopt.training.scaling import Scaling, Scalings

Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class Map:
    """factor·x + shift of each column: (1,) or (k,) numbers."""

    factor: Numbers
    shift: Numbers
    name: str


@dataclass(frozen=True)
class Shortcut:
    """+ an earlier tensor, times P where there is one."""

    start: str
    P: Numbers | None
    name: str


@dataclass(frozen=True)
class Shape:
    """The same numbers in another shape."""

    dims: list[int]
    name: str


Part = Dense | Norm | Act | Map | Shortcut | Shape


@dataclass
class _Block:
    """A dense layer with what follows it: norm(φ(map(x W + b))) and so on."""

    dense: Dense
    end: str  # the tensor that it gives so far
    norm: Norm | None = None  # of the units of each sample
    norm_is_last: bool = False
    act: Act | None = None
    map: Map | None = None  # before the activation until there is one, then behind it
    shortcut: Shortcut | None = None

    @property
    def width(self) -> int:
        return int(self.dense.W.shape[1])

    @property
    def is_bare(self) -> bool:
        return self.act is None and self.norm is None and self.shortcut is None

    def fold(self) -> None:
        """Put the map before the activation into the weights."""
        if self.map is not None and self.is_bare:
            self.dense, self.map = _times(self.dense, self.map), None


class Chain:
    """Takes the parts of a network in turn."""

    def __init__(self, inputs: str, most: int) -> None:
        """Start at the tensor of the inputs, for a network of at most so many weights."""
        self._inputs, self._left = inputs, most
        self._map: Map | None = None
        self._blocks: list[_Block] = []
        self._is_single = False
        self._column = False  # whether the outputs became one dimension

    def add(self, name: str, part: Part) -> None:
        """Take the part that gives the tensor ``name``."""
        block = self._blocks[-1] if self._blocks else None
        if self._column and not isinstance(part, Map):
            raise FormatError(f"{part.name} comes after a reshape to one dimension")
        if isinstance(part, Norm) and part.mean is not None:
            part = _as_map(part)
        if isinstance(part, Dense):
            self._take_dense(name, part)
            return
        if block is None:
            if isinstance(part, Map):
                self._map, self._inputs = _after(self._map, part), name
            elif not isinstance(part, Shape):
                raise FormatError(f"{part.name} comes before the first dense layer")
            return
        if isinstance(part, Shape):
            self._take_shape(block, part)
        elif block.shortcut is not None:
            raise FormatError(f"{part.name} comes between a shortcut and the next dense layer")
        elif isinstance(part, Map):
            _check_width(block, part, part.factor, part.shift)
            is_bias = block.is_bare and block.map is None and bool((part.factor == 1).all())
            if is_bias:
                block.dense = _times(block.dense, part)
            else:
                block.map = _after(block.map, part)
        else:
            block.fold()
            self._take(block, part)
        block.end = name

    def _take_dense(self, name: str, dense: Dense) -> None:
        if self._blocks:
            self._blocks[-1].fold()
            self._check_fan_in(dense, self._blocks[-1].width)
        self._spend(dense.W, dense.name)
        self._is_single |= dense.W.dtype != np.float64
        if dense.b is not None:
            b = np.broadcast_to(dense.b, dense.W.shape[1:]) if dense.b.size == 1 else dense.b
            dense = Dense(dense.W, b, dense.name)
        self._blocks.append(_Block(dense, name))

    def _spend(self, W: Numbers, name: str) -> None:
        self._left -= W.size
        if self._left < 0:
            raise FormatError(f"{name} uses weights that another layer has: one network cannot")

    @staticmethod
    def _check_fan_in(dense: Dense, width: int) -> None:
        if dense.W.shape[0] != width:
            raise FormatError(
                f"{dense.name} reads {dense.W.shape[0]} numbers, and the layer before it gives "
                f"{width}"
            )

    def _take(self, block: _Block, part: Norm | Act | Shortcut) -> None:
        if isinstance(part, Shortcut):
            if part.P is not None:
                self._spend(part.P, part.name)
            block.shortcut = part
        elif isinstance(part, Norm) and block.norm is None and block.map is None:
            _check_width(block, part, part.gamma, part.beta)
            block.norm, block.norm_is_last = part, block.act is not None
        elif isinstance(part, Act) and block.act is None and block.map is None:
            block.act = part
        else:
            raise FormatError(
                f"{part.name} cannot stand where it does: after a dense layer fastopt has one "
                "normalisation before or after one activation"
            )

    def _take_shape(self, block: _Block, part: Shape) -> None:
        dims, width = part.dims, block.width
        self._column = width == 1 and dims == [-1]
        if not self._column and (len(dims) != 2 or dims[1] not in (width, -1)):
            raise FormatError(f"{part.name} makes {dims} of (N, {width})")
        if len(dims) == 2 and dims[1] == -1 and dims[0] < 0:
            raise FormatError(f"{part.name} makes {dims} of (N, {width})")

    # --- the network -----------------------------------------------------------------------------

    def network(self) -> MLP:
        """Return the network of all parts."""
        if not self._blocks:
            raise FormatError("the model has no dense layer")
        *hidden, last = self._blocks
        shortcuts = self._shortcuts(hidden)
        for part in (last.shortcut, last.norm):
            if part is not None:
                raise FormatError(f"{part.name} of the last dense layer: fastopt has it of hidden")
        inputs, targets = self._scaling_of_inputs(shortcuts), self._scaling_of_targets(last)
        if shortcuts:
            _maps_to_norms(hidden)
        else:
            self._fold_maps()
        _place_norms(hidden)
        net = network(
            [layer for block in self._blocks for layer in _layers(block)],
            np.float32 if self._is_single else np.float64,
            residual=_residual(self._sizes, shortcuts),
            projections={end: P for _, end, P in shortcuts if P is not None},
        )
        if inputs is not None or targets is not None:
            own, theirs = (None if s is None else "standard" for s in (inputs, targets))
            net._take_scalings(Scalings(own, theirs, inputs, targets))
        return net

    @property
    def _sizes(self) -> tuple[int, ...]:
        return (self._blocks[0].dense.W.shape[0], *(block.width for block in self._blocks))

    def _shortcuts(self, hidden: list[_Block]) -> list[_Pair]:
        ends = {self._inputs: 0, **{block.end: i for i, block in enumerate(hidden, start=1)}}
        found: list[_Pair] = []
        for i, block in enumerate(hidden, start=1):
            if (one := block.shortcut) is not None:
                if one.start not in ends:
                    raise FormatError(f"{one.name} adds what is not the output of a layer")
                found.append((ends[one.start], i, one.P))
        return found

    def _scaling_of_inputs(self, shortcuts: list[_Pair]) -> Scaling | None:
        """Return the scaling that the map of the inputs is; what is none goes into the weights."""
        if self._map is None:
            return None
        width = self._sizes[0]
        factor, shift = (np.broadcast_to(v, width) for v in _rows(self._map, width))
        if (scaling := scaling_of_inputs(factor, shift)) is not None:
            return scaling
        if any(start == 0 for start, _, _ in shortcuts):
            raise FormatError(f"{self._map.name}: a negative scale of inputs that a shortcut adds")
        first = self._blocks[0]
        first.dense = _behind(Map(factor, shift, self._map.name), first.dense)
        return None

    def _scaling_of_targets(self, last: _Block) -> Scaling | None:
        if last.map is None:
            return None
        if last.act is not None:
            raise FormatError(f"{last.map.name} of outputs behind {last.act.name}")
        factor, shift = (np.array(np.broadcast_to(v, last.width)) for v in _rows(last.map, None))
        if (factor >= 0).all():
            last.map = None
            return Scaling(shift, factor)
        last.fold()
        return None

    def _fold_maps(self) -> None:
        """Put the maps behind activations into the weights of the next layer."""
        for block, after in pairwise(self._blocks):
            if block.map is not None:
                after.dense, block.map = _behind(block.map, after.dense), None


_Pair = tuple[int, int, Numbers | None]  # of a shortcut: start, end, P
_EPSILON = 1e-3  # of a normalisation by means of 0 and variances of 1, which has to have one


def _rows(m: Map, width: int | None) -> tuple[Numbers, Numbers]:
    factor, shift = (np.asarray(v, dtype=np.float64) for v in (m.factor, m.shift))
    if width is not None and not {factor.size, shift.size} <= {1, width}:
        raise FormatError(f"{m.name} has numbers for {max(factor.size, shift.size)} columns")
    return factor, shift


def _after(first: Map | None, second: Map) -> Map:
    """Return one map that does what two do."""
    if first is None:
        return second
    a, b = _rows(first, None)
    factor, shift = _rows(second, None)
    if len({1, a.size, b.size, factor.size, shift.size}) > 2:
        raise FormatError(f"{second.name} has numbers for other columns than {first.name}")
    return Map(a * factor, b * factor + shift, second.name)


def _times(dense: Dense, m: Map) -> Dense:
    """Return a layer whose outputs are mapped."""
    factor, shift = _rows(m, None)
    b = np.zeros(dense.W.shape[1]) if dense.b is None else dense.b
    W = dense.W if (factor == 1).all() else dense.W * factor
    return Dense(W, b * factor + shift, dense.name)


def _behind(m: Map, dense: Dense) -> Dense:
    """Return a layer whose inputs are mapped."""
    factor, shift = (np.broadcast_to(v, dense.W.shape[0]) for v in _rows(m, None))
    b = np.zeros(dense.W.shape[1]) if dense.b is None else dense.b
    return Dense(dense.W * factor[:, None], b + shift @ dense.W, dense.name)


def _as_map(norm: Norm) -> Map:
    """Return batch normalisation in use."""
    rows = (norm.gamma, norm.beta, norm.mean, norm.variance)
    gamma, beta, mean, variance = (np.asarray(row, dtype=np.float64) for row in rows)
    if not gamma.shape == beta.shape == mean.shape == variance.shape:
        raise FormatError(f"{norm.name} has rows of unequal length")
    if not (variance + norm.epsilon > 0).all():
        raise FormatError(f"{norm.name} has a variance that is not positive")
    factor = gamma / np.sqrt(variance + norm.epsilon)
    return Map(factor, beta - mean * factor, norm.name)


def _check_width(block: _Block, part: Map | Norm, *rows: Numbers | None) -> None:
    for row in rows:
        if row is not None and row.size not in (1, block.width):
            raise FormatError(f"{part.name} has {row.size} numbers for {block.width} columns")


def _maps_to_norms(hidden: list[_Block]) -> None:
    """Let maps that shortcuts take further be batch normalisations behind the activation."""
    if all(block.map is None for block in hidden):
        return
    for block in hidden:
        m = block.map or Map(np.ones(1), np.zeros(1), block.dense.name)
        if block.norm is not None:
            raise FormatError(f"{m.name} and {block.norm.name} of one layer")
        factor, shift = (np.broadcast_to(v, block.width) for v in _rows(m, None))
        means, variances = np.zeros(block.width), np.full(block.width, 1 - _EPSILON)
        block.norm = Norm(factor, shift, _EPSILON, m.name, means, variances)
        block.act, block.norm_is_last = block.act or Act("identity", m.name), True


def _place_norms(hidden: list[_Block]) -> None:
    """Let the normalisations of layers without an activation stand where the others do."""
    normalized = [block for block in hidden if block.norm is not None]
    is_last = any(
        block.norm_is_last
        or (block.act is None and block.dense.b is not None and block.dense.b.any())
        for block in normalized
    )
    for block in normalized:
        if block.act is None and is_last:
            block.act, block.norm_is_last = Act("identity", block.dense.name), True


def _layers(block: _Block) -> list[Layer]:
    layers: list[Layer] = [block.dense]
    if block.act is not None:
        layers.append(block.act)
    if block.norm is not None:
        norm, width = block.norm, block.width
        gamma = None if norm.gamma is None else np.broadcast_to(norm.gamma, width)
        beta = None if norm.beta is None else np.broadcast_to(norm.beta, width)
        norm = replace(norm, gamma=gamma, beta=beta)
        layers.insert(2 if block.norm_is_last else 1, norm)
    return layers


def _residual(sizes: tuple[int, ...], shortcuts: list[_Pair]) -> Any:
    """Return the setting of a network with these shortcuts."""
    if not shortcuts:
        return False
    hidden = len(sizes) - 2
    wanted = tuple((start, end) for start, end, _ in shortcuts)
    projected = {end for _, end, P in shortcuts if P is not None}
    for projection in (False, True):
        for layers in range(1, hidden + 1):
            choices = Residual(layers, projection)
            try:
                made = HiddenLayers(sizes, None, 0.0, choices)
            except ValueError:
                continue
            ends = {i for i, arrays in enumerate(made.arrays, start=1) if "P" in arrays}
            if tuple(made.shortcuts) == wanted and ends == projected:
                if layers > 1:
                    return choices if projection else layers
                return "projection" if projection else True
    raise FormatError(
        f"shortcuts from layers to layers {list(wanted)} are none of fastopt's, which are around "
        "blocks of equally many hidden layers, with weights where widths differ"
    )
