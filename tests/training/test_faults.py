"""When something goes wrong in the middle: divergence, exceptions, Ctrl-C, threads, forks."""

import contextlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import fastopt
from interruption import delay_of_interruption, untimed

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = np.sin(X @ RNG.normal(size=(3, 1)))


def make_net(**settings):
    return fastopt.MLP([3, 8, 1], **{"random_state": 0, **settings})


def run(code, timeout=100, **environment):
    """Run Python code in a fresh process and return what it prints."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


class Weights(fastopt.Callback):
    """The weights after each epoch."""

    def __init__(self):
        self.after = []

    def on_epoch_end(self, epoch, logs):
        self.after.append(self.network.parameters.copy())


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


def test_epoch_and_step_of_a_resumed_run():
    net = make_net()
    history = net.fit(X, Y, loss=FailsAt(-1), epochs=3, batch_size=16)
    with pytest.raises(fastopt.DivergenceError) as caught:
        net.fit(X, Y, loss=FailsAt(2), epochs=9, batch_size=16, initial_epoch=history)
    assert (caught.value.epoch, caught.value.step) == (3, 2)
    assert len(caught.value.history) == 3


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("last", [True, False])
def test_weights_that_are_not_finite_are_never_left(batch_size, last):
    """Also where the loss was found before the step that spoilt the weights."""
    net = make_net()
    call = 7 if batch_size else 1  # mini-batches: the last one of the second epoch
    epochs = 2 if last else 9
    with pytest.raises(fastopt.DivergenceError):
        net.fit(X, Y, loss=FailsAt(call, slope=True), epochs=epochs, batch_size=batch_size)
    assert np.isfinite(net.parameters).all()


def test_weights_that_are_not_finite_from_the_start():
    net = make_net()
    net.parameters[3] = np.nan
    for batch_size in (16, None):
        with pytest.raises(fastopt.DivergenceError) as caught:
            net.fit(X, Y, epochs=2, batch_size=batch_size)
        assert (caught.value.epoch, caught.value.step) == (0, 0)


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


@pytest.mark.parametrize("call", [0, 5])
def test_loss_that_raises_leaves_the_weights_of_the_last_step(call):
    steps = []

    def loss(outputs, targets):
        steps.append(net.parameters.copy())
        if len(steps) > call:
            raise Boom
        return 0.0, np.ones_like(outputs)

    net = make_net()
    with pytest.raises(Boom):
        net.fit(X, Y, "momentum", loss=loss, batch_size=16)
    np.testing.assert_array_equal(net.parameters, steps[-1])


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


# --- one network, two trainings --------------------------------------------------------------


def test_training_within_a_training():
    class Again(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            other = self.network.copy()
            other.fit(X, Y, epochs=1)  # a copy is free
            assert self.network.evaluate(X, Y) > 0
            self.network.fit(X, Y, epochs=1)

    net = make_net()
    with pytest.raises(RuntimeError, match=r"being trained already: train a copy\(\)"):
        net.fit(X, Y, epochs=3, callbacks=[Again()])
    assert len(net.history_) == 1
    net.fit(X, Y, epochs=1)


def test_training_in_two_threads_at_once():
    begun, go_on = threading.Event(), threading.Event()

    class Wait(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.set()
            go_on.wait(10)

    net, alone = make_net(), make_net()
    thread = threading.Thread(
        target=net.fit, args=(X, Y), kwargs={"epochs": 3, "callbacks": Wait()}
    )
    thread.start()
    try:
        assert begun.wait(10)
        history = net.history_
        with pytest.raises(RuntimeError, match="being trained already"):
            net.fit(X, Y)
        assert net.history_ is history  # of the training that goes on
    finally:
        go_on.set()
        thread.join()
    alone.fit(X, Y, epochs=3)
    np.testing.assert_array_equal(net.parameters, alone.parameters)


def test_one_callback_in_two_trainings_at_once():
    """Its state would be that of both."""
    begun, go_on = threading.Event(), threading.Event()

    class Wait(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.set()
            go_on.wait(10)

    early = fastopt.EarlyStopping("loss", patience=3)
    first, second = make_net(), make_net()
    settings = {"epochs": 5, "callbacks": [early, Wait()]}
    thread = threading.Thread(target=first.fit, args=(X, Y), kwargs=settings)
    thread.start()
    try:
        assert begun.wait(10)
        run = early.run
        before = second.parameters.copy()
        for callbacks in ([early], [Weights(), early]):
            with pytest.raises(RuntimeError, match="this EarlyStopping takes part in another fit"):
                second.fit(X, Y, callbacks=callbacks)
        assert early.run is run
        assert not hasattr(second, "history_")
        np.testing.assert_array_equal(second.parameters, before)
        # An equal object is another one; the refused run has kept none of the others.
        second.fit(X, Y, epochs=1, callbacks=[fastopt.EarlyStopping("loss", 3), callbacks[0]])
    finally:
        go_on.set()
        thread.join()
    assert first.history_.stop_reason == "epochs"
    second.fit(X, Y, epochs=1, callbacks=early)


def test_one_callback_in_a_training_within_its_own():
    class Again(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            make_net().fit(X, Y, epochs=1, callbacks=Weights())
            make_net().fit(X, Y, epochs=1, callbacks=self)

    again = Again()
    for _ in range(2):  # what ended the first run holds nothing back
        with pytest.raises(RuntimeError, match="this Again takes part in another fit"):
            make_net().fit(X, Y, epochs=1, callbacks=[again, again])


@pytest.mark.parametrize("error", [None, Boom, KeyboardInterrupt])
def test_one_callback_in_one_training_after_another(error):
    class Ends(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if error is not None:
                raise error

    weights, ends = Weights(), Ends()
    for k in range(1, 4):
        with pytest.raises(error) if error else contextlib.nullcontext():
            make_net().fit(X, Y, epochs=1, callbacks=[weights, ends])
        assert len(weights.after) == k


# --- Ctrl-C ----------------------------------------------------------------------------------

# All gradients of the mean absolute error are alike here, so the weights are all alike after
# whole steps, and only then. An epoch lasts minutes; the array has one element.
CTRL_C = """
import sys
import numpy as np, fastopt
from interruption import delay_of_interruption
optimizer, batch_size, threads, kind = sys.argv[1:]
fastopt.set_num_threads(int(threads))
net = fastopt.MLP([1000, 128], initializer="zeros")
X = np.broadcast_to(np.ones(1), (3_000_000, 1000))
Y = np.broadcast_to(np.array([1e9], dtype="f8"), (3_000_000, 128))
fastopt._validation.check_finite = lambda *_: None  # it would take long
weights = []
def call():
    net.parameters[:] = 0
    try:
        if kind == "fit":
            net.fit(X, Y, optimizer, "mae", batch_size=eval(batch_size), shuffle=False)
        elif kind == "predict":
            net.predict(X[:600_000])
        else:
            net.evaluate(X, Y)
    finally:
        weights.append(net.parameters.copy())
delay = delay_of_interruption(call, after=0.2)
if kind == "fit":
    assert net.history_.stop_reason == "interrupted", net.history_.stop_reason
assert all(np.ptp(w) == 0 and np.isfinite(w).all() for w in weights), weights
assert net.fit(X[:100], Y[:100], epochs=1).stop_reason == "epochs"
print(delay, max(w[0] for w in weights))
"""


@untimed
@pytest.mark.parametrize(
    ("optimizer", "batch_size", "threads", "kind"),
    [
        ("sgd", "64", "1", "fit"),
        ("nesterov", "64", "2", "fit"),
        ("adam", "512", "2", "fit"),
        ("sgd", "None", "2", "fit"),
        ("sgd", "None", "2", "predict"),
        ("sgd", "None", "1", "evaluate"),
    ],
)
def test_interrupt(optimizer, batch_size, threads, kind):
    result = subprocess.run(
        [sys.executable, "-c", CTRL_C, optimizer, batch_size, threads, kind],
        cwd=Path(__file__).parents[1],  # where the measure is
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    delay, weight = map(float, result.stdout.split())
    assert delay < 0.1
    assert (weight > 0) == (batch_size != "None")  # steps were made


@untimed
def test_interrupt_within_a_step_of_seconds():
    X = np.random.default_rng(0).standard_normal((8192, 1000))
    net = fastopt.MLP([1000, 2500, 1000], activation="relu", random_state=0)
    before = net.parameters.copy()
    assert delay_of_interruption(lambda: net.fit(X, X, batch_size=None), after=0.5) < 0.1
    np.testing.assert_array_equal(net.parameters, before)


def test_interrupt_from_a_handler_of_the_users():
    """Whatever a signal handler raises comes out of the epoch."""
    found = run("""
import signal, numpy as np, fastopt
class Enough(Exception): pass
def handler(number, frame): raise Enough
signal.signal(signal.SIGALRM, handler)
X = np.ones((200_000, 50))
net = fastopt.MLP([50, 100, 1])
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    net.fit(X, X[:, 0], epochs=10_000)
except Enough:
    print("Enough", np.isfinite(net.parameters).all())
""")
    assert found == "Enough True"


# --- forks -----------------------------------------------------------------------------------


def test_fork_after_the_use_of_threads():
    found = run(
        """
import multiprocessing, threading, numpy as np, fastopt
X = np.random.default_rng(0).normal(size=(600, 50))
def train(seed):
    net = fastopt.MLP([50, 200, 1], random_state=seed)
    net.fit(X, X[:, 0], epochs=2, batch_size=200)
    return fastopt.get_num_threads(), net.parameters.tobytes()
if __name__ == "__main__":
    expected = [train(k) for k in range(3)]
    busy = threading.Event()
    other = threading.Thread(target=lambda: [train(9) for _ in iter(busy.is_set, True)])
    other.start()  # the pool is at work while the process forks
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found = pool.map(train, range(3))
    busy.set()
    other.join()
    print(found == expected, train(0) == expected[0], found[0][0])
""",
        FASTOPT_NUM_THREADS="2",
    )
    assert found == "True True 2"


# --- extras that are missing -----------------------------------------------------------------


def test_numpy_is_enough():
    """With every extra missing, training works, progress included."""
    found = run("""
import sys
for name in ("tqdm", "pandas", "sklearn", "matplotlib", "scipy"):
    sys.modules[name] = None
import numpy as np, fastopt
X = np.ones((10, 2))
print(fastopt.MLP([2, 1]).fit(X, X[:, 0], epochs=2, verbose=1).stop_reason)
""")
    assert found.endswith("epochs")


def test_time_of_the_loop_itself():
    """An epoch on a few samples costs microseconds: nothing large is done in each."""
    net = make_net()
    start = time.perf_counter()
    net.fit(X[:4], Y[:4], epochs=2000)
    assert time.perf_counter() - start < 20
