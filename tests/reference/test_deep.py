"""The reference of deep networks against complex steps, and against the plain perceptron."""

import numpy as np
import pytest

from .activations import ACTIVATIONS
from .deep import (
    EPSILON,
    DeepMLP,
    alpha_dropout,
    inverted_dropout,
    normalize,
    running_statistics,
)
from .network import MLP
from .numerical import complex_step_jacobian

SIZES = (3, 5, 5, 4, 2)
BLOCKS = {
    "none": (),
    "each": ((1, 2), (2, 3)),
    "of two": ((1, 3),),
    "input": ((0, 1), (1, 2), (2, 3)),
}


def problem(normalization=None, blocks=(), activation="tanh"):
    rng = np.random.default_rng(7)
    net = DeepMLP(SIZES, activation, "identity", normalization, blocks)
    X, T = rng.normal(size=(6, 3)), rng.normal(size=(6, 2))
    return net, rng.normal(size=net.n_parameters), X, T


def masks(alpha=False):
    rng = np.random.default_rng(8)
    make = alpha_dropout if alpha else inverted_dropout
    return {k: make((rng.uniform(size=(6, SIZES[k])) > 0.3).astype(float), 0.3) for k in (0, 1, 3)}


@pytest.mark.parametrize("dropout", [None, masks(), masks(alpha=True)])
@pytest.mark.parametrize("blocks", BLOCKS.values(), ids=BLOCKS)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_gradient(normalization, blocks, dropout):
    net, w, X, T = problem(normalization, blocks, "selu")
    settings = {"l2": 0.1, "sample_weight": np.arange(1.0, 7.0), "dropout": dropout}
    expected = complex_step_jacobian(lambda v: net.loss(v, X, T, **settings), w)
    gradient = net.gradient(w, X, T, **settings)
    assert np.linalg.norm(gradient - expected) <= 1e-12 * np.linalg.norm(expected)


def test_without_extras_it_is_the_plain_perceptron():
    net, w, X, T = problem()
    plain = MLP(SIZES)
    np.testing.assert_array_equal(net.weight_mask(), plain.weight_mask())
    np.testing.assert_allclose(net.predict(w, X), plain.predict(w, X), rtol=1e-14)
    np.testing.assert_allclose(
        net.gradient(w, X, T, l2=0.1), plain.gradient(w, X, T, l2=0.1), rtol=1e-12, atol=1e-15
    )


def test_layout():
    net = DeepMLP((2, 3, 4, 1), normalization="batch", blocks=((1, 2),))
    views = net.unpack(np.arange(float(net.n_parameters)))
    assert [list(layer) for layer in views] == [
        ["W", "gamma", "beta"],
        ["W", "gamma", "beta", "P"],
        ["W", "b"],
    ]
    assert views[1]["P"].shape == (3, 4)
    assert views[1]["W"][0, 0] == 12
    assert views[1]["P"][0, 0] == 12 + 12 + 8
    assert net.weight_mask().sum() == 6 + 12 + 12 + 4


def test_forward_by_hand():
    net, w, X, _ = problem("layer", ((1, 2), (1, 3)))
    p1, p2, p3, p4 = net.unpack(w)

    def layer(a, p):
        z = a @ p["W"]
        z = (z - z.mean(1, keepdims=True)) / np.sqrt(z.var(1, keepdims=True) + 1e-5)
        return np.tanh(p["gamma"] * z + p["beta"])

    a1 = layer(X, p1)
    a2 = layer(a1, p2) + a1
    a3 = layer(a2, p3) + a1 @ p3["P"]
    np.testing.assert_allclose(net.predict(w, X), a3 @ p4["W"] + p4["b"], rtol=1e-13)


def test_activation_gradients():
    net, w, X, T = problem("batch", ((1, 2),))
    # Shifting every activation of layer 3 is a shift of the last bias by W.
    last = net.activation_gradients(w, X, T)[-1]
    p = net.unpack(w)[-1]
    db = net.unpack(net.gradient(w, X, T))[-1]["b"]
    np.testing.assert_allclose(last.sum(axis=0), p["W"] @ db, rtol=1e-12)
    # An offset added by dropout is a free variable: its derivative is ∂E/∂a_1.
    one = np.ones((6, 5))

    def loss_of(offset):
        return net.loss(w, X, T, dropout={1: (one, offset)})

    expected = complex_step_jacobian(loss_of, np.zeros((6, 5))).reshape(6, 5)
    np.testing.assert_allclose(
        net.activation_gradients(w, X, T)[0], expected, rtol=1e-11, atol=1e-14
    )


@pytest.mark.parametrize(("kind", "axis"), [("batch", 0), ("layer", 1)])
def test_normalized_values_have_mean_zero_and_variance_one(kind, axis):
    z = np.random.default_rng(9).normal(3, 100, size=(50, 40))
    normalized, _ = normalize(z, axis, EPSILON[kind])
    np.testing.assert_allclose(normalized.mean(axis), 0, atol=1e-13)
    np.testing.assert_allclose(normalized.var(axis), 1, rtol=1e-5)
    constant, _ = normalize(np.full((4, 3), 7.0), axis, EPSILON[kind])
    np.testing.assert_array_equal(constant, 0)


def test_running_statistics_by_hand():
    z1, z2 = np.array([[1.0], [3.0]]), np.array([[0.0], [0.0], [6.0]])
    mean, variance = running_statistics([z1, z2], momentum=0.5)
    assert mean == [0.5 * (0.5 * 2) + 0.5 * 2]
    assert variance == [0.5 * (0.5 * 1 + 0.5 * 1) + 0.5 * 8]
    assert running_statistics([z1, z2], 0.5, unbiased=True)[1] == [0.5 * 1.5 + 0.5 * 12]


def test_inference_with_the_statistics_of_the_batch_equals_training():
    net, w, X, _ = problem("batch", ((1, 2),))
    statistics = [(z.mean(0), z.var(0)) for z in net.normalizer_inputs(w, X)]
    np.testing.assert_allclose(net.predict(w, X, running=statistics), net.predict(w, X), rtol=1e-12)
    # One sample alone gives what it gives within the batch.
    np.testing.assert_allclose(
        net.predict(w, X[:1], running=statistics), net.predict(w, X)[:1], rtol=1e-12
    )


def test_dropout_keeps_the_moments():
    rng = np.random.default_rng(10)
    h = ACTIVATIONS["selu"](rng.normal(size=1_000_000))[0]
    keep = (rng.uniform(size=h.size) > 0.2).astype(float)
    factor, offset = inverted_dropout(keep, 0.2)
    assert abs((factor * h + offset).mean() - h.mean()) < 5e-3
    factor, offset = alpha_dropout(keep, 0.2)
    dropped = factor * h + offset
    assert abs(dropped.mean()) < 5e-3
    assert abs(dropped.var() - 1) < 1e-2
