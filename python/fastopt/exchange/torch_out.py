"""A network as a PyTorch module."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastopt.exchange.plan import Plan, check_sequential, plan_of
from fastopt.layers import BatchNormalization

_ACTIVATIONS = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "leaky_relu": "LeakyReLU",
    "elu": "ELU",
    "selu": "SELU",
    "gelu": "GELU",
    "silu": "SiLU",
}
_LINEAR_FROM = 40.0  # of Softplus: beyond, log(1 + exp(−z)) is less than the rounding of z


def to_torch(net: Any) -> Any:
    """Return ``net.to_torch``."""
    try:
        import torch
    except ImportError as error:
        raise ImportError("to_torch needs PyTorch: pip install torch") from error
    check_sequential(net, "to_torch")
    dtype = torch.float32 if net.dtype == np.float32 else torch.float64
    return torch.nn.Sequential(*_modules(torch.nn, net)).to(dtype).eval()


def _modules(nn: Any, net: Any) -> list[Any]:
    plan, rates, at = plan_of(net), net._hidden.rates, 0
    modules: list[Any] = [nn.Dropout(rates[0])] if rates[0] else []
    n, depth = net.normalization, len(plan.steps)
    for index, (arrays, step) in enumerate(
        zip(net._views.layers(), plan.steps, strict=True), start=1
    ):
        W, b = scaled(plan, index, arrays)
        linear = nn.Linear(*W.shape, bias=b is not None)
        _set(linear.weight, W.T)
        if b is not None:
            _set(linear.bias, b)
        around = _activation(nn, step.activation)
        if "gamma" in arrays:
            width = W.shape[1]
            norm = _normalization(nn, n, width)
            _set(norm.weight, arrays["gamma"])
            _set(norm.bias, arrays["beta"])
            if isinstance(n, BatchNormalization):
                mean, variance = net.statistics[at : at + 2 * width].reshape(2, width)
                at += 2 * width
                _set(norm.running_mean, mean)
                _set(norm.running_var, variance)
            if n.position == "before":
                around = [norm, *around]
            else:
                around = [*(around or [nn.Identity()]), norm]
        modules += [linear, *around]
        if index < depth and rates[index]:
            alpha = step.activation == "selu"
            modules.append((nn.AlphaDropout if alpha else nn.Dropout)(rates[index]))
    return modules


def scaled(plan: Plan, index: int, arrays: Any) -> tuple[Any, Any]:
    """Return W and b (or None) of a layer, the scalings of inputs and outputs in them."""
    W = arrays["W"].astype(np.float64)
    b = arrays["b"].astype(np.float64) if "b" in arrays else None
    if index == 1 and plan.input_offset is not None and plan.input_factor is not None:
        W = W * plan.input_factor[:, None]
        b = (np.zeros(W.shape[1]) if b is None else b) - plan.input_offset @ W
    return scaled_outputs(plan, W, b) if index == len(plan.steps) else (W, b)


def scaled_outputs(plan: Plan, W: Any, b: Any) -> tuple[Any, Any]:
    """Return W and b of the last layer, which is linear, with the scaling of targets in them."""
    if plan.output_scale is None:
        return W, b
    return W * plan.output_scale, b * plan.output_scale + plan.output_offset


def _set(tensor: Any, values: Any) -> None:
    """Put numbers into a tensor made in double precision."""
    import torch

    tensor.data = torch.tensor(np.asarray(values, dtype=np.float64).tolist(), dtype=torch.float64)


def _activation(nn: Any, name: str) -> list[Any]:
    if name == "identity":
        return []
    if name == "softplus":
        return [nn.Softplus(threshold=_LINEAR_FROM)]
    if name in ("exp", "increasing"):
        raise ValueError(
            f"PyTorch has no layer for output_activation={name!r}: use to_onnx or to_c"
        )
    return [nn.Softmax(dim=1) if name == "softmax" else getattr(nn, _ACTIVATIONS[name])()]


def _normalization(nn: Any, n: Any, width: int) -> Any:
    if isinstance(n, BatchNormalization):
        # PyTorch's momentum is the weight of the new value.
        return nn.BatchNorm1d(width, eps=n.epsilon, momentum=1 - n.momentum)
    return nn.LayerNorm(width, eps=n.epsilon)
