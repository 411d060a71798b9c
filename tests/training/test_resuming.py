"""A run that goes on where an earlier one ended."""

import pickle

import numpy as np
import pytest

import fastopt
from line_search_cases import FULL_BATCH
from training_cases import X, Y, bits, make_net

OPTIMIZERS = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam"]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_resuming_gives_the_bits_of_an_uninterrupted_run(optimizer, batch_size, dtype):
    settings = {"batch_size": batch_size, "l2": 0.01, "random_state": 5, "validation_split": 0.2}
    whole, parts = make_net(dtype=dtype), make_net(dtype=dtype)
    expected = whole.fit(X, Y, optimizer, epochs=7, **settings)
    history = parts.fit(X, Y, optimizer, epochs=3, **settings)
    # As from a file, in another process.
    parts, history = pickle.loads(pickle.dumps((parts, history)))
    history = parts.fit(X, Y, optimizer, epochs=7, initial_epoch=history, **settings)
    assert history.epoch == list(range(7))
    assert history.loss == expected.loss
    assert history.val_loss == expected.val_loss
    assert history.learning_rate == expected.learning_rate
    assert history.seconds == sorted(history.seconds)
    assert bits(parts) == bits(whole)


@pytest.mark.parametrize("again", [None, 5, 6, "generator"])
@pytest.mark.parametrize("first", [None, 5, "generator"])
def test_resuming_holds_out_the_same_rows(first, again):
    """Else rows that were held out would be trained on, and those trained on judged by."""

    def held_out(**settings):
        net.fit(X, range(60), "sgd", loss, validation_split=0.2, **settings)
        return sorted(seen[-12:])  # the loss of the validation data comes last

    def loss(outputs, targets):
        seen.extend(targets[:, 0])
        return 0.0, np.zeros_like(outputs)

    def state(of):
        return np.random.default_rng(3) if of == "generator" else of

    seen, net = [], make_net()
    rows = held_out(epochs=1, random_state=state(first))
    history = net.fit(
        X, range(60), "sgd", loss, validation_split=0.2, epochs=1, random_state=state(first)
    )
    assert held_out(epochs=2, initial_epoch=history, random_state=state(again)) == rows


@pytest.mark.parametrize(
    "rate",
    [
        fastopt.PowerSchedule(0.1, c1=3),
        fastopt.PiecewiseConstant([2, 4], [0.1, 0.05, 0.01]),
        fastopt.AdaptiveLearningRate(0.05),
        fastopt.AdaptiveLearningRate(20.0),
    ],
)
@pytest.mark.parametrize("nesterov", [False, True])
def test_resuming_with_schedules(rate, nesterov):
    optimizer = fastopt.SGD(rate, momentum=0.9, nesterov=nesterov)
    whole, parts = make_net(), make_net()
    expected = whole.fit(X, Y, optimizer, epochs=9, random_state=1)
    history = parts.fit(X, Y, optimizer, epochs=1, random_state=1)
    for epochs in (3, 4, 9):
        history = parts.fit(X, Y, optimizer, epochs=epochs, initial_epoch=history)
    assert history.loss == expected.loss
    assert history.learning_rate == expected.learning_rate
    assert bits(parts) == bits(whole)


def test_resuming_after_the_learning_rate_was_lowered():
    net = make_net()
    plateau = fastopt.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=1e9)
    history = net.fit(X, Y, fastopt.SGD(0.1), epochs=3, callbacks=[plateau])
    assert history.learning_rate == [0.1, 0.1, 0.05]
    history = net.fit(X, Y, fastopt.SGD(0.1), epochs=4, initial_epoch=history)
    assert history.learning_rate[3] == 0.025


def test_resuming_with_another_learning_rate():
    net = make_net()
    history = net.fit(X, Y, fastopt.Adam(0.01), epochs=2)
    history = net.fit(X, Y, fastopt.Adam(0.001), epochs=4, initial_epoch=history)
    assert history.learning_rate == [0.01, 0.01, 0.001, 0.001]
    schedule = fastopt.PiecewiseConstant([5], [0.002, 0.0005])
    history = net.fit(X, Y, fastopt.Adam(schedule), epochs=7, initial_epoch=history)
    assert history.learning_rate[4:] == [0.002, 0.0005, 0.0005]


def test_resuming_where_a_callback_replaced_the_schedule():
    class HoldAt(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 1:
                self.run.learning_rate = 0.003

    optimizer = fastopt.Adam(fastopt.PowerSchedule(0.1, c1=3))
    whole, parts = make_net(), make_net()
    expected = whole.fit(X, Y, optimizer, epochs=6, random_state=1, callbacks=HoldAt())
    history = parts.fit(X, Y, optimizer, epochs=3, random_state=1, callbacks=HoldAt())
    history = parts.fit(X, Y, optimizer, epochs=6, initial_epoch=history, callbacks=HoldAt())
    assert history.learning_rate == expected.learning_rate
    assert history.learning_rate[1:] == [0.003] * 5
    assert bits(parts) == bits(whole)


def test_resuming_from_a_number():
    """Without the optimiser's state: plain descent has none, so the bits are the same."""
    whole, parts = make_net(), make_net()
    optimizer = fastopt.SGD(fastopt.PowerSchedule(0.1, c1=3))
    expected = whole.fit(X, Y, optimizer, epochs=6, random_state=1)
    parts.fit(X, Y, optimizer, epochs=4, random_state=1)
    history = parts.fit(X, Y, optimizer, epochs=6, initial_epoch=4, random_state=1)
    assert history.epoch == [4, 5]
    assert history.loss == expected.loss[4:]
    assert history.learning_rate == expected.learning_rate[4:]
    assert bits(parts) == bits(whole)


def test_resuming_with_another_optimizer_is_refused():
    net = make_net()
    history = net.fit(X, Y, "adam", epochs=1)
    before = bits(net)
    with pytest.raises(ValueError, match="state"):
        net.fit(X, Y, "sgd", epochs=2, initial_epoch=history)
    with pytest.raises(ValueError, match="holds no state"):
        net.fit(X, Y, epochs=2, initial_epoch=fastopt.History())
    with pytest.raises(ValueError, match="initial_epoch must be at most epochs=2, got 3"):
        net.fit(X, Y, epochs=2, initial_epoch=3)
    assert bits(net) == before


@pytest.mark.parametrize("then", ["sgd", "momentum", "nesterov", "rmsprop", "adagrad"])
def test_resuming_with_a_rule_of_as_many_states_is_refused(then):
    net = make_net()
    first = "adagrad" if then != "adagrad" else "rmsprop"
    history = net.fit(X, Y, first, epochs=1)
    with pytest.raises(ValueError, match=f"the state belongs to the rule '{first}', not to"):
        net.fit(X, Y, then, epochs=2, initial_epoch=history)


def test_resuming_with_another_kind_of_learning_rate():
    def go_on(first, then, **settings):
        net = make_net()
        history = net.fit(X, Y, fastopt.SGD(first), epochs=3, batch_size=None, **settings)
        optimizer = fastopt.SGD(then)
        history = net.fit(X, Y, optimizer, epochs=6, batch_size=None, initial_epoch=history)
        return history.learning_rate[3:]

    constant = fastopt.LearningRateScheduler(lambda epoch: 0.05)
    power, cosine = fastopt.PowerSchedule(0.1, 100), fastopt.CosineDecay(0.02, 20)
    assert go_on(power, cosine, callbacks=constant) == [cosine(i) for i in (3, 4, 5)]
    assert go_on(power, power, callbacks=constant) == [0.05] * 3
    assert go_on(fastopt.AdaptiveLearningRate(0.01), 0.01) == [0.01] * 3


def test_a_resumed_run_that_diverges_keeps_the_best_weights_since():
    rates = [0.5] * 5 + [8.0] + [0.05] * 10
    x = np.linspace(-1, 1, 40)[:, None]

    def fit(net, epochs, **settings):
        def rate(epoch):
            return rates[epoch] if epoch < len(rates) else 500.0

        scheduler = fastopt.LearningRateScheduler(rate)
        optimizer = fastopt.SGD(0.1)
        return net.fit(
            x, 2 * x, optimizer, epochs=epochs, batch_size=None, callbacks=scheduler, **settings
        )

    net = fastopt.MLP([1, 1], random_state=0)
    history = fit(net, 6)
    with pytest.raises(fastopt.DivergenceError) as caught:
        fit(net, 300, initial_epoch=history)
    losses = caught.value.history.loss
    assert min(losses[6:]) < losses[5]
    assert net.evaluate(x, 2 * x) == pytest.approx(min(losses[5:]), rel=1e-9)


@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("rule", ["nielsen", "marquardt", "matlab"])
def test_levenberg_marquardt_goes_on_near_an_exact_fit(rule, scaling):
    X = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([0.0, 1, 1, 0])
    optimizer = fastopt.LevenbergMarquardt(damping_rule=rule, scaling=scaling)
    whole, net = (fastopt.MLP([2, 4, 1], random_state=0) for _ in range(2))
    expected = whole.fit(X, y, optimizer, epochs=40)
    history = 0
    for epochs in range(1, 41):
        history = net.fit(X, y, optimizer, epochs=epochs, initial_epoch=history)
    assert expected.loss[-1] < 1e-20
    assert history.loss == expected.loss
    assert history.n_gradient == expected.n_gradient
    assert bits(net) == bits(whole)


def sine():
    X = np.linspace(-1, 1, 41)[:, None]
    return X, np.sin(np.pi * X)


@pytest.mark.parametrize("l2", [0.0, 1e-3])
@pytest.mark.parametrize("method", FULL_BATCH)
def test_a_full_batch_run_goes_on_from_the_weights_that_are_there(method, l2):
    if method == "bayesian_regularization" and l2 > 0:
        pytest.skip("it has a penalty of its own, and refuses l2")
    X, y = sine()
    net = fastopt.MLP([1, 5, 1], random_state=0)
    history = net.fit(X, y, method, epochs=5, l2=l2)
    whole = fastopt.MLP([1, 5, 1], random_state=0)
    whole.fit(X, y, method, epochs=9, l2=l2)
    same = net.copy()
    same.fit(X, y, method, epochs=9, l2=l2, initial_epoch=history)
    np.testing.assert_array_equal(same.parameters, whole.parameters)

    # Other weights than those of the state, as restored ones are: none is overwritten.
    net.parameters *= 0.5
    moved = net.parameters.copy()
    net.fit(X, y, method, epochs=5, l2=l2, initial_epoch=history)
    np.testing.assert_array_equal(net.parameters, moved)
    fresh = net.copy()
    expected = fresh.fit(X, y, method, epochs=4, l2=l2).loss
    resumed = net.fit(X, y, method, epochs=9, l2=l2, initial_epoch=history)
    assert resumed.loss == [*history.loss, *expected]
    assert resumed.epoch == list(range(9))
    np.testing.assert_array_equal(net.parameters, fresh.parameters)


@pytest.mark.parametrize("method", FULL_BATCH)
def test_a_full_batch_run_on_another_problem_begins_anew(method):
    X, y = sine()
    net = fastopt.MLP([1, 5, 1], random_state=0)
    history = net.fit(X, y, method, epochs=5)
    others = [(-y, 0.0)]
    if method != "bayesian_regularization":  # which has a penalty of its own
        others.append((y, 0.1))
    for T, l2 in others:
        start, _ = net.loss_and_gradient(X, T, l2=l2)
        resumed = net.copy().fit(X, T, method, epochs=8, l2=l2, initial_epoch=history)
        assert resumed.loss == [*history.loss, *net.copy().fit(X, T, method, epochs=3, l2=l2).loss]
        assert resumed.loss[-1] < start


def test_lbfgs_with_another_memory_begins_without_pairs():
    X, y = sine()
    net = fastopt.MLP([1, 5, 1], random_state=0)
    history = net.fit(X, y, fastopt.LBFGS(memory=10), epochs=5)
    other = fastopt.LBFGS(memory=3)
    resumed = net.copy().fit(X, y, other, epochs=9, initial_epoch=history)
    assert resumed.loss == [*history.loss, *net.copy().fit(X, y, other, epochs=4).loss]


@pytest.mark.parametrize("rows", [64, 200])
@pytest.mark.parametrize("batch_size", [8, 32, None])
def test_schedules_count_the_updates_that_were_made(rows, batch_size):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    schedule = fastopt.PowerSchedule(0.1, c1=3)
    net = fastopt.MLP([2, 3, 1], random_state=0)
    first = net.fit(X[:64], X[:64, 0], fastopt.SGD(schedule), epochs=5, batch_size=16)
    made = 5 * 4
    data = X[:rows], X[:rows, 0]
    settings = {"epochs": 7, "batch_size": batch_size, "initial_epoch": first}
    history = net.fit(*data, fastopt.SGD(schedule), **settings)
    per_epoch = -(-rows // (batch_size or rows))
    # The History tells the rate of an epoch's last update.
    expected = [schedule(made + k * per_epoch - 1) for k in (1, 2)]
    assert history.learning_rate[5:] == pytest.approx(expected, rel=1e-12)


def test_epochs_that_are_only_a_number_count_as_updates_when_going_on():
    X = np.random.default_rng(0).normal(size=(64, 2))
    schedule = fastopt.PowerSchedule(0.1, c1=3)
    settings = {"batch_size": 16, "optimizer": fastopt.SGD(schedule)}
    net = fastopt.MLP([2, 3, 1], random_state=0)
    first = net.fit(X, X[:, 0], epochs=6, initial_epoch=5, **settings)
    history = net.fit(X, X[:, 0], epochs=7, initial_epoch=first, **settings)
    expected = [schedule(6 * 4 - 1), schedule(7 * 4 - 1)]
    assert history.learning_rate == pytest.approx(expected, rel=1e-12)
