"""A run that was broken off by Ctrl-C or an exception, and goes on."""

import pickle
import signal

import numpy as np
import pytest

import fastopt
from fastopt.training.user_functions import OwnLoss
from line_search_cases import FULL_BATCH, SQUARES
from training_cases import X, Y, bits, make_net

FIRST_ORDER = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam"]
FIXED = [*SQUARES, "newton"]  # they take no loss of one's own
HOOKS = ["on_train_begin", "on_epoch_begin", "on_epoch_end", "on_train_end"]
EPOCHS = 5


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """Without the check of slopes at the first call: each call is one of the solver's."""
    monkeypatch.setattr(OwnLoss, "_compare", lambda *_: None)


class Boom(Exception):
    pass


def raising_at(hook, epoch=2, error=KeyboardInterrupt):
    """Return a callback that raises once, in a hook."""

    def raises(self, *arguments):
        if (hook.startswith("on_train") or arguments[0] == epoch) and not self.raised:
            self.raised = True
            raise error

    return type("Raises", (fastopt.Callback,), {hook: raises, "raised": False})()


def broken_off(net, *data, error=KeyboardInterrupt, **settings):
    """Fit until the exception; return the History, as from a file in another process."""
    with pytest.raises(error):
        net.fit(*data, **settings)
    assert net.history_.stop_reason == ("interrupted" if error is KeyboardInterrupt else "Boom")
    return pickle.loads(pickle.dumps(net.history_))


@pytest.mark.parametrize("error", [KeyboardInterrupt, Boom])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("optimizer", [*FIRST_ORDER, *FULL_BATCH])
def test_callback_that_raises(optimizer, batch_size, hook, error):
    if optimizer in FULL_BATCH and batch_size:
        batch_size = "auto"
    settings = {"optimizer": optimizer, "epochs": EPOCHS, "batch_size": batch_size}
    if optimizer != "bayesian_regularization":  # which has a penalty of its own
        settings["l2"] = 1e-3
    settings |= {"random_state": 3, "metrics": ["r2"], "validation_split": 0.2}
    whole, net = make_net(), make_net()
    expected = whole.fit(X, Y, **settings)
    callback = raising_at(hook, error=error)
    first = broken_off(net, X, Y, error=error, callbacks=callback, **settings)
    history = net.fit(X, Y, initial_epoch=first, callbacks=callback, **settings)
    for name in ("epoch", "loss", "val_loss", "r2", "learning_rate", "n_value"):
        assert name not in expected or history[name] == expected[name]
    assert history.stop_reason == expected.stop_reason
    assert bits(net) == bits(whole)


def test_the_first_epoch_of_a_run_without_rows():
    net = make_net()
    first = broken_off(
        net, X, Y, initial_epoch=4, epochs=6, callbacks=raising_at("on_epoch_begin", 4)
    )
    assert len(first) == 0
    assert net.fit(X, Y, epochs=6, initial_epoch=first).epoch == [4, 5]


def test_the_learning_rate_of_the_epoch_is_set_once():
    """A scheduler that multiplies the present rate does so once for each epoch."""
    settings = {"optimizer": fastopt.SGD(0.1), "epochs": EPOCHS, "batch_size": None}
    halve = fastopt.LearningRateScheduler(lambda epoch, rate: rate / 2)
    net = make_net()
    first = broken_off(net, X, Y, callbacks=[halve, raising_at("on_epoch_begin")], **settings)
    history = net.fit(X, Y, initial_epoch=first, callbacks=halve, **settings)
    assert history.learning_rate == [0.1 / 2**k for k in range(1, EPOCHS + 1)]


class RaisesAt:
    """The mean squared error, broken off at its ``call``-th call, from 1."""

    def __init__(self, call=None):
        self.call = call

    def __call__(self, outputs, targets):
        if self.call is not None:
            self.call -= 1
            if self.call == 0:
                raise KeyboardInterrupt
        return np.mean((outputs - targets) ** 2), 2 * (outputs - targets) / outputs.size


def calls_of(optimizer, **settings):
    loss = RaisesAt(0)
    net = make_net()
    history = net.fit(X, Y, optimizer, loss, **settings)
    return -loss.call, net, history.loss


@pytest.mark.parametrize(
    ("optimizer", "clip"),
    [
        *((name, None) for name in [*FIRST_ORDER, *FULL_BATCH] if name not in FIXED),
        *((name, fastopt.ClipByValue(0.01)) for name in FIRST_ORDER),
    ],
)
def test_interrupted_within_a_step_of_the_full_batch(optimizer, clip):
    """Wherever it is: first-order methods are back where the epoch began, others made the step."""
    settings = {"epochs": EPOCHS, "batch_size": None, "clip": clip}
    calls, whole, losses = calls_of(optimizer, **settings)
    assert calls >= EPOCHS
    for call in range(1, calls + 1):
        net, known = make_net(), make_net()
        first = broken_off(net, X, Y, optimizer=optimizer, loss=RaisesAt(call), **settings)
        assert first.epoch == list(range(first.solver_state["epoch"]))
        made = first.solver_state["report"] is not None
        assert not (made and optimizer in FIRST_ORDER)
        known.fit(X, Y, optimizer, RaisesAt(), **{**settings, "epochs": len(first) + made})
        assert bits(net) == bits(known)
        history = net.fit(X, Y, optimizer, RaisesAt(), initial_epoch=first, **settings)
        assert history.epoch == list(range(EPOCHS))
        assert history.loss == losses
        assert bits(net) == bits(whole)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_that_the_adaptive_rate_has_not_judged_is_undone(momentum):
    optimizer = fastopt.SGD(fastopt.AdaptiveLearningRate(0.1), momentum=momentum)
    settings = {"epochs": EPOCHS, "batch_size": None}
    calls, whole, losses = calls_of(optimizer, **settings)
    for call in range(2, calls + 1):
        net, known = make_net(), make_net()
        first = broken_off(net, X, Y, optimizer=optimizer, loss=RaisesAt(call), **settings)
        known.fit(X, Y, optimizer, RaisesAt(), epochs=len(first), batch_size=None)
        assert bits(net) == bits(known)
        history = net.fit(X, Y, optimizer, RaisesAt(), initial_epoch=first, **settings)
        assert history.loss == losses
        assert bits(net) == bits(whole)


@pytest.mark.parametrize("batch", [1, 3, 4])
@pytest.mark.parametrize("clip", [None, fastopt.ClipByValue(0.01)])
@pytest.mark.parametrize("optimizer", FIRST_ORDER)
def test_an_epoch_of_mini_batches_is_repeated(optimizer, clip, batch):
    """60 samples in batches of 16: four steps an epoch, of which the third has less."""
    settings = {"batch_size": 16, "clip": clip, "random_state": 3}
    net, call = make_net(), 2 * 4 + batch
    first = broken_off(net, X, Y, optimizer=optimizer, loss=RaisesAt(call), **settings)
    assert first.epoch == [0, 1]
    state = first.solver_state
    assert state["epoch"] == state["solver"]["epoch"] == 2
    assert state["solver"]["iteration"] == 8
    whole = make_net()
    whole.fit(X, Y, optimizer, RaisesAt(), epochs=2, **settings)
    assert bits(net) == bits(whole)
    whole = make_net()
    expected = whole.fit(X, Y, optimizer, RaisesAt(), epochs=EPOCHS, **settings)
    settings |= {"epochs": EPOCHS, "initial_epoch": first}
    history = net.fit(X, Y, optimizer, RaisesAt(), **settings)
    assert history.loss == expected.loss
    assert bits(net) == bits(whole)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_statistics_and_masks_are_repeated_too(normalization):
    def make():
        layers = {"normalization": normalization, "dropout": 0.3, "random_state": 0}
        return fastopt.MLP([3, 8, 1], **layers)

    settings = {"batch_size": 16, "random_state": 3}
    net, whole = make(), make()
    first = broken_off(net, X, Y, optimizer="adam", loss=RaisesAt(2 * 4 + 3), **settings)
    history = net.fit(X, Y, "adam", RaisesAt(), epochs=EPOCHS, initial_epoch=first, **settings)
    assert history.loss == whole.fit(X, Y, "adam", RaisesAt(), epochs=EPOCHS, **settings).loss
    assert bits(net) == bits(whole)
    assert net.statistics.tobytes() == whole.statistics.tobytes()


@pytest.mark.parametrize("error", [KeyboardInterrupt, Boom])
@pytest.mark.parametrize("where", ["metric", "validation"])
@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_metric_that_raises(optimizer, where, error):
    """An epoch without a whole row is none; its step was made, and the row is made again."""

    def metric(outputs, targets):
        nonlocal calls
        if len(outputs) == (48 if where == "metric" else 12):
            calls += 1
            if calls == 3:
                raise error
        return 1.0

    calls = 0
    settings = {"optimizer": optimizer, "epochs": EPOCHS, "validation_split": 0.2}
    settings |= {"random_state": 3, "metrics": [metric]}
    net, whole = make_net(), make_net()
    first = broken_off(net, X, Y, error=error, **settings)
    history = net.fit(X, Y, initial_epoch=first, **settings)
    expected = whole.fit(X, Y, **settings)
    assert first.loss == expected.loss[:2]
    assert first.solver_state["report"]["loss"] == expected.loss[2]
    assert history.loss == expected.loss
    assert history.step_norm == expected.step_norm
    assert bits(net) == bits(whole)


class PressAt(fastopt.Callback):
    """A signal within the step of an epoch, after so much time of the process."""

    def __init__(self, epoch, seconds):
        self.epoch, self.seconds = epoch, seconds

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            signal.setitimer(signal.ITIMER_VIRTUAL, self.seconds)

    def on_epoch_end(self, epoch, logs):
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


@pytest.fixture
def virtual_alarm():
    def interrupt(number, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGVTALRM, interrupt)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.usefixtures("virtual_alarm")
@pytest.mark.parametrize("optimizer", [*FULL_BATCH, "adam"])
def test_interrupted_within_a_step_by_a_signal(optimizer):
    of_squares = dict.fromkeys(SQUARES, 30_000)  # steps of some 100 ms
    n_samples = {**of_squares, "newton": 15_000}.get(optimizer, 800_000)
    A = np.random.default_rng(0).normal(size=(n_samples, 10))
    t = np.sin(A[:, 0]) * A[:, 1]
    settings = {"optimizer": optimizer, "epochs": 3, "batch_size": None}
    whole = fastopt.MLP([10, 24, 1], random_state=0)
    expected = whole.fit(A, t, **settings)
    for seconds in (0.001, 0.01, 0.03):
        net = fastopt.MLP([10, 24, 1], random_state=0)
        first = broken_off(net, A, t, callbacks=PressAt(1, seconds), **settings)
        assert 1 <= first.solver_state["epoch"] <= 2
        history = net.fit(A, t, initial_epoch=first, **settings)
        assert history.epoch[-1] == 2
        assert history.loss == expected.loss
        assert bits(net) == bits(whole)


# --- runs that ended by themselves ------------------------------------------------------------


def converged(optimizer):
    """Inputs, targets, and a run of a method on them that ended by itself."""
    A = np.linspace(-1, 1, 20)[:, None]
    net = fastopt.MLP([1, 1], random_state=0)
    history = net.fit(A, 2 * A + 1, optimizer, epochs=300)
    assert history.stop_reason not in ("epochs", "interrupted")
    return A, 2 * A + 1, net, history


@pytest.mark.parametrize("epochs", [None, 400])
@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_a_run_that_ended_by_itself_stays_ended(optimizer, epochs):
    A, t, net, first = converged(optimizer)
    before = bits(net)
    epochs = epochs or len(first)
    for _ in range(2):
        history = net.fit(A, t, optimizer, epochs=epochs, initial_epoch=first)
        assert history.to_dict() == first.to_dict()
        assert history.stop_reason == first.stop_reason
        assert bits(net) == before
        first = history


@pytest.mark.parametrize("optimizer", FULL_BATCH)
def test_another_problem_begins_anew(optimizer):
    A, t, net, first = converged(optimizer)
    other = net.copy()
    history = net.fit(A, -t, optimizer, epochs=400, initial_epoch=first)
    assert history.loss == [*first.loss, *other.fit(A, -t, optimizer, epochs=300).loss]
    assert history.loss[-1] < 1e-8


def test_other_settings_begin_anew():
    A, t, net, first = converged(fastopt.BFGS(xrtol=0.5))
    assert first.stop_reason == "step"
    history = net.fit(A, t, fastopt.BFGS(), epochs=400, initial_epoch=first)
    assert history.stop_reason != "step"
    assert history.loss[-1] < 1e-3 * first.loss[-1]


def test_a_run_that_diverged_holds_no_state():
    net = fastopt.MLP([3, 1])
    with pytest.raises(fastopt.DivergenceError):
        net.fit(X, Y, fastopt.SGD(1e3), epochs=500)
    assert net.history_.solver_state is None
    with pytest.raises(ValueError, match="holds no state to go on from"):
        net.fit(X, Y, initial_epoch=net.history_)
