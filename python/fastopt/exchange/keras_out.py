"""A network as a Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastopt.exchange.plan import check_sequential, plan_of
from fastopt.exchange.torch_out import scaled_outputs
from fastopt.layers import BatchNormalization

_LEAKY_SLOPE = 0.01  # Keras' own is 0.3


def to_keras(net: Any) -> Any:
    """Return ``net.to_keras``."""
    try:
        import keras
    except ImportError as error:
        raise ImportError("to_keras needs Keras 3: pip install keras") from error
    check_sequential(net, "to_keras")
    layers, weights = _layers(keras.layers, net)
    # Named, so that equal networks are equal models.
    named = [
        kind(name=f"{kind.__name__.lower()}_{i}", dtype=net.dtype.name, **settings)
        for i, (kind, settings) in enumerate(layers)
    ]
    inputs = keras.Input((net.layer_sizes[0],), dtype=net.dtype.name)
    model = keras.Sequential([inputs, *named], name="fastopt")
    model.set_weights(weights)
    found = {keras.backend.standardize_dtype(w.value.dtype) for w in model.weights}
    if found != {net.dtype.name}:
        raise ValueError(
            f"Keras on {keras.backend.backend()!r} keeps {', '.join(found - {net.dtype.name})} "
            f"where the network has {net.dtype.name}: use net.astype('float32').to_keras(), or "
            "(JAX) jax.config.update('jax_enable_x64', True)"
        )
    return model


def _layers(own: Any, net: Any) -> tuple[list[tuple[Any, dict[str, Any]]], list[Any]]:
    """Return classes with their settings, and the weights of all in Keras' order."""
    plan, rates, at = plan_of(net), net._hidden.rates, 0
    layers: list[tuple[Any, dict[str, Any]]] = []
    weights: list[Any] = []
    constant: Any = np.zeros(plan.n_inputs, dtype=bool)
    if plan.input_offset is not None and plan.input_factor is not None:
        constant = plan.input_factor == 0
        variance = 1 / np.where(constant, 1.0, plan.input_factor) ** 2
        settings = {"mean": plan.input_offset.tolist(), "variance": variance.tolist()}
        layers.append((own.Normalization, settings))
    if rates[0]:
        layers.append((own.Dropout, {"rate": rates[0]}))
    n, depth = net.normalization, len(plan.steps)
    for index, (arrays, step) in enumerate(
        zip(net._views.layers(), plan.steps, strict=True), start=1
    ):
        W, b = arrays["W"].astype(np.float64), arrays.get("b")
        if index == 1:
            W = np.where(constant[:, None], 0.0, W)
        if index == depth:
            W, b = scaled_outputs(plan, W, b)
        layers.append((own.Dense, {"units": W.shape[1], "use_bias": b is not None}))
        weights += [W] if b is None else [W, b]
        around = _activation(own, step.activation)
        if "gamma" in arrays:
            normalization: dict[str, Any] = {"epsilon": n.epsilon}
            weights += [arrays["gamma"], arrays["beta"]]
            kind = own.LayerNormalization
            if isinstance(n, BatchNormalization):
                kind = own.BatchNormalization
                normalization["momentum"] = n.momentum  # the weight of the old value, as ours
                width = W.shape[1]
                weights += [*net.statistics[at : at + 2 * width].reshape(2, width)]
                at += 2 * width
            if n.position == "before":
                around = [(kind, normalization), *around]
            else:
                linear = (own.Activation, {"activation": "linear"})
                around = [*(around or [linear]), (kind, normalization)]
        layers += around
        if index < depth and rates[index]:
            alpha = step.activation == "selu"
            layers.append((own.AlphaDropout if alpha else own.Dropout, {"rate": rates[index]}))
    return layers, weights


def _activation(own: Any, name: str) -> list[tuple[Any, dict[str, Any]]]:
    if name == "identity":
        return []
    if name == "leaky_relu":
        return [(own.LeakyReLU, {"negative_slope": _LEAKY_SLOPE})]
    if name == "increasing":
        raise ValueError(
            "Keras has no layer for output_activation='increasing': use to_onnx or to_c"
        )
    return [(own.Activation, {"activation": "exponential" if name == "exp" else name})]
