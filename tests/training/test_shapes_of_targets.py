"""What a network remembers of its last ``fit``: the shape of the targets and the loss."""

import copy
import pickle

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X[:, 0] - 0.5 * X[:, 1] ** 2


def make_net(**settings):
    return fastopt.MLP([3, 4, 1], random_state=0, **settings)


@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_predict_has_the_shape_of_the_targets(optimizer):
    net = make_net()
    assert net.predict(X).shape == (40, 1)  # before any targets
    net.fit(X, Y, optimizer, epochs=3)
    assert net.predict(X).shape == (40,)
    assert np.mean((net.predict(X) - Y) ** 2) == pytest.approx(net.evaluate(X, Y), rel=1e-12)
    net.fit(X, Y[:, None], optimizer, epochs=1)
    assert net.predict(X).shape == (40, 1)


def test_monte_carlo_dropout_too():
    net = make_net(dropout=0.2)
    net.fit(X, Y, epochs=1)
    mean, deviation = net.predict(X, mc_dropout=3)
    assert mean.shape == deviation.shape == (40,)


@pytest.mark.parametrize(
    "copied",
    [
        fastopt.MLP.copy,
        copy.copy,
        copy.deepcopy,
        lambda net: pickle.loads(pickle.dumps(net)),
        lambda net: net.astype("float32"),
    ],
)
def test_copies_remember(copied):
    net = make_net()
    net.fit(X, (Y > 0).astype(float), loss="binary_cross_entropy", epochs=1)
    other = copied(net)
    assert other.predict(X).shape == (40,)
    expected = net.evaluate(X, Y > 0, loss="binary_cross_entropy")
    assert other.evaluate(X, Y > 0) == pytest.approx(expected, rel=1e-5)


def test_folded_networks_remember():
    net = make_net(normalization="batch")
    net.fit(X, Y, epochs=1)
    assert net.fold().predict(X).shape == (40,)


def test_a_refused_call_changes_nothing():
    net = make_net()
    net.fit(X, Y, epochs=1)
    with pytest.raises(ValueError, match="epochs"):
        net.fit(X, Y[:, None], loss="mae", epochs=-1)
    assert net.predict(X).shape == (40,)
    assert net.evaluate(X, Y) == net.evaluate(X, Y, loss="mse")


def test_class_numbers_leave_one_column_for_each_class():
    net = fastopt.MLP([3, 4, 2], output_activation="softmax", random_state=0)
    net.fit(X, (Y > 0).astype(int), loss="cross_entropy", epochs=1)
    assert net.predict(X).shape == (40, 2)


def test_evaluate_uses_the_loss_trained_with():
    net = make_net()
    assert net.evaluate(X, Y) == net.evaluate(X, Y, "mse")
    net.fit(X, Y, loss="mae", epochs=1)
    assert net.evaluate(X, Y) == net.evaluate(X, Y, "mae") != net.evaluate(X, Y, "mse")
    assert net.loss_and_gradient(X, Y)[0] == net.evaluate(X, Y, "mae")
    assert net.gradient_norms(X, Y) == net.gradient_norms(X, Y, "mae")


def test_second_derivatives_are_of_the_loss_trained_with():
    net, y = make_net(output_activation="sigmoid"), (Y > 0).astype(float)
    loss = "binary_cross_entropy"
    net.fit(X, y, loss=loss, epochs=1)
    H, v = net.hessian(X, y, loss), np.ones(net.n_parameters)
    np.testing.assert_array_equal(net.hessian(X, y), H)
    assert not np.array_equal(net.hessian(X, y, "mse"), H)
    expected = net.hessian_vector_product(X, y, v, loss)
    np.testing.assert_array_equal(net.hessian_vector_product(X, y, v), expected)


def test_a_loss_of_ones_own_stays_with_copies_and_is_asked_for_after_pickling():
    def half(y_true, y_pred):
        return 0.5 * np.mean((y_pred - y_true) ** 2), (y_pred - y_true) / y_pred.size

    net = make_net()
    net.fit(X, Y, loss=half, epochs=1)
    expected = net.evaluate(X, Y, "mse") / 2
    assert net.evaluate(X, Y) == pytest.approx(expected, rel=1e-12)
    assert net.copy().evaluate(X, Y) == pytest.approx(expected, rel=1e-12)
    other = pickle.loads(pickle.dumps(net))
    with pytest.raises(ValueError, match="a loss of your own, 'half', which pickles do not hold"):
        other.evaluate(X, Y)
    assert other.evaluate(X, Y, half) == pytest.approx(expected, rel=1e-12)


def test_class_numbers_with_the_default_loss_name_the_cure():
    net = fastopt.MLP([3, 4, 3], output_activation="softmax")
    labels = np.arange(40) % 3
    with pytest.raises(ValueError, match=r"for class numbers use loss='cross_entropy'$"):
        net.fit(X, labels)
    with pytest.raises(ValueError, match=r"loss='cross_entropy' of y − 1"):
        net.fit(X, labels + 1)
    with pytest.raises(ValueError, match="got 3 at row 2; they count from 1: give y - 1"):
        net.fit(X, labels + 1, loss="cross_entropy")
