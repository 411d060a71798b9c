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


def fitted(layer_sizes, epochs=9, metrics=("layer_gradient_norms",)):
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = fastopt.MLP(layer_sizes, activation="sigmoid", random_state=0)
    return net.fit(X, X[:, 0], epochs=epochs, metrics=metrics)


@pytest.fixture(scope="module")
def history():
    return fitted([3, *[6] * 4, 1])


@pytest.fixture
def panel():
    """Empty axes of a figure that needs no window."""
    pytest.importorskip("matplotlib")
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    return FigureCanvasAgg(Figure()).figure.subplots()


@pytest.mark.parametrize(("of", "layers"), [("activations", 4), ("weights", 5)])
def test_gradient_flow_draws_the_norms_of_some_epochs(history, panel, of, layers):
    ax = plots.gradient_flow(history, of, panel)
    assert ax is panel
    assert ax.get_yscale() == "log"
    assert len(ax.lines) == 6
    for line, epoch in ((ax.lines[0], 0), (ax.lines[-1], 8)):
        np.testing.assert_array_equal(line.get_xdata(), np.arange(1, layers + 1))
        np.testing.assert_array_equal(line.get_ydata(), history.layer_gradient_norms[epoch][of])
        assert line.get_label() == f"epoch {epoch + 1}"


@pytest.mark.parametrize("n_hidden", [1, 2, 4, 20])
def test_layers_are_counted_in_whole_numbers(panel, n_hidden):
    plots.gradient_flow(fitted([3, *[6] * n_hidden, 1], epochs=1), ax=panel)
    panel.figure.canvas.draw()
    low, high = panel.get_xlim()
    ticks = [tick for tick in panel.get_xticks() if low <= tick <= high]
    assert ticks
    np.testing.assert_array_equal(ticks, np.round(ticks))


def test_epochs_can_be_told_apart(history, panel):
    plots.gradient_flow(history, ax=panel)
    colors = np.array([line.get_color()[:3] for line in panel.lines])
    lightness = colors @ [0.2126, 0.7152, 0.0722]
    assert np.diff(lightness).min() > 0.05
    assert lightness[-1] < 0.85
    assert len(panel.get_legend().get_texts()) == 6


def test_epochs_without_norms_are_left_out(panel):
    X = np.random.default_rng(0).normal(size=(40, 3))
    net = fastopt.MLP([3, 6, 6, 1], random_state=0)
    first = net.fit(X, X[:, 0], epochs=3)
    metrics = ["layer_gradient_norms"]
    whole = net.fit(X, X[:, 0], epochs=5, initial_epoch=first, metrics=metrics)
    plots.gradient_flow(whole, ax=panel)
    assert [line.get_label() for line in panel.lines] == ["epoch 4", "epoch 5"]


@pytest.mark.parametrize("given", [None, fastopt.MLP([3, 6, 1]), {"layer_gradient_norms": []}])
def test_gradient_flow_wants_a_history(given):
    with pytest.raises(
        TypeError, match=r"History of a fit with metrics=\['layer_gradient_norms'\]"
    ):
        plots.gradient_flow(given)


@pytest.mark.parametrize(
    ("fit", "message"),
    [
        (fastopt.History, r"no epochs: fit with metrics=\['layer_gradient_norms'\]"),
        (lambda: fitted([3, 6, 1], epochs=0), "no epochs: fit .* and epochs >= 1"),
        (lambda: fitted([3, 6, 1], metrics=()), r"no layer_gradient_norms: fit with metrics=\["),
        (lambda: fitted([3, 1]), "no hidden layers .*of='weights'"),
    ],
)
def test_gradient_flow_says_why_there_is_nothing_to_draw(fit, message):
    with pytest.raises(ValueError, match=message):
        plots.gradient_flow(fit())


def test_weights_of_a_network_without_hidden_layers(panel):
    plots.gradient_flow(fitted([3, 1]), "weights", panel)
    assert [len(line.get_xdata()) for line in panel.lines] == [1] * 6


def test_gradient_flow_names_what_is_missing(history, monkeypatch):
    with pytest.raises(ValueError, match="of must be one of"):
        plots.gradient_flow(history, "biases")
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r"fastopt\[plot\]"):
        plots.gradient_flow(history)
