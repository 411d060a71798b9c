"""Jacobian, normal equations and Hessian against independent transcriptions and differences."""

from itertools import pairwise

import numpy as np
import pytest

import fastopt
from reference.network import MLP as ReferenceMLP
from reference.numerical import central_difference_jacobian, complex_step_jacobian

ACTIVATIONS = (
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "silu",
    "softplus",
)
SHAPES = ((3, 4, 1), (3, 4, 5), (4, 5, 3, 2), (1, 3, 1), (3, 4, 5, 4, 3), (5, 2, 2, 7))
LOSSES = (
    ("mse", "identity"),
    ("mse", "sigmoid"),
    ("mse", "softmax"),
    ("mse", "gelu"),
    ("huber", "identity"),
    ("huber", "softmax"),
    ("mae", "tanh"),
    ("mae", "identity"),
    ("binary_cross_entropy", "identity"),
    ("binary_cross_entropy", "sigmoid"),
    ("cross_entropy", "identity"),
    ("cross_entropy", "softmax"),
)


def make(sizes, activation="tanh", output="identity", n_samples=23, seed=0):
    """A network with random weights and biases, its reference, and data."""
    rng = np.random.default_rng(seed)
    net = fastopt.MLP(sizes, activation=activation, output_activation=output)
    net.parameters = rng.normal(size=net.n_parameters)
    X = rng.normal(size=(n_samples, sizes[0]))
    T = rng.normal(size=(n_samples, sizes[-1]))
    return net, ReferenceMLP(tuple(sizes), activation, output), X, T


def relative(a, b):
    return np.abs(a - b).max() / max(np.abs(b).max(), 1e-300)


@pytest.fixture(autouse=True)
def _threads():
    before = fastopt.get_num_threads()
    yield
    fastopt.set_num_threads(before)


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax", "silu"])
def test_jacobian_equals_complex_step(sizes, output):
    net, reference, X, _ = make(sizes, "tanh", output)
    J = net.jacobian(X)
    by_step = complex_step_jacobian(lambda w: reference.predict(w, X).ravel(), net.parameters)
    assert J.shape == (len(X) * sizes[-1], net.n_parameters)
    assert relative(J, by_step) <= 1e-12


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_jacobian_equals_finite_differences(activation):
    net, _, X, _ = make((3, 5, 4, 2), activation, n_samples=7, seed=3)

    def outputs(w):
        other = net.copy()
        other.parameters = w
        return other.predict(X).ravel()

    by_differences = central_difference_jacobian(outputs, net.parameters.copy())
    assert relative(net.jacobian(X), by_differences) <= 1e-7


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
@pytest.mark.parametrize("n_samples", [1, 5, 300])
def test_normal_equations_equal_the_explicit_product(sizes, output, n_samples):
    net, reference, X, T = make(sizes, "sigmoid", output, n_samples)
    value, jte, jtj = net.normal_equations(X, T)
    expected = reference.normal_equations(net.parameters, X, T)
    assert value == pytest.approx(expected[0], rel=1e-12)
    assert relative(jte, expected[1]) <= 1e-12
    assert relative(jtj, expected[2]) <= 1e-12
    assert (jtj == jtj.T).all()


@pytest.mark.parametrize("sizes", [(2, 390, 1), (120, 30, 3), (200, 2)])
def test_normal_equations_of_wide_layers_are_summed_in_tiles(sizes):
    net, _, X, T = make(sizes, n_samples=70)
    J, e = net.jacobian(X), (net.predict(X) - T).ravel()
    _, jte, jtj = net.normal_equations(X, T)
    assert relative(jtj, J.T @ J) <= 1e-12
    assert relative(jte, J.T @ e) <= 1e-12
    assert (jtj == jtj.T).all()


def test_normal_equations_of_many_samples_go_through_in_pieces():
    # More than fits into the workspaces at once is the sum over parts that do. They hold 16 MB for
    # a network of this size, and a sample has 3 KB: 10 outputs times 2 hidden layers of 14 units
    # for the deltas alone.
    net, _, X, T = make((6, 14, 14, 10), "tanh", n_samples=17_000)
    cuts = [0, 2_000, 4_500, 8_000, 12_500, 17_000]
    parts = [net.normal_equations(X[a:b], T[a:b]) for a, b in pairwise(cuts)]
    expected = [sum(terms) for terms in zip(*parts, strict=True)]
    value, jte, jtj = net.normal_equations(X, T)
    assert value == pytest.approx(expected[0], rel=1e-12)
    assert relative(jte, expected[1]) <= 1e-11
    assert relative(jtj, expected[2]) <= 1e-12
    # One part of this network against its Jacobian.
    few, J = slice(100), net.jacobian(X[:100])
    value, jte, jtj = net.normal_equations(X[few], T[few])
    e = (net.predict(X[few]) - T[few]).ravel()
    assert value == pytest.approx(0.5 * e @ e, rel=1e-12)
    assert relative(jtj, J.T @ J) <= 1e-12
    assert relative(jte, J.T @ e) <= 1e-11


@pytest.mark.parametrize("output", ["identity", "softmax"])
def test_weights_and_penalty_enter_the_normal_equations(output):
    net, reference, X, T = make((3, 4, 2), "tanh", output)
    v = np.random.default_rng(1).uniform(0, 3, len(X))
    value, jte, jtj = net.normal_equations(X, T, sample_weight=v, l2=0.1)
    w, mask = net.parameters, reference.weight_mask()
    V = np.repeat(v / v.mean(), 2)
    J, e = reference.jacobian(w, X), (reference.predict(w, X) - T).ravel()
    penalty = 0.1 * len(e) / 2
    assert value == pytest.approx(0.5 * V @ e**2 + 0.5 * penalty * (mask * w) @ w, rel=1e-12)
    assert 2 / len(e) * value == pytest.approx(
        reference.loss(w, X, T, sample_weight=v, l2=0.1), rel=1e-12
    )
    assert relative(jte, J.T @ (V * e) + penalty * mask * w) <= 1e-12
    assert relative(jtj, (J.T * V) @ J + penalty * np.diag(mask)) <= 1e-12


@pytest.mark.parametrize("sizes", SHAPES)
@pytest.mark.parametrize(("loss", "output"), LOSSES)
def test_hessian_equals_complex_step_of_the_gradient(sizes, loss, output):
    net, reference, X, T = make(sizes, "tanh", output)
    if loss == "cross_entropy" and sizes[-1] == 1:
        with pytest.raises(ValueError, match="cross_entropy needs one output for each class"):
            net.hessian(X, T, loss=loss)
        return
    if "entropy" in loss:
        T = np.random.default_rng(2).uniform(size=T.shape)
    v = np.random.default_rng(1).uniform(0.1, 3, len(X))
    H = net.hessian(X, T, loss=loss, sample_weight=v, l2=0.01)
    expected = reference.hessian(net.parameters, X, T, loss, v, 0.01)
    assert relative(H, expected) <= 1e-11
    assert (H == H.T).all()
    along = np.random.default_rng(3).normal(size=net.n_parameters)
    product = net.hessian_vector_product(X, T, along, loss=loss, sample_weight=v, l2=0.01)
    assert relative(product, expected @ along) <= 1e-11


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_hessian_equals_differences_of_the_gradient(activation):
    net, _, X, T = make((3, 5, 4, 2), activation, n_samples=9, seed=3)

    def gradient(w):
        other = net.copy()
        other.parameters = w
        return other.loss_and_gradient(X, T)[1]

    by_differences = central_difference_jacobian(gradient, net.parameters.copy())
    assert relative(net.hessian(X, T), by_differences) <= 1e-6


def test_hessian_of_class_numbers_equals_that_of_one_hot_targets():
    net, _, X, _ = make((3, 4, 5), "tanh", "softmax")
    labels = np.random.default_rng(1).integers(0, 5, len(X))
    H = net.hessian(X, labels, loss="cross_entropy")
    assert (net.hessian(X, np.eye(5)[labels], loss="cross_entropy") == H).all()


def test_hessian_in_pieces_equals_the_sum_over_parts_of_the_data():
    net, _, X, T = make((4, 40, 30, 2), "tanh", n_samples=900)
    whole = net.hessian(X, T)
    parts = [net.hessian(X[i : i + 60], T[i : i + 60]) for i in range(0, 900, 60)]
    assert relative(whole, sum(parts) / len(parts)) <= 1e-12


@pytest.mark.parametrize("sizes", [(8, 20, 1), (6, 12, 10, 3)])
def test_bits_do_not_depend_on_the_number_of_threads(sizes):
    net, _, X, T = make(sizes, "tanh", n_samples=1500)
    along = np.random.default_rng(3).normal(size=net.n_parameters)

    def everything():
        return (
            net.jacobian(X),
            *net.normal_equations(X, T),
            net.hessian(X, T),
            net.hessian_vector_product(X, T, along),
        )

    results = []
    for threads in (1, 2, 4):
        fastopt.set_num_threads(threads)
        results.append(everything())
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert np.array_equal(a, b)


def test_any_layout_and_dtype_gives_the_same_bits():
    net, _, X, T = make((3, 4, 2), n_samples=50)
    X, T = X.astype(np.float32), T.astype(np.float32)
    expected = net.normal_equations(X.astype(float), T.astype(float))
    strided = np.zeros((100, 6), ">f4")[::2, ::2]
    strided[:] = X
    for inputs in (np.asfortranarray(X), strided):
        for a, b in zip(expected, net.normal_equations(inputs, T), strict=True):
            assert np.array_equal(a, b)


def test_float32_networks_are_refused_with_the_remedy():
    net = fastopt.MLP([2, 3, 1], dtype="float32")
    X, y = np.zeros((4, 2)), np.zeros(4)
    calls = (
        lambda: net.jacobian(X),
        lambda: net.normal_equations(X, y),
        lambda: net.hessian(X, y),
        lambda: net.hessian_vector_product(X, y, net.parameters),
    )
    for call in calls:
        with pytest.raises(ValueError, match=r'net\.astype\("float64"\)'):
            call()


def test_wrong_arguments_are_named():
    net, _, X, T = make((3, 4, 2))
    with pytest.raises(ValueError, match="3 columns"):
        net.jacobian(X[:, :2])
    with pytest.raises(ValueError, match="columns"):
        net.normal_equations(X, T[:, :1])
    with pytest.raises(ValueError, match="l2"):
        net.normal_equations(X, T, l2=-1)
    with pytest.raises(ValueError, match=r"v must have shape \(26,\)"):
        net.hessian_vector_product(X, T, np.ones(3))
    with pytest.raises(ValueError, match="loss of your own"):
        net.hessian(X, T, loss=lambda outputs, targets: (0.0, outputs))
