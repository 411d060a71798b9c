"""Of what a network is made: layer sizes, activations and dtype; checked, and shown."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from fastopt import _core, _validation
from fastopt._html import table
from fastopt.layers import HiddenLayers, Normalization, Residual
from fastopt.training.scaling import Scaling, Scalings


class Architecture:
    """What a network says of its make."""

    _layer_sizes: tuple[int, ...]
    _activations: tuple[str, ...]
    _output_activation: str
    _dtype: np.dtype[Any]
    _hidden: HiddenLayers
    _scalings: Scalings

    @property
    def layer_sizes(self) -> tuple[int, ...]:
        """Numbers of inputs, of units of each hidden layer, of outputs."""
        return self._layer_sizes

    @property
    def activation(self) -> str | tuple[str, ...]:
        """The activation of the hidden layers: one name where they share it."""
        names = self._activations
        return names[0] if len(set(names)) == 1 else names

    @property
    def output_activation(self) -> str:
        """The activation of the outputs."""
        return self._output_activation

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64."""
        return self._dtype

    @property
    def normalization(self) -> Normalization | None:
        """How hidden layers are normalised."""
        return self._hidden.normalization

    @property
    def dropout(self) -> float | tuple[float, ...]:
        """One rate, or those of the inputs and of each hidden layer."""
        return self._hidden.dropout

    @property
    def residual(self) -> bool | int | str | Residual:
        """Where the shortcuts are."""
        return self._hidden.residual

    @property
    def scale_inputs(self) -> str | None:
        """How inputs are scaled inside the network: None, "standard" or "minmax"."""
        return self._scalings.scale_inputs

    @property
    def scale_targets(self) -> str | None:
        """How targets are scaled inside the network: None, "standard" or "minmax"."""
        return self._scalings.scale_targets

    @property
    def input_scaling_(self) -> Scaling | None:
        """What was learned of the inputs: ``offset`` and ``scale`` (d,), 0 of constant columns."""
        return self._scalings.inputs

    @property
    def target_scaling_(self) -> Scaling | None:
        """What was learned of the targets: ``offset`` and ``scale`` (q,), 0 of constant columns."""
        return self._scalings.targets

    def summary(self) -> str:
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
        layers = self._layers_in_words()
        head = f"{'layer':<6}{'inputs':>9}{'outputs':>9}  {'activation':<10}{'parameters':>12}"
        rows = [head + "  extras" * any(layer[-1] for layer in layers)]
        for i, fan_in, fan_out, name, size, extra in layers:
            rows.append(f"{i:<6}{fan_in:>9}{fan_out:>9}  {name:<10}{size:>12}  {extra}".rstrip())
        rows.append(f"{'total':<36}{self._hidden.n_parameters:>12}")
        return "\n".join(rows)

    def _repr_html_(self) -> str:
        head = ("layer", "inputs", "outputs", "activation", "parameters", "extras")
        total = ("total", "", "", "", self._hidden.n_parameters, "")
        return table(repr(self), head, [*self._layers_in_words(), total])

    def _layers_in_words(self) -> list[tuple[int, int, int, str, int, str]]:
        """Return of each layer its number, inputs, outputs, activation, parameters and extras."""
        names = (*self._activations, self._output_activation)
        layers = []
        for i, (arrays, name) in enumerate(zip(self._hidden.arrays, names, strict=True), start=1):
            fan_in, fan_out = arrays["W"][1]
            size = sum(math.prod(shape) for _, shape in arrays.values())
            layers.append((i, fan_in, fan_out, name, size, self._extras(i)))
        return layers

    def _extras(self, layer: int) -> str:
        """Return what layer 1, 2, … has beside weights, biases and an activation."""
        hidden, words = self._hidden, []
        normalization = hidden.normalization
        if layer == 1 and hidden.rates[0]:
            words.append(f"dropout {hidden.rates[0]:g} of inputs")
        if layer < len(self._layer_sizes) - 1:
            if normalization is not None:
                kind = "batch" if hidden.uses_batch else "layer"
                words.append(kind + " after" * (normalization.position == "after"))
            if hidden.rates[layer]:
                words.append(f"dropout {hidden.rates[layer]:g}")
        projects = " P" * ("P" in hidden.arrays[layer - 1])
        words += [f"+ {start}{projects}" for start, end in hidden.shortcuts if end == layer]
        return ", ".join(words)

    def __repr__(self) -> str:
        names = (
            *("activation", "output_activation", "dtype", "normalization", "dropout", "residual"),
            *("scale_inputs", "scale_targets"),
        )
        settings = {name: getattr(self, name) for name in names} | {"dtype": self._dtype.name}
        words = [f"{name}={value!r}" for name, value in settings.items() if value]
        return f"MLP({', '.join([str(list(self._layer_sizes)), *words])})"


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
