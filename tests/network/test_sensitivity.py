"""Derivatives by inputs against a complex step through the transcription, and differences."""

import numpy as np
import pytest

import fastopt
from reference.deep import DeepMLP
from reference.numerical import complex_step_jacobian

# residual as MLP takes it, and the blocks (start, end) that it stands for with three hidden layers.
SHORTCUTS = {
    "none": ((3, 4, 5, 4, 2), False, ()),
    "each layer": ((3, 4, 4, 4, 2), True, ((1, 2), (2, 3))),
    "projections": ((2, 5, 4, 6, 3), "projection", ((0, 1), (1, 2), (2, 3))),
    "from the inputs": ((4, 4, 4, 6, 1), "projection", ((0, 1), (1, 2), (2, 3))),
    "over two": ((2, 5, 4, 6, 3), fastopt.Residual(2, projection=True), ((0, 2), (2, 3))),
}
# Without those of a kink at which a complex step would not tell the side.
ACTIVATIONS = ("tanh", "sigmoid", "softplus", "silu", "gelu", "elu", "selu", "relu", "leaky_relu")


def by_complex_step(reference, w, X):
    rows = [complex_step_jacobian(lambda x: reference.predict(w, x[None])[0], x) for x in X]
    return np.stack(rows)


def by_differences(net, X):
    columns = []
    for j in range(X.shape[1]):
        step = np.zeros(X.shape[1])
        step[j] = 1e-5 * max(1.0, np.abs(X[:, j]).max())
        columns.append((net.predict(X + step) - net.predict(X - step)) / (2 * step[j]))
    return np.stack(columns, axis=-1)


@pytest.mark.parametrize("shortcuts", SHORTCUTS)
@pytest.mark.parametrize("normalization", [None, "layer"])
@pytest.mark.parametrize("output", ["identity", "sigmoid", "softmax"])
def test_equal_to_a_complex_step(shortcuts, normalization, output):
    sizes, residual, blocks = SHORTCUTS[shortcuts]
    rng = np.random.default_rng(1)
    net = fastopt.MLP(sizes, "tanh", output, normalization=normalization, residual=residual)
    net.parameters = 0.7 * rng.normal(size=net.n_parameters)
    X = rng.normal(size=(70, sizes[0]))  # more than a block of rows
    reference = DeepMLP(sizes, "tanh", output, normalization, blocks)
    found = net.input_jacobian(X)
    assert found.shape == (70, sizes[-1], sizes[0])
    wanted = by_complex_step(reference, net.parameters.copy(), X)
    np.testing.assert_allclose(found, wanted, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_every_activation(activation):
    rng = np.random.default_rng(2)
    net = fastopt.MLP([3, 6, 5, 2], activation, random_state=0)
    X = rng.normal(size=(20, 3))
    # The error of differences is of second order in a step of 1e-5, their rounding 1e-16 / 1e-5.
    np.testing.assert_allclose(net.input_jacobian(X), by_differences(net, X), atol=1e-8)


@pytest.mark.parametrize("kind", ["standard", "minmax"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_in_the_units_of_the_data(kind, dtype):
    rng = np.random.default_rng(3)
    X = np.column_stack([rng.normal(50, 10, 60), rng.normal(0, 1e-3, 60), np.full(60, 7.0)])
    y = np.column_stack([1e4 * X[:, 0], X[:, 1]])
    net = fastopt.MLP([3, 5, 2], scale_inputs=kind, scale_targets=kind, dtype=dtype, random_state=0)
    net.fit(X, y, epochs=3)
    found = net.input_jacobian(X)
    assert found.dtype == np.float64
    assert not found[:, :, 2].any()
    wanted = by_differences(net.astype("float64"), X / 1)
    for k in range(2):
        for j in range(2):
            scale = np.abs(found[:, k, j]).max()
            step = 1e-5 * max(1.0, np.abs(X[:, j]).max()) / X[:, j].std()
            np.testing.assert_allclose(
                found[:, k, j], wanted[:, k, j], atol=(1e-6 + step**2) * scale
            )


@pytest.mark.parametrize("position", ["before", "after"])
@pytest.mark.parametrize("residual", [False, True])
def test_batch_normalisation_is_that_of_use(position, residual):
    rng = np.random.default_rng(4)
    X = rng.normal(size=(64, 3))
    net = fastopt.MLP(
        [3, 6, 6, 1],
        normalization=fastopt.BatchNormalization(position=position),
        residual=residual,
        random_state=0,
    )
    net.fit(X, X[:, :1] ** 2, epochs=5)
    if position == "after" and residual:
        with pytest.raises(ValueError, match="cannot be folded"):
            net.input_jacobian(X)
        return
    np.testing.assert_allclose(net.input_jacobian(X), by_differences(net, X), atol=1e-8)


def test_nothing_is_dropped():
    net = fastopt.MLP([2, 8, 1], dropout=0.5, random_state=0)
    whole = fastopt.MLP([2, 8, 1], random_state=0)
    X = np.random.default_rng(5).normal(size=(9, 2))
    np.testing.assert_array_equal(net.input_jacobian(X), whole.input_jacobian(X))


def test_a_network_without_hidden_layers_has_its_weights():
    net = fastopt.MLP([3, 2], random_state=0)
    found = net.input_jacobian(np.zeros((4, 3)))
    np.testing.assert_allclose(found, np.broadcast_to(net.coefs_[0].T, (4, 2, 3)), rtol=1e-15)
    with pytest.raises(ValueError, match="X must have 3 columns"):
        net.input_jacobian(np.zeros((4, 2)))


def test_threads_do_not_change_bits():
    net = fastopt.MLP([3, 20, 2], random_state=0)
    X = np.random.default_rng(6).normal(size=(500, 3))
    threads = fastopt.get_num_threads()
    try:
        fastopt.set_num_threads(1)
        alone = net.input_jacobian(X)
        fastopt.set_num_threads(2)
        np.testing.assert_array_equal(net.input_jacobian(X), alone)
    finally:
        fastopt.set_num_threads(threads)


def test_importance_is_the_loss_of_shuffled_columns():
    pytest.importorskip("sklearn")
    rng = np.random.default_rng(7)
    X = rng.uniform(-1, 1, (2000, 3))
    y = 2 * X[:, 0] + X[:, 1]
    net = fastopt.MLP([3, 1], random_state=0)
    net.fit(X, y, "lm", epochs=5)
    found = fastopt.permutation_importance(net, X, y, n_repeats=3, random_state=0)
    # Of a linear model twice the variance of w x: 2 w² / 3, to within 1/√2000 and its like.
    np.testing.assert_allclose(found.importances_mean, [8 / 3, 2 / 3, 0], atol=0.15)
    assert found.importances.shape == (3, 3)
    mae = fastopt.permutation_importance(net, X, y, loss="mae", random_state=0)
    assert 1 < mae.importances_mean[0] < 1.6
    estimator = fastopt.MLPRegressor(hidden_layer_sizes=(3,), optimizer="lm", random_state=0)
    of_r2 = fastopt.permutation_importance(estimator.fit(X, y), X, y, random_state=0)
    np.testing.assert_allclose(of_r2.importances_mean, [1.6, 0.4, 0], atol=0.1)
    with pytest.raises(ValueError, match="an estimator has scoring="):
        fastopt.permutation_importance(estimator, X, y, loss="mse")
    with pytest.raises(ValueError, match="a network has loss="):
        fastopt.permutation_importance(net, X, y, scoring="r2")
