"""Pictures of a run: what is drawn, and what is said where there is nothing to draw."""

import subprocess
import sys

import numpy as np
import pytest

import fastopt
from fastopt import plots


def test_plots_are_there_without_matplotlib_until_they_are_used():
    code = (
        "import sys, fastopt; assert 'matplotlib' not in sys.modules; "
        "fastopt.plots.gradient_flow; assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    with pytest.raises(AttributeError, match="no attribute 'plot'"):
        _ = fastopt.plot


@pytest.fixture(scope="module")
def history():
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = fastopt.MLP([3, *[6] * 4, 1], activation="sigmoid", random_state=0)
    return net.fit(X, X[:, 0], epochs=9, metrics=["layer_gradient_norms"])


@pytest.mark.parametrize(("of", "layers"), [("activations", 4), ("weights", 5)])
def test_gradient_flow_draws_the_norms_of_some_epochs(history, of, layers):
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = plots.gradient_flow(history, of, figure.subplots())
    assert ax.get_yscale() == "log"
    assert len(ax.lines) == 6
    for line, epoch in ((ax.lines[0], 0), (ax.lines[-1], 8)):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, layers + 1))
        np.testing.assert_array_equal(line.get_ydata(), history.layer_gradient_norms[epoch][of])
        assert line.get_label() == f"epoch {epoch + 1}"


def test_gradient_flow_names_what_is_missing(history, monkeypatch):
    with pytest.raises(ValueError, match="metrics=\\['layer_gradient_norms'\\]"):
        plots.gradient_flow(fastopt.History())
    with pytest.raises(ValueError, match="of must be one of"):
        plots.gradient_flow(history, "biases")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"fastopt\[plot\]"):
        plots.gradient_flow(history)
