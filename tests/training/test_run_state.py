"""The one record that going on knows: what it holds, and that it is enough."""

import copy
import pickle

import numpy as np
import pytest

import fastopt
from fastopt import _core
from fastopt.training import data as training_data
from fastopt.training.state import RunState
from line_search_cases import FULL_BATCH
from training_cases import CLASSES, X, Y, bits, make_net

METHODS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam"]
METHODS += FULL_BATCH


class Boom(Exception):
    pass


class RaiseOnce(fastopt.Callback):
    """Raises in one hook of one epoch; the last of the callbacks, after all others were told."""

    def __init__(self, hook, at):
        self.hook, self.at = hook, at

    def on_epoch_begin(self, epoch, logs=None):
        self.check("begin", epoch)

    def on_epoch_end(self, epoch, logs):
        self.check("end", epoch)

    def check(self, hook, epoch):
        if (hook, epoch) == (self.hook, self.at):
            self.at = None
            raise Boom


def test_state_is_immutable_and_is_what_the_history_holds():
    history = make_net().fit(X, Y, epochs=3)
    state = RunState(**history.solver_state)
    assert (state.epoch, state.ended, state.stop, state.report) == (3, None, None, None)
    with pytest.raises(AttributeError):
        state.epoch = 4


# --- callbacks --------------------------------------------------------------------------------


def callbacks():
    return [
        fastopt.EarlyStopping("val_loss", patience=6, min_delta=1e-3),
        fastopt.ReduceLROnPlateau("loss", factor=0.5, patience=2, min_delta=0.05, cooldown=1),
    ]


@pytest.mark.parametrize("at", [1, 4, 9])
@pytest.mark.parametrize("hook", ["begin", "end"])
def test_states_of_callbacks_go_on(hook, at):
    """With what they count the run goes on to the same rates, end and best weights."""
    settings = {"validation_split": 0.3, "random_state": 2, "epochs": 300, "batch_size": 16}
    whole, net = make_net(), make_net()
    expected = whole.fit(X, Y, fastopt.SGD(0.3), callbacks=callbacks(), **settings)
    assert expected.stop_reason == "early_stopping"
    assert len(set(expected.learning_rate)) > 1
    given = [*callbacks(), RaiseOnce(hook, at)]
    with pytest.raises(Boom):
        net.fit(X, Y, fastopt.SGD(0.3), callbacks=given, **settings)
    net, first = pickle.loads(pickle.dumps((net, net.history_)))
    settings["initial_epoch"] = first
    history = net.fit(X, Y, fastopt.SGD(0.3), callbacks=callbacks(), **settings)
    assert history.learning_rate == expected.learning_rate
    assert history.val_loss == expected.val_loss
    assert history.stop_reason == "early_stopping"
    assert bits(net) == bits(whole)


def test_best_weights_of_the_first_part_are_restored():
    """A second part that makes it only worse ends with the best weights of the first."""
    net, settings = make_net(), {"validation_data": (X, Y), "batch_size": None}
    early = fastopt.EarlyStopping(patience=50)
    history = net.fit(X, Y, fastopt.SGD(0.1), epochs=20, callbacks=early, **settings)
    best = bits(net)
    early = fastopt.EarlyStopping(patience=50)
    settings |= {"callbacks": early, "initial_epoch": history}
    history = net.fit(X, -Y, fastopt.SGD(0.1), epochs=25, **settings)
    assert min(history.val_loss[20:]) > history.val_loss[19]
    assert early.best_epoch == 19
    assert bits(net) == best


def test_another_column_takes_no_state_over():
    net = make_net()
    history = net.fit(X, Y, epochs=3, callbacks=fastopt.EarlyStopping("loss", patience=9))
    early = fastopt.EarlyStopping("mae", patience=9)
    settings = {"epochs": 5, "metrics": ["mae"], "initial_epoch": history}
    net.fit(X, Y, callbacks=early, **settings)
    assert early.best_epoch >= 3


class Count(fastopt.Callback):
    """A callback of the user's own that stops after so many epochs in all."""

    def on_train_begin(self, logs=None):
        self.epochs = 0

    def on_epoch_end(self, epoch, logs):
        self.epochs += 1
        if self.epochs == 7:
            self.stop("seven")

    def state_dict(self):
        return {"epochs": self.epochs}

    def load_state_dict(self, state):
        self.epochs = state["epochs"]


def test_a_callback_of_ones_own_goes_on():
    net = make_net()
    history = net.fit(X, Y, epochs=4, callbacks=Count())
    history = net.fit(X, Y, epochs=50, callbacks=Count(), initial_epoch=history)
    assert (len(history), history.stop_reason) == (7, "seven")


def test_what_was_decided_is_carried_out_and_no_further_epoch_made():
    """Broken off after the decision to stop, before the best weights were restored."""

    class RaiseAtEnd(fastopt.Callback):
        raised = False

        def on_train_end(self, logs=None):
            if not self.raised:
                self.raised = True
                raise Boom

    settings = {"validation_split": 0.3, "random_state": 2, "epochs": 300}
    settings |= {"optimizer": fastopt.Adam(0.05)}
    whole, net = make_net(), make_net()
    given = [RaiseAtEnd(), fastopt.EarlyStopping(patience=3)]
    with pytest.raises(Boom):
        net.fit(X, Y, callbacks=given, **settings)
    given[0].raised = True
    expected = whole.fit(X, Y, callbacks=given, **settings)
    history = net.fit(X, Y, callbacks=given, initial_epoch=net.history_, **settings)
    assert (history.loss, history.stop_reason) == (expected.loss, "early_stopping")
    assert bits(net) == bits(whole)
    # Now it has been carried out: to go on once more is to train on.
    assert len(net.fit(X, Y, callbacks=given, initial_epoch=history, **settings)) > len(expected)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("best", "low"),
        ("best", float("nan")),
        ("best_epoch", -1),
        ("wait", None),
        ("wait", 2.5),
        ("weights", np.zeros(3)),
        ("weights", "all"),
        ("weights", np.full(41, np.inf)),
        ("statistics", np.zeros(3)),
    ],
)
def test_damaged_states_of_callbacks_are_named(entry, value):
    net = make_net()
    early = fastopt.EarlyStopping("loss")
    history = net.fit(X, Y, epochs=3, callbacks=early)
    before = bits(net)
    ((name, state),) = history.solver_state["callbacks"]
    history.solver_state["callbacks"] = ((name, {**state, entry: value}),)
    with pytest.raises(ValueError, match=f"EarlyStopping.*{entry}"):
        net.fit(X, Y, epochs=5, callbacks=early, initial_epoch=history)
    assert bits(net) == before
    del state[entry]
    history.solver_state["callbacks"] = ((name, state),)
    with pytest.raises(ValueError, match=f"EarlyStopping.*{entry}"):
        net.fit(X, Y, epochs=5, callbacks=early, initial_epoch=history)


# --- broken off by a callback that changes weights --------------------------------------------


class Shrink(fastopt.Callback):
    """Changes the weights in both hooks, so that to make one twice would show."""

    def on_epoch_begin(self, epoch, logs=None):
        self.run.weights *= 0.99

    def on_epoch_end(self, epoch, logs):
        self.run.weights *= 0.98


@pytest.mark.parametrize("hook", ["begin", "end"])
@pytest.mark.parametrize("method", METHODS)
def test_weights_that_callbacks_change_are_changed_once(method, hook):
    settings = {"epochs": 5, "random_state": 1}
    whole, net = make_net(), make_net()
    expected = whole.fit(X, Y, method, callbacks=[Shrink()], **settings)
    with pytest.raises(Boom):
        net.fit(X, Y, method, callbacks=[Shrink(), RaiseOnce(hook, 2)], **settings)
    settings["initial_epoch"] = copy.copy(net.history_)
    history = net.fit(X, Y, method, callbacks=[Shrink()], **settings)
    assert history.loss == expected.loss
    assert bits(net) == bits(whole)


# --- data ---------------------------------------------------------------------------------------


def test_validation_data_pass_once_an_epoch(monkeypatch):
    passes = []

    def counting(predict):
        def counted(self, inputs, rows=None, **masks):
            passes.append(len(inputs) if rows is None else len(rows))
            return predict(self, inputs, rows, **masks)

        return counted

    network = _core.NetworkF64
    monkeypatch.setattr(network, "predict", counting(network.predict))
    calls = []

    def loss(y_true, y_pred):
        calls.append(len(y_true))
        return np.mean((y_pred - y_true) ** 2), 2 * (y_pred - y_true) / y_true.size

    net = make_net()
    settings = {"epochs": 3, "batch_size": None, "metrics": ["mae", "r2"]}
    history = net.fit(X, Y, "sgd", loss, validation_split=0.25, **settings)
    assert passes == [45] * 3  # metrics of the training data
    assert calls.count(15) == 3
    assert len(history.val_r2) == 3
    found = net.evaluate(X, Y, metrics=["mae"])
    assert passes == [45] * 3
    assert found["mae"] == pytest.approx(np.abs(net.predict(X) - Y).mean(), rel=1e-12)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("outputs", "output", "loss"),
    [
        (1, "identity", "mse"),
        (1, "sigmoid", "binary_cross_entropy"),
        (1, "identity", "binary_cross_entropy"),
        (2, "softmax", "cross_entropy"),
        (2, "identity", "cross_entropy"),
    ],
)
def test_predictions_of_the_one_pass_are_those_of_predict(outputs, output, loss, dtype):
    """Of thousands of samples, which are gone through in pieces and in several threads."""
    A = np.random.default_rng(1).normal(size=(5000, 3))
    net = make_net(outputs, output, dtype)
    seen = []

    def spy(y_true, y_pred):
        seen.append(y_pred)
        return 0.0

    targets = (A[:, 0] > 0).astype(int)
    value = net.evaluate(A, targets, loss, [spy])["loss"]
    assert value == net.evaluate(A, targets, loss)
    expected = net.predict(A).reshape(5000, outputs)
    np.testing.assert_allclose(seen[0], expected, rtol=8 * np.finfo(dtype).eps)


@pytest.mark.parametrize(("share", "made"), [(0.0, 1), (0.25, 2)])
def test_one_native_dataset_each(monkeypatch, share, made):
    count = []

    def dataset(*arguments, **scalings):
        count.append(arguments)
        return native(*arguments, **scalings)

    native = _core.Dataset
    monkeypatch.setattr(training_data._core, "Dataset", dataset)
    net = make_net(2, "softmax")
    weights = {"sample_weight": np.ones(60), "class_weight": "balanced"}
    net.fit(X, CLASSES, "adam", "cross_entropy", epochs=2, validation_split=share, **weights)
    assert len(count) == made


@pytest.mark.parametrize("method", METHODS)
def test_weights_of_constant_columns_are_zero_from_the_start(method):
    """Also those that a full-batch method keeps for itself, and after an early Ctrl-C."""
    constant = X.copy()
    constant[:, 1] = 5.0
    net = fastopt.MLP([3, 4, 1], scale_inputs="standard", random_state=0)
    with pytest.raises(Boom):
        net.fit(constant, Y, method, epochs=3, callbacks=[RaiseOnce("begin", 0)])
    assert not net.coefs_[0][1].any()
    net.fit(constant, Y, method, epochs=3, initial_epoch=net.history_)
    # Newton's step is rounding where nothing depends on a weight.
    assert np.abs(net.coefs_[0][1]).max() <= (1e-3 if method == "newton" else 0)


def test_what_is_refused_changes_no_scaling():
    net = fastopt.MLP([3, 4, 1], scale_inputs="standard", random_state=0)
    with pytest.raises(ValueError, match="initial_epoch must be at most"):
        net.fit(X, Y, epochs=3, initial_epoch=4)
    assert net.input_scaling_ is None
