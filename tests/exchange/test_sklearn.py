"""``from_sklearn``: predictions equal scikit-learn's."""

import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import fastopt

networks = pytest.importorskip("sklearn.neural_network")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4))
Y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]


def fitted(kind, y, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of iterations that were not enough
        return kind(max_iter=15, random_state=0, **settings).fit(settings.pop("X", X), y)


@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize("layers", [(), (5,), (6, 3, 4)])
@pytest.mark.parametrize("y", [Y, Y[:, None], np.column_stack([Y, -Y, X[:, 0]])], ids=np.shape)
def test_regressors(y, layers, activation):
    mlp = fitted(
        networks.MLPRegressor, y.squeeze(), hidden_layer_sizes=layers, activation=activation
    )
    net = fastopt.from_sklearn(mlp)
    found, expected = net.predict(X), mlp.predict(X)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    before = net.evaluate(X, y.reshape(expected.shape))
    net.fit(X, y.reshape(expected.shape), "lm", epochs=5)
    assert net.evaluate(X, y.reshape(expected.shape)) <= before


@pytest.mark.parametrize("activation", ["logistic", "tanh", "relu"])
@pytest.mark.parametrize("q", [2, 3])
def test_classifiers(q, activation):
    names = np.array(["ant", "bee", "cat"])[np.digitize(Y, [0.0, 1.0][: q - 1])]
    mlp = fitted(networks.MLPClassifier, names, hidden_layer_sizes=(6,), activation=activation)
    net = fastopt.from_sklearn(mlp)
    expected = mlp.predict_proba(X)
    np.testing.assert_allclose(
        net.predict(X), expected[:, 1] if q == 2 else expected, rtol=1e-12, atol=1e-12
    )
    numbers = np.unique(names, return_inverse=True)[1]
    loss = net.evaluate(X, numbers)
    assert loss == pytest.approx(-np.mean(np.log(expected[np.arange(80), numbers])), rel=1e-10)
    net.fit(X, numbers, loss="binary_cross_entropy" if q == 2 else "cross_entropy", epochs=3)
    assert net.evaluate(X, numbers) < loss


def test_several_labels():
    labels = np.column_stack([Y > 0, X[:, 0] > 0, X[:, 1] > 1])
    mlp = fitted(networks.MLPClassifier, labels, hidden_layer_sizes=(6,))
    np.testing.assert_allclose(
        fastopt.from_sklearn(mlp).predict(X), mlp.predict_proba(X), rtol=1e-12, atol=1e-14
    )


def test_single_precision_stays():
    mlp = networks.MLPRegressor(hidden_layer_sizes=(5,), max_iter=15, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp.fit(X.astype("f4"), Y.astype("f4"))
    net = fastopt.from_sklearn(mlp)
    assert net.dtype == np.float32
    np.testing.assert_allclose(net.predict(X), mlp.predict(X.astype("f4")), rtol=0, atol=1e-5)


def test_rates():
    # MLPRegressor(loss="poisson") of scikit-learn 1.7 and later.
    mlp = fitted(networks.MLPRegressor, Y, hidden_layer_sizes=(3,))
    logarithms = mlp.predict(X)
    mlp.out_activation_ = "exp"
    net = fastopt.from_sklearn(mlp)
    np.testing.assert_allclose(net.predict(X), np.exp(logarithms), rtol=1e-12)
    assert net.output_activation == "exp"
    counts = np.full(len(X), 2.0)
    assert net.evaluate(X, counts) == pytest.approx(
        np.mean(np.exp(logarithms) - counts * logarithms), rel=1e-12
    )


def test_what_is_refused():
    with pytest.raises(TypeError, match="activation is missing"):
        fastopt.from_sklearn(object())
    with pytest.raises(TypeError, match=r"coefs_ is missing \(it is not fitted\)"):
        fastopt.from_sklearn(networks.MLPRegressor())
    mlp = fitted(networks.MLPRegressor, Y, hidden_layer_sizes=(3,))
    mlp.out_activation_ = "sine"
    with pytest.raises(ValueError, match=r"out_activation_ must be one of .*, got 'sine'"):
        fastopt.from_sklearn(mlp)


def test_arrays_that_do_not_fit():
    mlp = SimpleNamespace(activation="tanh", out_activation_="identity", n_outputs_=1)
    mlp.coefs_, mlp.intercepts_ = [np.ones((2, 3)), np.ones((4, 1))], [np.ones(3), np.ones(1)]
    with pytest.raises(ValueError, match=r"coefs_\[1\] has 4 inputs, and the layer before it 3"):
        fastopt.from_sklearn(mlp)
    mlp.coefs_[1] = np.full((3, 1), np.nan)
    with pytest.raises(ValueError, match=r"coefs_\[1\] holds numbers that are not finite"):
        fastopt.from_sklearn(mlp)
