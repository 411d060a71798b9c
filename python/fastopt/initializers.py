"""What the weights of a network start from; biases start from zero, but for `NguyenWidrow`.

Each initialiser is called with the shape (fan_in, fan_out) of one layer's weights. Numbers come
from fastopt's own generator: one seed gives the same bits on every platform, and each layer has a
stream of its own. ``MLP`` takes an object, one of the names in ``registry``, an array, or a list
with one of these for each layer.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._settings import Settings, number

Weights = npt.NDArray[np.float64]


class Initializer(Settings):
    """Base of all initialisers."""

    def __call__(
        self, shape: tuple[int, int], random_state: Any = None, part: int = 0, *, rng: Any = None
    ) -> Weights:
        """Return the weights of one layer.

        Parameters
        ----------
        shape : tuple of int
            (fan_in, fan_out).
        random_state : None, int, Generator or RandomState
            The seed.
        part : int
            Which array of the network: other parts get other numbers from the same seed.
        rng : optional
            Another name of ``random_state``.

        Returns
        -------
        array of float64, shape (fan_in, fan_out)

        Examples
        --------
        >>> from fastopt.initializers import GlorotUniform
        >>> GlorotUniform()((3, 2), random_state=0).shape
        (3, 2)
        """
        fan_in, fan_out = (_validation.integer("shape", extent, low=1) for extent in shape)
        return self._draw(
            fan_in, fan_out, _validation.seed(_validation.one_seed(random_state, rng)), part
        )

    @abstractmethod
    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights: ...


class _OfVariance(Initializer):
    """Weights of mean zero and a variance that the fans determine."""

    @abstractmethod
    def _variance(self, fan_in: int, fan_out: int) -> float: ...


class _UniformOfVariance(_OfVariance):
    """Uniform on [−√(3 var), √(3 var)]."""

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        limit = math.sqrt(3 * self._variance(fan_in, fan_out))
        return limit * (2 * _core.random_uniform(seed, part, fan_in, fan_out) - 1)


class _NormalOfVariance(_OfVariance):
    """Normal with standard deviation √var."""

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        sd = math.sqrt(self._variance(fan_in, fan_out))
        return sd * _core.random_normal(seed, part, fan_in, fan_out)


class _Glorot(_OfVariance):
    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / (fan_in + fan_out)


class _He(_OfVariance):
    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 2 / fan_in


class _Lecun(_OfVariance):
    def _variance(self, fan_in: int, fan_out: int) -> float:
        return 1 / fan_in


class GlorotUniform(_Glorot, _UniformOfVariance):
    """Uniform on ±√(6/(fan_in + fan_out)) (Glorot & Bengio 2010): for tanh, sigmoid, outputs."""


class GlorotNormal(_Glorot, _NormalOfVariance):
    """Normal with sd √(2/(fan_in + fan_out)) (Glorot & Bengio 2010)."""


class HeUniform(_He, _UniformOfVariance):
    """Uniform on ±√(6/fan_in) (He 2015)."""


class HeNormal(_He, _NormalOfVariance):
    """Normal with sd √(2/fan_in) (He 2015): for relu and its relatives."""


class LecunUniform(_Lecun, _UniformOfVariance):
    """Uniform on ±√(3/fan_in) (LeCun 1998)."""


class LecunNormal(_Lecun, _NormalOfVariance):
    """Normal with sd √(1/fan_in) (LeCun 1998): for selu."""


@dataclass
class Orthogonal(Initializer):
    """A random matrix whose columns (or rows, where those are fewer) are orthonormal, times gain.

    Parameters
    ----------
    gain : float
        1 by default; > 0.

    References
    ----------
    Saxe, McClelland & Ganguli 2013.
    """

    gain: float = number(1.0, above=0)

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        tall = _core.random_orthonormal(seed, part, max(fan_in, fan_out), min(fan_in, fan_out))
        return self.gain * (tall if fan_in >= fan_out else tall.T)


@dataclass
class NguyenWidrow(Initializer):
    """Hidden units whose slopes are spread over the inputs, which are to lie in [−1, 1].

    The weights of each unit have a random direction and the length 0.7 · scale · H^{1/n} (H units,
    n inputs), its bias is uniform between minus and plus that length: each unit bends somewhere in
    the cube of the inputs, and all of the cube is within some unit's slope. For the hidden layers;
    where one name or object serves the whole network, the outputs have "glorot_uniform".

    Parameters
    ----------
    scale : float
        1 by default (the paper); > 0. MATLAB's ``initnw`` multiplies by half the width of the
        interval in which the activation is steep: 2 for tanh, 4 for the sigmoid, and spaces biases
        evenly.

    References
    ----------
    Nguyen & Widrow 1990, *Improving the learning speed of 2-layer neural networks by choosing
    initial values of the adaptive weights*.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> net = fastopt.MLP([2, 9, 1], initializer="nguyen_widrow", random_state=0)
    >>> np.linalg.norm(net.coefs_[0], axis=0).round(12)  # 0.7 · 9^{1/2}
    array([2.1, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1, 2.1])
    """

    scale: float = number(1.0, above=0)

    def _length(self, fan_in: int, fan_out: int) -> float:
        return 0.7 * self.scale * float(fan_out ** (1 / fan_in))

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        # Of a normal vector all directions are equally likely, and none is zero in practice.
        weights = _core.random_normal(seed, part, fan_in, fan_out)
        lengths = np.sqrt((weights * weights).sum(axis=0))
        scaled: Weights = weights * (self._length(fan_in, fan_out) / lengths)
        return scaled

    def biases(self, shape: tuple[int, int], seed: int, part: int) -> Weights:
        """Return the biases of one layer, shape (fan_out,)."""
        fan_in, fan_out = shape
        uniform = _core.random_uniform(seed, part, 1, fan_out)[0]
        spread: Weights = self._length(fan_in, fan_out) * (2 * uniform - 1)
        return spread


@dataclass
class Uniform(Initializer):
    """Uniform on [low, high].

    Parameters
    ----------
    low, high : float
        −0.05 and 0.05 by default (Keras).
    """

    low: float = number(-0.05)
    high: float = number(0.05)

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError(f"low must not exceed high, got {self.low} and {self.high}")

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        u = _core.random_uniform(seed, part, fan_in, fan_out)
        return self.low + (self.high - self.low) * u


@dataclass
class Normal(Initializer):
    """Normal with mean zero.

    Parameters
    ----------
    sd : float
        The standard deviation, 0.05 by default (Keras); ≥ 0.
    """

    sd: float = number(0.05, low=0)

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        return self.sd * _core.random_normal(seed, part, fan_in, fan_out)


@dataclass
class Constant(Initializer):
    """The same value everywhere. The neurons of a layer then stay alike while they are trained.

    Parameters
    ----------
    value : float
    """

    value: float = number()

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        return np.full((fan_in, fan_out), self.value)


class Zeros(Initializer):
    """Zero everywhere."""

    def _draw(self, fan_in: int, fan_out: int, seed: int, part: int) -> Weights:
        return np.zeros((fan_in, fan_out))


# What each name stands for.
registry: dict[str, Callable[[], Initializer]] = {
    "glorot_uniform": GlorotUniform,
    "glorot_normal": GlorotNormal,
    "he_uniform": HeUniform,
    "he_normal": HeNormal,
    "lecun_uniform": LecunUniform,
    "lecun_normal": LecunNormal,
    "orthogonal": Orthogonal,
    "nguyen_widrow": NguyenWidrow,
    "uniform": Uniform,
    "normal": Normal,
    "zeros": Zeros,
}

_DEFAULTS: dict[str, Callable[[], Initializer]] = {
    **dict.fromkeys(("relu", "leaky_relu", "elu", "gelu", "silu"), HeNormal),
    "selu": LecunNormal,
}


def default(activation: str) -> Initializer:
    """Return the initialiser that suits a hidden layer with this activation.

    Examples
    --------
    >>> from fastopt.initializers import default
    >>> default("relu"), default("tanh")
    (HeNormal(), GlorotUniform())
    """
    return _DEFAULTS.get(activation, GlorotUniform)()


def initial_weights(
    initializer: Any, layer_sizes: Sequence[int], activations: Sequence[str], seed: int
) -> list[Weights]:
    """Return the first weights of each layer.

    Parameters
    ----------
    initializer : None, str, Initializer, array or sequence of these
        None: the default of each hidden layer's activation, ``glorot_uniform`` for the outputs. One
        name or object serves all layers, a sequence has one entry for each layer. An array is the
        weights themselves.
    layer_sizes : sequence of int
    activations : sequence of str
        One for each layer after the inputs, the outputs' included.
    seed : int

    Returns
    -------
    list of arrays of float64, shapes (fan_in, fan_out)
    """
    shapes = list(pairwise(layer_sizes))
    entries = _entries(initializer, len(shapes))
    hidden = [*activations[:-1], "identity"]
    return [
        _weights(entry, shape, activation, seed, layer)
        for layer, (entry, shape, activation) in enumerate(
            zip(entries, shapes, hidden, strict=True)
        )
    ]


def initial_biases(
    initializer: Any, layer_sizes: Sequence[int], seed: int
) -> list[Weights | float]:
    """Return the first biases of each layer: 0, but for layers of `NguyenWidrow`."""
    shapes = list(pairwise(layer_sizes))
    # Streams of their own, beyond those of weights and of projections.
    return [
        entry.biases(shape, seed, 2 * len(shapes) + layer)
        if isinstance(entry, NguyenWidrow)
        else 0.0
        for layer, (entry, shape) in enumerate(
            zip(_entries(initializer, len(shapes)), shapes, strict=True)
        )
    ]


def _entries(initializer: Any, n_layers: int) -> list[Any]:
    """Return what each layer's weights start from; names have become objects."""
    if not isinstance(initializer, list | tuple):
        entry = _named(initializer)
        last = None if isinstance(entry, NguyenWidrow) else entry
        return [*[entry] * (n_layers - 1), last]
    if len(initializer) != n_layers:
        raise ValueError(
            f"initializer must have one entry for each of {n_layers} layers, got {len(initializer)}"
        )
    return [_named(entry) for entry in initializer]


def _named(entry: Any) -> Any:
    if not isinstance(entry, str):
        return entry
    return registry[_validation.choice("initializer", entry, registry, "initializer")]()


def _weights(entry: Any, shape: tuple[int, int], activation: str, seed: int, layer: int) -> Weights:
    if entry is None:
        entry = default(activation)
    if isinstance(entry, Initializer):
        return entry(shape, seed, layer)
    if isinstance(entry, np.ndarray):
        values = _validation.array("initializer", entry)
        if values.shape != shape:
            raise ValueError(
                f"initializer of layer {layer + 1} must have shape {shape}, got {values.shape}"
            )
        return values.astype(np.float64)
    raise TypeError(
        f"initializer must be a name, an Initializer, an array or a list of these, got {entry!r}"
    )
