"""Normalisation, dropout and shortcuts: loss and gradient against references of other hands."""

from itertools import product

import numpy as np
import pytest

import fastopt
from fastopt import _core
from fastopt._architecture import OF_OUTPUTS
from golden import load
from reference.deep import DeepMLP

CASES, ARRAYS = load("deep")
SEED, ITERATION = 2**40 + 17, 5


def arrays_of(name):
    return {key.split("/")[1]: a for key, a in ARRAYS.items() if key.split("/")[0] == name}


def core_network(reference, dtype="float64", after=False, dropout=()):
    kind = _core.NetworkF64 if dtype == "float64" else _core.NetworkF32
    n_hidden = len(reference.layer_sizes) - 2
    epsilon = {None: 0.0, "batch": 1e-3, "layer": 1e-5}[reference.normalization]
    return kind(
        list(reference.layer_sizes),
        [reference.activation] * n_hidden + [reference.output_activation],
        reference.normalization or "",
        after,
        epsilon,
        0.99,
        list(dropout),
        list(reference.blocks),
    )


def evaluation(core, data, loss, l2=0.0):
    kind = _core.EvaluationF64 if core.parameters.dtype == np.float64 else _core.EvaluationF32
    made = kind(core, data, loss, l2)
    made.as_in_training()
    return made


def relative_error(value, expected):
    return np.linalg.norm(value - expected) / np.linalg.norm(expected)


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case["kind"] == "gradient"],
    ids=lambda case: case["name"],
)
def test_golden_gradients(case):
    golden = arrays_of(case["name"])
    net = core_network(
        DeepMLP(
            tuple(case["layer_sizes"]),
            case["activation"],
            case["output_activation"],
            case["normalization"],
            tuple(map(tuple, case["blocks"])),
        ),
        dropout=case["dropout"],
    )
    net.parameters[:] = golden["weights"]
    classes = case["layer_sizes"][-1] if case["loss"] == "cross_entropy" else 0
    data = _core.Dataset(golden["X"], golden["T"], classes)
    made = evaluation(net, data, case["loss"], case["l2"])
    made.drop(case["seed"], case["iteration"])
    value, gradient = made.value_and_gradient()
    assert relative_error(value, golden["loss"]) <= 1e-13
    assert relative_error(gradient, golden["gradient"]) <= 1e-13


BLOCKS = {
    "none": (),
    "each": ((1, 2), (2, 3)),
    "of two": ((1, 3),),
    "all": ((0, 1), (1, 2), (2, 3)),
    "all of two": ((0, 2), (2, 3)),
}
SIZES = (3, 7, 7, 7, 2)
UNEQUAL = (3, 7, 5, 6, 2)
RATES = (0.25, 0.3, 0.0, 0.5)


def problem(normalization, blocks, activation, output, n=40):
    rng = np.random.default_rng(5)
    sizes = UNEQUAL if blocks.startswith("all") else SIZES
    reference = DeepMLP(sizes, activation, output, normalization, BLOCKS[blocks])
    w = 0.6 * rng.normal(size=reference.n_parameters)
    X = rng.normal(size=(n, 3))
    T = np.abs(rng.normal(size=(n, 2))) if output == "identity" else rng.integers(0, 2, (n, 2))
    if output == "softmax":
        T = np.eye(2)[T[:, 0]]
    return reference, w, X, T.astype(float), rng.uniform(0.5, 1.5, n)


LOSSES = {
    "mse": "identity",
    "mae": "identity",
    "huber": "identity",
    "binary_cross_entropy": "sigmoid",
    "cross_entropy": "softmax",
}
ACTIVATIONS = [name for name in _core.activation_names if name not in OF_OUTPUTS]


@pytest.mark.parametrize("dropped", [False, True], ids=["", "dropout"])
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_every_combination_equals_the_reference(normalization, blocks, dropped):
    for activation, (loss, output) in product(ACTIVATIONS, LOSSES.items()):
        reference, w, X, T, weights = problem(normalization, blocks, activation, output)
        dropout = None
        if dropped:
            dropout = reference.drawn_dropout(RATES, len(X), SEED, ITERATION)
        settings = {"loss": loss, "sample_weight": weights, "l2": 0.1, "dropout": dropout}
        expected = reference.loss(w, X, T, **settings)
        expected_gradient = reference.gradient(w, X, T, **settings)
        for dtype, tolerance in (("float64", 1e-12), ("float32", 2e-4)):
            net = core_network(reference, dtype, dropout=RATES if dropped else ())
            net.parameters[:] = w
            data = _core.Dataset(X, T, 0, weights / weights.mean())
            made = evaluation(net, data, loss, 0.1)
            if dropped:
                made.drop(SEED, ITERATION)
            value, gradient = made.value_and_gradient()
            assert relative_error(value, expected) <= tolerance, (activation, loss, dtype)
            error = relative_error(gradient, expected_gradient)
            assert error <= tolerance, (activation, loss, dtype)


def finite_differences(made, parameters, h=1e-6):
    gradient = np.empty_like(parameters)
    for i, w in enumerate(parameters.copy()):
        parameters[i] = w + h
        above = made.value()
        parameters[i] = w - h
        gradient[i] = (above - made.value()) / (2 * h)
        parameters[i] = w
    return gradient


@pytest.mark.parametrize("dropped", [False, True], ids=["", "dropout"])
@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize(
    ("normalization", "after"),
    [(None, False), ("batch", False), ("batch", True), ("layer", False), ("layer", True)],
)
def test_every_gradient_is_the_differences_of_the_loss(normalization, after, blocks, dropped):
    """Also where a normalisation follows the activation, which the reference does not have."""
    for activation, (loss, output) in product(ACTIVATIONS, LOSSES.items()):
        reference, _, X, T, weights = problem(normalization, blocks, activation, output, n=20)
        net = core_network(reference, after=after, dropout=RATES if dropped else ())
        net.parameters[:] = 0.6 * np.random.default_rng(1).normal(size=net.parameters.size)
        made = evaluation(net, _core.Dataset(X, T, 0, weights / weights.mean()), loss, 0.1)
        if dropped:
            made.drop(SEED, ITERATION)
        _, gradient = made.value_and_gradient()
        error = relative_error(gradient, finite_differences(made, net.parameters))
        assert error <= 1e-7, (activation, loss)


def test_parts_of_a_large_batch_share_one_mask():
    # 2,500 samples are gone through in pieces; the masks know their place in the whole.
    reference, w, X, T, _ = problem("layer", "each", "tanh", "identity", n=2500)
    net = core_network(reference, dropout=RATES)
    net.parameters[:] = w
    made = evaluation(net, _core.Dataset(X, T), "mse")
    made.drop(SEED, ITERATION)
    value, gradient = made.value_and_gradient()
    dropout = reference.drawn_dropout(RATES, 2500, SEED, ITERATION)
    assert relative_error(value, reference.loss(w, X, T, dropout=dropout)) <= 1e-12
    assert relative_error(gradient, reference.gradient(w, X, T, dropout=dropout)) <= 1e-12


def test_a_large_batch_has_one_mean_and_variance():
    reference, w, X, T, _ = problem("batch", "each", "tanh", "identity", n=2500)
    net = core_network(reference)
    net.parameters[:] = w
    value, gradient = evaluation(net, _core.Dataset(X, T), "mse").value_and_gradient()
    assert relative_error(value, reference.loss(w, X, T)) <= 1e-12
    assert relative_error(gradient, reference.gradient(w, X, T)) <= 1e-12


@pytest.mark.parametrize("normalization", [None, "batch", "layer"])
def test_norms_of_layers(normalization):
    reference, w, X, T, _ = problem(normalization, "each", "tanh", "identity")
    net = fastopt.MLP(SIZES, normalization=normalization, residual=True)
    net.parameters = w
    norms = net.gradient_norms(X, T)
    flows = [np.linalg.norm(d) for d in reference.activation_gradients(w, X, T)]
    np.testing.assert_allclose(norms["activations"], flows, rtol=1e-12)
    layers = reference.unpack(reference.gradient(w, X, T))
    expected = [np.linalg.norm(layer["W"]) for layer in layers]
    np.testing.assert_allclose(norms["weights"], expected, rtol=1e-12)


def deep_stack(activation, factor, depth):
    net = fastopt.MLP([3, *[10] * depth, 1], activation=activation, random_state=0)
    for W in net.coefs_:
        W *= factor
    X = np.random.default_rng(1).normal(size=(20, 3))
    return net, X, X[:, 0]


@pytest.mark.parametrize(
    ("activation", "factor", "low", "high"),
    [("sigmoid", 1, 1e-26, 1e-25), ("relu", 2.5, 1e27, 1e28)],
    ids=["vanishing", "exploding"],
)
def test_norms_whose_squares_float32_cannot_hold(activation, factor, low, high):
    net, X, T = deep_stack(activation, factor, 40)
    exact = net.gradient_norms(X, T)
    norms = net.astype("float32").gradient_norms(X, T)
    for of in ("weights", "activations"):
        np.testing.assert_allclose(norms[of], exact[of], rtol=1e-4)
    assert low < exact["activations"][0] < high


def test_norms_whose_squares_double_cannot_hold():
    net, X, T = deep_stack("sigmoid", 1, 400)
    _, gradient = net.loss_and_gradient(X, T)
    first = net._hidden.views(gradient)[0]["W"]
    largest = np.abs(first).max()
    expected = largest * np.linalg.norm(first / largest)
    assert 0 < expected < 1e-200
    assert net.gradient_norms(X, T)["weights"][0] == pytest.approx(expected, rel=1e-12, abs=0)


def test_constant_features():
    X = np.full((64, 3), 1e6, "float32")
    X[:, 1] = np.linspace(-1, 1, 64)
    net = fastopt.MLP([3, 5, 1], normalization="batch", dtype="float32", random_state=0)
    net.coefs_[0][:] = np.eye(3, 5)  # units 0 and 2 see constants, 3 and 4 nothing
    data = _core.Dataset(X, X[:, 1])
    value, gradient = evaluation(net._core, data, "mse").value_and_gradient()
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    # What is constant over the batch becomes exactly β: its weights have no influence.
    views = net._hidden.views(gradient)[0]
    np.testing.assert_array_equal(views["gamma"][[0, 2, 3, 4]], 0)
