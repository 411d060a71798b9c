"""The three pictures of MATLAB's training window: what is drawn."""

import numpy as np
import pytest

import fastopt
from fastopt import plots

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 2))
Y = X[:, 0] + 0.1 * RNG.normal(size=60)


@pytest.fixture
def panel():
    """Empty axes of a figure that needs no window."""
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return FigureCanvasAgg(Figure()).figure.subplots()


def test_learning_curve(panel):
    net = fastopt.MLP([2, 4, 1], random_state=0)
    history = net.fit(X, Y, epochs=7, validation_split=0.2)
    ax = plots.learning_curve(history, panel)
    assert ax is panel
    training, validation, best = ax.lines
    np.testing.assert_array_equal(training.get_xdata(), np.arange(1, 8))
    np.testing.assert_array_equal(training.get_ydata(), history.loss)
    np.testing.assert_array_equal(validation.get_ydata(), history.val_loss)
    assert best.get_xdata() == [history.best_epoch + 1]
    assert best.get_ydata() == [min(history.val_loss)]
    assert [line.get_label() for line in ax.lines] == ["training", "validation", "best epoch"]
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_yscale()) == ("epoch", "loss", "log")


def test_regression(panel):
    ax = plots.regression(Y, 2 * Y + 1, panel)
    samples, equals, fitted = ax.lines
    np.testing.assert_array_equal(samples.get_xdata(), Y)
    np.testing.assert_array_equal(samples.get_ydata(), 2 * Y + 1)
    np.testing.assert_array_equal(equals.get_xdata(), equals.get_ydata())
    np.testing.assert_allclose(fitted.get_ydata(), 2 * fitted.get_xdata() + 1)
    assert fitted.get_label() == "2 t + 1"
    assert ax.get_title() == "R = 1.0000"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target", "output")


def test_error_histogram(panel):
    outputs = np.zeros_like(Y)
    ax = plots.error_histogram(Y, outputs, bins=7, ax=panel)
    counts, edges = np.histogram(Y, bins=7)
    np.testing.assert_array_equal([patch.get_height() for patch in ax.patches], counts)
    np.testing.assert_allclose([patch.get_x() for patch in ax.patches], edges[:-1])
    assert ax.get_xlabel() == "target − output"


def test_what_pictures_refuse():
    with pytest.raises(ValueError, match=r"one shape, got \(60,\) and \(60, 1\)"):
        plots.regression(Y, Y[:, None])
    with pytest.raises(ValueError, match="y_pred holds nan"):
        plots.error_histogram(Y, np.full_like(Y, np.nan))
    with pytest.raises(ValueError, match="holds no epochs"):
        plots.learning_curve(fastopt.History())
    with pytest.raises(TypeError, match="must be the History"):
        plots.learning_curve([1.0])
