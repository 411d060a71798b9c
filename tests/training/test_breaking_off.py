"""Ctrl-C between any two lines of a run: the rows are whole, and it goes on to the same bits."""

import sys

import numpy as np
import pytest

import fastopt
from fastopt.training.user_functions import OwnLoss
from training_cases import bits

X = np.linspace(-1, 1, 41)[:, None]
Y = np.sin(np.pi * X)
EPOCHS = 4
RUNS = {
    "lm": {},
    "bfgs": {},
    "newton": {"validation_split": 0.2},
    "adam": {"batch_size": 8},
    "momentum": {"batch_size": None, "metrics": ["r2"]},
    "adaptive": {"optimizer": fastopt.SGD(fastopt.AdaptiveLearningRate(2.0), momentum=0.9)},
}


@pytest.fixture(autouse=True)
def unchecked(monkeypatch):
    """Without the check of slopes at the first call: each call is one of the solver's."""
    monkeypatch.setattr(OwnLoss, "_compare", lambda *_: None)


def interrupted_at(line, net, **settings):
    """Fit with one Ctrl-C at the `line`-th line within epochs 1 and 2; return whether it came."""
    lines = 0

    def on_line(frame, event, argument):
        nonlocal lines
        if event == "line" and len(getattr(net, "history_", ())) in (1, 2):
            lines += 1
            if lines == line:
                sys.settrace(None)
                raise KeyboardInterrupt
        return on_line

    def on_call(frame, event, argument):
        return on_line if "/training/" in frame.f_code.co_filename else None

    before = sys.gettrace()
    sys.settrace(on_call)
    try:
        net.fit(X, Y, **settings)
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


@pytest.mark.parametrize("name", RUNS)
def test_ctrl_c_at_every_line(name):
    settings = {"optimizer": name, "epochs": EPOCHS, "random_state": 1, **RUNS[name]}
    whole = fastopt.MLP([1, 5, 1], random_state=0)
    expected = whole.fit(X, Y, **settings)
    line = 0
    while True:
        line += 1
        net = fastopt.MLP([1, 5, 1], random_state=0)
        if not interrupted_at(line, net, **settings):
            break
        first = net.history_
        assert first.epoch == list(range(len(first)))
        assert {len(first[name]) for name in first} == {len(first)}
        history = net.fit(X, Y, initial_epoch=first, **settings)
        assert history.epoch == expected.epoch
        for column in set(expected) - {"seconds"}:
            np.testing.assert_array_equal(history[column], expected[column], err_msg=column)
        assert bits(net) == bits(whole)
    assert line > 40


RATE = fastopt.AdaptiveLearningRate(0.05)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize(
    "optimizer",
    [
        fastopt.SGD(RATE, momentum=0.9),
        fastopt.SGD(RATE, momentum=0.9, nesterov=True),
        fastopt.Adam(RATE),
    ],
    ids=repr,
)
def test_an_adaptive_step_that_was_not_judged_is_made_again(optimizer, error):
    def loss(outputs, targets):
        difference = outputs - targets
        return (difference**2).mean(), 2 * difference / difference.size

    whole = fastopt.MLP([1, 5, 1], random_state=0)
    expected = whole.fit(X, Y, optimizer, loss, epochs=8)
    for at in range(2, 9):
        calls = 0

        def breaks(outputs, targets, at=at):
            nonlocal calls
            calls += 1
            if calls == at:
                raise error
            return loss(outputs, targets)

        net = fastopt.MLP([1, 5, 1], random_state=0)
        with pytest.raises(error):
            net.fit(X, Y, optimizer, breaks, epochs=8)
        history = net.fit(X, Y, optimizer, loss, epochs=8, initial_epoch=net.history_)
        assert history.loss == expected.loss
        assert history.learning_rate == expected.learning_rate
        assert bits(net) == bits(whole)
