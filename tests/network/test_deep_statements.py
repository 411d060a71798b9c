"""What the course says of deep networks: symmetric neurons, vanishing and exploding gradients."""

import numpy as np
import pytest

import fastopt

DEEP = [64, *[64] * 20, 10]
REMEDIES = {
    "relu and He": {"activation": "relu"},
    "batch normalisation": {"activation": "sigmoid", "normalization": "batch"},
    "residual": {"activation": "sigmoid", "residual": True},
}


@pytest.fixture(scope="module")
def digits():
    datasets = pytest.importorskip("sklearn.datasets")
    X, y = datasets.load_digits(return_X_y=True)
    return (X / 16).astype("float32"), y


def network(seed=0, dtype="float32", **settings):
    return fastopt.MLP(
        DEEP, output_activation="softmax", dtype=dtype, random_state=seed, **settings
    )


@pytest.mark.parametrize("optimizer", ["sgd", "momentum", "adam"])
def test_equal_neurons_stay_equal_without_dropout_and_part_with_it(optimizer):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 3))
    T = np.sin(X.sum(axis=1))
    spread = {}
    for rate in (0.0, 0.2):
        net = fastopt.MLP([3, 8, 1], dropout=rate, random_state=1)
        first, second = net.coefs_
        first[:] = first[:, :1]
        second[:] = second[:1]
        start = first.copy()
        net.fit(X, T, optimizer, epochs=20, batch_size=10)
        spread[rate] = np.ptp(first, axis=1).max() + np.ptp(second)
        assert np.abs(first - start).max() > 1e-2
    assert spread[0.0] <= 1e-12
    assert spread[0.2] > 1e-3


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_gradients_vanish_in_deep_sigmoid_networks_and_remedies_keep_them(digits, seed):
    def ratio(**settings):
        net = network(seed, "float64", **settings)
        norms = net.gradient_norms(*digits, loss="cross_entropy")["activations"]
        return norms[0] / norms[19]

    assert ratio(activation="sigmoid") < 1e-6
    for name, settings in REMEDIES.items():
        assert 0.05 <= ratio(**settings) <= 20, name


def accuracy(digits, seed, **settings):
    net = network(seed, **settings)
    # 29 updates in an epoch; η falls to zero, so that running statistics come to rest.
    optimizer = fastopt.Adam(fastopt.CosineDecay(3e-3, 30 * 29))
    net.fit(*digits, optimizer, loss="cross_entropy", epochs=30, batch_size=64)
    return net.evaluate(*digits, loss="cross_entropy", metrics=["accuracy"])["accuracy"]


@pytest.mark.slow
@pytest.mark.parametrize("name", REMEDIES)
def test_remedies_learn_the_digits(digits, name):
    assert np.mean([accuracy(digits, seed, **REMEDIES[name]) for seed in range(3)]) >= 0.95


@pytest.mark.slow
def test_the_plain_network_does_not_leave_chance(digits):
    # The most frequent class has 10.2 % of the digits.
    assert np.mean([accuracy(digits, seed, activation="sigmoid") for seed in range(3)]) <= 0.12


def test_clipping_stops_an_explosion():
    rng = np.random.default_rng(2)
    X = rng.normal(size=(200, 10))
    T = np.sin(X @ rng.normal(size=(10, 1)))

    def made():
        net = fastopt.MLP([10, *[30] * 8, 1], activation="relu", random_state=0)
        for W in net.coefs_:
            W *= 2
        return net

    settings = {"epochs": 100, "batch_size": 20, "random_state": 0}
    with pytest.raises(fastopt.DivergenceError):
        made().fit(X, T, fastopt.SGD(0.01), **settings)
    clip = fastopt.ClipByGlobalNorm(1.0)
    history = made().fit(X, T, fastopt.SGD(0.01), clip=clip, **settings)
    assert history.clipped[0] > 0.9
    assert history.loss[-1] < 1e-2 * history.loss[0]
