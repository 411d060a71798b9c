"""When something goes wrong in the middle: divergence, and functions that raise."""

import pickle
import time

import numpy as np
import pytest

import fastopt
from fastopt.training.user_functions import OwnLoss
from line_search_cases import FULL_BATCH
from process import run_python
from training_cases import Weights, X, Y


def make_net(**settings):
    return fastopt.MLP([3, 8, 1], **{"random_state": 0, **settings})


# --- divergence ------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("optimizer", [fastopt.SGD, fastopt.RMSprop])
def test_huge_learning_rate(optimizer, batch_size, dtype):
    net, weights = make_net(dtype=dtype, activation="identity"), Weights()
    rate = fastopt.PiecewiseConstant([3], [1e-2, 1e200])
    with pytest.raises(fastopt.DivergenceError, match="diverged in epoch") as caught:
        net.fit(X, Y, optimizer(rate), epochs=60, batch_size=batch_size, callbacks=[weights])
    error = caught.value
    assert not np.isfinite(error.loss)
    assert error.epoch >= 3
    assert error.history is net.history_
    assert error.history.epoch == list(range(error.epoch))
    assert error.history.stop_reason == "DivergenceError"
    assert np.isfinite(error.history.loss).all()
    best = int(np.argmin(error.history.loss))
    np.testing.assert_array_equal(net.parameters, weights.after[best])
    assert np.isfinite(net.predict(X)).all()
    net.fit(X, Y, fastopt.SGD(1e-3), epochs=2)


def test_divergence_in_the_first_epoch_keeps_the_first_weights():
    net = make_net(activation="relu")
    before = net.parameters.copy()
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, fastopt.SGD(1e200), epochs=3)
    assert (caught.value.epoch, len(caught.value.history)) == (0, 0)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.fixture
def unchecked(monkeypatch):
    """Without the check of slopes at the first call: each call is one of the solver's."""
    monkeypatch.setattr(OwnLoss, "_compare", lambda *_: None)


class FailsAt:
    """A loss that is NaN at its ``call``-th call, from 0; or whose slope is infinite there."""

    def __init__(self, call, slope=False):
        self.calls, self.call, self.slope = 0, call, slope

    def __call__(self, outputs, targets):
        value, slope = np.mean((outputs - targets) ** 2), 2 * (outputs - targets) / outputs.size
        if self.calls == self.call:
            value, slope = (value, slope * np.inf) if self.slope else (np.nan, slope)
        self.calls += 1
        return value, slope


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("call", [0, 3, 4, 11])
def test_epoch_and_step(call):
    """60 samples in batches of 16: four steps in an epoch."""
    net = make_net()
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, loss=FailsAt(call), epochs=9, batch_size=16)
    assert (caught.value.epoch, caught.value.step) == divmod(call, 4)
    assert str(caught.value).startswith(
        f"training diverged in epoch {call // 4}, step {call % 4}: the loss became nan"
    )


@pytest.mark.usefixtures("unchecked")
def test_epoch_and_step_of_a_resumed_run():
    net = make_net()
    history = net.fit(X, Y, loss=FailsAt(-1), epochs=3, batch_size=16)
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, loss=FailsAt(2), epochs=9, batch_size=16, initial_epoch=history)
    assert (caught.value.epoch, caught.value.step) == (3, 2)
    assert len(caught.value.history) == 3


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("last", [True, False])
def test_weights_that_are_not_finite_are_never_left(batch_size, last):
    """Also where the loss was found before the step that spoilt the weights."""
    net = make_net()
    call = 7 if batch_size else 1  # mini-batches: the last one of the second epoch
    epochs = 2 if last else 9
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, loss=FailsAt(call, slope=True), epochs=epochs, batch_size=batch_size)
    assert np.isfinite(net.parameters).all()
    if np.isfinite(caught.value.loss):
        assert "weights, running statistics" in str(caught.value)


def test_weights_that_are_not_finite_from_the_start():
    net = make_net()
    net.parameters[3] = np.nan
    for batch_size in (16, None):
        with pytest.raises(fastopt.DivergenceError) as caught:
            net.fit(X, Y, epochs=2, batch_size=batch_size)
        assert (caught.value.epoch, caught.value.step) == (0, 0)
        assert "training cannot begin: the loss is nan" in str(caught.value)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [16, None])
def test_a_start_without_a_finite_loss_is_not_called_divergence(optimizer, batch_size):
    """No smaller rate helps, and there are no "best finite weights" to hold."""
    net = make_net()
    before = net.parameters.copy()
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, 1e200 * Y, optimizer, epochs=2, batch_size=batch_size)
    error = pickle.loads(pickle.dumps(caught.value))
    assert error.at_start
    assert "training cannot begin: the loss is inf" in str(error)
    for untrue in ("learning_rate", "clip", "best finite", "diverged"):
        assert untrue not in str(error)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize("method", FULL_BATCH)
@pytest.mark.parametrize("value", [np.nan, 1e200])
@pytest.mark.parametrize("at", [0, 3])
def test_second_order_methods_from_weights_without_a_finite_loss(method, value, at):
    """What they are told: these take neither a learning rate nor clip."""

    class Spoil(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == at:
                self.network.parameters[:] = spoilt  # assigned, they would be refused

    net = make_net()
    spoilt = np.full(net.n_parameters, value)
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, method, epochs=9, callbacks=Spoil())
    error = pickle.loads(pickle.dumps(caught.value))
    assert (error.epoch, error.step, len(error.history)) == (at, 0, at)
    assert f"epoch {at}: the loss is {error.loss} at the weights that the epoch started" in str(
        error
    )
    assert "learning_rate" not in str(error)
    assert "clip" not in str(error)
    np.testing.assert_array_equal(net.parameters, spoilt)


# --- exceptions of the user's ----------------------------------------------------------------


class Boom(Exception):
    pass


@pytest.mark.parametrize("kind", [Boom, KeyboardInterrupt, SystemExit, StopIteration])
@pytest.mark.parametrize("hook", ["train_begin", "epoch_begin", "epoch_end", "train_end"])
def test_callback_that_raises(hook, kind):
    error = kind("here")

    def raises(self, *arguments):
        if hook.startswith("train") or arguments[0] == 2:
            raise error

    bad = type("Bad", (fastopt.Callback,), {f"on_{hook}": raises})()
    net, same = make_net(), make_net()
    with pytest.raises(kind) as caught:
        net.fit(X, Y, epochs=4, callbacks=[bad])
    assert caught.value is error
    done = {"train_begin": 0, "epoch_begin": 2, "epoch_end": 3, "train_end": 4}[hook]
    assert len(net.history_) == done
    expected = "interrupted" if kind is KeyboardInterrupt else kind.__name__
    assert net.history_.stop_reason == expected
    same.fit(X, Y, epochs=done)
    np.testing.assert_array_equal(net.parameters, same.parameters)
    net.fit(X, Y, epochs=1)


@pytest.mark.parametrize("kind", [Boom, KeyboardInterrupt, MemoryError, ValueError])
@pytest.mark.parametrize("where", ["loss", "metric", "schedule"])
def test_other_functions_that_raise(where, kind):
    error = kind("here")

    def raises(*arguments):
        raise error

    settings = {
        "loss": {"loss": raises},
        "metric": {"metrics": [raises]},
        "schedule": {"callbacks": [fastopt.LearningRateScheduler(lambda epoch: raises())]},
    }[where]
    net = make_net()
    with pytest.raises(kind) as caught:
        net.fit(X, Y, epochs=4, **settings)
    assert caught.value is error
    assert np.isfinite(net.parameters).all()
    net.fit(X, Y, epochs=1)


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("call", [0, 5])
def test_loss_that_raises_leaves_the_weights_of_the_last_whole_epoch(call):
    """60 samples in batches of 16: four steps in an epoch."""
    steps = []

    def loss(outputs, targets):
        steps.append(net.parameters.copy())
        if len(steps) > call:
            raise Boom
        return 0.0, np.ones_like(outputs)

    net = make_net()
    with pytest.raises(Boom):
        net.fit(X, Y, "momentum", loss=loss, batch_size=16)
    np.testing.assert_array_equal(net.parameters, steps[call // 4 * 4])


class Unwilling:
    """What cannot be an array, and has its own reason."""

    def __array__(self, *args, **kwargs):
        raise Boom("mine")


@pytest.mark.parametrize(
    ("value", "slope", "error", "match"),
    [
        (None, 1.0, TypeError, "the value that a loss function returns .* got None"),
        ("a", 1.0, TypeError, "the value that a loss function returns .* got 'a'"),
        (np.ones(2), 1.0, TypeError, "the value that a loss function returns"),
        (1j, 1.0, TypeError, "the value that a loss function returns"),
        ([[1.0], [1.0, 2.0]], 1.0, ValueError, "a loss function must return"),
        (Unwilling(), 1.0, Boom, "mine"),
        (1.0, 1j, TypeError, "the derivative .* real numbers, got dtype complex128"),
        (1.0, None, TypeError, "the derivative .* real numbers, got dtype object"),
        (1.0, Unwilling(), Boom, "mine"),
    ],
)
def test_loss_that_is_no_number(value, slope, error, match):
    def loss(outputs, targets):
        return value, np.full(outputs.shape, slope) if isinstance(slope, float | complex) else slope

    with pytest.raises(error, match=match):
        make_net().fit(X, Y, loss=loss, epochs=1)


def test_loss_in_an_array_of_one_number():
    net = make_net()
    history = net.fit(X, Y, loss=lambda y, t: (np.ones(1), np.zeros_like(y)), epochs=1)
    assert history.loss == [1.0]


# --- extras that are missing -----------------------------------------------------------------


def test_numpy_is_enough():
    """With every extra missing, training works, progress included."""
    found = run_python("""
import sys
for name in ("tqdm", "pandas", "sklearn", "matplotlib", "scipy"):
    sys.modules[name] = None
import numpy as np, fastopt
X = np.ones((10, 2))
print(fastopt.MLP([2, 1]).fit(X, X[:, 0], epochs=2, verbose=1).stop_reason)
""")
    assert found.endswith("epochs")


@pytest.mark.timing
def test_time_of_the_loop_itself():
    """An epoch on a few samples costs microseconds: nothing large is done in each."""
    net = make_net()
    start = time.thread_time()  # which other users of the machine do not stretch
    net.fit(X[:4], Y[:4], epochs=2000)
    assert time.thread_time() - start < 10
