"""``train --report`` and ``--pictures``."""

import re
import sys
from html import unescape

import numpy as np
import pytest

import fastopt
from fastopt.cli.experiment import Experiment
from fastopt.cli.template import template

LM = ("--optimizer", "lm", "--epochs", 15)


def texts(path):
    """Return the blocks of code of a report."""
    return [unescape(t) for t in re.findall(r"<pre><code>(.*?)</code></pre>", path, re.DOTALL)]


def test_the_report_speaks_of_the_table(table, call, folder):
    pytest.importorskip("sklearn")
    table = table.rename(columns={"colour": "<i>colour</i>"})
    table.loc[3, "age"] = np.nan
    table.to_csv("data.csv", index=False)
    arguments = ("data.csv", "-t", "price", "--ignore", "kind", "--impute", "--test", 0.15, *LM)
    code, out, err = call("train", *arguments, "--report", "r.html")
    assert (code, err.count("wrote model.safetensors")) == (0, 1)
    text = (folder / "r.html").read_text("utf-8")
    assert "<i>colour" not in text
    assert "&lt;i&gt;colour&lt;/i&gt;" in text
    (importance,) = re.findall(r"<caption>Permutation importance, test.*?</table>", text)
    # Columns of the table, not those that stand for a category each.
    names = [unescape(name) for name in re.findall(r'<th scope="row">(.*?)</th>', importance)]
    assert sorted(names[:2]) == ["age", "length"], "which the price hangs on most"
    assert names[2:] == ["<i>colour</i>"]
    ages = re.search(r'<th scope="row">age</th><td>input</td><td class="n">(\d+)', text)
    assert ages[1] == "1"
    told = float(re.search(r"^test .*│ +([\d.]+) │ +[\d.]+ │", out, re.MULTILINE)[1])
    assert f"{told:.5g}" in text

    # Rows are counted as in the table, from 1.
    predictions = call("predict", "model.safetensors", "data.csv")[1].split()[1:]
    worst = np.argmax(np.abs(np.array(predictions, dtype=float) - table.price))
    (rows,) = re.findall(r"<caption>Worst rows.*?</table>", text)
    assert int(re.findall(r'<th scope="row">(\d+)', rows)[0]) == worst + 1

    # What stands there does it again.
    command, experiment = texts(text)
    assert command.startswith("fastopt train data.csv -t price")
    (folder / "again.toml").write_text(experiment)
    assert call("train", "again.toml", "-o", "again.safetensors")[0] == 0
    one, other = (fastopt.load(f"{name}.safetensors") for name in ("model", "again"))
    np.testing.assert_array_equal(one.parameters, other.parameters)


@pytest.mark.parametrize("optimizer", ["adam", "lm"])
def test_of_classes_it_has_the_confusion(table, call, folder, optimizer):
    settings = ("--ignore", "price", "--optimizer", optimizer, "--epochs", 10, "--quiet")
    code, out, err = call("train", "data.csv", "-t", "kind", *settings, "--report", "r.html")
    assert (code, out, err) == (0, "", "")
    text = (folder / "r.html").read_text("utf-8")
    assert "kind, validation: accuracy" in text
    assert "true \\ predicted" in text


def test_pictures(table, call, folder):
    pytest.importorskip("matplotlib")
    arguments = ("data.csv", "--ignore", "kind", *LM, "--pictures", "pictures")
    assert call("train", *arguments, "-t", "price")[0] == 0
    found = {path.name for path in (folder / "pictures").iterdir()}
    expected = ("learning_curve", "training_state", "regression", "error_histogram")
    assert found == {f"{name}.png" for name in expected}
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in (folder / "pictures").iterdir())
    several = ("train", "data.csv", "--ignore", "kind", *LM, "-t", "price,age", "--pictures", "two")
    assert call(*several)[0] == 0
    assert {"regression_1.png", "regression_2.png"} <= {p.name for p in (folder / "two").iterdir()}
    classes = ("train", "data.csv", "-t", "kind", "--epochs", 3, "--pictures", "classes")
    assert call(*classes)[0] == 0
    assert "confusion_matrix_validation.png" in {p.name for p in (folder / "classes").iterdir()}


def test_wrong_places_are_refused_before_the_work(table, call, folder, monkeypatch):
    train = ("train", "data.csv", "-t", "price")
    for option, said in (
        (("--report", "no/r.html"), "--report no/r.html: there is no folder"),
        (("--report", "."), "--report . is a folder"),
        (("--pictures", "data.csv"), "--pictures data.csv is a file"),
        (("--pictures", "a/b"), "there is no folder a; make it first"),
    ):
        code, _, err = call(*train, *option)
        assert (code, said in err, err.count("\n")) == (2, True, 1), err
    monkeypatch.setitem(sys.modules, "matplotlib.backends.backend_agg", None)
    code, _, err = call(*train, "--pictures", "p")
    assert code == 1
    assert err == "fastopt: --pictures needs matplotlib: pip install 'fastopt[plot]'\n"
    assert not (folder / "model.safetensors").exists()


def test_an_experiment_is_written_as_it_was_read(folder):
    (folder / "e.toml").write_text(
        template("a b.csv", ["y", 'z"'])
        + '[[callbacks]]\nname = "EarlyStopping"\npatience = 3\n'
        + '[[callbacks]]\nname = "CSVLogger"\nfilename = "ä.csv"\n'
    )
    one = Experiment.read(folder / "e.toml")
    one.set("optimizer.learning_rate.name=CosineDecay")
    one.set("optimizer.learning_rate.initial=1e-3")
    one.set("training.l2=inf")
    (folder / "f.toml").write_text(one.text(), encoding="utf-8")
    other = Experiment.read(folder / "f.toml")
    assert one.callbacks == other.callbacks
    assert one["data"]["target"] == other["data"]["target"] == ["y", 'z"']
    for section in ("data", "network", "optimizer", "training", "stopping", "output"):
        assert one[section] == other[section]


def test_intervals_are_for_a_report(table, call, folder):
    pytest.importorskip("scipy")
    table.to_csv("data.csv", index=False)
    arguments = ("train", "data.csv", "-t", "price", "--ignore", "kind", *LM, "--interval")
    assert call(*arguments, 0.9, "--report", "r.html")[0] == 0
    assert "<caption>Coverage" in (folder / "r.html").read_text("utf-8")
    code, _, err = call(*arguments, 0.9)
    assert (code, "give --report FILE" in err) == (2, True)
    code, _, err = call(*arguments, 95, "--report", "r.html")
    assert (code, "--interval must be a number in (0, 1), got 95" in err) == (2, True)
