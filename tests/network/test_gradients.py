"""Outputs, loss and gradient of networks, against the NumPy reference and PyTorch."""

from itertools import product

import numpy as np
import pytest

import fastopt
import golden
from reference.activations import ACTIVATIONS
from reference.losses import LOSSES
from reference.network import MLP as ReferenceMLP

REGRESSION = ("mse", "mae", "huber")
CASES = [
    *product(ACTIVATIONS, LOSSES, ["identity"]),
    *product(["tanh", "gelu"], REGRESSION, [*ACTIVATIONS, "softmax"]),
    *product(ACTIVATIONS, ["binary_cross_entropy"], ["sigmoid"]),
    *product(ACTIVATIONS, ["cross_entropy"], ["softmax"]),
]
each_case = pytest.mark.parametrize(("activation", "loss", "output"), CASES)


def targets(rng, loss, n, q):
    if loss == "cross_entropy":
        return rng.integers(0, q, size=n)
    if loss == "binary_cross_entropy":
        return rng.integers(0, 2, size=(n, q)).astype(float)
    return 1.5 * rng.normal(size=(n, q))


def problem(activation, loss, output, sizes=(4, 7, 5, 3), n=23, dtype="float64", seed=0):
    """A network with random parameters, the reference of it, and data."""
    rng = np.random.default_rng(seed)
    net = fastopt.MLP(sizes, activation, output, dtype=dtype, random_state=0)
    net.parameters = rng.normal(size=net.n_parameters) / 2
    ref = ReferenceMLP(tuple(sizes), activation, output)
    return net, ref, rng.normal(size=(n, sizes[0])), targets(rng, loss, n, sizes[-1])


def error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


@each_case
def test_loss_and_gradient(activation, loss, output):
    net, ref, X, T = problem(activation, loss, output)
    w = net.parameters.copy()
    value, gradient = net.loss_and_gradient(X, T, loss)
    assert value == pytest.approx(ref.loss(w, X, T, loss), rel=1e-13)
    assert error(gradient, ref.gradient(w, X, T, loss)) <= 1e-13
    assert net.evaluate(X, T, loss) == pytest.approx(value, rel=1e-14)
    assert error(net.predict(X), ref.predict(w, X)) <= 1e-13


@each_case
def test_weights_and_penalty(activation, loss, output):
    net, ref, X, T = problem(activation, loss, output, seed=1)
    w, v = net.parameters.copy(), np.random.default_rng(2).uniform(0, 3, size=len(X))
    value, gradient = net.loss_and_gradient(X, T, loss, l2=0.3, sample_weight=v)
    assert value == pytest.approx(ref.loss(w, X, T, loss, v, 0.3), rel=1e-13)
    assert error(gradient, ref.gradient(w, X, T, loss, v, 0.3)) <= 1e-13
    assert net.evaluate(X, T, loss, sample_weight=v) == pytest.approx(
        ref.loss(w, X, T, loss, v), rel=1e-13
    )


@each_case
def test_float32(activation, loss, output):
    net, _, X, T = problem(activation, loss, output, seed=3)
    X = X.astype(np.float32)
    single = net.astype("float32")
    net.parameters = single.parameters  # the same numbers
    value, gradient = net.loss_and_gradient(X, T, loss)
    value_32, gradient_32 = single.loss_and_gradient(X, T, loss)
    assert gradient_32.dtype == np.float32
    assert single.predict(X).dtype == np.float32
    assert value_32 == pytest.approx(value, rel=1e-5)
    assert error(gradient_32, gradient) <= 1e-5  # far inside the bound of 1e-4


# The numbers that a straightforward form would lose in rounding, overflow or underflow.
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 30.0, 1000.0])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("binary_cross_entropy", "identity"),
        ("binary_cross_entropy", "sigmoid"),
        ("cross_entropy", "identity"),
        ("cross_entropy", "softmax"),
    ],
)
def test_cross_entropies_of_large_logits(loss, output, scale, dtype):
    net, ref, X, T = problem("identity", loss, output, dtype=dtype)
    X = (scale * X).astype(np.float32).astype(float)
    value, gradient = net.loss_and_gradient(X, T, loss)
    w, tolerance = net.parameters.astype(float), 1e-12 if dtype == "float64" else 1e-4
    assert value == pytest.approx(ref.loss(w, X, T, loss), rel=tolerance)
    assert error(gradient, ref.gradient(w, X, T, loss)) <= tolerance
    outputs = net.predict(X)
    assert np.isfinite(outputs).all()
    if output != "identity":
        assert ((outputs >= 0) & (outputs <= 1)).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_over_the_whole_range(name, dtype):
    eps = float(np.finfo(dtype).eps)
    magnitudes = np.concatenate([[0, 1e-30, 1e-8, 1e-3], np.linspace(0.01, 12, 500), [50, 90, 1e4]])
    z = np.concatenate([-magnitudes[::-1], magnitudes]).astype(dtype).astype(float)
    net = fastopt.MLP([1, 1], output_activation=name, initializer="zeros", dtype=dtype)
    net.parameters = [1, 0]
    expected, slope, _ = ACTIVATIONS[name](z)
    found = net.predict(z[:, None])[:, 0]
    # gelu and silu fall off towards 0 with an absolute error of rounding
    np.testing.assert_allclose(found, expected, rtol=32 * eps, atol=32 * eps)
    # ∂(mean of y)/∂b of a custom loss is the slope
    for zi, si in zip(z[::37], slope[::37], strict=True):
        _, g = net.loss_and_gradient([[zi]], [[0]], lambda y, _: (y.sum(), np.ones_like(y)))
        assert g[1] == pytest.approx(si, rel=64 * eps, abs=64 * eps)


@pytest.mark.parametrize("n", [1, 2, 15, 16, 17, 33, 1023, 1024, 1025, 2500])
@pytest.mark.parametrize(("loss", "q"), [("mse", 3), ("cross_entropy", 10), ("huber", 1)])
def test_any_number_of_samples(n, loss, q):
    """Batches are gone through in pieces and in blocks for the threads: none is lost or doubled."""
    net, ref, X, T = problem("tanh", loss, "identity", sizes=(6, 30, 20, q), n=n)
    w, v = net.parameters.copy(), np.random.default_rng(1).uniform(0.5, 2, size=n)
    value, gradient = net.loss_and_gradient(X, T, loss, l2=0.01, sample_weight=v)
    assert value == pytest.approx(ref.loss(w, X, T, loss, v, 0.01), rel=1e-13)
    assert error(gradient, ref.gradient(w, X, T, loss, v, 0.01)) <= 1e-13
    assert error(net.predict(X), ref.predict(w, X)) <= 1e-13


@pytest.mark.parametrize("sizes", [(3, 2), (1, 1, 1), (300, 260, 4), (2, 1, 1, 1, 1, 40)])
def test_any_architecture(sizes):
    net, ref, X, T = problem("silu", "mse", "identity", sizes=sizes, n=300)
    w = net.parameters.copy()
    _, gradient = net.loss_and_gradient(X, T, l2=0.1)
    assert error(gradient, ref.gradient(w, X, T, l2=0.1)) <= 1e-13


def test_one_activation_for_each_hidden_layer():
    names = ["relu", "sigmoid", "softplus"]
    net, ref, X, T = problem(names, "mse", "identity", sizes=(2, 4, 5, 6, 1))
    assert net.activation == tuple(names)
    _, gradient = net.loss_and_gradient(X, T)
    assert error(gradient, ref.gradient(net.parameters.copy(), X, T)) <= 1e-13


@pytest.mark.parametrize(
    ("loss", "output", "T"),
    [
        ("cross_entropy", "softmax", np.array([0, 2, 1])),
        ("cross_entropy", "identity", np.array([[0], [2], [1]])),
        ("binary_cross_entropy", "sigmoid", np.eye(3)[[0, 2, 1]]),
    ],
)
def test_forms_of_targets(loss, output, T):
    """Class numbers as (N,), (N, 1), of any type, and one-hot give the same bits."""
    net, _, X, _ = problem("tanh", loss, output, n=3)
    one_hot = np.eye(3)[T.ravel()] if loss == "cross_entropy" else T
    value, gradient = net.loss_and_gradient(X, one_hot, loss)
    for form in (T, T.tolist(), T.astype(np.int8), T.astype(np.float16), T.astype(">f8")):
        same_value, same_gradient = net.loss_and_gradient(X, form, loss)
        assert same_value == value
        np.testing.assert_array_equal(same_gradient, gradient)


def test_soft_targets():
    net, ref, X, _ = problem("tanh", "cross_entropy", "softmax")
    T = np.random.default_rng(5).dirichlet(np.ones(3), size=len(X))
    value, gradient = net.loss_and_gradient(X, T, "cross_entropy")
    w = net.parameters.copy()
    assert value == pytest.approx(ref.loss(w, X, T, "cross_entropy"), rel=1e-13)
    assert error(gradient, ref.gradient(w, X, T, "cross_entropy")) <= 1e-13


def test_targets_in_one_dimension_are_one_column():
    net, _, X, T = problem("tanh", "mse", "identity", sizes=(4, 5, 1))
    value, gradient = net.loss_and_gradient(X, T)
    same_value, same_gradient = net.loss_and_gradient(X, T[:, 0])
    assert same_value == value
    np.testing.assert_array_equal(same_gradient, gradient)


@pytest.mark.parametrize("output", ["identity", "tanh", "softmax", "gelu"])
@pytest.mark.parametrize("n", [7, 3000])
def test_own_loss_equals_the_built_in_one(output, n):
    """A function (outputs, targets) → (value, slope) is called once, with the whole batch."""
    net, _, X, T = problem("elu", "mse", output, n=n)
    calls = []

    def own(outputs, targets):
        calls.append(len(outputs))
        difference = outputs - targets
        return (difference**2).mean(), 2 * difference / difference.size

    value, gradient = net.loss_and_gradient(X, T, own, l2=0.1)
    expected_value, expected = net.loss_and_gradient(X, T, "mse", l2=0.1)
    assert calls == [n]
    assert value == pytest.approx(expected_value, rel=1e-13)
    assert error(gradient, expected) <= 1e-13


# --- PyTorch ---------------------------------------------------------------------------------

GOLDEN, ARRAYS = golden.load("networks")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_agrees_with_pytorch(case):
    net = fastopt.MLP(case["layer_sizes"], case["activation"], case["output_activation"])
    data = {key: ARRAYS[f"{case['network']}/{key}"] for key in ("weights", "X", case["targets"])}
    net.parameters = data["weights"]
    v = ARRAYS[f"{case['network']}/sample_weight"] if case["sample_weight"] else None
    value, gradient = net.loss_and_gradient(
        data["X"], data[case["targets"]], case["loss"], l2=case["l2"], sample_weight=v
    )
    assert value == pytest.approx(float(ARRAYS[f"{case['name']}/loss"]), rel=1e-13)
    assert error(gradient, ARRAYS[f"{case['name']}/gradient"]) <= 1e-13
    np.testing.assert_allclose(
        net.predict(data["X"]), ARRAYS[f"{case['name']}/outputs"], rtol=1e-13, atol=1e-14
    )
