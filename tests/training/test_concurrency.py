"""Trainings within, beside and after one another."""

import contextlib
import threading

import numpy as np
import pytest

import fastopt
from training_cases import Weights, X, Y, make_net


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


@contextlib.contextmanager
def training_in_another_thread(net, epochs, callbacks=()):
    """Hold a training at the beginning of its first epoch; it ends after the block."""
    begun, go_on = threading.Event(), threading.Event()

    class Wait(fastopt.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            begun.set()
            go_on.wait(10)

    settings = {"epochs": epochs, "callbacks": [*callbacks, Wait()]}
    thread = threading.Thread(target=net.fit, args=(X, Y), kwargs=settings)
    thread.start()
    try:
        assert begun.wait(10)
        yield
    finally:
        go_on.set()
        thread.join()


def test_training_in_two_threads_at_once():
    net, alone = make_net(), make_net()
    with training_in_another_thread(net, epochs=3):
        history = net.history_
        with pytest.raises(RuntimeError, match="being trained already"):
            net.fit(X, Y)
        assert net.history_ is history  # of the training that goes on
    alone.fit(X, Y, epochs=3)
    np.testing.assert_array_equal(net.parameters, alone.parameters)


def test_one_callback_in_two_trainings_at_once():
    """Its state would be that of both."""
    early = fastopt.EarlyStopping("loss", patience=3)
    first, second = make_net(), make_net()
    with training_in_another_thread(first, epochs=5, callbacks=[early]):
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


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
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
