"""Activations with their first and second derivatives.

Each function maps z to the triple (φ(z), φ'(z), φ''(z)). At a kink the derivative is the one from
the left.
"""

import math

import numpy as np

LEAKY_SLOPE = 0.01
ELU_ALPHA = 1.0
# Klambauer et al. 2017: the fixed point with mean 0 and variance 1.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946

_erfc = np.vectorize(math.erfc, otypes=[float])


def _sigmoid(z):
    positive = z.real >= 0
    e = np.exp(np.where(positive, -z, z))  # never overflows
    return np.where(positive, 1, e) / (1 + e)


def _normal_distribution(z):
    """Φ(z); for complex z the first-order expansion, which is exact for a complex step."""
    value = 0.5 * _erfc(-z.real / math.sqrt(2))
    if np.iscomplexobj(z):
        return value + 1j * z.imag * _normal_density(z.real)
    return value


def _normal_density(z):
    return np.exp(-0.5 * z * z) / math.sqrt(2 * math.pi)


def _piecewise_linear(z, slope):
    derivative = np.where(z.real > 0, 1.0, slope)
    return z * derivative, derivative, np.zeros(z.shape)


def _exponential_linear(z, alpha, scale):
    positive = z.real > 0
    negative_part = np.where(positive, 0, z)
    value = np.where(positive, z, alpha * np.expm1(negative_part))
    exponential = alpha * np.exp(negative_part)
    return (
        scale * value,
        scale * np.where(positive, 1, exponential),
        scale * np.where(positive, 0, exponential),
    )


def identity(z):
    return z, np.ones(z.shape), np.zeros(z.shape)


def sigmoid(z):
    s = _sigmoid(z)
    first = s * _sigmoid(-z)
    return s, first, first * (1 - 2 * s)


def tanh(z):
    a = np.tanh(z)
    first = 1 - a * a
    return a, first, -2 * a * first


def relu(z):
    return _piecewise_linear(z, 0.0)


def leaky_relu(z):
    return _piecewise_linear(z, LEAKY_SLOPE)


def elu(z):
    return _exponential_linear(z, ELU_ALPHA, 1.0)


def selu(z):
    return _exponential_linear(z, SELU_ALPHA, SELU_SCALE)


def gelu(z):
    distribution, density = _normal_distribution(z), _normal_density(z)
    return z * distribution, distribution + z * density, density * (2 - z * z)


def silu(z):
    s, s1, s2 = sigmoid(z)
    return z * s, s + z * s1, 2 * s1 + z * s2


def softplus(z):
    s, s1, _ = sigmoid(z)
    positive = z.real > 0
    value = np.where(positive, z, 0) + np.log1p(np.exp(np.where(positive, -z, z)))
    return value, s, s1


_ALL = (identity, sigmoid, tanh, relu, leaky_relu, elu, selu, gelu, silu, softplus)
ACTIVATIONS = {function.__name__: function for function in _ALL}


def softmax(z):
    """Softmax along the last axis."""
    e = np.exp(z - z.real.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def output(name, z):
    """The network's outputs: an activation of each element, or the softmax of each row."""
    return softmax(z) if name == "softmax" else ACTIVATIONS[name](z)[0]


def output_pullback(name, z, dy):
    """Derivative of E by z from that by the outputs y, the transposed Jacobian times ``dy``."""
    if name == "softmax":
        y = softmax(z)
        return y * (dy - (dy * y).sum(axis=-1, keepdims=True))
    return dy * ACTIVATIONS[name](z)[1]
