"""scikit-learn's own callbacks: every epoch of ``fit`` is a task."""

import warnings

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.exceptions import ConvergenceWarning

import fastopt

callback = pytest.importorskip("sklearn.callback", reason="since scikit-learn 1.9")

X, Y = load_diabetes(return_X_y=True)


class Recorder:
    """Keeps what it is told."""

    def __init__(self, last=None):
        self.last, self.log, self.scores = last, [], []

    def setup(self, estimator, context):
        self.log.append("setup")

    def teardown(self, estimator, context):
        self.log.append("teardown")

    def on_fit_task_begin(self, estimator, context):
        self.log.append(("begin", context.task_name))

    def on_fit_task_end(self, estimator, context, *, X, y, fitted_estimator):
        self.log.append(("end", context.task_name))
        if context.task_name == "epoch":
            self.scores.append(fitted_estimator.score(X, y))
            return len(self.scores) == self.last


def fitted(recorder, **settings):
    estimator = fastopt.MLPRegressor(
        hidden_layer_sizes=(4,), max_iter=6, learning_rate_init=0.05, random_state=0, **settings
    )
    assert estimator.set_callbacks(recorder) is estimator
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(X, Y)


def test_each_epoch_is_a_task_with_an_estimator_that_predicts():
    recorder = Recorder()
    estimator = fitted(recorder)
    epochs = [("begin", "epoch"), ("end", "epoch")] * 6
    expected = ["setup", ("begin", "fit"), *epochs, ("end", "fit"), "teardown"]
    assert recorder.log == expected
    assert len(set(recorder.scores)) == 6
    assert recorder.scores[-1] == pytest.approx(estimator.score(X, Y), rel=1e-12)


def test_a_callback_ends_the_run():
    recorder = Recorder(last=2)
    estimator = fitted(recorder)
    assert estimator.n_iter_ == 2
    assert recorder.log[-1] == "teardown"


def test_teardown_after_an_error():
    recorder = Recorder()
    with pytest.raises(ValueError, match="alpha must be"):
        fitted(recorder, alpha=-1.0)
    assert recorder.log[-1] == "teardown"


def test_restarts_are_one_task():
    recorder = Recorder()
    fitted(recorder, restarts=2)
    assert recorder.log == ["setup", ("begin", "fit"), ("end", "fit"), "teardown"]


def test_scikit_learns_monitor_of_scores():
    monitor = callback.ScoringMonitor(scoring="r2")
    fitted(monitor)
    rows = monitor.get_logs(select="most_recent").data
    assert np.isfinite([row["r2"] for row in rows]).all()
    assert sum(row["task_name"] == "epoch" for row in rows) == 6
