"""No run ends without an error while what it leaves is not finite, or frozen by an overflow."""

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
