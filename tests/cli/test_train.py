"""``fastopt train`` on tables of all kinds, and what its model is used for."""

import json
import subprocess
import sys
import threading
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import fastopt
from fastopt.cli.data.preprocessing import Preprocessing

LM = ("--optimizer", "lm", "--epochs", 30)


def test_a_model_is_trained_and_used(table, call):
    code, out, err = call("train", "data.csv", "--target", "price", "--ignore", "kind", *LM)
    assert code == 0
    assert "3 columns of inputs (5 after one-hot)" in err
    assert "regression" in err
    assert "validation" in out
    net = fastopt.load("model.safetensors")
    assert net.layer_sizes == (5, 16, 1)
    assert (net.scale_inputs, net.scale_targets) == ("standard", "standard")

    # Columns are found by their names, whatever their order is and whatever else is there.
    table[["kind", "age", "colour", "length"]].to_csv("new.csv", index=False)
    code, out, _ = call("predict", "model.safetensors", "new.csv", "--out", "p.csv")
    assert (code, out) == (0, "")
    predicted = np.loadtxt("p.csv", skiprows=1)
    assert np.corrcoef(predicted, table.price)[0, 1] > 0.999
    # By an independent way from the table to the inputs: categories in the order of their names.
    X = pd.get_dummies(table[["length", "colour"]], dtype=float).assign(age=table.age)
    np.testing.assert_array_equal(net.predict(X.to_numpy()), predicted)


def test_what_evaluate_tells_is_what_train_told(table, call):
    _, out, _ = call("train", "data.csv", "-t", "price", "--test", 0.15, *LM)
    (told,) = (line for line in out.splitlines() if line.startswith("test"))
    code, out, _ = call("evaluate", "model.safetensors", "data.csv", "--part", "test", "--json")
    values = json.loads(out)
    assert code == 0
    assert values["rows"] == 30
    assert told.split("│")[3].strip() == f"{values['rmse']:.5g}"
    rows = fastopt.split(200, 0.65, 0.2, 0.15, random_state=0).test
    predicted = fastopt.load("model.safetensors").predict(_inputs("model.safetensors", table))
    errors = (predicted - table.price.to_numpy())[rows]
    np.testing.assert_allclose(values["rmse"], np.sqrt(np.mean(errors**2)), rtol=1e-12)


def _inputs(model, frame):
    return Preprocessing.of(fastopt.load(model)).X(frame)


@pytest.mark.parametrize("ending", ["tsv", "parquet", "feather", "xlsx"])
def test_kinds_of_files_bring_the_same_model(table, call, ending):
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
    elif ending != "tsv":
        pytest.importorskip("pyarrow")
    write = {
        "tsv": lambda path: table.to_csv(path, sep="\t", index=False),
        "parquet": table.to_parquet,
        "feather": table.to_feather,
        "xlsx": lambda path: table.to_excel(path, index=False),
    }
    write[ending](f"data.{ending}")
    for source in ("csv", ending):
        arguments = ("train", f"data.{source}", "-t", "price", "-o", f"{source}.st", "--epochs", 3)
        assert call(*arguments)[0] == 0
    one, other = fastopt.load("csv.st"), fastopt.load(f"{ending}.st")
    # Excel writes 15 digits.
    np.testing.assert_allclose(one.parameters, other.parameters, rtol=1e-9)


def test_arrays_of_an_npz_are_columns(table, call):
    np.savez("data.npz", X=table[["length", "age"]].to_numpy(), y=table.price.to_numpy())
    assert call("train", "data.npz", "-t", "y", *LM)[0] == 0
    assert [c.name for c in Preprocessing.of(fastopt.load("model.safetensors")).inputs] == [
        *("X_0", "X_1")
    ]


def test_several_targets(table, call):
    assert call("train", "data.csv", "-t", "price,length", "--inputs", "age,kind", *LM)[0] == 0
    code, out, _ = call("predict", "model.safetensors", "data.csv")
    assert code == 0
    assert out.splitlines()[0] == "price,length"


def test_a_text_is_classified_and_the_order_is_kept(table, call):
    code, _, err = call("train", "data.csv", "-t", "kind", "--ignore", "price", "--epochs", 100)
    assert code == 0
    assert "classification, 2 classes" in err
    code, out, _ = call("predict", "model.safetensors", "data.csv", "--probabilities", "--keep")
    frame = pd.read_csv(StringIO(out))
    assert (frame["predicted kind"] == table.kind).mean() > 0.9
    shares = frame[["P(kind=long)", "P(kind=short)"]]
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    assert ((shares["P(kind=long)"] > 0.5) == (frame["predicted kind"] == "long")).all()


@pytest.mark.parametrize(
    ("values", "options", "task"),
    [
        (np.arange(40) % 3, (), "classification"),
        (np.arange(40) % 3, ("--task", "regression"), "regression"),
        (np.arange(40) % 3 + 0.5, (), "regression"),
        (np.arange(40), (), "regression"),
        (np.arange(40) % 2 == 0, (), "classification"),
    ],
)
def test_the_target_or_an_option_decides_on_the_task(call, values, options, task):
    pd.DataFrame({"x": np.arange(40.0), "y": values}).to_csv("d.csv", index=False)
    assert call("train", "d.csv", "-t", "y", "--epochs", 2, *options)[0] == 0
    assert Preprocessing.of(fastopt.load("model.safetensors")).task == task
    assert call("evaluate", "model.safetensors", "d.csv")[0] == 0


def test_levenberg_marquardt_classifies_by_squares(table, call):
    assert call("train", "data.csv", "-t", "kind", *LM)[0] == 0
    out = call("evaluate", "model.safetensors", "data.csv", "--json")[1]
    assert json.loads(out)["accuracy"] > 0.9


def test_what_is_put_in_for_missing_values_is_of_the_training_rows(table, call):
    table.loc[[3, 50], "length"] = np.nan
    table.loc[7, "colour"] = None
    table.to_csv("data.csv", index=False)
    code, _, err = call("train", "data.csv", "-t", "price")
    assert code == 1
    assert "'length' is missing in row 4, and in 1 more" in err
    assert "--impute" in err
    assert call("train", "data.csv", "-t", "price", "--impute", "--epochs", 3)[0] == 0
    length, colour = Preprocessing.of(fastopt.load("model.safetensors")).inputs[:2]
    rows = fastopt.split(200, 0.8, 0.2, 0.0, random_state=0).train
    assert length.fill == table.length.iloc[rows].median()
    assert colour.fill == table.colour.iloc[rows].mode()[0]
    pd.DataFrame({"length": [None, length.fill], "colour": "red", "age": 3, "kind": "long"}).to_csv(
        "new.csv", index=False
    )
    _, out, _ = call("predict", "model.safetensors", "new.csv")
    assert out.split()[1] == out.split()[2]


def test_weights_of_rows_count(call):
    x = np.arange(20.0)
    frame = pd.DataFrame({"x": x, "y": x, "w": (x < 10).astype(float)})
    frame.loc[10:, "y"] = 1e3
    frame.to_csv("d.csv", index=False)
    options = ("--weights", "w", "--validation", 0, "--hidden", "none", "--optimizer", "lm")
    assert call("train", "d.csv", "-t", "y", *options)[0] == 0
    np.testing.assert_allclose(fastopt.load("model.safetensors").predict([[4.0]]), 4, atol=1e-6)


def test_the_log_has_a_line_an_epoch(table, call):
    assert call("train", "data.csv", "-t", "price", "--epochs", 7, "--log", "r.jsonl", "-q") == (
        *(0, "", ""),
    )
    with open("r.jsonl") as file:
        assert [json.loads(line)["epoch"] for line in file] == list(range(7))


def test_the_best_of_several_starts_is_kept(table, call):
    options = ("train", "data.csv", "-t", "price", "--epochs", 4, "--log", "r.jsonl")
    assert call(*options, "--restarts", 3)[0] == 0
    with open("r.jsonl") as file:
        rows = [json.loads(line)["val_loss"] for line in file]
    history = fastopt.load("model.safetensors").history_
    assert rows == history.val_loss
    call(*options)
    assert min(rows) <= min(fastopt.load("model.safetensors").history_.val_loss)


def test_starts_run_side_by_side_to_the_bits_of_one_after_the_other(
    table, call, monkeypatch, set_threads
):
    """Each of two waits in its first epoch for the other: one after the other they would not meet.

    A callback of the experiment's that writes a file has them run one after the other.
    """
    from fastopt.cli.watching import RichProgress

    options = ("train", "data.csv", "-t", "price", "--epochs", 30, "--patience", 4, "--restarts", 6)
    set_threads(1)
    assert call(*options, "--log", "one.jsonl", "-o", "one.st")[0] == 0
    set_threads(2)
    together = threading.Barrier(2, timeout=60)
    threads = set()

    def meet(self, epoch, logs, original=RichProgress.on_epoch_end):
        if epoch == 0:
            together.wait()
        threads.add(threading.get_ident())
        original(self, epoch, logs)

    with monkeypatch.context() as patch:
        patch.setattr(RichProgress, "on_epoch_end", meet)
        code, _, err = call(*options, "--log", "two.jsonl", "-o", "two.st")
    assert code == 0, err
    assert len(threads) == 2
    one, two = fastopt.load("one.st"), fastopt.load("two.st")
    np.testing.assert_array_equal(one.parameters, two.parameters)
    assert one.history_.val_loss == two.history_.val_loss

    def rows(path):
        with open(path) as file:
            return [{**json.loads(line), "seconds": None} for line in file]

    assert rows("one.jsonl") == rows("two.jsonl")
    assert call("init", "e.toml", "--data", "data.csv", "-t", "price")[0] == 0
    with open("e.toml", "a") as file:
        file.write('\n[[callbacks]]\nname = "CSVLogger"\nfilename = "all.csv"\n')
    options = ("--epochs", 30, "--patience", 4, "--restarts", 6, "-o", "three.st")
    assert call("train", "e.toml", *options)[0] == 0
    np.testing.assert_array_equal(one.parameters, fastopt.load("three.st").parameters)


def test_decimal_commas_and_files_without_names(call):
    with open("d.csv", "w") as file:
        file.writelines(f"{i},5;{2 * i},0\n" for i in range(9))
    code, _, err = call("train", "d.csv", "-t", "1")
    assert (code, "--no-header" in err) == (1, False)  # names like "0,5": nothing can be told yet
    options = ("--no-header", "--decimal", ",", "--epochs", 2)
    assert call("train", "d.csv", "-t", "2", *options)[0] == 0


def test_numbers_as_categories_are_known_by_their_value(call):
    """A missing value makes 1 a 1.0 in pandas: it is the same category."""
    x = np.arange(30) % 3
    pd.DataFrame({"x": x, "y": x**2 + np.arange(30) / 100}).to_csv("d.csv", index=False)
    options = ("--categorical", "x", "--impute", "--optimizer", "lm", "--epochs", 9)
    assert call("train", "d.csv", "-t", "y", *options)[0] == 0
    pd.DataFrame({"x": [0.0, 1, 2, None]}).to_csv("new.csv", index=False)
    assert "1.0" in Path("new.csv").read_text()
    code, out, _ = call("predict", "model.safetensors", "new.csv")
    assert code == 0
    np.testing.assert_allclose(
        [float(v) for v in out.split()[1:4]], [0.135, 1.145, 4.155], atol=0.3
    )


def test_info_export_and_import(table, call):
    call("train", "data.csv", "-t", "price", "--ignore", "kind", *LM)
    code, out, _ = call("info", "model.safetensors")
    assert code == 0
    for word in ("length, colour (blue, green, red), age", "price", "fastopt train data.csv"):
        assert word in " ".join(out.split())
    facts = json.loads(call("info", "model.safetensors", "--json")[1])
    assert facts["epochs"] == 30
    assert facts["parameters"] == 6 * 16 + 17
    code, out, _ = call("export", "model.safetensors", "--c", "n.c", "--matlab", "net.m")
    assert code == 0
    assert "length, colour=blue, colour=green, colour=red, age" in out
    assert "n_predict" in Path("n.c").read_text()
    assert call("import", "net.m", "--out", "again.safetensors")[0] == 0
    X = _inputs("model.safetensors", table)
    net, again = (fastopt.load(f"{name}.safetensors") for name in ("model", "again"))
    np.testing.assert_allclose(again.predict(X).reshape(-1), net.predict(X), rtol=1e-9)


def test_export_to_onnx(table, call):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    call("train", "data.csv", "-t", "price", *LM)
    assert call("export", "model.safetensors", "--onnx", "n.onnx")[0] == 0
    assert call("import", "n.onnx", "-o", "again.safetensors")[0] == 0


def test_a_model_of_pythons_is_used_by_position(table, call):
    X, y = table[["length", "age"]].to_numpy(), table.price.to_numpy()
    net = fastopt.MLP([2, 4, 1], scale_inputs="standard", scale_targets="standard", random_state=0)
    net.fit(X, y, "lm", epochs=5)
    net.save("net.safetensors")
    table[["length", "age"]].to_csv("new.csv", index=False)
    _, out, _ = call("predict", "net.safetensors", "new.csv")
    np.testing.assert_array_equal([float(v) for v in out.split()[1:]], net.predict(X))
    code, _, err = call("predict", "net.safetensors", "data.csv")
    assert (code, "takes 2 inputs" in err) == (1, True)


def test_metadata_travel_in_copies_pickles_and_files(folder):
    import copy
    import pickle

    net = fastopt.MLP([2, 1], random_state=0)
    assert net.metadata == {}
    net.metadata = {"columns": ("a", "b"), "unit": {"y": "kg"}, "n": np.int64(3)}
    expected = {"columns": ["a", "b"], "unit": {"y": "kg"}, "n": 3}
    net.save("net.safetensors")
    others = (fastopt.load("net.safetensors"), pickle.loads(pickle.dumps(net)), copy.deepcopy(net))
    for other in (net, net.copy(), *others):
        assert other.metadata == expected
    net.metadata["unit"]["y"] = "g"
    assert others[0].metadata == expected
    for wrong in ({"a": np.nan}, {"a": object()}, {1: 2}, [1], {"a": [{"b": np.ones(2)}]}):
        with pytest.raises((TypeError, ValueError), match="metadata"):
            net.metadata = wrong


def test_the_entry_point_is_there(table, process):
    run = process("train", "data.csv", "-t", "price", "--epochs", 2)
    out, err = run.communicate(timeout=120)
    assert (run.returncode, "Traceback" in err) == (0, False)
    assert "training" in out
    run = process("predict", "model.safetensors", "nothing.csv")
    _, err = run.communicate(timeout=120)
    assert (run.returncode, err.count("\n")) == (2, 1)


def test_completion_is_there(process, monkeypatch):
    monkeypatch.setenv("_FASTOPT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", "fastopt tra")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert process().communicate(timeout=60)[0].split() == ["train"]
    monkeypatch.setenv("COMP_WORDS", "fastopt train --optimizer l")
    monkeypatch.setenv("COMP_CWORD", "3")
    expected = {name for name in fastopt.optimizers.registry if name.startswith("l")}
    assert set(process().communicate(timeout=60)[0].split()) == expected >= {"lm", "lbfgs"}


def test_without_typer_the_cure_is_told(folder):
    code = (
        "import sys; sys.modules['typer'] = None; import fastopt.cli; "
        "sys.exit(fastopt.cli.main(['train']))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stderr == "fastopt: the command line needs typer: pip install 'fastopt[cli]'\n"
