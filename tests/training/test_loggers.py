"""Callbacks that write files, one made of functions, and where early stopping begins to look."""

import csv
import json
import math

import numpy as np
import pytest

import fastopt

X = np.random.default_rng(0).normal(size=(40, 2))
Y = X[:, 0] * X[:, 1]


def network():
    return fastopt.MLP([2, 4, 1], random_state=0)


def rows_of(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_csv_logger_writes_the_numbers_of_the_history(tmp_path):
    path = tmp_path / "run.csv"
    metrics = ["r2", "layer_gradient_norms"]
    history = network().fit(
        X, Y, epochs=4, metrics=metrics, validation_split=0.2, callbacks=fastopt.CSVLogger(path)
    )
    rows = rows_of(path)
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2, 3]
    assert set(rows[0]) == {*history} - {"layer_gradient_norms"}
    for name in ("loss", "val_loss", "r2", "val_r2"):
        assert [float(row[name]) for row in rows] == history[name]  # to the last bit


def test_csv_logger_appends_or_begins_anew(tmp_path):
    path = str(tmp_path / "run.csv")
    for append, lines in ((False, 3), (False, 3), (True, 5)):
        logger = fastopt.CSVLogger(path, separator=";", append=append)
        network().fit(X, Y, epochs=2, callbacks=logger)
        with open(path, encoding="utf-8") as file:
            text = file.read().splitlines()
        assert len(text) == lines
        assert text[0].startswith("epoch;loss;")


@pytest.mark.parametrize("kind", [fastopt.CSVLogger, fastopt.JSONLinesLogger])
def test_a_line_is_on_the_disk_when_its_epoch_is_over(tmp_path, kind):
    path, seen = tmp_path / "run", []

    def count(epoch, logs):
        seen.append(len(path.read_text(encoding="utf-8").splitlines()))

    network().fit(
        X, Y, epochs=3, callbacks=[kind(path), fastopt.LambdaCallback(on_epoch_end=count)]
    )
    head = kind is fastopt.CSVLogger
    assert seen == [1 + head, 2 + head, 3 + head]


def test_json_lines_hold_the_rows(tmp_path):
    path = tmp_path / "run.jsonl"

    def undefined(y_true, y_pred):
        return math.nan

    history = network().fit(
        *(X, Y),
        epochs=3,
        metrics=["layer_gradient_norms", undefined],
        callbacks=fastopt.JSONLinesLogger(path),
    )
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [row["epoch"] for row in rows] == [0, 1, 2]
    assert [row["loss"] for row in rows] == history.loss
    assert [row["undefined"] for row in rows] == [None] * 3
    assert [row["layer_gradient_norms"] for row in rows] == history.layer_gradient_norms


@pytest.mark.parametrize("kind", [fastopt.CSVLogger, fastopt.JSONLinesLogger])
def test_what_was_written_beyond_the_last_whole_epoch_is_cut_away(tmp_path, kind):
    path = tmp_path / "run"
    logger = kind(path)
    network().fit(X, Y, epochs=3, callbacks=logger)
    whole, state = path.read_text(encoding="utf-8"), logger.state_dict()
    with open(path, "a", encoding="utf-8") as file:
        file.write("an epoch that was broken off\n")
    again = kind(path)
    again.on_train_begin()
    again.load_state_dict(state)
    again.on_epoch_end(3, {"loss": 0.5})
    again.on_train_end()
    text = path.read_text(encoding="utf-8")
    assert text.startswith(whole)
    assert len(text.splitlines()) == len(whole.splitlines()) + 1
    for bad in ({"size": -1}, {"size": 0.5}, {}):
        with pytest.raises((ValueError, TypeError), match="size"):
            again.load_state_dict(bad)


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: fastopt.CSVLogger(3), TypeError, "filename must be the path of a file, got 3"),
        (lambda: fastopt.CSVLogger("a", separator=""), ValueError, "separator must be one char"),
        (lambda: fastopt.JSONLinesLogger("a", appent=True), TypeError, "did you mean 'append'"),
        (lambda: fastopt.LambdaCallback(on_epoch_end=3), TypeError, "on_epoch_end must be call"),
        (lambda: fastopt.LambdaCallback(on_batch_end=print), TypeError, "'on_batch_end'"),
    ],
)
def test_what_loggers_refuse(make, error, match):
    with pytest.raises(error, match=match):
        make()


def test_lambda_callback_calls_its_functions():
    calls = []
    callback = fastopt.LambdaCallback(
        on_train_begin=lambda logs: calls.append("begin"),
        on_epoch_begin=lambda epoch, logs: calls.append(epoch),
        on_epoch_end=lambda epoch, logs: calls.append(logs["loss"]),
        on_train_end=lambda logs: calls.append("end"),
    )
    history = network().fit(X, Y, epochs=2, callbacks=[callback])
    assert calls == ["begin", 0, history.loss[0], 1, history.loss[1], "end"]


def test_terminate_on_nan_is_told_where_it_stands():
    with pytest.raises(AttributeError, match=r"raises fastopt\.DivergenceError where the loss"):
        _ = fastopt.TerminateOnNaN
    assert "TerminateOnNaN" in fastopt.Callback.__doc__


def test_early_stopping_looks_from_an_epoch_on():
    """As Keras 3: epochs below it are neither the best nor counted."""
    values = iter([0.1, 0.2, 0.9, 0.8, 0.85, 0.86, 0.87, 0.5])

    def told(y_true, y_pred):
        return next(values)

    early = fastopt.EarlyStopping("told", patience=3, mode="min", start_from_epoch=2)
    history = network().fit(X, Y, epochs=8, metrics=told, callbacks=early)
    assert (early.best, early.best_epoch, early.stopped_epoch) == (0.8, 3, 6)
    assert history.stop_reason == "early_stopping"


def test_early_stopping_that_never_looked_keeps_the_last_weights():
    early = fastopt.EarlyStopping("loss", patience=0, start_from_epoch=9)
    nets = network(), network()
    nets[0].fit(X, Y, epochs=3, callbacks=early)
    nets[1].fit(X, Y, epochs=3)
    assert early.best is None
    np.testing.assert_array_equal(nets[0].parameters, nets[1].parameters)


# --- columns that a run will have -----------------------------------------------------------------


@pytest.mark.parametrize("name", list(fastopt.optimizers.registry))
def test_callbacks_follow_the_columns_that_there_will_be(name):
    settings = {"optimizer": name, "epochs": 2}
    there = set(network().fit(X, Y, **settings)) - {"epoch"}
    for column in ("loss", *fastopt.training.history.NUMBERS):
        early = fastopt.EarlyStopping(column, mode="min")
        if column in there:
            network().fit(X, Y, callbacks=early, **settings)
            continue
        with pytest.raises(ValueError, match=f"{column!r}, which this run does not") as error:
            network().fit(X, Y, callbacks=early, **settings)
        offered = set(str(error.value).split("there is ")[1].split(";")[0].split(", "))
        assert offered == {repr(name) for name in there}


def test_clipping_and_norms_that_are_asked_for_can_be_followed():
    settings = [
        ("clipped", {"clip": fastopt.ClipByGlobalNorm(1.0)}),
        ("gradient_norm", {"metrics": ["gradient_norm"]}),
        ("gradient_norm", {"stopping": fastopt.Stopping(gradient_norm=1e-9)}),
    ]
    for column, wanted in settings:
        early = fastopt.EarlyStopping(column)
        history = network().fit(X, Y, epochs=2, callbacks=early, **wanted)
        assert early.best == min(history[column])


def test_a_misspelt_column_is_told():
    with pytest.raises(ValueError, match="did you mean 'val_loss'"):
        network().fit(X, Y, validation_split=0.2, callbacks=fastopt.EarlyStopping("valloss"))
