"""``fastopt compare`` and ``fastopt bench``."""

import json

import numpy as np
import pytest

import fastopt


@pytest.fixture
def logs(folder):
    """Two runs with validation data, the second the better one, and one without."""
    X, histories = np.linspace(-1, 1, 40)[:, None], {}
    for name, optimizer, share in (("a", "sgd", 0.2), ("b", "lm", 0.2), ("c", "adam", 0.0)):
        net = fastopt.MLP([1, 6, 1], random_state=0)
        log = fastopt.JSONLinesLogger(f"{name}.jsonl")
        options = {"validation_split": share, "callbacks": log, "random_state": 0}
        net.fit(X, np.sin(3 * X[:, 0]), optimizer, epochs=15, **options)
        histories[name] = net.history_
    return histories


def test_the_best_run_comes_first(logs, call):
    code, out, err = call("compare", "a.jsonl", "b.jsonl", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert [row["run"] for row in told] == ["b.jsonl", "a.jsonl"]
    for row in told:
        history = logs[row["run"][0]]
        assert row["best loss"] == min(history.val_loss)
        assert row["best epoch"] == history.best_epoch + 1
        assert row["last loss"] == history.val_loss[-1]
        assert row["epochs"] == 15
    out = call("compare", "a.jsonl", "b.jsonl")[1]
    assert out.index("b.jsonl") < out.index("a.jsonl")


def test_a_picture_of_runs(logs, call, folder):
    pytest.importorskip("matplotlib")
    arguments = ("compare", "a.jsonl", "b.jsonl", "--plot", "c.svg", "--x", "seconds")
    assert call(*arguments)[0] == 0
    assert "<svg" in (folder / "c.svg").read_text()
    assert call(*arguments[:-1], "hours")[0] == 2


def test_losses_of_two_kinds_are_noted(logs, call):
    code, _, err = call("compare", "a.jsonl", "c.jsonl")
    assert code == 0
    assert "some runs have a validation loss" in err


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("{}\n", "line 1 is no JSON object with an epoch"),
        ('{"epoch": 0, "loss": 1}\n{"epoch"', "line 2 is no JSON"),
        ("[1]\n", "line 1"),
        ('{"epoch": 0, "a": 1}\n', "have no loss"),
    ],
)
def test_what_is_no_log(folder, call, text, said):
    (folder / "x.jsonl").write_text(text)
    code, _, err = call("compare", "x.jsonl")
    assert (code, err.count("\n")) == (1, 1)
    assert said in err


def test_a_log_that_is_not_there(call):
    code, _, err = call("compare", "no.jsonl")
    assert (code, err.count("\n")) == (2, 1)
    assert "--log" in err


def test_losses_that_are_not_finite(folder, call):
    (folder / "x.jsonl").write_text('{"epoch": 0, "loss": null}\n{"epoch": 1, "loss": null}\n')
    assert call("compare", "x.jsonl")[0] == 0
    assert json.loads(call("compare", "x.jsonl", "--json")[1])[0]["best loss"] is None


@pytest.mark.slow
def test_bench_tells_times(call):
    code, out, _ = call("bench", "--seconds", 0.001, "--json")
    told = json.loads(out)
    assert code == 0
    assert len(told["results"]) == 6
    assert all(row["microseconds"] > 0 for row in told["results"])
    assert told["build"]["variant"] == fastopt.build_info()["variant"]
