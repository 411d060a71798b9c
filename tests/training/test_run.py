"""What surrounds the training: History, validation, weights of samples, own metrics, progress."""

import math
import re
import sys

import numpy as np
import pytest

import fastopt
from fastopt import _core
from training_cases import CLASSES, X, Y, bits, make_net

# --- History ---------------------------------------------------------------------------------


def test_history_of_full_batches_tells_the_loss_after_the_step():
    net = make_net()
    losses = []

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            losses.append(net.loss_and_gradient(X, Y, "mse", l2=0.1)[0])

    history = net.fit(X, Y, epochs=5, batch_size=None, l2=0.1, callbacks=Watch())
    assert history.loss == losses
    assert history is net.history_
    assert history.epoch == [0, 1, 2, 3, 4]
    assert history.stop_reason == "epochs"


def test_history_columns():
    history = make_net().fit(
        X,
        Y,
        epochs=4,
        validation_data=(X[:9], Y[:9]),
        metrics=["mae", "gradient_norm"],
        l2=0.1,
    )
    assert set(history) == {
        "epoch",
        "loss",
        "mae",
        "val_loss",
        "val_mae",
        "learning_rate",
        "gradient_norm",
        "step_norm",
        "seconds",
    }
    assert all(len(history[name]) == 4 for name in history)
    assert all(np.isfinite(history[name]).all() for name in history)
    assert history.seconds == sorted(history.seconds)
    assert list(history.to_dict()) == list(history)


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adam"])
def test_norms_of_gradient_and_step(batch_size, optimizer):
    net = make_net()
    gradients, weights = [], [net.parameters.copy()]

    class Watch(fastopt.Callback):
        def on_epoch_end(self, epoch, logs):
            gradients.append(np.linalg.norm(net.loss_and_gradient(X, Y, l2=0.1)[1]))
            weights.append(net.parameters.copy())

    history = net.fit(
        X,
        Y,
        optimizer,
        epochs=4,
        batch_size=batch_size,
        metrics="gradient_norm",
        l2=0.1,
        callbacks=[Watch()],
    )
    np.testing.assert_allclose(history.gradient_norm, gradients, rtol=1e-12)
    steps = np.linalg.norm(np.diff(weights, axis=0), axis=1)
    np.testing.assert_allclose(history.step_norm, steps, rtol=1e-9)


def test_gradient_norm_of_an_epoch_that_stands_still():
    net = make_net()
    history = net.fit(
        X,
        Y,
        "sgd",
        epochs=4,
        batch_size=16,
        metrics="gradient_norm",
        callbacks=[fastopt.LearningRateScheduler(lambda epoch: 0.1 * (epoch == 0))],
    )
    expected = np.linalg.norm(net.loss_and_gradient(X, Y)[1])
    assert history.gradient_norm == pytest.approx([expected] * 4, rel=1e-12)
    assert history.step_norm[1:] == [0, 0, 0]


def test_recording_the_gradient_norm_changes_nothing():
    nets = [make_net(), make_net()]
    histories = [
        net.fit(X, Y, epochs=5, metrics=metrics, random_state=1)
        for net, metrics in zip(nets, [(), "gradient_norm"], strict=True)
    ]
    assert histories[0].loss == histories[1].loss
    assert bits(nets[0]) == bits(nets[1])


def test_validation_data():
    net = make_net()
    x, y, v = X[:20] + 1, Y[:20], np.linspace(0.5, 2, 20)
    history = net.fit(
        X,
        Y,
        epochs=3,
        validation_data=(x, y, v),
        metrics=["rmse", "r2"],
        l2=0.5,
        sample_weight=np.linspace(1, 2, 60),
    )
    assert history.val_loss[-1] == net.evaluate(x, y, sample_weight=v)  # without the penalty
    found = net.evaluate(x, y, metrics=["rmse", "r2"], sample_weight=v)
    assert history.val_rmse[-1] == found["rmse"]
    assert history.val_r2[-1] == found["r2"]
    weights = np.linspace(1, 2, 60)
    found = net.evaluate(X, Y, metrics=["rmse"], sample_weight=weights)["rmse"]
    assert history.rmse[-1] == found


def test_validation_split():
    net, seen = make_net(), []

    def loss(outputs, targets):
        seen.extend(targets[:, 0])
        return 0.0, np.zeros_like(outputs)

    numbers = np.arange(60.0)
    history = net.fit(X, numbers, "sgd", loss, epochs=1, validation_split=0.25, random_state=3)
    # One epoch of 45 samples, then the loss of the 15 others.
    assert sorted(seen) == list(numbers)
    held_out = sorted(seen[45:])
    assert held_out != list(numbers[45:])
    assert "val_loss" in history
    first, seen[:] = list(held_out), []
    net.fit(X, numbers, "sgd", loss, epochs=1, validation_split=0.25, random_state=3)
    assert sorted(seen[45:]) == first
    seen[:] = []
    net.fit(X, numbers, "sgd", loss, epochs=1, validation_split=0.25, random_state=4)
    assert sorted(seen[45:]) != first


def test_validation_split_is_training_on_the_rest():
    """The same as with the two parts as arrays; nothing of the held-out part leaks in."""
    kept = []

    def note(outputs, targets):
        kept.append(targets[:, 0].astype(int))
        return 0.0, np.zeros_like(outputs)

    weights = np.linspace(1, 3, 60)
    settings = {"validation_split": 0.3, "random_state": 5}
    make_net().fit(X, np.arange(60.0), "sgd", note, epochs=1, batch_size=None, **settings)
    train, held_out = kept[0], kept[-1]
    assert sorted([*train, *held_out]) == list(range(60))
    nets = [make_net(), make_net()]
    by_split = nets[0].fit(X, Y, epochs=4, sample_weight=weights, shuffle=False, **settings)
    by_hand = nets[1].fit(
        X[train],
        Y[train],
        epochs=4,
        sample_weight=weights[train],
        shuffle=False,
        validation_data=(X[held_out], Y[held_out], weights[held_out]),
    )
    np.testing.assert_allclose(by_split.loss, by_hand.loss, rtol=1e-13)
    np.testing.assert_allclose(by_split.val_loss, by_hand.val_loss, rtol=1e-13)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


def test_class_weights_are_sample_weights():
    settings = {"loss": "cross_entropy", "epochs": 3, "random_state": 0}
    v = np.where(CLASSES == 1, 3.0, 1.0)
    base = np.linspace(1, 2, 60)
    nets = [make_net(2, "softmax") for _ in range(2)]
    nets[0].fit(X, CLASSES, class_weight={1: 3}, sample_weight=base, **settings)
    nets[1].fit(X, CLASSES, sample_weight=v * base, **settings)
    assert bits(nets[0]) == bits(nets[1])
    balanced = 60 / (2 * np.bincount(CLASSES))[CLASSES]
    for y in (CLASSES, np.eye(2)[CLASSES]):
        nets = [make_net(2, "softmax") for _ in range(2)]
        nets[0].fit(X, y, class_weight="balanced", **settings)
        nets[1].fit(X, CLASSES, sample_weight=balanced, **settings)
        assert bits(nets[0]) == bits(nets[1])


@pytest.mark.parametrize("class_weight", [{1: 50.0}, "balanced"])
@pytest.mark.parametrize("v", [None, np.linspace(1, 3, 60)], ids=["alike", "weights"])
def test_class_weights_act_on_training_alone(class_weight, v):
    """What is held out is judged as evaluate judges it, by whichever way it was held out."""
    held_out = np.sort(_core.permutation(5, 60)[:15])
    train = np.setdiff1d(np.arange(60), held_out)
    of = [None if v is None else v[rows] for rows in (train, held_out)]
    settings = {"loss": "cross_entropy", "epochs": 3, "shuffle": False}
    settings |= {"class_weight": class_weight, "random_state": 5}
    nets = [make_net(2, "softmax") for _ in range(2)]
    by_split = nets[0].fit(X, CLASSES, validation_split=0.25, sample_weight=v, **settings)
    by_hand = nets[1].fit(
        X[train],
        CLASSES[train],
        validation_data=(X[held_out], CLASSES[held_out], of[1]),
        sample_weight=of[0],
        **settings,
    )
    np.testing.assert_allclose(by_split.loss, by_hand.loss, rtol=1e-13)
    np.testing.assert_allclose(by_split.val_loss, by_hand.val_loss, rtol=1e-13)
    expected = nets[0].evaluate(X[held_out], CLASSES[held_out], "cross_entropy", (), of[1])
    assert by_split.val_loss[-1] == pytest.approx(expected, rel=1e-13)


def test_weight_of_a_sample_is_a_repetition():
    """Weight 2 is the sample twice, weight 0 leaves it out."""
    v = np.where(np.arange(60) < 20, 2, np.where(np.arange(60) < 40, 1, 0))
    nets = [make_net(), make_net()]
    nets[0].fit(X, Y, "sgd", epochs=5, batch_size=None, sample_weight=v)
    rows = np.repeat(np.arange(60), v)
    nets[1].fit(X[rows], Y[rows], "sgd", epochs=5, batch_size=None)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


# --- metrics and losses of one's own ---------------------------------------------------------


def test_metric_of_ones_own():
    def largest_error(outputs, targets):
        assert outputs.shape == targets.shape
        return np.abs(outputs - targets).max()

    net = make_net()
    history = net.fit(X, Y[:, 0], epochs=2, metrics=[largest_error], validation_split=0.2)
    assert history.largest_error[-1] > 0
    assert history.val_largest_error[-1] > 0
    expected = np.abs(net.predict(X) - Y[:, 0]).max()
    assert net.evaluate(X, Y, metrics=largest_error)["largest_error"] == expected


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [16, None])
def test_loss_of_ones_own_trains_alike(batch_size, dtype):
    def own(outputs, targets):
        assert outputs.dtype == targets.dtype == dtype
        difference = outputs - targets
        return float((difference**2).mean()), 2 * difference / difference.size

    nets = [make_net(dtype=dtype) for _ in range(2)]
    settings = {"epochs": 5, "batch_size": batch_size, "l2": 0.01, "validation_split": 0.2}
    histories = [
        net.fit(X, Y, loss=loss, random_state=0, **settings)
        for net, loss in zip(nets, ["mse", own], strict=True)
    ]
    rtol = 1e-12 if dtype == "float64" else 1e-4
    np.testing.assert_allclose(histories[0].loss, histories[1].loss, rtol=rtol)
    np.testing.assert_allclose(histories[0].val_loss, histories[1].val_loss, rtol=rtol)


# --- progress --------------------------------------------------------------------------------


def test_progress_bar(capsys):
    pytest.importorskip("tqdm")
    make_net().fit(X, Y, epochs=3, verbose=1, validation_split=0.2)
    shown = capsys.readouterr().err
    assert "3/3" in shown
    assert re.search(r"[ ,]loss=[\d.]+, val_loss=[\d.]+, learning_rate=0.001", shown)


def test_progress_without_tqdm(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    history = make_net().fit(X, Y, epochs=3, verbose=True)
    shown = capsys.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert lines[-1].startswith("epoch 3/3: loss=")
    assert f"{history.loss[-1]:.4g}" in lines[-1]


def test_silence(capsys):
    make_net().fit(X, Y, epochs=3)
    shown = capsys.readouterr()
    assert shown.out == shown.err == ""


def test_pandas():
    pytest.importorskip("pandas")
    history = make_net().fit(X, Y, epochs=3)
    frame = history.to_pandas()
    assert list(frame.index) == [0, 1, 2]
    assert list(frame["loss"]) == history.loss


def test_missing_pandas_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    history = make_net().fit(X, Y, epochs=1)
    with pytest.raises(ImportError, match=r"fastopt\[pandas\]"):
        history.to_pandas()
    assert math.isfinite(history.loss[0])
