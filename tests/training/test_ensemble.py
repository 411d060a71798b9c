"""Networks that are trained side by side and asked together."""

import time

import numpy as np
import pytest

import fastopt
from interruption import delay_of_interruption

RNG = np.random.default_rng(0)
X = RNG.uniform(-1, 1, (120, 2))
Y = np.sin(3 * X[:, 0]) * X[:, 1]


def networks(count=5, **settings):
    return [fastopt.MLP([2, 3 + k, 1], random_state=k, **settings) for k in range(count)]


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("optimizer", ["lm", "adam", "lbfgs"])
def test_each_has_the_bits_of_training_alone(optimizer, threads, set_threads):
    set_threads(threads)
    alone, together = networks(), networks()
    settings = {"optimizer": optimizer, "epochs": 7, "validation_split": 0.2, "metrics": ["r2"]}
    expected = [net.fit(X, Y, **settings) for net in alone]
    histories = fastopt.fit_many(together, X, Y, **settings)
    for one, other, history, known in zip(alone, together, histories, expected, strict=True):
        np.testing.assert_array_equal(one.parameters, other.parameters)
        assert history is other.history_
        for name in ("loss", "val_loss", "val_r2"):
            assert history[name] == known[name]
    assert fastopt.get_num_threads() == threads


def test_callbacks_are_copied_for_each():
    early = fastopt.EarlyStopping("loss", patience=2, min_delta=1e9)
    histories = fastopt.fit_many(networks(), X, Y, epochs=50, callbacks=early)
    assert {len(history) for history in histories} == {3}


def test_functions_of_the_users_are_called_by_one_thread(set_threads):
    set_threads(4)
    inside, most = [], []

    def metric(y_true, y_pred):
        inside.append(1)
        most.append(len(inside))
        time.sleep(1e-4)
        inside.pop()
        return 0.0

    fastopt.fit_many(networks(), X, Y, epochs=3, metrics=[metric])
    assert set(most) == {1}


def test_one_that_diverges_spoils_no_other(set_threads):
    set_threads(2)
    nets = networks()
    nets[2].parameters = np.full(nets[2].n_parameters, 1e200)
    with pytest.warns(RuntimeWarning, match=r"1 of 5 networks diverged: \[2\]"):
        histories = fastopt.fit_many(nets, X, Y, epochs=5)
    assert histories[2].stop_reason == "DivergenceError"
    others = [history for k, history in enumerate(histories) if k != 2]
    assert all(history.stop_reason == "epochs" for history in others)
    assert all(np.isfinite(history.loss).all() for history in others)


def test_wrong_input():
    nets = networks(2)
    with pytest.raises(ValueError, match=r"networks\[1\] is networks\[0\]"):
        fastopt.fit_many([nets[0], nets[0]], X, Y)
    with pytest.raises(ValueError, match="at least one"):
        fastopt.fit_many([], X, Y)
    with pytest.raises(TypeError, match=r"networks\[0\] must be an MLP"):
        fastopt.fit_many([3], X, Y)
    with pytest.raises(TypeError, match="networks must be several"):
        fastopt.fit_many(nets[0], X, Y)
    with pytest.raises(ValueError, match="initial_epoch"):
        fastopt.fit_many(nets, X, Y, initial_epoch=3)
    with pytest.raises(TypeError, match="epoch"):
        fastopt.fit_many(nets, X, Y, epoch=3)
    with pytest.raises(ValueError, match="same inputs and outputs"):
        fastopt.Ensemble([nets[0], fastopt.MLP([3, 2, 1])])


@pytest.mark.timing
@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_ctrl_c_ends_all_within_a_tenth_of_a_second(optimizer, set_threads):
    """Also where the main thread waits and the others are deep in long epochs."""
    set_threads(2)
    data = RNG.normal(size=(30_000, 20))
    nets = [fastopt.MLP([20, 60, 1], random_state=k) for k in range(4)]

    def train():
        fastopt.fit_many(nets, data, data[:, 0], optimizer=optimizer, epochs=1000)

    # Of the time of the main thread alone, as it waits; what else passed counts a tenth.
    assert delay_of_interruption(train, 0.3, tries=3) < 0.1
    assert fastopt.get_num_threads() == 2
    again = nets[0].fit(
        data,
        data[:, 0],
        optimizer,
        epochs=len(nets[0].history_) + 1,
        initial_epoch=nets[0].history_,
    )
    assert len(again) >= 1


def test_mean_and_spread():
    nets = networks(4)
    fastopt.fit_many(nets, X, Y, optimizer="lm", epochs=10)
    each = np.stack([net.predict(X) for net in nets])
    ensemble = fastopt.Ensemble(nets)
    mean, spread = ensemble.predict(X, return_std=True)
    np.testing.assert_allclose(mean, sum(each) / 4, rtol=1e-14)
    np.testing.assert_allclose(spread, np.sqrt(((each - mean) ** 2).sum(axis=0) / 3), rtol=1e-12)
    np.testing.assert_array_equal(ensemble.predict(X), mean)
    assert mean.shape == spread.shape == Y.shape
    assert len(ensemble) == 4
    _, none = fastopt.Ensemble(nets[:1]).predict(X, return_std=True)
    assert (none == 0).all()
