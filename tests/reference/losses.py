"""Losses with their derivatives, all from the pre-activations z of the output layer.

Each function of ``LOSSES`` maps (Y, T) to the loss of every sample, shape (N,), and to the
derivative of that loss by Y, shape (N, q). For the cross-entropies Y are logits, which is the
stable form both for linear outputs and for sigmoid or softmax outputs.
"""

import numpy as np

from . import activations

HUBER_DELTA = 1.0


def mse(Y, T):
    e = Y - T
    return (e * e).mean(axis=1), 2 * e / e.shape[1]


def mae(Y, T):
    e = Y - T
    sign = np.sign(e.real)
    return (sign * e).mean(axis=1), sign / e.shape[1]


def huber(Y, T):
    e = Y - T
    sign = np.sign(e.real)
    near = np.abs(e.real) <= HUBER_DELTA
    value = np.where(near, 0.5 * e * e, HUBER_DELTA * (sign * e - 0.5 * HUBER_DELTA))
    return value.mean(axis=1), np.where(near, e, HUBER_DELTA * sign) / e.shape[1]


def binary_cross_entropy(Z, T):
    softplus, probability, _ = activations.softplus(Z)
    return (softplus - Z * T).mean(axis=1), (probability - T) / Z.shape[1]


def cross_entropy(Z, T):
    """−Σ_k T_k log p_k with p = softmax(Z); T one-hot (N, q) or class numbers (N,)."""
    if T.ndim == 1:
        T = np.eye(Z.shape[1])[T]
    shifted = Z - Z.real.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    mass = T.sum(axis=1, keepdims=True)
    return -(T * log_p).sum(axis=1), activations.softmax(Z) * mass - T


_ALL = (mse, mae, huber, binary_cross_entropy, cross_entropy)
LOSSES = {function.__name__: function for function in _ALL}
# The cross-entropies take the outputs as logits (identity) or are fused with this activation.
FUSED_OUTPUT = {"binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}


def loss_and_delta(name, output_activation, Z, T, sample_weight=None):
    """Mean loss E and ∂E/∂Z of pre-activations Z (N, q).

    E = (1/N) Σ_i v_i ℓ_i, where ℓ_i is the loss of sample i and the weights v are divided by
    their mean (all 1 when ``sample_weight`` is None).
    """
    n_samples = Z.shape[0]
    v = np.ones(n_samples) if sample_weight is None else sample_weight / sample_weight.mean()
    if name in FUSED_OUTPUT:
        if output_activation not in ("identity", FUSED_OUTPUT[name]):
            raise ValueError(f"{name} cannot follow the output activation {output_activation!r}")
        value, derivative = LOSSES[name](Z, T)
        delta = derivative
    else:
        value, derivative = LOSSES[name](activations.output(output_activation, Z), T)
        delta = activations.output_pullback(output_activation, Z, derivative)
    return (v * value).mean(), v[:, None] * delta / n_samples


def l2_penalty(weights, l2):
    """(l2/2) Σ‖W‖² over the weight matrices; biases, scales and shifts carry no penalty."""
    return 0.5 * l2 * sum((W * W).sum() for W in weights)
