"""Samples of weight 0 are as if they were not there, whatever finite numbers they hold."""

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
V = np.where(np.arange(40) % 4 == 1, 0.0, RNG.uniform(0.5, 2, 40))
KEPT = V > 0


def filled(array, value):
    array = np.array(array, dtype=float)
    array[~KEPT] = value
    return array


@pytest.mark.parametrize("fill", [-999.0, 1e150, 1e300])
@pytest.mark.parametrize("normalization", [None, "batch"])
@pytest.mark.parametrize("batch_size", [8, None])
def test_first_order(batch_size, normalization, fill):
    y = X[:, :2] ** 2
    settings = {"epochs": 4, "batch_size": batch_size, "metrics": ["mse", "r2"]}
    nets = [fastopt.MLP([3, 5, 2], normalization=normalization, random_state=0) for _ in range(2)]
    history = nets[0].fit(filled(X, fill), filled(y, fill), sample_weight=V, **settings)
    same = nets[1].fit(X[KEPT], y[KEPT], sample_weight=V[KEPT], **settings)
    for name in ("loss", "mse", "r2"):
        np.testing.assert_allclose(history[name], same[name], rtol=1e-12)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-9)
    np.testing.assert_allclose(nets[0].statistics, nets[1].statistics, rtol=1e-9)
    found = nets[0].evaluate(filled(X, fill), filled(y, fill), metrics="mae", sample_weight=V)
    assert found["mae"] == pytest.approx(
        nets[1].evaluate(X[KEPT], y[KEPT], metrics="mae", sample_weight=V[KEPT])["mae"], rel=1e-9
    )


@pytest.mark.parametrize("optimizer", ["lm", "bfgs", "newton"])
def test_second_order(optimizer):
    y = X[:, 0] ** 2
    nets = [fastopt.MLP([3, 3, 1], random_state=0) for _ in range(2)]
    first = nets[0].fit(filled(X, 1e300), filled(y, 1e300), optimizer, epochs=3, sample_weight=V)
    second = nets[1].fit(X[KEPT], y[KEPT], optimizer, epochs=3, sample_weight=V[KEPT])
    np.testing.assert_allclose(first.loss, second.loss, rtol=1e-9)


@pytest.mark.parametrize("fill", [-1.0, 7.0, 0.5])
@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 2.0}])
def test_classes_and_class_weights(fill, class_weight):
    labels = np.arange(40) % 3
    settings = {"loss": "cross_entropy", "epochs": 2, "class_weight": class_weight}
    nets = [fastopt.MLP([3, 4, 3], output_activation="softmax", random_state=0) for _ in range(2)]
    history = nets[0].fit(X, filled(labels, fill), sample_weight=V, **settings)
    same = nets[1].fit(X[KEPT], labels[KEPT], sample_weight=V[KEPT], **settings)
    np.testing.assert_allclose(history.loss, same.loss, rtol=1e-12)
    with pytest.raises(ValueError, match="class numbers"):
        nets[0].fit(X, filled(labels, fill), **settings)


def test_probabilities_and_the_part_that_is_held_out():
    labels = (X[:, 0] > 0).astype(float)
    net = fastopt.MLP([3, 4, 1], output_activation="sigmoid", random_state=0)
    history = net.fit(
        X,
        filled(labels, -999),
        loss="binary_cross_entropy",
        sample_weight=V,
        validation_split=0.3,
        metrics="accuracy",
        epochs=2,
    )
    assert np.isfinite(history.val_loss).all()
    assert 0 <= min(history.accuracy) <= max(history.accuracy) <= 1
