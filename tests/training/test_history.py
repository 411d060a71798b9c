"""History, Stopping, the progress on the screen, DivergenceError."""

import copy
import math
import pickle
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import fastopt
from fastopt.training.progress import Progress


def history():
    h = fastopt.History()
    h.append(0, loss=3.0, val_loss=2.0, learning_rate=0.1)
    h.append(1, loss=2.0, val_loss=1.0, learning_rate=0.1, damping=None)
    h.append(2, loss=1.0, val_loss=1.5, learning_rate=0.05, gradient_norm=0.5)
    return h


def test_columns():
    h = history()
    assert h.loss == h["loss"] == [3.0, 2.0, 1.0]
    assert h.epoch == h["epoch"] == [0, 1, 2]
    assert len(h) == 3
    assert list(h) == ["epoch", "loss", "val_loss", "learning_rate", "gradient_norm"]
    assert h.columns == list(h)[1:]
    assert "val_loss" in h
    assert "damping" not in h
    assert h.last() == {"loss": 1.0, "val_loss": 1.5, "learning_rate": 0.05, "gradient_norm": 0.5}
    assert "val_loss" in dir(h)


def test_missing_values_are_nan():
    h = history()
    h.append(3, loss=0.5)
    np.testing.assert_array_equal(h.gradient_norm, [math.nan, math.nan, 0.5, math.nan])
    np.testing.assert_array_equal(h.val_loss, [2.0, 1.0, 1.5, math.nan])


def test_missing_columns():
    with pytest.raises(AttributeError, match="History has no 'accuracy'; its columns are loss, "):
        _ = history().accuracy
    with pytest.raises(KeyError, match="no column 'accuracy'; there are loss, "):
        history()["accuracy"]


def test_best_epoch():
    assert history().best_epoch == 1
    h = fastopt.History()
    assert h.best_epoch is None
    h.append(5, loss=math.nan)
    assert h.best_epoch is None
    h.append(6, loss=2.0)
    h.append(7, loss=1.0)
    h.append(8, loss=1.0)
    assert h.best_epoch == 7


def test_to_dict_gives_new_lists():
    h = history()
    columns = h.to_dict()
    assert columns["epoch"] == [0, 1, 2]
    columns["loss"].append(9)
    assert len(h.loss) == 3


def test_to_pandas():
    pytest.importorskip("pandas")
    frame = history().to_pandas()
    assert frame.index.name == "epoch"
    assert list(frame["val_loss"]) == [2.0, 1.0, 1.5]


def test_to_pandas_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"fastopt\[pandas\]"):
        history().to_pandas()


def test_repr_pickle_and_copy():
    h = history()
    h.stop_reason = "loss"
    assert repr(h) == (
        "History(3 epochs, loss=1, val_loss=1.5, learning_rate=0.05, gradient_norm=0.5, "
        "stop_reason='loss')"
    )
    h.solver_state = {"epoch": 3}
    for other in (pickle.loads(pickle.dumps(h)), copy.deepcopy(h)):
        np.testing.assert_equal(other.to_dict(), h.to_dict())
        assert (other.stop_reason, other.solver_state) == ("loss", {"epoch": 3})
    assert repr(fastopt.History()) == "History(0 epochs)"


# --- Stopping ----------------------------------------------------------------------------------


def report(**values):
    return SimpleNamespace(
        **{"loss": 1.0, "gradient_norm": math.nan, "step_norm": math.nan, **values}
    )


def test_stopping_says_which_criterion_holds():
    stopping = fastopt.Stopping(gradient_norm=1e-3, loss=0.5, step_norm=1e-4, seconds=10)
    assert stopping.reason(report(), 0) is None
    assert stopping.reason(report(gradient_norm=1e-3), 0) == "gradient_norm"
    assert stopping.reason(report(loss=0.5), 0) == "loss"
    assert stopping.reason(report(step_norm=0.0), 0) == "step_norm"
    assert stopping.reason(report(), 10) == "seconds"
    assert stopping.reason(report(loss=0.1, gradient_norm=0.0), 11) == "gradient_norm"
    assert (
        fastopt.Stopping().reason(report(loss=0.0, gradient_norm=0.0, step_norm=0.0), 1e9) is None
    )
    assert stopping.reason(report(loss=math.nan), 0) is None


def test_stopping_watches_the_time():
    watcher = fastopt.Stopping(seconds=0).watcher()
    assert watcher(0, report()) == "seconds"
    watcher = fastopt.Stopping(seconds=1000).watcher()
    assert watcher(0, report()) is None


def test_stopping_refuses():
    with pytest.raises(ValueError, match=r"seconds must be a number in \[0, inf\), got -1"):
        fastopt.Stopping(seconds=-1)
    with pytest.raises(TypeError, match="loss must"):
        fastopt.Stopping(loss="small")
    with pytest.raises(TypeError, match="patience"):
        fastopt.Stopping(patience=3)


# --- progress ----------------------------------------------------------------------------------


def show(h, epochs):
    progress = Progress(h, epochs)
    try:
        for epoch in range(epochs):
            h.append(epoch, loss=1 / (epoch + 1), val_loss=0.5, learning_rate=0.01, accuracy=1.0)
            assert progress(epoch) is None
    finally:
        progress.close()


def test_bar_of_tqdm(capsys):
    pytest.importorskip("tqdm")
    show(fastopt.History(), 3)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "3/3" in shown.err
    assert "loss=0.3333, val_loss=0.5, learning_rate=0.01" in shown.err


def test_plain_lines_without_tqdm(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    show(fastopt.History(), 50)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "epoch 1/50: loss=1, val_loss=0.5, learning_rate=0.01"
    assert lines[-1] == "epoch 50/50: loss=0.02, val_loss=0.5, learning_rate=0.01"
    assert len(lines) < 10


# --- DivergenceError ---------------------------------------------------------------------------


def test_divergence_error():
    error = fastopt.DivergenceError(3, 17, math.inf, history())
    assert isinstance(error, ArithmeticError)
    assert "epoch 3, step 17: the loss became inf" in str(error)
    other = pickle.loads(pickle.dumps(error))
    assert (other.epoch, other.step, other.loss) == (3, 17, math.inf)
    assert other.history.loss == [3.0, 2.0, 1.0]
    assert str(other) == str(error)


def test_the_best_row_is_that_of_the_best_epoch_also_of_a_later_run():
    X = np.random.default_rng(0).normal(size=(60, 2))
    net = fastopt.MLP([2, 4, 1], random_state=0)
    early = fastopt.EarlyStopping(patience=3)
    history = net.fit(
        X, X[:, 0], epochs=40, initial_epoch=10, validation_split=0.3, callbacks=early
    )
    assert history.best["epoch"] == history.best_epoch == early.best_epoch >= 10
    assert history.best["val_loss"] == early.best == min(history.val_loss)
    assert list(history.best) == ["epoch", *history.columns]
    assert fastopt.History().best == {}
