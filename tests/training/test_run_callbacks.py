"""What callbacks see and change, and the reasons for which a run ends."""

import pickle

import numpy as np
import pytest

import fastopt
from training_cases import CLASSES, X, Y, bits, make_net


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
