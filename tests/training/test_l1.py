"""The l1 penalty: weights that are 0 exactly, at the minimum that coordinate descent finds."""

import numpy as np
import pytest

import fastopt


def lasso(X, y, l1, sweeps=2000):
    """Minimise mean (y − Xw − b)² + l1 Σ|w| by coordinate descent (Friedman et al. 2007)."""
    w, b = np.zeros(X.shape[1]), y.mean()
    for _ in range(sweeps):
        for j in range(len(w)):
            r = y - b - X @ w + X[:, j] * w[j]
            slope, square = 2 * (X[:, j] @ r) / len(y), 2 * (X[:, j] @ X[:, j]) / len(y)
            w[j] = np.sign(slope) * max(abs(slope) - l1, 0) / square
        b = (y - X @ w).mean()
    return w, b


def data(n=80, d=8):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, d))
    return X, X[:, 0] - 0.5 * X[:, 3] + 0.3 * rng.normal(size=n)


def energy(net, X, y, l1, l2=0.0):
    W = np.concatenate([w.ravel() for w in net.coefs_])
    return net.evaluate(X, y, "mse") + l1 * np.abs(W).sum() + 0.5 * l2 * (W**2).sum()


def test_lbfgs_finds_the_lasso():
    X, y = data()
    w, b = lasso(X, y, 0.3)
    net = fastopt.MLP([8, 1], random_state=0)
    history = net.fit(X, y, "lbfgs", epochs=200, l1=0.3)
    np.testing.assert_allclose(net.coefs_[0][:, 0], w, atol=1e-6)
    assert net.intercepts_[0][0] == pytest.approx(b, abs=1e-6)
    assert (net.coefs_[0][:, 0] == 0).sum() == (w == 0).sum() == 6
    assert history.loss[-1] == pytest.approx(energy(net, X, y, 0.3), rel=1e-12)
    assert history.stop_reason in ("gradient", "noise_floor")
    assert (np.diff(history.loss) <= 0).all()


@pytest.mark.parametrize(
    "optimizer",
    [
        fastopt.SGD(0.05),
        fastopt.SGD(0.02, momentum=0.9),
        fastopt.Adam(fastopt.ExponentialDecay(0.05, 100, 0.5)),
        fastopt.RMSprop(fastopt.ExponentialDecay(0.02, 100, 0.5)),
        fastopt.Rprop(),
    ],
    ids=["sgd", "momentum", "adam", "rmsprop", "rprop"],
)
def test_first_order_rules_find_it_with_exact_zeros(optimizer):
    X, y = data()
    w, _ = lasso(X, y, 0.3)
    net = fastopt.MLP([8, 1], random_state=0)
    net.fit(X, y, optimizer, epochs=1000, batch_size=None, l1=0.3)
    np.testing.assert_allclose(net.coefs_[0][:, 0], w, atol=2e-3)
    assert (net.coefs_[0][:, 0] == 0).sum() == 6


def test_nesterov_comes_near_without_exact_zeros():
    X, y = data()
    w, _ = lasso(X, y, 0.3)
    net = fastopt.MLP([8, 1], random_state=0)
    rate = fastopt.ExponentialDecay(0.02, 50, 0.5)
    net.fit(
        X, y, fastopt.SGD(rate, momentum=0.9, nesterov=True), epochs=800, batch_size=None, l1=0.3
    )
    np.testing.assert_allclose(net.coefs_[0][:, 0], w, atol=1e-2)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_one_step_by_hand(dtype):
    """η (g + l1 sign w) from w ≠ 0; from 0 only where |g| > l1; and no step beyond 0."""
    X = np.eye(4, dtype=dtype)
    net = fastopt.MLP([4, 1], initializer="zeros", dtype=dtype)
    net.coefs_[0][:, 0] = [1.0, 0.01, 0.0, 0.0]
    y = [0.0, 0.0, 4.0, 0.2]
    # E = ¼ Σ (w − y)²: its slopes are 0.5, 0.005, −2, −0.1
    net.trainable = ["W1"]
    net.fit(X, y, fastopt.SGD(0.1), epochs=1, batch_size=None, l1=0.3)
    expected = [1 - 0.1 * 0.8, 0.0, 0.1 * 1.7, 0.0]
    np.testing.assert_allclose(net.coefs_[0][:, 0], expected, rtol=1e-6)
    assert (net.coefs_[0][[1, 3], 0] == 0).all()


def test_of_hidden_layers_with_l2_and_mini_batches():
    rng = np.random.default_rng(0)
    X = rng.uniform(-1, 1, (200, 6))
    y = np.sin(3 * X[:, 0]) + 0.1 * rng.normal(size=200)
    sparse, dense = (fastopt.MLP([6, 12, 1], random_state=0) for _ in range(2))
    for net, l1 in ((sparse, 0.01), (dense, 0.0)):
        history = net.fit(X, y, fastopt.Adam(0.01), epochs=150, l1=l1, l2=1e-4, clip=None)
        assert np.isfinite(history.loss).all()
    zeros = [np.mean(np.concatenate([w.ravel() for w in n.coefs_]) == 0) for n in (sparse, dense)]
    assert zeros[0] > 0.3
    assert zeros[1] == 0
    # The inputs that the target does not depend on lead nowhere.
    assert (sparse.coefs_[0][1:] == 0).mean() > 0.5
    history = sparse.fit(X, y, "lbfgs", epochs=50, l1=0.01, l2=1e-4)
    assert history.loss[-1] == pytest.approx(energy(sparse, X, y, 0.01, 1e-4), rel=1e-12)


def test_a_run_goes_on_to_the_same_bits():
    X, y = data()
    for optimizer in ("lbfgs", "adam"):
        whole, parts = (fastopt.MLP([8, 4, 1], random_state=0) for _ in range(2))
        whole.fit(X, y, optimizer, epochs=15, l1=0.05)
        history = parts.fit(X, y, optimizer, epochs=6, l1=0.05)
        parts.fit(X, y, optimizer, epochs=15, l1=0.05, initial_epoch=history)
        assert (whole.parameters == parts.parameters).all()


def test_a_damaged_state_is_refused():
    X, y = data()
    net = fastopt.MLP([8, 4, 1], random_state=0)
    history = net.fit(X, y, "lbfgs", epochs=6, l1=0.05)
    for field, wrong in (("loss", np.nan), ("pairs", 10**6), ("status", 99)):
        state = history.solver_state
        damaged = net.copy()
        damaged.history_.solver_state = {**state, "solver": {**state["solver"], field: wrong}}
        with pytest.raises((ValueError, TypeError), match=field):
            damaged.fit(X, y, "lbfgs", epochs=9, l1=0.05, initial_epoch=damaged.history_)


@pytest.mark.parametrize(
    "optimizer",
    ["lm", "bayesian_regularization", "bfgs", "dfp", "cg", "scg", "oss", "newton",
     "steepest_descent"],
)  # fmt: skip
def test_methods_that_need_a_gradient_refuse_it_by_name(optimizer):
    X, y = data()
    with pytest.raises(ValueError, match=r"l1=0\.1: \w+ needs a gradient everywhere.*LBFGS"):
        fastopt.MLP([8, 1]).fit(X, y, optimizer, l1=0.1)


def test_refusals():
    X, y = data()
    with pytest.raises(ValueError, match="l1"):
        fastopt.MLP([8, 1]).fit(X, y, l1=-1.0)
    with pytest.raises(ValueError, match="shortened until it lowers E"):
        fastopt.MLP([8, 1]).fit(X, y, fastopt.LBFGS(line_search="exact"), l1=0.1)
    net = fastopt.MLP([8, 1])
    net.fit(X, y, "lbfgs", l1=0.1)
    with pytest.raises(ValueError, match=r"l1=0\.1 holds some at 0"):
        net.uncertainty()


def layers_of(vector, like):
    """Return W and b of each layer out of a vector in the order of ``parameters``."""
    net = fastopt.MLP(like.layer_sizes, dtype="float64")
    net.parameters = vector
    return net.coefs_, net.intercepts_


@pytest.mark.parametrize("scaled", [None, "standard"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_gradients_are_the_subgradient_of_least_norm(dtype, scaled):
    rng = np.random.default_rng(3)
    X, y = rng.normal(size=(20, 3)), rng.normal(size=20)
    net = fastopt.MLP([3, 4, 1], scale_targets=scaled, dtype=dtype, random_state=0)
    if scaled:
        net.adapt(X, y)
    net.coefs_[0][0] = 0
    value, smooth = net.loss_and_gradient(X, y, l2=0.1)
    smooth_W, smooth_b = layers_of(smooth, net)
    # Between the slopes of the weights that are 0: some of them stay there, others do not.
    l1 = float(np.median(np.abs(smooth_W[0][0])))
    with_l1, gradient = net.loss_and_gradient(X, y, l2=0.1, l1=l1)
    sizes = sum(float(np.abs(W).sum()) for W in net.coefs_)
    assert with_l1 == pytest.approx(value + l1 * sizes, rel=1e-5)
    found_W, found_b = layers_of(gradient, net)
    tolerance = {"rtol": 1e-4, "atol": 1e-6} if dtype == "float32" else {"rtol": 1e-12}
    for g, found, W in zip(smooth_W, found_W, net.coefs_, strict=True):
        beyond = np.sign(g) * np.maximum(np.abs(g) - l1, 0)
        expected = np.where(W == 0, beyond, g + l1 * np.sign(W))
        np.testing.assert_allclose(found, expected, **tolerance)
    assert 0 < np.count_nonzero(found_W[0][0] == 0) < 4
    for g, found in zip(smooth_b, found_b, strict=True):
        np.testing.assert_array_equal(found, g)
    norms = net.gradient_norms(X, y, l2=0.1, l1=l1)
    np.testing.assert_allclose(norms["weights"], [np.linalg.norm(W) for W in found_W], rtol=1e-4)


def test_recorded_norms_are_of_the_subgradient():
    rng = np.random.default_rng(4)
    X, y = rng.normal(size=(30, 3)), rng.normal(size=30)
    net = fastopt.MLP([3, 5, 1], dtype="float64", random_state=0)
    history = net.fit(X, y, epochs=2, l1=0.02, metrics=["layer_gradient_norms"])
    found, smooth = net.gradient_norms(X, y, l1=0.02), net.gradient_norms(X, y)
    recorded = history.layer_gradient_norms[-1]["weights"]
    np.testing.assert_allclose(recorded, found["weights"], rtol=1e-10)
    assert not np.allclose(recorded, smooth["weights"], rtol=1e-3)
