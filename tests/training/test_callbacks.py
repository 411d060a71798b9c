"""Callbacks in a run that is played from a table of losses."""

import copy
import pickle

import numpy as np
import pytest

import fastopt
from fastopt.callbacks import Callbacks, as_list
from fastopt.training.context import Run


class Network:
    """Its only weight is the number of epochs that it was trained for."""

    def __init__(self):
        self.parameters = np.zeros(1)


def play(callbacks, rows, optimizer=None, name="val_loss"):
    """Run epochs whose values of column ``name`` are ``rows``; return the Run."""
    optimizer = optimizer or fastopt.SGD(1.0)
    run = Run(Network(), optimizer, fastopt.History(), epochs=len(rows))
    with Callbacks(as_list(callbacks), run) as hooks:
        hooks.train_begin()
        for epoch, value in enumerate(rows):
            hooks.before(epoch)
            rates = run.rates(3 * epoch, 3)
            run.network.parameters = run.network.parameters + 1
            run.history.append(epoch, **{name: value}, learning_rate=rates[-1])
            run.history.stop_reason = hooks(epoch)
            if run.history.stop_reason is not None:
                break
        hooks.train_end()
    return run


class Recorder(fastopt.Callback):
    def __init__(self):
        self.calls = []

    def on_train_begin(self, logs=None):
        self.calls.append(("train_begin",))

    def on_epoch_begin(self, epoch, logs=None):
        self.calls.append(("epoch_begin", epoch))

    def on_epoch_end(self, epoch, logs):
        self.calls.append(("epoch_end", epoch, logs["val_loss"]))

    def on_train_end(self, logs=None):
        self.calls.append(("train_end", logs["val_loss"]))


def test_copies_hold_no_run():
    """It has the network and a solver, which no pickle can take along."""
    recorder = Recorder()
    play(recorder, [3.0, 2.0])
    for other in (copy.copy(recorder), copy.deepcopy(recorder)):
        assert other.calls == recorder.calls
        assert "_run" not in vars(other)


def test_hooks_in_order():
    recorder = Recorder()
    play(recorder, [3.0, 2.0])
    assert recorder.calls == [
        ("train_begin",),
        ("epoch_begin", 0),
        ("epoch_end", 0, 3.0),
        ("epoch_begin", 1),
        ("epoch_end", 1, 2.0),
        ("train_end", 2.0),
    ]


@pytest.mark.parametrize("how", ["stop", "stop_training", "model.stop_training"])
def test_ways_to_stop(how):
    class Stopper(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            if epoch == 1:
                if how == "stop":
                    self.stop("enough")
                elif how == "stop_training":
                    assert self.stop_training is False
                    self.stop_training = True
                    assert self.stop_training is True
                else:
                    self.model.stop_training = True

    run = play([Stopper()], [1.0] * 5)
    assert len(run.history) == 2
    assert run.history.stop_reason == ("enough" if how == "stop" else "callback")
    assert not hasattr(run.network, "stop_training")


def test_the_first_reason_counts_and_everybody_sees_the_last_epoch():
    class First(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            self.stop("first")

    class Second(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            self.stop("second")

    recorder = Recorder()
    run = play([First(), Second(), recorder], [1.0, 1.0])
    assert run.history.stop_reason == "first"
    assert ("epoch_end", 0, 1.0) in recorder.calls


@pytest.mark.parametrize(
    "hook",
    [
        "on_batch_begin",
        "on_batch_end",
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_test_begin",
        "on_predict_batch_end",
        "on_epoch_ends",
    ],
)
def test_hooks_that_would_never_be_called_are_refused(hook):
    callback = type("Mine", (fastopt.Callback,), {hook: lambda self, *args: None})()
    with pytest.raises(
        TypeError, match=rf"Mine\.{hook} would never be called: an epoch is one call"
    ):
        play([callback], [1.0])
    callback = Recorder()
    setattr(callback, hook, print)
    with pytest.raises(TypeError, match=rf"Recorder\.{hook} would never be called"):
        play([callback], [1.0])


@pytest.mark.parametrize("wrong", [print, Recorder, None, "early_stopping"])
def test_only_callbacks_are_taken(wrong):
    with pytest.raises(TypeError, match="callbacks must be Callback objects"):
        play([wrong], [1.0])
    net = fastopt.MLP([1, 1])
    with pytest.raises(TypeError, match="callbacks must be Callback objects"):
        net.fit([[1.0], [2.0]], [1.0, 2.0], callbacks=wrong if wrong is not None else 3)
    assert not hasattr(net, "history_")


def test_outside_a_run():
    with pytest.raises(RuntimeError, match="no part in a run"):
        fastopt.Callback().stop()


def test_weights_and_learning_rate_in_a_callback():
    class Mine(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            assert self.network is self.model is self.run.network
            weights = self.run.weights
            weights += 10
            assert self.network.parameters[0] == self.run.weights[0] == weights[0] - 10
            self.run.weights = weights
            self.run.learning_rate = self.run.learning_rate / 2

    run = play(Mine(), [1.0, 1.0, 1.0])
    assert run.network.parameters == 33
    assert run.history.learning_rate == [1.0, 0.5, 0.25]
    assert run.optimizer == fastopt.SGD(1.0)


def test_learning_rates_of_a_run():
    schedule = fastopt.PowerSchedule(1.0, c1=3)
    run = play([], [1.0] * 3, fastopt.SGD(schedule))
    np.testing.assert_allclose(run.history.learning_rate, [schedule(i) for i in (2, 5, 8)])
    run = play([], [1.0] * 2, fastopt.SGD(fastopt.PiecewiseConstant([1], [0.5, 0.25])))
    assert run.history.learning_rate == [0.5, 0.25]
    run = Run(Network(), fastopt.SGD(fastopt.AdaptiveLearningRate(0.5)), fastopt.History(), 1)
    assert run.learning_rate == 0.5
    for bad in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="learning_rate must"):
            run.learning_rate = bad


# --- LearningRateScheduler --------------------------------------------------------------------


def test_scheduler_of_the_epoch():
    run = play(
        [fastopt.LearningRateScheduler(lambda epoch: 0.1 if epoch < 2 else 0.01)],
        [1.0] * 4,
        fastopt.SGD(fastopt.PowerSchedule(1.0, 1)),
    )
    assert run.history.learning_rate == [0.1, 0.1, 0.01, 0.01]


def test_scheduler_of_the_epoch_and_the_learning_rate():
    run = play([fastopt.LearningRateScheduler(lambda epoch, rate: rate / 2)], [1.0] * 3)
    assert run.history.learning_rate == [0.5, 0.25, 0.125]


def test_scheduler_with_an_optional_second_parameter_gets_the_rate():
    run = play([fastopt.LearningRateScheduler(lambda epoch, rate=8.0: rate / 2)], [1.0] * 3)
    assert run.history.learning_rate == [0.5, 0.25, 0.125]


def test_scheduler_takes_schedules_of_epochs():
    schedule = fastopt.PiecewiseConstant([2], [0.1, 0.01])
    run = play([fastopt.LearningRateScheduler(schedule)], [1.0] * 4)
    assert run.history.learning_rate == [0.1, 0.1, 0.01, 0.01]


@pytest.mark.parametrize(
    ("value", "error"), [(-1.0, ValueError), ("x", TypeError), (None, TypeError)]
)
def test_scheduler_of_wrong_values(value, error):
    with pytest.raises(error, match="the value of schedule must be a number"):
        play([fastopt.LearningRateScheduler(lambda epoch: value)], [1.0])
    with pytest.raises(TypeError, match="schedule must be a function"):
        fastopt.LearningRateScheduler(0.1)


def test_scheduler_and_an_adaptive_rule_are_refused_together():
    scheduler = fastopt.LearningRateScheduler(lambda epoch: 0.1)
    optimizer = fastopt.SGD(fastopt.AdaptiveLearningRate())
    with pytest.raises(ValueError, match=r"is a number or a schedule, got AdaptiveLearningRate\("):
        play([scheduler], [1.0], optimizer)
    net = fastopt.MLP([1, 1])
    before = net.parameters.copy()
    with pytest.raises(ValueError, match="LearningRateScheduler sets the learning rate itself"):
        net.fit([[1.0], [2.0]], [1.0, 2.0], optimizer, callbacks=scheduler)
    np.testing.assert_array_equal(net.parameters, before)


# --- EarlyStopping ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "rows", "epochs", "best", "stopped"),
    [
        ({"patience": 2}, [3, 2, 2, 2, 1], 4, 1, True),
        ({"patience": 0}, [3, 2, 2, 1], 3, 1, True),
        ({"patience": 3}, [3, 2, 2, 2, 1], 5, 4, False),
        ({"patience": 2, "min_delta": 0.6}, [3, 2.5, 2.3, 2.2], 4, 2, False),
        ({"patience": 2, "mode": "max"}, [1, 2, 3, 2, 2, 4], 5, 2, True),
        ({"patience": 2}, [float("nan"), 2, float("nan"), float("nan"), 1], 4, 1, True),
    ],
)
def test_early_stopping(settings, rows, epochs, best, stopped):
    callback = fastopt.EarlyStopping(**settings)
    run = play([callback], [float(x) for x in rows])
    assert len(run.history) == epochs
    assert run.history.stop_reason == ("early_stopping" if stopped else None)
    assert (callback.best, callback.best_epoch) == (rows[best], best)
    assert run.network.parameters == best + 1


def test_early_stopping_gives_the_best_weights_back_however_the_run_ends():
    run = play([fastopt.EarlyStopping(patience=10)], [2.0, 1.0, 3.0])
    assert run.history.stop_reason is None
    assert run.network.parameters == 2


def test_early_stopping_can_keep_the_last_weights():
    callback = fastopt.EarlyStopping(patience=1, restore_best_weights=False)
    run = play([callback], [2.0, 1.0, 3.0, 3.0])
    assert run.network.parameters == 3
    assert callback.stopped_epoch == 2


@pytest.mark.parametrize(
    ("monitor", "best"),
    [("val_accuracy", 2), ("val_r2", 2), ("top_k_accuracy", 2), ("val_mse", 0), ("loss", 0)],
)
def test_direction_of_improvement_by_name(monitor, best):
    callback = fastopt.EarlyStopping(monitor)
    play([callback], [0.1, 0.2, 0.3], name=monitor)
    assert callback.best_epoch == best


def test_early_stopping_starts_anew_in_each_run():
    callback = fastopt.EarlyStopping(patience=2)
    first = play([callback], [1.0, 2.0, 2.0])
    second = play([callback], [5.0, 4.0, 4.0])
    assert len(first.history) == len(second.history) == 3
    assert callback.best == 4.0


@pytest.mark.parametrize("cls", [fastopt.EarlyStopping, fastopt.ReduceLROnPlateau])
def test_a_column_that_is_not_there(cls):
    net = fastopt.MLP([1, 1], random_state=0)
    before = net.parameters.copy()
    with pytest.raises(ValueError, match=r"monitors 'val_loss'.*does not record.*validation data"):
        net.fit([[1.0], [2.0]], [1.0, 2.0], epochs=1, callbacks=cls())
    np.testing.assert_array_equal(net.parameters, before)
    with pytest.raises(
        ValueError, match=r"monitors 'acc', which this run does not record: there is"
    ):
        play([cls("acc")], [1.0])
    for monitor, there in (
        ("acc", "there is 'loss', 'r2', 'learning_rate'"),
        ("val_mae", "there is .*'val_loss', 'val_r2'"),
        ("layer_gradient_norms", "there is 'loss'"),  # no column of numbers
    ):
        with pytest.raises(ValueError, match=f"monitors '{monitor}'.*: {there}"):
            net.fit(
                [[1.0], [2.0], [3.0], [4.0]],
                [1.0, 2.0, 3.0, 4.0],
                epochs=1,
                validation_split=0.5,
                metrics=["r2", "layer_gradient_norms"],
                callbacks=cls(monitor),
            )
        np.testing.assert_array_equal(net.parameters, before)


# --- ReduceLROnPlateau ------------------------------------------------------------------------


def plateau(rows, rate, factor, patience, min_delta, cooldown, min_lr):
    """The learning rate after each epoch: ``cooldown`` epochs after a fall count for nothing."""
    best, wait, resumes, rates = np.inf, 0, 0, []
    for epoch, value in enumerate(rows):
        if value < best - min_delta:
            best, wait = value, 0
        elif epoch >= resumes:
            wait += 1
            if wait >= patience:
                rate, wait, resumes = max(rate * factor, min_lr), 0, epoch + 1 + cooldown
        rates.append(rate)
    return rates


@pytest.mark.parametrize("cooldown", [0, 1, 3])
@pytest.mark.parametrize("patience", [1, 2, 4])
def test_plateau(patience, cooldown):
    rng = np.random.default_rng(patience)
    rows = list(np.abs(np.cumsum(rng.normal(-0.05, 0.2, size=60))))
    settings = {
        "factor": 0.5,
        "patience": patience,
        "min_delta": 0.01,
        "cooldown": cooldown,
        "min_lr": 0.02,
    }
    run = play([fastopt.ReduceLROnPlateau(**settings)], rows)
    after = plateau(rows, 1.0, **settings)
    assert run.history.learning_rate == [1.0, *after[:-1]]
    assert after[-1] < 0.3


def test_cooldown_waits_as_many_epochs_as_it_says():
    callback = fastopt.ReduceLROnPlateau(patience=1, cooldown=2, factor=0.5)
    run = play([callback], [1.0] * 9)
    # Falls after epochs 1, 4 and 7: two epochs of rest, and one that counts.
    assert run.history.learning_rate == [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]


@pytest.mark.parametrize("callback", [fastopt.EarlyStopping, fastopt.ReduceLROnPlateau])
def test_the_mode_of_a_metric_of_ones_own_must_be_given(callback):
    def gain(y_true, y_pred):
        return -float(np.mean((y_true - y_pred) ** 2))

    X = np.linspace(-1, 1, 20)[:, None]

    def fit(**settings):
        net = fastopt.MLP([1, 3, 1], random_state=0)
        return net.fit(X, X[:, 0], epochs=2, metrics=gain, callbacks=callback("gain", **settings))

    with pytest.raises(ValueError, match="'gain', a metric of your own: mode must be 'min' or"):
        fit()
    assert len(fit(mode="max")) == 2


def test_plateau_of_what_grows():
    run = play(
        [fastopt.ReduceLROnPlateau("r2", patience=1, factor=0.5)], [1.0, 2.0, 2.0, 2.0], name="r2"
    )
    assert run.history.learning_rate == [1.0, 1.0, 1.0, 0.5]


@pytest.mark.parametrize("rate", [fastopt.PowerSchedule(1.0, 1), fastopt.AdaptiveLearningRate()])
def test_plateau_and_a_schedule_are_refused_together(rate):
    with pytest.raises(ValueError, match="learning_rate is a number, got"):
        play([fastopt.ReduceLROnPlateau()], [1.0], fastopt.SGD(rate))


@pytest.mark.parametrize(
    "optimizer", [fastopt.Newton(), fastopt.BFGS(), fastopt.LevenbergMarquardt()]
)
def test_methods_without_a_rate_to_move_refuse_callbacks_that_move_it(optimizer):
    class Mine(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.run.learning_rate = 0.1

    name = type(optimizer).__name__
    for callback in (fastopt.ReduceLROnPlateau(), fastopt.LearningRateScheduler(lambda epoch: 0.1)):
        with pytest.raises(ValueError, match=f"first-order optimiser .* got {name}"):
            play([callback], [1.0], optimizer)
    with pytest.raises(AttributeError, match=f"{name} has no learning rate for callbacks to set"):
        play([Mine()], [1.0], optimizer)


# --- settings ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: fastopt.EarlyStopping(patience=-1), r"patience must be an integer in \[0, inf\)"),
        (lambda: fastopt.EarlyStopping(min_delta=-1), "min_delta must"),
        (lambda: fastopt.EarlyStopping(mode="up"), "mode must be one of 'auto', 'min', 'max'"),
        (lambda: fastopt.ReduceLROnPlateau(factor=1.0), r"factor must be a number in \(0, 1\)"),
        (lambda: fastopt.ReduceLROnPlateau(cooldown=-1), "cooldown must"),
        (lambda: fastopt.ReduceLROnPlateau(min_lr=-1), "min_lr must"),
    ],
)
def test_refused_values(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_callbacks_are_settings():
    callback = fastopt.EarlyStopping("loss", patience=3)
    assert eval(repr(callback), vars(fastopt)) == callback
    play([callback], [1.0], name="loss")
    for other in (copy.deepcopy(callback), pickle.loads(pickle.dumps(callback)), callback.clone()):
        assert other == callback
        assert other.best is None
    with pytest.raises(AttributeError, match="has no setting 'pacience'"):
        callback.pacience = 3
