"""PyTorch's sequential networks and state dicts, read without PyTorch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt.exchange.layers_in import Act, Dense, Drop, Layer, Norm, network
from fastopt.network import MLP

# By class name: fastopt's name, and what else the module must say for it to mean the same.
_ACTIVATIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "Identity": ("identity", {}),
    "Sigmoid": ("sigmoid", {}),
    "Tanh": ("tanh", {}),
    "ReLU": ("relu", {}),
    "LeakyReLU": ("leaky_relu", {"negative_slope": 0.01}),
    "ELU": ("elu", {"alpha": 1.0}),
    "SELU": ("selu", {}),
    "GELU": ("gelu", {"approximate": "none"}),
    "SiLU": ("silu", {}),
    "Softplus": ("softplus", {"beta": 1.0}),
}
_EPSILON = 1e-5  # PyTorch's default for both normalisations


def from_torch(
    model: Any, activation: str | Sequence[str] = "relu", output_activation: str = "identity"
) -> MLP:
    """Return a network that computes what a PyTorch model does in ``eval()``.

    Parameters
    ----------
    model : torch.nn.Sequential or state dict
        Of Linear, activations, BatchNorm1d, LayerNorm, Dropout (and Flatten, Identity); Sequentials
        may be nested. A state dict is what ``model.state_dict()`` returns, tensors or arrays, in
        the order of the layers. PyTorch itself is not needed, and nothing is unpickled: a file is
        read by ``torch.load(path, weights_only=True)``.
    activation, output_activation : str or sequence of str
        Of the layers of a state dict, which does not say them. Normalisation stands before them.

    Raises
    ------
    TypeError, ValueError
        Something in it is no layer of a multilayer perceptron, or means something else than
        fastopt's: the error names it. LeakyReLU's slope must be 0.01, ELU's alpha 1, GELU exact.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> state = {"0.weight": np.eye(2), "0.bias": np.zeros(2), "2.weight": np.ones((1, 2))}
    >>> net = fastopt.from_torch(state, activation="relu")
    >>> net
    MLP([2, 2, 1], activation='relu', output_activation='identity', dtype='float64')
    >>> net.predict([[1.0, -3.0]])
    array([[1.]])
    """
    if isinstance(model, Mapping):
        layers = _of_state(model, activation, output_activation)
    else:
        layers = _of_module(model, "model")
    single = all(layer.W.dtype == np.float32 for layer in layers if isinstance(layer, Dense))
    return network(layers, np.float32 if single else np.float64)


def _array(name: str, tensor: Any) -> Any:
    if tensor is None:
        return None
    return np.array(_validation.array(name, tensor, ndim=(1, 2)))


def _of_module(module: Any, name: str) -> list[Layer]:
    kind = type(module).__name__
    what = f"{name} ({kind})"
    if kind == "Sequential":
        children = module._modules.items()  # named_children leaves out what stands there twice
        prefix = "" if name == "model" else f"{name}."
        return [x for child, m in children for x in _of_module(m, f"{prefix}{child}")]
    if kind == "Linear":
        W = _array(f"{name}.weight", module.weight)
        return [Dense(W.T, _array(f"{name}.bias", module.bias), what)]
    if kind in ("Dropout", "AlphaDropout"):
        return [Drop(float(module.p), what, kind == "AlphaDropout")]
    if kind in ("BatchNorm1d", "LayerNorm"):
        return [_normalization(module, name, what)]
    if kind == "Flatten":
        return []
    if kind == "Softmax":
        if module.dim not in (1, -1):
            raise ValueError(f"{what}: dim must be 1 or -1, got {module.dim!r}")
        return [Act("softmax", what)]
    if kind in _ACTIVATIONS:
        own, needed = _ACTIVATIONS[kind]
        for setting, value in needed.items():
            if getattr(module, setting) != value:
                raise ValueError(
                    f"{what}: {setting}={getattr(module, setting)!r} is not fastopt's {value!r}"
                )
        return [Act(own, what)]
    raise TypeError(
        f"{what} is no layer of a multilayer perceptron that fastopt knows: it takes Sequential of "
        f"Linear, BatchNorm1d, LayerNorm, Dropout, AlphaDropout, Softmax, {', '.join(_ACTIVATIONS)}"
    )


def _normalization(module: Any, name: str, what: str) -> Norm:
    gamma = _array(f"{name}.weight", module.weight)
    beta = _array(f"{name}.bias", getattr(module, "bias", None))
    if type(module).__name__ == "LayerNorm":
        if len(module.normalized_shape) != 1:
            raise ValueError(f"{what}: normalized_shape must be of one dimension")
        return Norm(gamma, beta, float(module.eps), what)
    if module.running_mean is None:
        raise ValueError(f"{what}: track_running_stats=False leaves no statistics to predict with")
    if module.momentum is None:
        raise ValueError(f"{what}: momentum=None (cumulative averages) is not known here")
    return Norm(
        gamma,
        beta,
        float(module.eps),
        what,
        _array(f"{name}.running_mean", module.running_mean),
        _array(f"{name}.running_var", module.running_var),
        1 - float(module.momentum),  # PyTorch's is the weight of the new value
    )


def _of_state(state: Mapping[str, Any], activation: Any, output_activation: str) -> list[Layer]:
    modules: dict[str, dict[str, Any]] = {}
    for key, tensor in state.items():
        prefix, _, name = str(key).rpartition(".")
        if name == "num_batches_tracked":
            continue
        if name not in ("weight", "bias", "running_mean", "running_var"):
            raise ValueError(
                f"{key!r} is no weight, bias or running statistic of a dense layer or "
                "normalisation: convert a state dict of Linear, BatchNorm1d and LayerNorm"
            )
        modules.setdefault(prefix, {})[name] = _array(str(key), tensor)
    dense = sum(parts.get("weight", np.empty(0)).ndim == 2 for parts in modules.values())
    hidden = [activation] * (dense - 1) if isinstance(activation, str) else list(activation)
    if len(hidden) != dense - 1:
        raise ValueError(
            f"activation must be one name or one for each of the {dense - 1} hidden layers, got "
            f"{len(hidden)}"
        )
    layers: list[Layer] = []
    waiting: str | None = None
    names = iter([*hidden, output_activation])
    for prefix, parts in modules.items():
        weight = parts.get("weight")
        if weight is not None and weight.ndim == 2:
            if waiting is not None:
                layers.append(Act(waiting, prefix))
            layers.append(Dense(weight.T, parts.get("bias"), prefix))
            waiting = next(names)
        else:
            mean, variance = parts.get("running_mean"), parts.get("running_var")
            momentum = 0.99 if mean is None else 0.9  # PyTorch's default is 0.1 of the new value
            layers.append(
                Norm(weight, parts.get("bias"), _EPSILON, prefix, mean, variance, momentum)
            )
    if waiting is not None:
        layers.append(Act(waiting, "output_activation"))
    return layers
