"""How networks, histories and results look in a notebook, and progress in a terminal."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

import fastopt

X = np.random.default_rng(0).normal(size=(40, 2))
Y = X[:, 0]


class _Cells(HTMLParser):
    """The caption and the rows of one table; every tag must be closed."""

    def __init__(self, html):
        super().__init__()
        self.open, self.rows, self.caption = [], [], ""
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("th", "td"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open[-1] in ("th", "td"):
            self.rows[-1][-1] += data
        else:
            assert self.open[-1] == "caption"
            self.caption += data


def test_a_network_shows_its_layers():
    net = fastopt.MLP([2, 8, 8, 3], normalization="batch", dropout=0.2, residual=True)
    shown = _Cells(net._repr_html_())
    assert shown.caption == repr(net)
    assert shown.rows[1:] == [
        ["1", "2", "8", "tanh", "32", "batch, dropout 0.2"],
        ["2", "8", "8", "tanh", "80", "batch, dropout 0.2, + 1"],
        ["3", "8", "3", "identity", "27", ""],
        ["total", "", "", "", "139", ""],
    ]


def test_a_history_shows_its_first_best_and_last_row():
    values = iter([3.0, 1.25, 2.0])

    def told(y_true, y_pred):
        return next(values)

    metrics = [told, "layer_gradient_norms"]
    history = fastopt.MLP([2, 3, 1], random_state=0).fit(X, Y, epochs=3, metrics=metrics)
    shown = _Cells(history._repr_html_())
    assert shown.caption == "History of 3 epochs, stop_reason epochs"
    head, first, best, last = shown.rows
    assert head[:3] == ["", "epoch", "loss"]
    assert "layer_gradient_norms" not in head
    at = head.index("told")
    assert [first[0], first[1], first[at]] == ["first", "0", "3"]
    assert (best[0], best[1]) == ("best", str(history.best_epoch))
    assert [last[0], last[1], last[at]] == ["last", "2", "2"]
    assert _Cells(fastopt.History()._repr_html_()).rows == [["", "epoch"]]


def test_a_result_shows_what_it_holds():
    result = fastopt.minimize(lambda x: float(x @ x), [1.0, 2.0], options={"return_all": True})
    shown = dict(_Cells(result._repr_html_()).rows)
    assert shown["success"] == "True"
    assert shown["status"] == "0 (gradient)"
    assert set(shown) == set(result) - {"history"}
    squares = fastopt.least_squares(lambda x: x - 1, [3.0])
    assert "cost" in dict(_Cells(squares._repr_html_()).rows)


def test_texts_are_escaped():
    result = fastopt.OptimizeResult(message="<script>a & b</script>")
    assert "<script>" not in result._repr_html_()
    assert _Cells(result._repr_html_()).rows == [["message", "<script>a & b</script>"]]


# --- progress -------------------------------------------------------------------------------------

_LONG = """
import numpy as np, fastopt, sys
{before}
X = np.random.default_rng(0).normal(size=(40, 2))
net = fastopt.MLP([2, 3, 1], random_state=0)
net.fit(X, 1e5 * X[:, 0], fastopt.SGD(1.234567e-12), epochs=12345, validation_split=0.2, verbose=1)
"""


@pytest.mark.parametrize("bar", [True, False])
def test_progress_fits_into_80_columns(bar):
    if bar:
        pytest.importorskip("tqdm")
    code = _LONG.format(before="" if bar else "sys.modules['tqdm'] = None")
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=120,
        env=environment,
    )
    lines = re.split(r"[\r\n]", run.stderr if bar else run.stdout)
    lines = [line for line in lines if line.strip()]
    assert max(map(len, lines)) <= 80
    numbers = r"loss=\d.\d+e\+\d\d, val_loss=\d.\d+e\+\d\d, learning_rate=1.235e-12"
    assert re.search(numbers, lines[-1])
    assert re.search(r"12345/12345", lines[-1])
