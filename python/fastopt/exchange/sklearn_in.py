"""scikit-learn's multilayer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastopt._evaluation import Targets
from fastopt.exchange.layers_in import Act, Dense, Layer, network
from fastopt.network import MLP

_ACTIVATIONS = {"identity": "identity", "logistic": "sigmoid", "tanh": "tanh", "relu": "relu"}
_OUTPUTS = {"identity": "identity", "logistic": "sigmoid", "softmax": "softmax", "exp": "exp"}


def from_sklearn(mlp: Any) -> MLP:
    """Return a network that computes what a fitted MLPRegressor or MLPClassifier does.

    ``predict`` of the network is ``predict`` of a regressor, and ``predict_proba`` of a classifier:
    output k is the probability of ``mlp.classes_[k]``; of two classes it is that of the second one.
    ``fit`` goes on from these weights with class numbers 0 … q−1 and the same loss.

    Parameters
    ----------
    mlp : sklearn.neural_network.MLPRegressor or MLPClassifier
        Fitted. What it was fitted with (Adam's moments, alpha) does not come along:
        docs/from_sklearn tells the settings that mean the same.

    Raises
    ------
    TypeError, ValueError
        It is something else, or not fitted.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> import fastopt
    >>> mlp = SimpleNamespace(  # as a fitted MLPRegressor has them
    ...     coefs_=[np.ones((2, 3)), np.ones((3, 1))], intercepts_=[np.zeros(3), np.zeros(1)],
    ...     activation="tanh", out_activation_="identity", n_outputs_=1)
    >>> fastopt.from_sklearn(mlp).predict([[0.0, 0.0]])
    array([0.])
    """
    kind = type(mlp).__name__
    for name in ("activation", "coefs_"):
        if not hasattr(mlp, name):
            fitted = "it is not fitted" if hasattr(mlp, "hidden_layer_sizes") else "it has none"
            raise TypeError(
                f"from_sklearn needs a fitted MLPRegressor or MLPClassifier, got {kind}: {name} "
                f"is missing ({fitted})"
            )
    activation = _named("activation", mlp.activation, _ACTIVATIONS)
    output = _named("out_activation_", mlp.out_activation_, _OUTPUTS)
    layers: list[Layer] = []
    pairs = list(zip(mlp.coefs_, mlp.intercepts_, strict=True))
    for i, (W, b) in enumerate(pairs):
        last = i + 1 == len(pairs)
        layers.append(Dense(np.asarray(W), np.asarray(b), f"coefs_[{i}]"))
        layers.append(Act(output if last else activation, f"layer {i + 1}"))
    single = all(np.asarray(W).dtype == np.float32 for W in mlp.coefs_)
    net = network(layers, np.float32 if single else np.float64)
    classes = hasattr(mlp, "classes_")
    of_classes = {"sigmoid": "binary_cross_entropy", "softmax": "cross_entropy"}
    of_numbers = {"exp": "poisson", "identity": "mse"}
    net._loss = of_classes[output] if classes else of_numbers.get(output, "mse")
    net._targets = Targets(one_dimensional=mlp.n_outputs_ == 1)
    return net


def _named(what: str, name: Any, known: dict[str, str]) -> str:
    if name not in known:
        raise ValueError(f"{what} must be one of {', '.join(map(repr, known))}, got {name!r}")
    return known[name]
