"""What callbacks see and change, and the reasons for which a run ends."""

import pickle

import numpy as np
import pytest

import fastopt
from line_search_cases import FULL_BATCH, SQUARES
from training_cases import CLASSES, Weights, X, Y, bits, make_net


class Log(fastopt.Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append("begin")

    def on_train_end(self, logs=None):
        self.calls.append("end")

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(epoch)

    def on_epoch_end(self, epoch, logs):
        self.calls.append((epoch, sorted(logs)[0]))


def test_order_of_the_hooks():
    log = Log()
    make_net().fit(X, Y, epochs=4, initial_epoch=2, callbacks=log)
    assert log.calls == ["begin", 2, (2, "learning_rate"), 3, (3, "learning_rate"), "end"]


def test_callback_sees_and_changes_the_network():
    class Freeze(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            assert self.network is self.model is net
            self.run.weights = start

    net = make_net()
    start = net.parameters.copy()
    net.fit(X, Y, epochs=3, callbacks=[Freeze()])
    np.testing.assert_array_equal(net.parameters, start)


@pytest.mark.parametrize("batch_size", [16, None])
def test_weights_changed_between_epochs_count(batch_size):
    """Full batches keep the gradient for the next step: not where somebody changed the weights."""

    class Reset(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 0:
                self.network.parameters = start

    net, other = make_net(), make_net()
    start = net.parameters.copy()
    history = net.fit(
        X, Y, "sgd", epochs=2, batch_size=batch_size, shuffle=False, callbacks=[Reset()]
    )
    once = other.fit(X, Y, "sgd", epochs=1, batch_size=batch_size, shuffle=False)
    assert history.loss == 2 * once.loss
    assert bits(net) == bits(other)


class Set(fastopt.Callback):
    """Sets weights in one hook, at one epoch."""

    def __init__(self, weights, hook, at=None):
        self.weights, self.hook, self.at = weights, hook, at

    def set(self, hook, epoch=None):
        if (hook, epoch) == (self.hook, self.at):
            self.run.weights = self.weights

    def on_train_begin(self, logs=None):
        self.set("train_begin")

    def on_epoch_begin(self, epoch, logs=None):
        self.set("epoch_begin", epoch)

    def on_epoch_end(self, epoch, logs):
        self.set("epoch_end", epoch)


OTHER = fastopt.MLP([3, 8, 1], "tanh", random_state=7).parameters


@pytest.mark.parametrize("method", FULL_BATCH)
def test_a_full_batch_run_starts_from_the_weights_that_a_callback_sets(method):
    net, other = make_net(), make_net()
    other.parameters = OTHER
    history = net.fit(X, Y, method, epochs=6, callbacks=Set(OTHER, "train_begin"))
    expected = other.fit(X, Y, method, epochs=6)
    for column in ("loss", "n_value", "n_gradient", "n_hessian", "step_norm"):
        assert history[column] == expected[column]
    assert bits(net) == bits(other)


@pytest.mark.parametrize("hook", ["epoch_end", "epoch_begin"])
@pytest.mark.parametrize("method", [name for name in FULL_BATCH if name not in SQUARES])
def test_a_line_search_goes_on_from_the_weights_that_a_callback_sets(method, hook):
    """As from a start: what it knows of the curvature was learned elsewhere."""
    net, other = make_net(), make_net()
    at = 3 if hook == "epoch_end" else 4
    history = net.fit(X, Y, method, epochs=12, callbacks=Set(OTHER, hook, at))
    before = other.fit(X, Y, method, epochs=4)
    other.parameters = OTHER
    after = other.fit(X, Y, method, epochs=8)
    assert history.loss == before.loss + after.loss
    assert history.n_gradient[4:] == [before.n_gradient[-1] + n for n in after.n_gradient]
    assert bits(net) == bits(other)


@pytest.mark.parametrize("hook", ["epoch_end", "epoch_begin"])
def test_levenberg_marquardt_goes_on_from_the_weights_that_a_callback_sets(hook):
    """ν goes on too, so the step from there is told by the normal equations alone."""
    net, other, weights = make_net(), make_net(), Weights()
    other.parameters = OTHER
    at = 3 if hook == "epoch_end" else 4
    history = net.fit(X, Y, "lm", epochs=9, callbacks=[Set(OTHER, hook, at), weights])
    _, jte, jtj = other.normal_equations(X, Y)
    step = -np.linalg.solve(jtj + history.damping[4] * np.eye(len(jte)), jte)
    np.testing.assert_allclose(weights.after[4], OTHER + step, rtol=1e-7, atol=1e-9)
    assert history.loss[4] < other.evaluate(X, Y)
    other.parameters = weights.after[4]
    assert history.loss[4] == pytest.approx(other.evaluate(X, Y), rel=1e-12)
    assert (np.diff(history.loss[4:]) < 0).all()
    assert history.n_gradient == [
        2,
        3,
        4,
        5,
        *range(7, 12),
    ]  # one more at the weights that were set


@pytest.mark.parametrize("method", FULL_BATCH)
def test_a_run_whose_weights_were_set_can_go_on_later(method):
    whole, parts, callbacks = make_net(), make_net(), Set(OTHER, "epoch_end", 1)
    expected = whole.fit(X, Y, method, epochs=9, callbacks=callbacks)
    history = parts.fit(X, Y, method, epochs=5, callbacks=callbacks)
    parts, history = pickle.loads(pickle.dumps((parts, history)))
    history = parts.fit(X, Y, method, epochs=9, initial_epoch=history)
    assert history.loss == expected.loss
    assert history.n_gradient == expected.n_gradient
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("method", FULL_BATCH)
def test_setting_the_weights_that_are_there_changes_nothing(method):
    class Same(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            self.network.parameters = self.run.weights

    net, other = make_net(), make_net()
    assert net.fit(X, Y, method, epochs=6, callbacks=Same()).loss == (
        other.fit(X, Y, method, epochs=6).loss
    )
    assert bits(net) == bits(other)


@pytest.mark.parametrize("method", FULL_BATCH)
def test_a_run_that_had_found_its_end_goes_on_from_weights_that_are_set(method):
    """Two weights and data on a line: every method finds the end."""
    x = np.linspace(-1, 1, 9)[:, None]
    net = fastopt.MLP([1, 1], random_state=0)
    history = net.fit(x, 2 * x + 1, method, epochs=100)
    assert history.stop_reason != "epochs"
    found, rows = net.parameters.copy(), len(history)
    again = net.fit(x, 2 * x + 1, method, epochs=200, initial_epoch=history)
    assert len(again) == rows
    start = Set([-5.0, 7.0], "train_begin")
    again = net.fit(x, 2 * x + 1, method, epochs=200, initial_epoch=history, callbacks=start)
    assert len(again) > rows
    np.testing.assert_allclose(net.parameters, found, atol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
def test_adaptive_rate_compares_with_the_weights_as_they_are(nesterov):
    """Also where a callback changed them: to better ones, from which the step is a rise."""

    class Help(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 0:
                self.network.parameters = good.parameters

    good = make_net()
    good.fit(X, Y, fastopt.Adam(0.05), epochs=500)
    net = make_net()
    optimizer = fastopt.SGD(fastopt.AdaptiveLearningRate(20.0), momentum=0.9, nesterov=nesterov)
    history = net.fit(X, Y, optimizer, epochs=2, callbacks=[Help()])
    # The second step starts with the momentum of the first, far from good, and is undone.
    assert history.loss[1] == good.evaluate(X, Y)
    np.testing.assert_array_equal(net.parameters, good.parameters)


@pytest.mark.parametrize("way", ["stop", "stop_training", "model.stop_training"])
def test_callback_stops_the_training(way):
    class Stop(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 2:
                if way == "stop":
                    self.stop("enough")
                elif way == "stop_training":
                    self.stop_training = True
                else:
                    self.model.stop_training = True

    net = make_net()
    history = net.fit(X, Y, epochs=50, callbacks=[Stop()])
    assert len(history) == 3
    assert history.stop_reason == ("enough" if way == "stop" else "callback")
    assert len(net.fit(X, Y, epochs=5)) == 5  # it is over


def test_stopping_for_an_empty_reason():
    class Stop(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            self.stop("")

    history = make_net().fit(X, Y, epochs=5, callbacks=Stop())
    assert (len(history), history.stop_reason) == (1, "callback")


def test_a_wish_to_stop_ends_no_later_training():
    net = make_net()
    net.stop_training = True
    assert len(net.fit(X, Y, epochs=3, callbacks=None, metrics=None)) == 3
    assert not hasattr(net, "stop_training")


def test_callback_stops_before_the_first_epoch():
    class Stop(fastopt.Callback):
        def on_train_begin(self, logs=None):
            self.stop("not today")

    history = make_net().fit(X, Y, epochs=5, callbacks=[Stop()])
    assert len(history) == 0
    assert history.stop_reason == "not today"


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize(
    ("stopping", "reason"),
    [
        ({"loss": 0.2}, "loss"),
        ({"gradient_norm": 0.1}, "gradient_norm"),
        ({"step_norm": 1e-3}, "step_norm"),
        ({"seconds": 0}, "seconds"),
        ({"loss": 0.0, "gradient_norm": 0.0, "step_norm": 0.0}, "epochs"),
    ],
)
def test_stopping(stopping, reason, batch_size):
    optimizer = fastopt.SGD(fastopt.PowerSchedule(0.1, c1=20))
    history = make_net().fit(
        X,
        Y,
        optimizer,
        epochs=300,
        batch_size=batch_size,
        stopping=fastopt.Stopping(**stopping),
    )
    assert history.stop_reason == reason
    if reason in ("loss", "gradient_norm", "step_norm"):
        column = np.array(history[reason])
        assert column[-1] <= stopping[reason] < column[:-1].min()


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping(restore):
    net = make_net()
    weights = []

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            weights.append(bits(net))

    early = fastopt.EarlyStopping(patience=5, restore_best_weights=restore)
    history = net.fit(
        X[:10],
        Y[:10],
        fastopt.Adam(0.05),
        epochs=2000,
        validation_data=(X[10:], Y[10:]),
        callbacks=[Watch(), early],
    )
    assert history.stop_reason == "early_stopping"
    best = int(np.argmin(history.val_loss))
    assert history.best_epoch == early.best_epoch == best
    assert len(history) == best + 6
    assert bits(net) == weights[best if restore else -1]


def test_metrics_can_be_monitored():
    history = make_net(2, "softmax").fit(
        X,
        CLASSES,
        fastopt.Adam(0.02),
        "cross_entropy",
        epochs=500,
        metrics=["accuracy"],
        validation_split=0.3,
        callbacks=[fastopt.EarlyStopping("val_accuracy", patience=20)],
        random_state=0,
    )
    assert history.stop_reason == "early_stopping"
    assert history.val_accuracy[-21] == max(history.val_accuracy) > 0.6


def test_no_epochs():
    net = make_net()
    before = bits(net)
    history = net.fit(X, Y, epochs=0)
    assert (len(history), history.stop_reason, history.best_epoch) == (0, "epochs", None)
    assert bits(net) == before


def test_optimizer_is_not_changed():
    optimizer = fastopt.Adam(0.01)
    before = pickle.dumps(optimizer)
    histories = [make_net().fit(X, Y, optimizer, epochs=3, random_state=0) for _ in range(2)]
    assert histories[0].loss == histories[1].loss
    assert pickle.dumps(optimizer) == before
