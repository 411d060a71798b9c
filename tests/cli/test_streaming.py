"""Tables that are read in blocks: the same bits, and memory that stays near a block."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest

import fastopt
from fastopt.cli import streaming
from fastopt.cli.data import blocks
from fastopt.cli.data.preprocessing import Preprocessing


@pytest.fixture
def small_blocks(monkeypatch):
    """Blocks of 256 rows, which is the least."""
    monkeypatch.setattr(blocks, "NUMBERS_OF_A_BLOCK", 1)
    monkeypatch.setattr(streaming, "NUMBERS_OF_A_BLOCK", 300)


@pytest.fixture
def large(folder):
    """3000 rows, and a category that the first 256 rows do not have."""
    random = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "length": random.uniform(1, 5, 3000).round(3),
            "colour": random.choice(["red", "green"], 3000),
            "age": random.integers(1, 60, 3000),
            "w": random.integers(0, 3, 3000),
        }
    )
    frame.loc[2000, "colour"] = "blue"
    frame["price"] = 1000 * frame.length + 50 * frame.age + random.normal(0, 20, 3000)
    frame["kind"] = np.where(frame.length > 3, "long", "short")
    return frame


def parameters(call, *arguments):
    code, _, err = call("train", *arguments, "--epochs", 3, "--optimizer", "adam")
    assert code == 0, err
    return fastopt.load("model.safetensors").parameters, err


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    "target", [("-t", "price", "--ignore", "kind"), ("-t", "kind", "--ignore", "price,w")]
)
def test_parquet_in_blocks_brings_the_same_bits(large, call, folder, target):
    pytest.importorskip("pyarrow")
    large.to_parquet("data.parquet", row_group_size=700)
    weights = ("--weights", "w") if "price" in target[1] else ()
    arguments = ("data.parquet", *target, *weights, "--test", 0.1)
    whole, said = parameters(call, *arguments)
    assert "streamed" not in said
    streamed, said = parameters(call, *arguments, "--stream")
    assert "3000 rows, streamed" in said
    np.testing.assert_array_equal(whole, streamed)
    made = Preprocessing.of(fastopt.load("model.safetensors"))
    colours = next(c for c in made.inputs if c.name == "colour")
    assert colours.categories == ("blue", "green", "red")
    # The file of the rows is gone, and the model is used as any other.
    expected = {"data.parquet", "model.safetensors", "model.checkpoint.safetensors"}
    assert {path.name for path in folder.iterdir()} == expected
    code, out, _ = call("evaluate", "model.safetensors", "data.parquet", "--part", "test", "--json")
    assert (code, '"rows": 300' in out) == (0, True)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("dtype", ["f8", "f4", ">f8"])
def test_npy_in_blocks_brings_the_same_bits(call, folder, dtype):
    random = np.random.default_rng(0)
    X = random.normal(size=(1000, 4)).astype(dtype)
    X[:, 3] = X[:, 0] - X[:, 1] ** 2
    for array in (X, np.asfortranarray(X)):
        np.save("data.npy", array)
        whole, _ = parameters(call, "data.npy", "-t", "4")
        streamed, said = parameters(call, "data.npy", "-t", "4", "--stream")
        assert "streamed" in said
        np.testing.assert_array_equal(whole, streamed)
    fields = np.zeros(1000, dtype=[("u", "f4"), ("v", "i4"), ("y", "f8")])
    fields["u"], fields["v"], fields["y"] = X[:, 0], np.arange(1000) % 7, X[:, 3]
    np.save("fields.npy", fields)
    one, _ = parameters(call, "fields.npy", "-t", "y")
    other, _ = parameters(call, "fields.npy", "-t", "y", "--stream")
    np.testing.assert_array_equal(one, other)
    assert Preprocessing.of(fastopt.load("model.safetensors")).labels == ["u", "v"]


@pytest.mark.usefixtures("small_blocks")
def test_rows_are_shuffled_once_for_all(call, folder, monkeypatch):
    """As NumPy's generator orders them, then in sequence: in memory and in blocks alike."""
    random = np.random.default_rng(0)
    X = random.normal(size=(1000, 3))
    np.save("data.npy", X)
    once = ("-t", "3", "--set", "training.shuffle=once", "--validation", 0)
    whole, _ = parameters(call, "data.npy", *once)
    streamed, _ = parameters(call, "data.npy", *once, "--stream")
    np.testing.assert_array_equal(whole, streamed)
    order = np.argsort(np.random.default_rng(0).permutation(1000))
    scales = {"scale_inputs": "standard", "scale_targets": "standard"}
    net = fastopt.MLP([2, 16, 1], random_state=0, **scales)
    net.fit(X[order, :2], X[order, 2], "adam", epochs=3, shuffle=False, random_state=0)
    np.testing.assert_array_equal(net.parameters, whole)
    code, _, err = call("train", "data.npy", "-t", "3", "--set", "training.shuffle=twice")
    assert (code, 'true, false or "once"' in err) == (2, True)


@pytest.mark.usefixtures("small_blocks")
def test_a_streamed_run_goes_on_and_reports(large, call, folder):
    pytest.importorskip("pyarrow")
    large.to_parquet("data.parquet", row_group_size=500)
    arguments = ("train", "data.parquet", "-t", "price", "--ignore", "kind", "--stream")
    assert call(*arguments, "--epochs", 2)[0] == 0
    assert call(*arguments, "--epochs", 4, "--resume", "--report", "r.html")[0] == 0
    resumed = fastopt.load("model.safetensors").parameters
    assert call(*arguments, "--epochs", 4, "-o", "whole.safetensors")[0] == 0
    np.testing.assert_array_equal(resumed, fastopt.load("whole.safetensors").parameters)
    assert "Worst rows" in (folder / "r.html").read_text("utf-8")


@pytest.mark.usefixtures("small_blocks")
def test_what_is_wrong_in_a_later_block_is_told_by_its_row(large, call, folder):
    pytest.importorskip("pyarrow")

    def said(frame, *more):
        frame.to_parquet("data.parquet", row_group_size=500)
        arguments = ("train", "data.parquet", "-t", "price", "--ignore", "kind", "--stream", *more)
        code, _, err = call(*arguments)
        assert err.count("\n") == 1
        return code, err

    missing = large.copy()
    missing.loc[2500, "length"] = np.nan
    assert said(missing) == (1, said(missing)[1])
    assert "column 'length' is missing in row 2501" in said(missing)[1]
    infinite = large.copy()
    infinite.loc[2500, "length"] = np.inf
    assert "column 'length' holds inf in row 2501" in said(infinite)[1]
    target = large.copy()
    target.loc[1500, "price"] = np.nan
    assert "column 'price' is missing in row 1501" in said(target)[1]
    code, text = said(large, "--impute")
    assert (code, "--no-stream" in text) == (2, True)
    code, text = said(large, "--inputs", "lenght")
    assert (code, "did you mean 'length'" in text) == (2, True)
    large.to_csv("data.csv", index=False)
    code, _, text = call("train", "data.csv", "-t", "price", "--stream")
    assert (code, "another kind" in text) == (2, True)
    (folder / "noise.npy").write_bytes(b"noise")
    np.save("cube.npy", np.zeros((3, 3, 3)))
    for name, word in (("noise.npy", "cannot be read as npy"), ("cube.npy", "(3, 3, 3)")):
        code, _, text = call("train", name, "-t", "1")
        assert (code, word in text, text.count("\n")) == (1, True, 1), text


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("kind", ["csv", "parquet", "npy"])
@pytest.mark.parametrize("target", ["price", "kind"])
def test_predictions_and_judgements_in_blocks_are_those_of_the_whole_table(
    large, call, folder, kind, target
):
    """To the byte; CSV and Parquet have columns whose blocks differ from each other in type."""
    large["code"] = large.w.map(str)
    large.loc[:999, "code"] = "01"  # texts that read as numbers, in the first blocks alone
    large.loc[2999, "code"] = "x"
    large["counts"] = large.age.astype(float)
    large.loc[2800, "age"] = np.nan  # whole numbers, but for one in a later block
    large["flag"] = large.length > 2
    large["empty"] = np.where(np.arange(3000) < 2900, "", "end")
    if kind == "npy":
        large = large[["length", "counts", "w", "price"]].astype(float)
        target = "4"
    name = f"data.{kind}"
    if kind == "csv":
        large.to_csv(name, index=False)
    elif kind == "parquet":
        pytest.importorskip("pyarrow")
        large.to_parquet(name, row_group_size=700)
    else:
        np.save(name, large.to_numpy())
    named = [] if kind == "npy" else ["--inputs", "length,counts,code,flag", "-t", target]
    named += [] if kind == "npy" else ["--categorical", "code"]
    code, _, err = call("train", name, *(named or ["-t", target]), "--epochs", 2, "--test", 0.1)
    assert code == 0, err
    shares = ["--probabilities"] if target == "kind" else []
    for more in ([], shares, ["--keep"], ["--keep", *shares]):
        found = [
            call("predict", "model.safetensors", name, *more, how)
            for how in ("--stream", "--no-stream")
        ]
        assert found[0] == found[1]
        assert (found[0][0], found[0][1].count("\n")) == (0, 3001)
    for ending, reader in (("parquet", pd.read_parquet), ("feather", pd.read_feather)):
        for keep in ([], ["--keep"]):
            pytest.importorskip("pyarrow")
            for how in ("--stream", "--no-stream"):
                out = f"{how[2:]}.{ending}"
                assert call("predict", "model.safetensors", name, *keep, how, "-o", out)[0] == 0
            whole, streamed = reader(f"no-stream.{ending}"), reader(f"stream.{ending}")
            pd.testing.assert_frame_equal(whole, streamed)
    for part in ([], ["--part", "test"]):
        found = [
            call("evaluate", "model.safetensors", name, "--json", *part, how)
            for how in ("--stream", "--no-stream")
        ]
        assert found[0] == found[1]
        assert found[0][0] == 0


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("index", ["unnamed", "named", "column", "levels", "counted", "selected"])
def test_the_index_of_parquet_is_in_blocks_as_in_memory(large, call, folder, index):
    """One that has no name counts rows and is no input; others come before the columns."""
    pytest.importorskip("pyarrow")
    order = np.random.default_rng(2).permutation(3000)
    frame = large.drop(columns="kind")
    frame = {
        "unnamed": lambda: frame.set_index(pd.Index(order)),
        "named": lambda: frame.set_index(pd.Index(order, name="key")),
        "column": lambda: frame.set_index("colour"),
        "levels": lambda: frame.set_index([pd.Index(order), "colour"]),
        "counted": lambda: frame.set_index(pd.RangeIndex(5, 3005, name="number")),
        "selected": lambda: frame.loc[large.length < 4],
    }[index]()
    frame.to_parquet("data.parquet", row_group_size=700)
    whole, _ = parameters(call, "data.parquet", "-t", "price")
    labels = Preprocessing.of(fastopt.load("model.safetensors")).labels
    inputs = ["length", "colour=blue", "colour=green", "colour=red", "age", "w"]
    colours = inputs[1:4]
    numbers = ["length", "age", "w"]
    assert labels == {
        "named": ["key", *inputs],
        "column": [*colours, *numbers],
        "levels": ["level_0", *colours, *numbers],
    }.get(index, inputs)
    streamed, _ = parameters(call, "data.parquet", "-t", "price", "--stream")
    np.testing.assert_array_equal(whole, streamed)
    assert Preprocessing.of(fastopt.load("model.safetensors")).labels == labels
    found = [
        call("predict", "model.safetensors", "data.parquet", "--keep", how)
        for how in ("--stream", "--no-stream")
    ]
    assert found[0] == found[1]
    assert (found[0][0], found[0][1].count("\n")) == (0, len(frame) + 1)


@pytest.mark.usefixtures("small_blocks")
def test_files_without_names_are_predicted_in_blocks(call, folder):
    rows = np.random.default_rng(0).normal(size=(1000, 3))
    np.savetxt("data.csv", rows, delimiter=";")
    assert call("train", "data.csv", "--no-header", "-t", "3", "--epochs", 2)[0] == 0
    options = ("predict", "model.safetensors", "data.csv", "--no-header", "--keep")
    assert call(*options, "--stream") == call(*options, "--no-stream")


@pytest.mark.usefixtures("small_blocks")
def test_what_a_later_block_of_a_prediction_holds_is_told_by_its_row(large, call, folder):
    large.to_csv("data.csv", index=False)
    arguments = ("data.csv", "-t", "price", "--inputs", "length,colour", "--epochs", 1)
    assert call("train", *arguments)[0] == 0

    def said(frame, command="predict", *more):
        frame.to_csv("new.csv", index=False)
        found = [
            call(command, "model.safetensors", "new.csv", *more, how)
            for how in ("--stream", "--no-stream")
        ]
        assert found[0] == found[1]
        return found[0]

    wrong = large.astype({"length": object})
    wrong.loc[2500, "length"] = "long"
    code, out, err = said(wrong)
    assert (code, out, "row 2501 has 'long'" in err) == (1, "", True)
    missing = large.copy()
    missing.loc[2500, "length"] = np.nan
    code, out, err = said(missing)
    assert (code, out, "missing in row 2501" in err) == (1, "", True)
    strange = large.copy()
    strange.loc[2500, "colour"] = "violet"
    code, out, err = said(strange)
    assert (code, out, "'violet' in row 2501" in err) == (1, "", True)
    assert said(strange, "predict", "--unknown", "zero")[0] == 0
    no_target = large.copy()
    no_target.loc[2500, "price"] = np.nan
    code, _, err = said(no_target, "evaluate")
    assert (code, "'price' is missing in row 2501" in err) == (1, True)
    code, _, err = said(large.drop(columns="length"))
    assert (code, "no column 'length'" in err) == (1, True)
    large.to_excel("new.xlsx")
    code, _, err = call("predict", "model.safetensors", "new.xlsx", "--stream")
    assert (code, "another kind" in err) == (2, True)


def test_memory_stays_near_a_block(call, folder, monkeypatch):
    """Of what NumPy and pandas allocate, with blocks of 1 MB; `make torture` trains on 2 GB."""
    for module in (blocks, streaming):
        monkeypatch.setattr(module, "NUMBERS_OF_A_BLOCK", 1 << 17)
    array = np.random.default_rng(0).normal(size=(65_536, 32))
    np.save("data.npy", array)
    settings = ("-t", "32", "--epochs", 1, "--batch-size", 2000, "--hidden", 2, "--no-checkpoint")
    uses = [("train", "data.npy", *settings)]
    uses += [(use, "model.safetensors", "data.npy") for use in ("predict", "evaluate")]
    uses[1] += ("-o", "predicted.csv")
    for use in uses:
        peaks = {}
        for streamed in ("--stream", "--no-stream"):
            assert call(*use, streamed)[0] == 0  # what is imported is
            tracemalloc.start()
            assert call(*use, streamed)[0] == 0
            peaks[streamed] = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        assert peaks["--stream"] < array.nbytes / 2
        assert peaks["--no-stream"] > array.nbytes
