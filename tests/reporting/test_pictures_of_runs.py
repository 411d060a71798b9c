"""Pictures of runs, classes, fits and weights: what is drawn, in any style, and what is refused."""

import numpy as np
import pytest

import fastopt
from fastopt import plots

pytest.importorskip("matplotlib")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 2))
Y = X[:, 0] + np.sin(2 * X[:, 1]) + 0.1 * RNG.normal(size=80)
SPLIT = fastopt.split(80, random_state=0)


@pytest.fixture(params=["default", "dark_background"])
def panels(request):
    """Four empty axes of a figure that needs no window, in a light and in a dark style."""
    from matplotlib import style
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with style.context(request.param):
        yield FigureCanvasAgg(Figure()).figure.subplots(2, 2).ravel()


@pytest.fixture
def panel(panels):
    return panels[0]


@pytest.fixture(scope="module")
def runs():
    nets = [fastopt.MLP([2, 6, 1], random_state=0) for _ in range(2)]
    lm = nets[0].fit(X, Y, "lm", epochs=9, validation_split=0.2)
    adam = nets[1].fit(X, Y, epochs=12, validation_split=0.2, metrics=["gradient_norm"])
    return nets, lm, adam


def contrast(ax, color):
    """The difference in lightness between a colour and the ground that it is drawn on."""
    from matplotlib.colors import to_rgb

    weights = [0.2126, 0.7152, 0.0722]
    return abs(np.dot(to_rgb(color), weights) - np.dot(to_rgb(ax.get_facecolor()), weights))


def assert_legible(ax):
    """Axes have labels, and lines and texts stand out from the ground and draw without fault."""
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    for line in ax.lines:
        assert contrast(ax, line.get_color()) > 0.1, line.get_label()
    labels = [text.get_text() for text in ax.get_legend().get_texts()] if ax.get_legend() else []
    assert len(set(labels)) == len(labels)
    ax.figure.canvas.draw()


def test_learning_curve_with_a_test_part(runs, panel):
    history = runs[1]
    ax = plots.learning_curve(history, panel, test=0.25)
    labels = [line.get_label() for line in ax.lines]
    assert labels == ["training", "validation", "test", "best epoch"]
    np.testing.assert_array_equal(ax.lines[2].get_ydata(), np.full(9, 0.25))
    # In grey they differ by their dashes.
    assert len({line.get_linestyle() for line in ax.lines[:3]}) == 3
    assert_legible(ax)
    with pytest.raises(ValueError, match="one for each of 9 epochs, got 2"):
        plots.learning_curve(history, panel, test=[1.0, 2.0])


def test_training_state_is_what_the_method_has(runs, panels):
    _, lm, adam = runs
    ax = plots.training_state(lm, panels[0])
    assert [line.get_label() for line in ax.lines] == ["gradient norm ‖∇E‖", "damping ν"]
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), lm.damping)
    assert ax.get_yscale() == "log"
    assert_legible(ax)
    ax = plots.training_state(adam, panels[1])
    assert [line.get_label() for line in ax.lines] == ["gradient norm ‖∇E‖", "learning rate η"]
    history = fastopt.History()
    history.append(0, loss=1.0, gamma=3.5)
    history.append(1, loss=0.5, gamma=2.5)
    ax = plots.training_state(history, panels[2])
    assert ax.get_ylabel() == "effective parameters γ"
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3.5, 2.5])
    history = fastopt.History()
    history.append(0, loss=1.0)
    with pytest.raises(ValueError, match="nothing to draw"):
        plots.training_state(history)


def test_compare(runs, panels):
    _, lm, adam = runs
    ax = plots.compare({"lm": lm, "adam": adam}, panels[0])
    for line, name, run in zip(ax.lines, ("lm", "adam"), (lm, adam), strict=True):
        assert line.get_label() == name
        np.testing.assert_array_equal(line.get_xdata(), np.array(run.epoch) + 1)
        np.testing.assert_array_equal(line.get_ydata(), run.val_loss)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss (validation)")
    assert_legible(ax)
    ax = plots.compare([lm, adam], panels[1], x="seconds", column="loss")
    np.testing.assert_array_equal(ax.lines[1].get_xdata(), adam.seconds)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("time (s)", "loss (training)")
    assert [line.get_label() for line in ax.lines] == ["run 1", "run 2"]
    for wrong, error in (
        (lambda: plots.compare([]), "no run"),
        (lambda: plots.compare([lm], x="hours"), "x must be one of"),
        (lambda: plots.compare([lm], column="r2"), "no column 'r2'"),
    ):
        with pytest.raises(ValueError, match=error):
            wrong()


def test_regression_by_part(panel):
    outputs = Y + 0.1 * np.arange(80)
    ax = plots.regression(Y, outputs, panel, parts=SPLIT, unit="kg")
    for line, name, rows in zip(ax.lines, ("training", "validation", "test"), SPLIT, strict=False):
        np.testing.assert_array_equal(line.get_xdata(), Y[rows])
        np.testing.assert_array_equal(line.get_ydata(), outputs[rows])
        r = np.corrcoef(Y[rows], outputs[rows])[0, 1]
        assert line.get_label() == f"{name}: R = {r:.4f}"
    assert len({line.get_marker() for line in ax.lines[:3]}) == 3
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("target (kg)", "output (kg)")
    assert_legible(ax)
    with pytest.raises(ValueError, match="rows of 0 … 79"):
        plots.regression(Y, outputs, parts={"a": [80]})


def test_error_histogram_by_part(panel):
    ax = plots.error_histogram(Y, np.zeros(80), 6, panel, parts=SPLIT, unit="kg")
    edges = np.histogram_bin_edges(Y, 6)
    heights = np.array([bar.get_height() for bar in ax.patches]).reshape(3, 6)
    for counts, rows in zip(heights, SPLIT, strict=True):
        np.testing.assert_array_equal(counts, np.histogram(Y[rows], edges)[0])
    tops = [bar.get_y() + bar.get_height() for bar in ax.patches[12:]]
    np.testing.assert_array_equal(tops, np.histogram(Y, edges)[0])
    assert ax.get_xlabel() == "target − output (kg)"
    assert_legible(ax)


def test_confusion_matrix(panels):
    true = np.array([0, 0, 0, 1, 1, 2])
    pred = np.array([0, 0, 1, 1, 1, 0])
    ax = plots.confusion_matrix(true, pred, panels[0], labels=["red", "green", "blue"])
    cells = {(round(t.get_position()[1]), round(t.get_position()[0])): t for t in ax.texts}
    expected = [[2, 1, 0], [0, 2, 0], [1, 0, 0]]
    for place, count in np.ndenumerate(expected):
        assert cells[place].get_text() == str(count)
        # The cell is as dark as its share of the row is large: the number has the other colour.
        share = count / sum(expected[place[0]])
        assert cells[place].get_color() == ("white" if share > 0.5 else "black")
    assert [t.get_text() for t in ax.get_xticklabels()] == ["red", "green", "blue"]
    assert ax.get_title() == "accuracy 0.6667"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    ax = plots.confusion_matrix(true, np.eye(3)[pred], panels[1], normalize=True)
    assert [t.get_text() for t in ax.texts[:3]] == ["0.67", "0.33", "0.00"]
    ax = plots.confusion_matrix(["b", "a"], ["a", "a"], panels[2])
    assert [t.get_text() for t in ax.texts] == ["1", "0", "1", "0"]
    for wrong in (
        lambda: plots.confusion_matrix([0, 1], [0]),
        lambda: plots.confusion_matrix([0, 3], np.eye(2)),
        lambda: plots.confusion_matrix([0, 1], [0, 1], labels=["a"]),
        lambda: plots.confusion_matrix(["a", "b"], ["a", "b"], labels=["a"]),
    ):
        with pytest.raises(ValueError, match=r"y_true|labels"):
            wrong()


def test_roc_is_that_of_scikit_learn(panels):
    metrics = pytest.importorskip("sklearn.metrics")
    true = RNG.integers(0, 2, 60)
    score = np.round(true + RNG.normal(size=60), 1)  # with ties
    ax = plots.roc(true, score, panels[0])
    expected = metrics.roc_curve(true, score, drop_intermediate=False)
    np.testing.assert_allclose(ax.lines[0].get_xdata(), expected[0])
    np.testing.assert_allclose(ax.lines[0].get_ydata(), expected[1])
    area = metrics.roc_auc_score(true, score)
    assert ax.lines[0].get_label() == f"class 1: area {area:.4f}"
    assert_legible(ax)
    classes, scores = RNG.integers(0, 3, 60), RNG.normal(size=(60, 3))
    ax = plots.roc(classes, scores, panels[1], labels="abc")
    for c in range(3):
        area = metrics.roc_auc_score(classes == c, scores[:, c])
        assert ax.lines[c].get_label() == f"{'abc'[c]}: area {area:.4f}"
    with pytest.raises(ValueError, match="there is no ROC"):
        plots.roc(np.ones(4), np.ones(4))


def test_path_on_contours(panel):
    def fun(x):
        return x[0] ** 2 + 4 * x[1] ** 2

    path = [[2.0, 1.0], [1.0, 0.5], [0.1, 0.0]]
    ax = plots.path_2d(fun, path, panel, minimum=[0, 0], grid=20)
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), path)
    assert [line.get_label() for line in ax.lines] == ["path, 2 steps", "start", "minimum"]
    (contours,) = ax.collections
    for level, found in zip(contours.levels, contours.get_paths(), strict=True):
        for point in found.vertices:
            # Between the points of the grid contours are linear: to within its spacing.
            assert abs(np.sqrt(max(fun(point), 0)) - np.sqrt(level)) < 0.4
    assert_legible(ax)
    for wrong in (np.zeros((2, 3)), np.zeros((0, 2)), [[np.nan, 0]]):
        with pytest.raises(ValueError, match="path"):
            plots.path_2d(fun, wrong)


def test_a_curve_among_its_data(panels):
    x = np.linspace(0, 2, 30)
    y = x**2 + RNG.normal(0, 0.1, 30)
    ax = plots.fit_1d(np.square, x, y, panels[0], band=0.2, x_unit="s", y_unit="V")
    data, curve = ax.lines
    np.testing.assert_array_equal(data.get_xydata(), np.stack([x, y], axis=1))
    np.testing.assert_allclose(curve.get_ydata(), np.square(curve.get_xdata()))
    edges = ax.collections[0].get_paths()[0].vertices
    assert np.allclose(np.abs(edges[:, 1] - edges[:, 0] ** 2), 0.2)
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("x (s)", "y (V)")
    assert_legible(ax)
    net = fastopt.MLP([1, 4, 1], random_state=0)
    net.fit(x[:, None], y, "lm", epochs=5)
    ax = plots.fit_1d(net, x[:, None], y, panels[1], band=(lambda x: x, lambda x: 2 * x))
    np.testing.assert_array_equal(
        ax.lines[1].get_ydata(), net.predict(np.linspace(0, 2, 400)[:, None])
    )
    with pytest.raises(ValueError, match="as many samples"):
        plots.fit_1d(net, x, y[:-1])
    with pytest.raises(ValueError, match="half of a width"):
        plots.fit_1d(net, x, y, panels[2], band=-1)


def test_weights_are_squares(panel):
    net = fastopt.MLP([2, 3, 1], random_state=0)
    net.coefs_[0][:] = [[1.0, -0.25, 0.0], [0.04, 0.5, -1.0]]
    ax = plots.weights(net, 1, panel, labels=["a", "b"])
    positive, negative = ax.collections
    W = net.coefs_[0]
    for squares, expected in ((positive, W[W > 0]), (negative, -W[W < 0])):
        boxes = [path.get_extents() for path in squares.get_paths()]
        areas = [box.width * box.height for box in boxes]
        np.testing.assert_allclose(np.array(areas) / 0.95**2, expected)
    assert negative.get_facecolor().size == 0 or negative.get_facecolor()[0, 3] == 0
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a", "b"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("unit of layer 1", "input")
    assert_legible(ax)
    assert plots.weights(net, -1, panel).get_xlabel() == "output"
    for layer in (0, 3, -3):
        with pytest.raises(ValueError, match="layer must be"):
            plots.weights(net, layer)


def test_matlabs_windows(runs, panels):
    (net, _), history, _ = runs
    axes = plots.matlab(history, net, X, Y, panels)
    assert axes.shape == (2, 2)
    titles = [ax.get_title() for ax in axes.ravel()]
    assert titles[:3] == ["performance", "training state", "error histogram"]
    assert titles[3].startswith("regression, R = 0.9")
    for ax in axes.ravel():
        assert_legible(ax)
    labels = [line.get_label() for line in axes[1, 1].lines]
    assert labels[0].startswith("training: R = ")
    assert labels[1].startswith("validation: R = ")
    np.testing.assert_array_equal(axes[1, 1].lines[1].get_xdata(), Y[history.validation_rows])


def test_matlabs_windows_of_a_classifier(panels):
    labels = (X[:, 0] > 0).astype(int)
    net = fastopt.MLP([2, 4, 2], output_activation="softmax", random_state=0)
    history = net.fit(X, labels, loss="cross_entropy", epochs=5)
    axes = plots.matlab(history, net, X, labels, panels, parts=SPLIT)
    accuracy = net.evaluate(X, labels, metrics=["accuracy"])["accuracy"]
    assert axes[1, 1].get_title() == f"confusion, accuracy {accuracy:.4f}"
    assert [line.get_label() for line in axes[0, 0].lines] == ["training", "test", "best epoch"]


def test_new_axes_are_made_where_none_are_given(runs):
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    ax = plots.compare([runs[1]])
    assert ax.figure is pyplot.gcf()
    assert plots.matlab(runs[1], runs[0][0], X, Y).shape == (2, 2)
    pyplot.close("all")
