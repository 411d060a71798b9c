"""Levenberg-Marquardt on networks: the step in both its forms, and how often it succeeds."""

import numpy as np
import pytest

import fastopt
from fastopt.optimizers import LevenbergMarquardt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3))
Y = np.sin(X @ RNG.normal(size=(3, 2)))


def weights_of(net):
    """Return 1 for each weight and 0 for each bias."""
    mask = net.copy()
    mask.parameters = np.zeros(net.n_parameters)
    for W in mask.coefs_:
        W[:] = 1
    return mask.parameters


@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("damping", [1e-4, 1e-2, 1.0, 1e3])
@pytest.mark.parametrize("l2", [0.0, 1e-6, 1e-3, 1.0])
@pytest.mark.parametrize("hidden", [2, 20])
def test_the_step_with_fewer_and_with_more_residuals_than_weights(hidden, l2, damping, scaling):
    net = fastopt.MLP([3, hidden, 2], random_state=1)
    v = np.linspace(0.5, 1.5, len(X))
    w, root = net.parameters.copy(), np.repeat(np.sqrt(v), 2)
    assert (Y.size < w.size) == (hidden == 20)
    J, e = root[:, None] * net.jacobian(X), root * (net.predict(X) - Y).ravel()
    penalty = l2 * Y.size / 2 * weights_of(net)
    H, g = J.T @ J + np.diag(penalty), J.T @ e + penalty * w
    d = np.diag(H) if scaling == "diagonal" else np.ones(w.size)
    optimizer = LevenbergMarquardt(damping=damping, damping_rule="matlab", scaling=scaling)
    history = net.fit(X, Y, optimizer, epochs=1, l2=l2, sample_weight=v)
    nu = history.damping[0]  # the first that lowers E
    expected = np.linalg.solve(H + nu * np.diag(d), -g)
    np.testing.assert_allclose(net.parameters - w, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("rule", ["nielsen", "marquardt", "matlab"])
@pytest.mark.parametrize(("l2", "close"), [(1e-3, 1e-3), (1.0, 1e-9)])
def test_the_dual_system_ends_at_the_minimum_that_the_other_finds(l2, close, rule):
    # The same E of more samples than weights.
    dual, primal = (fastopt.MLP([3, 10, 2], random_state=4) for _ in range(2))
    optimizer = LevenbergMarquardt(damping_rule=rule)
    history = dual.fit(X, Y, optimizer, epochs=400, l2=l2)
    other = primal.fit(np.tile(X, (6, 1)), np.tile(Y, (6, 1)), optimizer, epochs=400, l2=l2)
    assert dual.n_parameters < 6 * Y.size
    assert history.loss[-1] == pytest.approx(other.loss[-1], rel=close)
    assert history.gradient_norm[-1] < 1e-4 * history.gradient_norm[0]


@pytest.mark.parametrize("l2", [0.0, 1e-3])
def test_a_wide_network_on_few_samples_needs_no_square_of_its_weights(l2):
    net = fastopt.MLP([10, 30_000, 1], random_state=0)  # 360,001 weights: JᵀJ is a terabyte
    X = np.random.default_rng(0).normal(size=(10, 10))
    y = np.sin(X[:, 0])
    start = net.evaluate(X, y)
    net.fit(X, y, "lm", epochs=3, l2=l2)
    assert net.evaluate(X, y) < 0.1 * start


def two_spirals():
    """Three turns of two spirals, 97 points of each: the benchmark of Lang & Witbrock 1988."""
    i = np.arange(97)
    angle, radius = i * np.pi / 16, (104 - i) / 104
    one = np.column_stack([radius * np.sin(angle), radius * np.cos(angle)])
    return np.concatenate([one, -one]), np.repeat([1.0, -1.0], 97)


@pytest.mark.slow
def test_most_starts_part_two_spirals():
    X, y = two_spirals()
    parted = 0
    for seed in range(15):
        net = fastopt.MLP([2, 12, 12, 1], random_state=seed)
        net.fit(X, y, "lm", epochs=300, stopping=fastopt.Stopping(loss=0.01))
        parted += bool((np.sign(net.predict(X)) == y).all())
    assert parted >= 9
