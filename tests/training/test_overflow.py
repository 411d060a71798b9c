"""No run ends without an error while what it leaves is not finite, or frozen by an overflow."""

import pickle

import numpy as np
import pytest

import fastopt


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e19), ("float64", 1e155)])
@pytest.mark.parametrize("batch_size", [None, 8])
def test_running_statistics_that_overflow_are_divergence(dtype, scale, batch_size):
    x = np.random.default_rng(0).normal(size=(64, 3)) * scale
    net = fastopt.MLP([3, 5, 1], normalization="batch", dtype=dtype, random_state=0)
    start = net.parameters.copy()
    with pytest.raises(fastopt.DivergenceError):
        net.fit(x, np.ones((64, 1)), fastopt.SGD(0.01), epochs=3, batch_size=batch_size)
    assert np.isfinite(net.statistics).all()
    np.testing.assert_array_equal(net.parameters, start)


@pytest.mark.parametrize("method", ["adam", "nadam", "rmsprop", "adagrad"])
@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e20), ("float64", 1e155)])
def test_squares_of_gradients_that_overflow_are_divergence(method, dtype, scale):
    x = np.ones((8, 1))
    net = fastopt.MLP([1, 1], dtype=dtype, random_state=0)

    def steep(outputs, targets):
        return -scale * float(outputs.mean()), np.full_like(outputs, -scale / outputs.size)

    with pytest.raises(fastopt.DivergenceError, match="squares of gradients"):
        net.fit(x, x, method, epochs=2, loss=steep)
    assert np.isfinite(net.parameters).all()


def test_the_start_is_kept_where_it_is_better_than_the_best_epoch():
    # Batches of one from the minimum away: the mean over an epoch says nothing of its end.
    x = np.linspace(-1, 1, 16).reshape(-1, 1)
    net = fastopt.MLP([1, 1], random_state=0)
    y = net.predict(x) + 1e-3 * np.cos(9 * x)
    start = net.evaluate(x, y)
    with pytest.raises(fastopt.DivergenceError):
        net.fit(x, y, fastopt.SGD(30.0), epochs=500, batch_size=4)
    assert net.evaluate(x, y) <= start


def test_the_weights_kept_are_the_best_by_an_evaluation():
    # The mean over an epoch's moving weights may be least where its end is bad: of the start, the
    # best epoch's end and the weights before the last epoch, the best by evaluation is kept.
    rng = np.random.default_rng(0)
    for seed in range(12):
        x = rng.normal(size=(24, 2))
        y = x[:, :1] - 0.3 * x[:, 1:]
        net = fastopt.MLP([2, 1], random_state=seed)
        ends = [net.parameters.copy()]
        callback = Ends(net, ends)
        with pytest.raises(fastopt.DivergenceError) as caught:
            net.fit(x, y, fastopt.SGD(1.5), epochs=500, batch_size=4, callbacks=callback)
        kept = net.parameters.copy()
        losses = caught.value.history.loss
        at_hand = [ends[0], ends[-1], *([ends[1 + int(np.argmin(losses))]] if losses else [])]
        values = []
        for w in at_hand:
            net.parameters = w
            values.append(net.evaluate(x, y))
        net.parameters = kept
        assert net.evaluate(x, y) == min(values)


class Ends(fastopt.Callback):
    """The weights after each epoch."""

    def __init__(self, net, ends):
        self.net, self.ends = net, ends

    def on_epoch_end(self, epoch, logs):
        self.ends.append(self.net.parameters.copy())


def test_a_loss_that_raises_while_the_best_weights_are_sought_does_not_hide_the_divergence():
    x = np.linspace(-1, 1, 8).reshape(-1, 1)
    net = fastopt.MLP([1, 1], random_state=0)
    start = net.parameters.copy()

    def steep(y_true, y_pred):
        if not_finite:
            raise RuntimeError("the loss of the user's own")
        value = float(((y_pred - y_true) ** 2).sum())
        if value > 1e200:
            not_finite.append(value)
            return np.nan, np.full_like(y_pred, np.nan)
        return value, 2 * (y_pred - y_true)

    not_finite = []
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(x, x, fastopt.SGD(1e60), epochs=50, batch_size=4, loss=steep)
    assert isinstance(caught.value.__cause__, RuntimeError)
    np.testing.assert_array_equal(net.parameters, start)


# --- batch and layer normalisation -----------------------------------------------------------


def trained(dtype="float64"):
    x = np.random.default_rng(0).normal(size=(32, 3))
    net = fastopt.MLP([3, 4, 5, 1], normalization="batch", dtype=dtype, random_state=0)
    net.fit(x, x[:, :1], epochs=2)
    return net, x


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0, np.nan, "hidden layer 1: its running mean is nan"),
        (3, np.inf, "hidden layer 1: its running mean is inf"),
        (4, np.inf, "hidden layer 1: its running variance is inf"),
        (8, -np.inf, "hidden layer 2: its running mean is -inf"),
        (17, np.nan, "hidden layer 2: its running variance is nan"),
        (17, -1.0, "hidden layer 2: its running variance is -1"),
    ],
)
def test_running_statistics_that_are_no_statistics_are_refused_in_use(dtype, at, value, what):
    net, x = trained(dtype)
    good = net.statistics.copy()
    net.statistics[at] = value
    for use in (
        lambda: net.predict(x),
        lambda: net.evaluate(x, x[:, :1]),
        lambda: pickle.loads(pickle.dumps(net)).predict(x),
    ):
        with pytest.raises(FloatingPointError, match=what):
            use()
        with pytest.raises(ValueError, match=what):
            use()
    with pytest.raises(ValueError, match="statistics"):
        net.fold()
    net.statistics = good
    assert np.isfinite(net.predict(x)).all()


@pytest.mark.parametrize(("dtype", "scale"), [("float32", 1e19), ("float64", 1e155)])
def test_moments_of_a_batch_that_overflow_give_no_finite_loss(dtype, scale):
    x = np.random.default_rng(0).normal(size=(64, 3)) * scale
    net = fastopt.MLP([3, 5, 1], normalization="batch", dtype=dtype, random_state=0)
    value, gradient = net.loss_and_gradient(x, np.ones((64, 1)))
    assert np.isnan(value)
    assert np.isnan(gradient).any()


@pytest.mark.parametrize(
    ("dtype", "scales"), [("float32", (1e18, 1e19, 1e25)), ("float64", (1e150, 1e155, 1e200))]
)
def test_layer_normalisation_does_not_depend_on_the_scale_of_its_inputs(dtype, scales):
    x = np.random.default_rng(0).normal(size=(16, 3))
    net = fastopt.MLP([3, 5, 1], normalization="layer", dtype=dtype, random_state=0)
    net.intercepts_[-1][:] = 0.1
    expected = net.predict(x * 1e6)  # ε is nothing beside these
    for scale in scales:
        np.testing.assert_allclose(net.predict(x * scale), expected, rtol=1e-3)


@pytest.mark.parametrize("method", ["lm", "bfgs", "newton", "lbfgs", "steepest_descent", "adam"])
def test_no_run_on_layer_normalised_giants_ends_well_with_numbers_that_are_not_finite(method):
    x = np.random.default_rng(0).normal(size=(16, 3)) * 1e160
    net = fastopt.MLP([3, 5, 1], normalization="layer", random_state=0)
    try:
        history = net.fit(x, x[:, :1] / 1e160, method, epochs=3)
        assert np.isfinite(history.loss).all()
    except fastopt.DivergenceError:
        pass
    assert np.isfinite(net.parameters).all()
    assert np.isfinite(net.predict(x)).all()
