"""Keras' sequential models, from files or objects, read without Keras."""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt._errors import FormatError
from fastopt.exchange.files import missing
from fastopt.exchange.layers_in import Act, Dense, Drop, Layer, Norm, network
from fastopt.exchange.reading import reading
from fastopt.network import MLP

Array = npt.NDArray[Any]

_ACTIVATIONS = {
    "linear": "identity",
    **{n: n for n in ("sigmoid", "tanh", "relu", "elu", "selu", "gelu", "silu", "softplus")},
    "swish": "silu",
    "softmax": "softmax",
    "exponential": "exp",
}
# By class: fastopt's name, and the settings that it means the same with (several names of one).
_LAYERS: dict[str, tuple[str, dict[str, tuple[Any, ...]]]] = {
    "ReLU": ("relu", {"max_value": (None,), "negative_slope": (0.0,), "threshold": (0.0,)}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": (0.01,), "alpha": (0.01,)}),
    "ELU": ("elu", {"alpha": (1.0,)}),
    "Softmax": ("softmax", {"axis": (-1, 1, [-1], [1])}),
}
_LARGEST_CONFIG = 64 << 20  # bytes of JSON
_LARGEST_WEIGHTS = 1 << 31  # bytes
_EPSILON = 1e-7  # keras.config.epsilon(), below which Normalization takes no deviation

Weights = Callable[[str, str, int], list[Array]]


def from_keras(model: Any, config: Any = None) -> MLP:
    """Return a network that predicts what a Keras model does; Keras is not needed.

    Parameters
    ----------
    model : path, or keras.Sequential
        A .keras file, a .weights.h5 file with ``config``, or an .h5 file of Keras 2 and before;
        they need the extra ``fastopt[keras]`` (h5py). Of Dense, activations, BatchNormalization,
        LayerNormalization, Dropout, AlphaDropout, and Normalization as the first layer, which goes
        into the weights of the next.
    config : dict, optional
        Of a .weights.h5 file: ``model.get_config()``, or what ``model.to_json()`` holds.

    Raises
    ------
    FormatError
        The file is damaged, or something else, or what a model's TypeError or ValueError is of.
    TypeError, ValueError
        A layer is none of a multilayer perceptron, or means something else than fastopt's: the
        error names it. LeakyReLU's slope must be 0.01 (Keras' own is 0.3), ELU's alpha 1.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.from_keras("model.keras")  # doctest: +SKIP
    """
    if hasattr(model, "get_config") and hasattr(model, "layers"):
        own = {layer.name: layer.get_weights() for layer in model.layers}
        kind = type(model).__name__
        return _network({"class_name": kind, "config": model.get_config()}, lambda n, c, i: own[n])
    path = Path(os.fspath(model))
    try:
        import h5py
    except ImportError as error:
        raise missing("from_keras of a file", "h5py", "keras") from error
    if path.stat().st_size > _LARGEST_WEIGHTS:
        raise FormatError(f"{path.name} is larger than {_LARGEST_WEIGHTS >> 20} MB")
    data = io.BytesIO(path.read_bytes())
    with reading(path):
        return _of_file(h5py, path, data, config)


def _of_file(h5py: Any, path: Path, whole: io.BytesIO, config: Any) -> MLP:
    if path.suffix == ".keras":
        with zipfile.ZipFile(whole) as archive:
            config = json.loads(_member(archive, "config.json", _LARGEST_CONFIG))
            data = _member(archive, "model.weights.h5", _LARGEST_WEIGHTS)
        with h5py.File(io.BytesIO(data), "r") as file:
            return _network(config, _by_class(h5py, file))
    with h5py.File(whole, "r") as file:
        if "model_config" in file.attrs:
            return _network(json.loads(file.attrs["model_config"]), _by_name(h5py, file))
        if config is None:
            raise ValueError(
                f"{path.name} holds weights alone: give config=model.get_config() with them"
            )
        if "layers" not in config:
            config = config["config"]
        return _network({"class_name": "Sequential", "config": config}, _by_class(h5py, file))


def _member(archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Return a file of an archive, if it is no larger than it may be."""
    if archive.getinfo(name).file_size > largest:
        raise FormatError(f"{name} is larger than {largest >> 20} MB")
    with archive.open(name) as file:
        return file.read(largest)


# --- where weights are -----------------------------------------------------------------------


def _by_class(h5py: Any, file: Any) -> Weights:
    """Of Keras 3: in folders by class, numbered in the order of the model."""

    def weights(name: str, kind: str, index: int) -> list[Array]:
        words = re.sub(r"([a-z])([A-Z])", r"\1_\2", kind).lower()
        folder = f"layers/{words}_{index}/vars" if index else f"layers/{words}/vars"
        group = _within(h5py, file, folder)
        return [_read(h5py, group, str(i)) for i in range(len(group))]

    return weights


def _by_name(h5py: Any, file: Any) -> Weights:
    """Of Keras 2: listed by name in an attribute."""

    def weights(name: str, kind: str, index: int) -> list[Array]:
        group = _within(h5py, file, f"model_weights/{name}")
        names = [n.decode() if isinstance(n, bytes) else n for n in group.attrs["weight_names"]]
        return [_read(h5py, group, n) for n in names]

    return weights


def _within(h5py: Any, group: Any, path: str) -> Any:
    """Return what stands at a path of the file itself: a link may lead out of it."""
    for name in path.split("/"):
        if not isinstance(group.get(name, getlink=True), h5py.HardLink):
            raise FormatError(f"{path} is missing, or a link")
        group = group[name]
    return group


def _read(h5py: Any, group: Any, name: str) -> Array:
    dataset = _within(h5py, group, name)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiu":
        raise FormatError(f"{name} holds no numbers")
    # Keras does not compress; what says that it is larger than it is would fill the memory.
    if dataset.external or dataset.is_virtual or dataset.id.get_storage_size() < dataset.nbytes:
        raise FormatError(f"{name} is not stored whole in the file")
    return np.array(dataset)


# --- layers ----------------------------------------------------------------------------------


def _network(model: Mapping[str, Any], weights: Weights) -> MLP:
    kind = model.get("class_name")
    if kind != "Sequential":
        raise TypeError(
            f"only Sequential models can be read, got {kind}: build a Sequential of the same layers"
        )
    layers: list[Layer] = []
    inputs: tuple[Array, Array] | None = None
    counts: dict[str, int] = {}
    dtype: np.dtype[Any] = np.dtype(np.float64)
    for entry in model["config"]["layers"]:
        name, config = entry["class_name"], entry["config"]
        index = counts.get(name, 0)
        counts[name] = index + 1
        if name == "InputLayer":
            continue
        what = f"{config.get('name', name)} ({name})"
        own: list[Array] = []
        if name in ("Dense", "BatchNormalization", "LayerNormalization", "Normalization"):
            own = weights(config["name"], name, index)
        if name == "Normalization":
            if layers or config.get("invert"):
                raise ValueError(f"{what} must be the first layer, and not invert=True")
            inputs = _scaling(what, config, own)
            continue
        made = _layers(name, config, what, own)
        if inputs is not None and isinstance(made[0], Dense):
            made[0] = _scaled(made[0], *inputs)
            inputs = None
        layers += made
        if name == "Dense" and own[0].dtype.itemsize <= 4:
            dtype = np.dtype(np.float32)
    return network(layers, dtype)


def _layers(kind: str, config: Mapping[str, Any], what: str, own: list[Array]) -> list[Layer]:
    if kind == "Dense":
        if len(own) != 1 + bool(config.get("use_bias", True)):
            raise FormatError(f"{what} has {len(own)} arrays")
        b = own[1] if len(own) > 1 else None
        activation = _activation(config.get("activation"), what)
        layers: list[Layer] = [Dense(own[0], b, what)]
        if activation.activation != "identity":
            layers.append(activation)
        return layers
    if kind == "Activation":
        return [_activation(config["activation"], what)]
    if kind in ("Dropout", "AlphaDropout"):
        return [Drop(float(config["rate"]), what, kind == "AlphaDropout")]
    if kind in ("BatchNormalization", "LayerNormalization"):
        return [_normalization(kind, config, what, own)]
    if kind in _LAYERS:
        name, needed = _LAYERS[kind]
        for setting, values in needed.items():
            if setting in config and not any(_same(config[setting], v) for v in values):
                raise ValueError(
                    f"{what}: {setting}={config[setting]!r} is not fastopt's {values[0]!r}"
                )
        return [Act(name, what)]
    raise TypeError(
        f"{what} is no layer of a multilayer perceptron that fastopt knows: it takes Dense, "
        f"Activation, {', '.join(_LAYERS)}, BatchNormalization, LayerNormalization, Dropout, "
        "AlphaDropout and Normalization"
    )


def _same(value: Any, other: Any) -> bool:
    # Slopes went through single precision in some versions.
    if isinstance(value, float) and isinstance(other, float):
        return abs(value - other) <= 1e-7
    return bool(value == other)


def _activation(given: Any, what: str) -> Act:
    name = "linear" if given is None else given
    if isinstance(name, Mapping):  # an object, serialised
        name = name.get("config", name)
        name = name.get("class_name", name) if isinstance(name, Mapping) else name
    if name not in _ACTIVATIONS:
        slope = " (as a function its slope is 0.2)" if name == "leaky_relu" else ""
        raise ValueError(
            f"{what}: the activation {name!r}{slope} is none of fastopt's: "
            f"{', '.join(_ACTIVATIONS)}"
        )
    return Act(_ACTIVATIONS[name], what)


def _normalization(kind: str, config: Mapping[str, Any], what: str, own: list[Array]) -> Norm:
    axis = config.get("axis", -1)
    if axis not in (-1, 1, [-1], [1]):
        raise ValueError(f"{what}: axis must be -1, got {axis!r}")
    if config.get("rms_scaling"):
        raise ValueError(f"{what}: rms_scaling=True is not known here")
    rest = list(own)
    batch = kind == "BatchNormalization"
    if len(rest) != bool(config.get("scale", True)) + bool(config.get("center", True)) + 2 * batch:
        raise FormatError(f"{what} has {len(rest)} arrays")
    gamma = rest.pop(0) if config.get("scale", True) else None
    beta = rest.pop(0) if config.get("center", True) else None
    epsilon = float(config.get("epsilon", 1e-3))
    if batch:
        return Norm(gamma, beta, epsilon, what, rest[0], rest[1], float(config["momentum"]))
    return Norm(gamma, beta, epsilon, what)


def _scaling(what: str, config: Mapping[str, Any], own: list[Array]) -> tuple[Array, Array]:
    """Return mean and deviation of a Normalization."""
    if config.get("mean") is not None:
        own = [np.asarray(config["mean"]), np.asarray(config["variance"])]
    if len(own) < 2:
        raise FormatError(f"{what} has no mean and variance")
    mean, variance = (np.asarray(a, dtype=np.float64).reshape(-1) for a in own[:2])
    return mean, np.maximum(np.sqrt(variance), _EPSILON)


def _scaled(dense: Dense, mean: Array, deviation: Array) -> Dense:
    if len(mean) not in (1, len(dense.W)):
        raise FormatError(f"Normalization has {len(mean)} means for {len(dense.W)} inputs")
    W = dense.W / np.broadcast_to(deviation, len(dense.W))[:, None]
    b = np.zeros(W.shape[1]) if dense.b is None else dense.b
    return Dense(W, b - np.broadcast_to(mean, len(W)) @ W, dense.name)
