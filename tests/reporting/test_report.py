"""The report's file: what it tells, and that no data become markup."""

import json
import re
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser

import numpy as np
import pytest

import fastopt
from fastopt.reporting.axes import Axis
from fastopt.reporting.charts import Chart, Series
from fastopt.reporting.markup import data, tag

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (300, 3))
Y = np.sin(3 * X[:, 0]) * X[:, 1] + RANDOM.normal(0, 0.02, 300)
PARTS = fastopt.split(300, random_state=0)
HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "</script><b>a & b"]


class Reader(HTMLParser):
    """Counts elements and checks that they are closed in their order."""

    VOID = ("meta", "br", "input")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.scripts, self.attributes = [], [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes
        self.ids += [value for key, value in attributes if key == "id"]
        if name not in self.VOID:
            self.open.append(name)

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, content):
        if self.open and self.open[-1] == "script":
            self.scripts.append(content)


def cells(text, caption):
    """Return the rows of the table with a caption."""
    table = re.search(rf"<caption>{re.escape(caption)}</caption>(.*?)</table>", text)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", table)
    return [[unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def trained(**settings):
    net = fastopt.MLP([3, 8, 1], random_state=0)
    train, validation = ((X[rows], Y[rows]) for rows in PARTS[:2])
    return net, net.fit(*train, "lm", epochs=15, validation_data=validation, **settings)


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    net, history = trained(metrics=["mae"])
    path = tmp_path_factory.mktemp("report") / "r.html"
    assert fastopt.report(net, history, X, Y, path, parts=PARTS, feature_names=HOSTILE) == path
    return net, history, path.read_text("utf-8")


def test_it_is_one_file_that_loads_nothing(regression):
    text = regression[2]
    assert text.startswith("<!doctype html>")
    found = Reader(text)
    assert not [key for key, _ in found.attributes if key in ("src", "data", "srcset")]
    assert all(value.startswith("#") for key, value in found.attributes if key == "href")
    assert not re.search(r"https?:|url\(|@import", text)
    assert "default-src &#x27;none&#x27;" in text
    assert len(text) < 300_000


def test_data_stay_text(regression):
    text = regression[2]
    found = Reader(text)
    assert "img" not in found.tags
    assert not any(name.startswith("on") for name, _ in found.attributes)
    assert len(found.ids) == len(set(found.ids))
    for name in HOSTILE:
        assert name not in text
        assert name in [row[0] for row in cells(text, "Columns")]
    plain = fastopt.report(*trained(), X, Y, "/dev/null", feature_names=["a", "b", "c"])
    assert str(plain) == "/dev/null"


def test_the_tables_tell_what_numpy_finds(regression):
    net, history, text = regression
    rows = {row[0]: row for row in cells(text, "Parts")[1:]}
    head = cells(text, "Parts")[0]
    assert {name: rows[name][1] for name in rows} == {
        "training": "210",
        "validation": "45",
        "test": "45",
    }
    errors = (net.predict(X) - Y)[PARTS.test]
    told = float(rows["test"][head.index("rmse")])
    np.testing.assert_allclose(told, np.sqrt(np.mean(errors**2)), rtol=1e-4)
    columns = {row[0]: row for row in cells(text, "Columns")}
    np.testing.assert_allclose(float(columns["y"][4].replace("−", "-")), Y.mean(), rtol=1e-4)
    worst = [int(row[0]) for row in cells(text, "Worst rows")[1:]]
    assert worst == np.argsort(-np.abs(net.predict(X) - Y))[:10].tolist()
    assert f"in epoch {history.best['epoch'] + 1}" in text
    for word in ("variant", "NumPy", "fastopt.LevenbergMarquardt(", "training", "tanh"):
        assert word in text


def test_curves_hold_the_history(regression):
    _, history, text = regression
    found = [json.loads(s) for s in Reader(text).scripts if s.startswith("{")]
    losses = next(c for c in found if c["title"] == "Loss")
    assert [s["label"] for s in losses["series"]] == ["training", "validation"]
    np.testing.assert_allclose(losses["series"][0]["y"], history.loss, rtol=1e-5)
    np.testing.assert_allclose(losses["series"][1]["y"], history.val_loss, rtol=1e-5)
    points = next(c for c in found if c["title"] == "y: output over target")
    by_row = dict(zip(points["series"][2]["rows"], points["series"][2]["x"], strict=True))
    assert sorted(by_row) == PARTS.test.tolist()
    np.testing.assert_allclose([by_row[i] for i in PARTS.test], Y[PARTS.test], rtol=1e-5)


def test_importance_finds_the_columns_that_count(regression):
    pytest.importorskip("sklearn")
    rows = cells(regression[2], "Permutation importance, test")[1:]
    assert [row[0] for row in rows[:2]] == HOSTILE[:2]
    assert float(rows[2][2].replace("−", "-")) < 0.1 < float(rows[1][2])
    # sin(3x) y over y is a line through all x: its mean output grows or falls steadily.
    found = [json.loads(s) for s in Reader(regression[2]).scripts if s.startswith("{")]
    assert sum(c["title"] in HOSTILE for c in found) == 3


def test_classes_and_their_names(tmp_path):
    labels = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
    net = fastopt.MLP([3, 8, 3], output_activation="softmax", random_state=0)
    settings = {"loss": "cross_entropy", "validation_split": 0.2, "metrics": ["accuracy"]}
    history = net.fit(X, labels, epochs=30, **settings)
    names = ["none", "<one>", "both"]
    path = fastopt.report(net, history, X, labels, tmp_path / "c.html", class_names=names)
    text = path.read_text("utf-8")
    Reader(text)
    rows = history.validation_rows
    given = net.predict(X).argmax(axis=1)
    accuracy = np.mean(given[rows] == labels[rows])
    caption = f"y, validation: accuracy {accuracy:.4g}"
    found = cells(text, caption)
    assert found[0][1:] == names
    for i, row in enumerate(found[1:]):
        expected = [int(np.sum((labels[rows] == i) & (given[rows] == j))) for j in range(3)]
        assert [int(n) for n in row[1:]] == expected
    probability = net.predict(X)[np.arange(len(X)), labels]
    assert int(cells(text, "Worst rows")[1][0]) == int(np.argmin(probability))


@pytest.mark.parametrize("outputs", ["sigmoid", "identity"])
def test_two_classes_of_one_output(tmp_path, outputs):
    labels = (X[:, 0] > 0).astype(int)
    net = fastopt.MLP([3, 4, 1], output_activation=outputs, random_state=0)
    history = net.fit(X, labels, epochs=30, loss="binary_cross_entropy")
    text = fastopt.report(net, history, X, labels, tmp_path / "b.html").read_text("utf-8")
    given = net.predict(X) > (0.5 if outputs == "sigmoid" else 0)
    assert f"y, training: accuracy {np.mean(given == labels):.4g}" in text


def test_several_targets_and_missing_ones(tmp_path):
    targets = np.stack([Y, X[:, 2]], axis=1)
    targets[::7, 1] = np.nan
    net = fastopt.MLP([3, 8, 2], random_state=0)
    history = net.fit(X, targets, "lm", epochs=10, missing_targets="ignore")
    path = fastopt.report(net, history, X, targets, tmp_path / "s.html", target_names=["u", "v"])
    text = path.read_text("utf-8")
    columns = {row[0]: row for row in cells(text, "Columns")}
    assert (columns["u"][2], columns["v"][2]) == ("0", str(len(range(0, 300, 7))))
    assert "u: output over target" in text
    assert "v: errors" in text


@pytest.mark.filterwarnings("ignore:Maximum iterations")
def test_frames_name_columns_and_estimators_are_networks(tmp_path):
    pd = pytest.importorskip("pandas")
    pytest.importorskip("sklearn")
    frame = pd.DataFrame(X, columns=["length", "width", "age"])
    kind = np.where(X[:, 0] > 0, "long", "short")
    settings = {"max_iter": 20, "random_state": 0, "optimizer": "lm"}
    estimator = fastopt.MLPRegressor(**settings).fit(frame, Y)
    path = fastopt.report(estimator, estimator.history_, frame, Y, tmp_path / "e.html")
    names = [row[0] for row in cells(path.read_text("utf-8"), "Columns")]
    assert names == ["column", "length", "width", "age", "y"]
    settings["optimizer"] = "adam"
    estimator = fastopt.MLPClassifier(**settings).fit(frame, kind)
    path = fastopt.report(estimator, estimator.history_, frame, kind, tmp_path / "k.html")
    accuracy = np.mean(estimator.predict(frame) == kind)
    caption = f"y, training: accuracy {accuracy:.4g}"
    found = cells(path.read_text("utf-8"), caption)
    assert [row[0] for row in found[1:]] == ["long", "short"]


def test_intervals_hold_as_many_targets_as_they_say(tmp_path):
    pytest.importorskip("scipy")
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (400, 1))
    y = np.sin(3 * X[:, 0]) + 0.1 * random.standard_normal(400)
    net = fastopt.MLP([1, 4, 1], random_state=0)
    history = net.fit(X, y, "lm", epochs=50)
    text = fastopt.report(net, history, X, y, tmp_path / "r.html", interval=0.9).read_text("utf-8")
    (rows,) = re.findall(r"<caption>Coverage.*?</table>", text)
    share = float(re.findall(r'<td class="n">([\d.]+)', rows)[0])
    # Of 400 draws, and four standard deviations on both sides.
    assert 0.84 <= share <= 0.96
    assert "Intervals" not in fastopt.report(net, history, X, y, tmp_path / "n.html").read_text()
    with pytest.raises(ValueError, match="interval must be a number in \\(0, 1\\)"):
        fastopt.report(net, history, X, y, tmp_path / "n.html", interval=95)
    classes = fastopt.MLP([1, 4, 1], output_activation="sigmoid", random_state=0)
    history = classes.fit(X, y > 0, "adam", loss="binary_cross_entropy", epochs=2)
    path = fastopt.report(classes, history, X, y > 0, tmp_path / "c.html", interval=0.9)
    assert "There are none: " in path.read_text("utf-8")


def test_what_cannot_be_told_is_refused(tmp_path):
    net, history = trained()
    path = tmp_path / "r.html"
    for arguments, error, said in (
        ((net, net, X, Y), TypeError, "history must be the History"),
        ((X, history, X, Y), TypeError, "net must be a network"),
        ((net, history, X, Y[:9]), ValueError, "must be equal"),
        ((net, history, X[:, :2], Y), ValueError, "columns"),
    ):
        with pytest.raises(error, match=said):
            fastopt.report(*arguments, path)
    with pytest.raises(ValueError, match="feature_names must name 3 columns, got 1"):
        fastopt.report(net, history, X, Y, path, feature_names=["a"])
    with pytest.raises(ValueError, match="class_names must name 2 classes, got 3"):
        fastopt.report(net, history, X, Y, path, class_names="abc")
    with pytest.raises(OSError, match="nowhere"):
        fastopt.report(net, history, X, Y, tmp_path / "nowhere" / "r.html")
    assert not path.exists()


def test_without_scikit_learn_and_matplotlib_the_rest_is_there(tmp_path):
    code = f"""
import sys
sys.modules["sklearn"] = sys.modules["matplotlib"] = None
import numpy as np, fastopt
X = np.linspace(-1, 1, 30).reshape(-1, 1)
net = fastopt.MLP([1, 4, 1], random_state=0)
history = net.fit(X, X[:, 0] ** 2, "lm", epochs=5)
fastopt.report(net, history, X, X[:, 0] ** 2, {str(tmp_path / "r.html")!r})
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
    text = (tmp_path / "r.html").read_text("utf-8")
    assert "needs scikit-learn: pip install &#x27;fastopt[sklearn]&#x27;" in text
    assert "y: output over target" in text


def test_escaping():
    assert tag("p", "a<b", title='"&') == '<p title="&quot;&amp;">a&lt;b</p>'
    assert tag("p", ["x", None, tag("i", 2.5)]) == "<p>x<i>2.5</i></p>"
    written = data({"a": "</script><!--"})
    assert written.count("<") == 2
    assert json.loads(written.split(">", 1)[1].rpartition("<")[0]) == {"a": "</script><!--"}


@pytest.mark.parametrize(
    "values", [[1.0, 2.0], [1e-9, 1.0], [-3.0, 5e3], [7.0], [0.0], [np.nan, 2.0], [np.inf], [1e300]]
)
def test_axes_hold_the_data(values):
    axis = Axis.of(np.array(values))
    places = axis.places(np.array(values))
    finite = np.isfinite(values)
    assert ((places[finite] >= 0) & (places[finite] <= 1000)).all()
    assert np.isnan(places[~finite]).all()
    ticks = axis.ticks()
    assert 1 <= len(ticks) <= 12
    for place, text in ticks:
        assert -1e-6 <= place <= 1000 + 1e-6
        np.testing.assert_allclose(axis.places([float(text)]), [place], atol=0.5)


def test_long_lines_keep_their_extremes():
    y = np.ones(100_000)
    y[54_321] = 9.0
    x = np.arange(100_000.0)
    text = Chart("t", "x", "y", [Series("a", x, y)]).html()
    content = json.loads(Reader(text).scripts[0])
    assert len(content["series"][0]["x"]) < 2000
    assert max(content["series"][0]["y"]) == 9.0
    assert len(text) < 100_000
