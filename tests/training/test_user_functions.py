"""Losses and metrics of the user's own: the order of their arguments, and their slopes."""

import numpy as np
import pytest

import fastopt
from fastopt import GradientWarning
from fastopt.training.user_functions import takes_outputs_first

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3))
Y = X[:, 0] - 0.5 * X[:, 1] ** 2


def make_net(dtype="float64"):
    return fastopt.MLP([3, 5, 1], random_state=0, dtype=dtype)


def square(outputs, targets):
    return np.mean((outputs - targets) ** 2), 2 * (outputs - targets) / outputs.size


ORDERS = {
    "y_true, y_pred": False,
    "y_pred, y_true": True,
    "targets, outputs": False,
    "outputs, targets": True,
    "input, target": True,
    "y_true, y_score": False,
    "Y_True, other": False,
    "other, labels": True,
    "pred, y": True,
    "y, pred": False,
    "a, b": False,
    "y, t": False,
    "*arrays": False,
}


@pytest.mark.parametrize("names", ORDERS)
def test_names_decide_the_order(names):
    function = eval(f"lambda {names}: 0.0")
    assert takes_outputs_first(function) == ORDERS[names]


def test_metrics_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.metrics")
    net, v = make_net(), np.linspace(0, 2, 64)
    metrics = [sklearn.r2_score, "r2"]
    history = net.fit(X, Y, epochs=5, metrics=metrics, sample_weight=v, validation_data=(X, Y))
    expected = sklearn.r2_score(Y, net.predict(X), sample_weight=v)
    assert history.r2_score[-1] == pytest.approx(expected, rel=1e-12)
    assert history.r2[-1] == pytest.approx(expected, rel=1e-12)
    assert history.val_r2_score[-1] == pytest.approx(sklearn.r2_score(Y, net.predict(X)), rel=1e-12)
    found = net.evaluate(X, Y, metrics=metrics, sample_weight=v)
    assert found["r2_score"] == pytest.approx(expected, rel=1e-12)


def test_a_loss_trains_alike_in_either_order():
    def keras(y_true, y_pred):
        return square(y_pred, y_true)

    def nameless(a, b):
        return square(b, a)

    nets = [make_net() for _ in range(4)]
    losses = ["mse", square, keras, nameless]
    runs = [
        net.fit(X, Y, loss=loss, epochs=20).loss for net, loss in zip(nets, losses, strict=True)
    ]
    assert runs[0][-1] < 0.9 * runs[0][0]
    for run in runs[1:]:
        np.testing.assert_allclose(run, runs[0], rtol=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "bfgs"])
@pytest.mark.parametrize("asymmetric", [False, True])
def test_swapped_arguments_are_refused(optimizer, asymmetric):
    def swapped(a, b):
        """Written (outputs, targets), which its names do not say."""
        error = a - b
        v = np.where(error > 0, 3.0, 1.0) if asymmetric else 1.0
        return np.mean(v * error**2), 2 * v * error / a.size

    net = make_net()
    with pytest.raises(ValueError, match=r"'swapped' was called swapped\(y_true, y_pred\)"):
        net.fit(X, Y, optimizer, loss=swapped, epochs=2)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("factor", [-2.0, 0.5, 64.0])
def test_wrong_slopes_are_told(factor, dtype):
    def wrong(y_true, y_pred):
        slope = factor * 2 * (y_pred - y_true) / y_pred.size
        return np.mean((y_pred - y_true) ** 2), slope

    with pytest.warns(GradientWarning, match="'wrong' returns is not the slope of its value"):
        make_net(dtype).fit(X, Y, loss=wrong, epochs=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_slopes_of_the_wrong_sign_are_those_by_the_targets(dtype):
    """Of a symmetric loss: the arguments are swapped, which is refused."""

    def wrong(y_true, y_pred):
        return np.mean((y_pred - y_true) ** 2), 2 * (y_true - y_pred) / y_pred.size

    with pytest.raises(ValueError, match="the gradient that it returns is that by its other"):
        make_net(dtype).fit(X, Y, loss=wrong, epochs=1)


def pinball(y_true, y_pred):
    error = y_true - y_pred
    return np.mean(np.maximum(0.9 * error, -0.1 * error)), np.where(
        error > 0, -0.9, 0.1
    ) / error.size


def poisson(y_true, y_pred):
    return np.mean(np.exp(y_pred) - y_true * y_pred), (np.exp(y_pred) - y_true) / y_pred.size


def absolute(y_true, y_pred):
    return np.mean(np.abs(y_pred - y_true)), np.sign(y_pred - y_true) / y_pred.size


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", [pinball, poisson, absolute, square])
@pytest.mark.filterwarnings("error")
def test_right_slopes_pass_in_silence(loss, dtype, scale):
    """Kinks, curvature and targets of any size are no reason to warn."""
    for seed in range(20):
        net = fastopt.MLP([3, 5, 1], random_state=seed, dtype=dtype)
        net.fit(X, scale * Y, fastopt.SGD(1e-12), loss=loss, epochs=1)


def test_only_the_first_batch_is_checked():
    calls = []

    def counted(outputs, targets):
        calls.append(len(outputs))
        return square(outputs, targets)

    net = make_net()
    net.fit(X, Y, loss=counted, epochs=10, batch_size=16)
    assert 40 < len(calls) <= 48
    calls.clear()
    net.evaluate(X, Y)
    assert len(calls) == 1
