"""``from_matlab``: files written here as MATLAB writes them, equal to their NumPy forward."""

import contextlib
import itertools
import os
import shutil
import struct
import subprocess
import zlib

import numpy as np
import pytest

import fastopt
from fastopt.exchange.matlab_file import Struct, variables

RNG = np.random.default_rng(0)
TRANSFERS = {
    "tansig": np.tanh,
    "logsig": lambda n: 1 / (1 + np.exp(-n)),
    "purelin": lambda n: n,
    "poslin": lambda n: np.maximum(n, 0),
    "softmax": lambda n: np.exp(n) / np.exp(n).sum(axis=0),
}
X = RNG.uniform(-3, 7, size=(25, 4)) * [1, 100, 0.01, 1]


class Network:
    """What a file holds, and what MATLAB computes from it: samples in columns."""

    def __init__(
        self, transfers=("tansig", "purelin"), d=4, q=2, steps=("mapminmax",), out=True, seed=0
    ):
        rng = np.random.default_rng(seed)
        self.transfers, self.d, self.q, self.steps = transfers, d, q, steps
        self.keep = np.array([1, 2, 4]) if "removeconstantrows" in steps else np.arange(1, d + 1)
        m = len(self.keep)
        widths = [m, *(5 + i for i in range(len(transfers) - 1)), q]
        self.W = [rng.normal(size=(b, a)) for a, b in itertools.pairwise(widths)]
        self.b = [rng.normal(size=b) for b in widths[1:]]
        low, high = np.array([-3, -300, -0.03, -3.0])[:d], np.array([7, 700, 0.07, 7.0])[:d]
        low, high = low[self.keep - 1], high[self.keep - 1]
        self.offset, self.gain = low, 2 / (high - low)
        self.out = out
        self.y_offset, self.y_gain = rng.normal(size=q), rng.uniform(0.1, 3, q)

    def __call__(self, X):
        a = X.T[self.keep - 1]
        if "mapminmax" in self.steps:
            a = (a - self.offset[:, None]) * self.gain[:, None] - 1
        elif "mapstd" in self.steps:
            a = (a - self.offset[:, None]) * self.gain[:, None] + 0
        for W, b, name in zip(self.W, self.b, self.transfers, strict=True):
            a = TRANSFERS[name](W @ a + b[:, None])
        if self.out:
            a = (a + 1) / self.y_gain[:, None] + self.y_offset[:, None]
        return a.T

    def text(self, dot=".", rows=False, cells=False):
        """The function, in the form of genFunction (own wording)."""

        def matrix(values):
            values = np.atleast_2d(values)
            return "[" + ";".join(" ".join(f"{v:.17g}" for v in row) for row in values) + "]"

        def column(values):
            return matrix(np.asarray(values)[:, None])

        shape = f"Qx{self.d}" if rows else f"{self.d}xQ"
        lines = ["function [y1] = net(x1)", f"%   x = {shape} matrix, input #1", ""]
        calls, source = [], "X{1,ts}" if cells else "x1"
        for k, step in enumerate(self.steps, start=1):
            own = f"x1_step{k}"
            if step == "removeconstantrows":
                lines.append(f"{own}{dot}keep = {matrix(self.keep)};")
            else:
                low = "ymin" if step == "mapminmax" else "ymean"
                value = -1 if step == "mapminmax" else 0
                lines += [
                    f"{own}{dot}xoffset = {column(self.offset)};",
                    f"{own}{dot}gain = {column(self.gain)};",
                    f"{own}{dot}{low} = {value};",
                ]
            arguments = own if dot == "." else f"{own}_gain,{own}_xoffset,{own}_ymin"
            calls.append(f"xp1 = {step}_apply({source},{arguments});")
            source = "xp1"
        for i, (W, b) in enumerate(zip(self.W, self.b, strict=True), start=1):
            name = "IW1_1" if i == 1 else f"LW{i}_{i - 1}"
            lines += [f"% Layer {i}", f"b{i} = {column(b)};", f"{name} = {matrix(W)};"]
            total = f"repmat(b{i},1,Q) + {name}*{'a' + str(i - 1) if i > 1 else source}"
            transfer = self.transfers[i - 1]
            calls.append(
                f"a{i} = {total};"
                if transfer == "purelin"
                else f"a{i} = {transfer}_apply({total});"
            )
        if self.out:
            lines += [
                f"y1_step1{dot}ymin = -1;",
                f"y1_step1{dot}gain = {column(self.y_gain)};",
                f"y1_step1{dot}xoffset = {column(self.y_offset)};",
            ]
            arguments = "y1_step1" if dot == "." else "y1_step1_gain,y1_step1_xoffset,y1_step1_ymin"
            calls.append(f"y1 = mapminmax_reverse(a{len(self.W)},{arguments});")
        turn = ["x1 = x1';"] if rows else []
        tail = ["end", "function a = tansig_apply(n,~)", "  a = 2 ./ (1 + exp(-2*n)) - 1;", "end"]
        return "\n".join([*lines, "Q = size(x1,2); % samples", *turn, *calls, *tail])


def read(network, path, **form):
    path.write_text(network.text(**form))
    return fastopt.from_matlab(path)


def compare(net, network):
    assert net.dtype == np.float64
    expected = network(X[:, : network.d])
    np.testing.assert_allclose(net.predict(X[:, : network.d]), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dot", [".", "_"])
@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize(
    "steps", [(), ("mapminmax",), ("mapstd",), ("removeconstantrows", "mapminmax")], ids=str
)
def test_functions_in_every_form(steps, rows, dot, tmp_path):
    network = Network(steps=steps)
    compare(read(network, tmp_path / "net.m", dot=dot, rows=rows), network)


@pytest.mark.parametrize("output", TRANSFERS)
@pytest.mark.parametrize("hidden", ["tansig", "logsig", "poslin", "purelin"])
def test_transfer_functions(hidden, output, tmp_path):
    network = Network((hidden, hidden, output), out=output == "purelin")
    net = read(network, tmp_path / "net.m", cells=True)
    assert (
        net.activation
        == dict(zip(TRANSFERS, ["tanh", "sigmoid", "identity", "relu"], strict=False))[hidden]
    )
    compare(net, network)


@pytest.mark.parametrize("seed", range(10))
def test_random_networks(seed, tmp_path):
    rng = np.random.default_rng(seed)
    depth, d, q = (int(v) for v in rng.integers([1, 1, 1], [5, 5, 4]))
    names = [*rng.choice(["tansig", "logsig", "poslin"], depth - 1), "purelin"]
    network = Network(names, d, q, seed=seed)
    compare(read(network, tmp_path / "net.m"), network)


def test_what_comes_in_is_trained_on(tmp_path):
    network = Network(q=1)
    net = read(network, tmp_path / "net.m")
    y = network(X) + RNG.normal(0, 0.1, (25, 1))
    before = net.evaluate(X, y)
    net.fit(X, y, "lm", epochs=30)
    assert net.evaluate(X, y) < before


def is_scaled_as(net, network):
    """Whether weights are the file's, and its maps of inputs and outputs are scalings."""
    rows = network.keep - 1
    for ours, theirs in zip(net.coefs_[1:], network.W[1:], strict=True):
        np.testing.assert_array_equal(ours, theirs.T)
    np.testing.assert_array_equal(net.coefs_[0][rows], network.W[0].T)
    for ours, theirs in zip(net.intercepts_, network.b, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    inputs, targets = net.input_scaling_, net.target_scaling_
    low = -1 if "mapminmax" in network.steps else 0
    z = (X.T[rows] - network.offset[:, None]) * network.gain[:, None] + low
    np.testing.assert_allclose(inputs.transform(X)[:, rows], z.T, rtol=1e-12, atol=1e-12)
    assert set(np.flatnonzero(inputs.constant)) == set(range(network.d)) - set(rows)
    np.testing.assert_allclose(targets.scale, 1 / network.y_gain, rtol=1e-14)
    np.testing.assert_allclose(
        targets.offset, network.y_offset + 1 / network.y_gain, rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("form", [".m", ".mat"])
@pytest.mark.parametrize(
    ("steps", "kind"),
    [
        (("mapminmax",), "minmax"),
        (("mapstd",), "standard"),
        (("removeconstantrows", "mapminmax"), "minmax"),
    ],
    ids=str,
)
def test_processing_becomes_scaling(steps, kind, form, tmp_path):
    network, path = Network(steps=steps), tmp_path / f"net{form}"
    net = read(network, path) if form == ".m" else fastopt.from_matlab(saved(network, path))
    is_scaled_as(net, network)
    assert (net.scale_inputs, net.scale_targets) == (kind, "minmax")


@pytest.mark.filterwarnings("error::fastopt.ScalingWarning")
def test_training_goes_on_in_the_units_of_the_file(tmp_path):
    """On data far from order one: no warning, and the first step is that of the scaled problem."""
    network = Network(q=1, steps=("removeconstantrows", "mapminmax"))
    net = read(network, tmp_path / "net.m")
    y = network(X) + RNG.normal(0, 0.1, (25, 1))
    rows = network.keep - 1
    plain = fastopt.MLP([3, 5, 1], random_state=0)
    for layer, W, b in zip(plain._views.layers(), network.W, network.b, strict=True):
        layer["W"][:], layer["b"][:] = W.T, b
    x = ((X.T[rows] - network.offset[:, None]) * network.gain[:, None] - 1).T
    t = (y - network.y_offset) * network.y_gain - 1
    ours, theirs = net.fit(X, y, "lm", epochs=5), plain.fit(x, t, "lm", epochs=5)
    np.testing.assert_allclose(ours.loss, theirs.loss, rtol=1e-8)
    # An input that the file removes stays out of it.
    assert (net.coefs_[0][2] == 0).all()


def test_maps_that_are_no_scalings_go_into_the_weights(tmp_path):
    network = Network()
    network.gain[1], network.y_gain[0] = -network.gain[1], -network.y_gain[0]
    net = read(network, tmp_path / "net.m")
    assert net.input_scaling_ is None
    assert net.target_scaling_ is None
    compare(net, network)


def test_edited_functions(tmp_path):
    """Comments, lines that go on, transposes, several assignments in a line."""
    network = Network()
    text = network.text().replace("% Layer 2", "% Layer 2: b2 = [9;9];\n  % IW1_1 = 3;")
    text = text.replace("; ", " ; ").replace(";\nLW2", "; LW2")
    b = np.array(network.b[0])
    old = next(line for line in text.splitlines() if line.startswith("b1"))
    row = " ...\n ".join(f"{v:.17g}" for v in b)
    text = "% a comment first\n" + text.replace(old, f"b1 = [{row}]';")
    (tmp_path / "net.m").write_text(text)
    compare(fastopt.from_matlab(tmp_path / "net.m"), network)


def test_nothing_is_executed(tmp_path):
    text = Network().text() + f"\n!touch {tmp_path}/executed\nsystem('touch {tmp_path}/executed');"
    (tmp_path / "net.m").write_text(text)
    fastopt.from_matlab(tmp_path / "net.m")
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("old", "new", "error", "match"),
    [
        ("IW1_1", "V", fastopt.FormatError, "no function that genFunction wrote"),
        ("LW2_1 = ", "other = ", fastopt.FormatError, "LW2_1 is missing"),
        ("b1 = [", "b1 = ones(5,1);[", fastopt.FormatError, "b1: 'ones.*' is no number or matrix"),
        ("b1 = [", "b1 = [1/3;", fastopt.FormatError, "b1 is no matrix of numbers"),
        ("b1 = [", "b1 = [1;", fastopt.FormatError, "layer 1 has 5 units and 6 biases"),
        ("b1 = [", "b1 = 3*[", fastopt.FormatError, r"b1: '\*\[.*after its numbers"),
        (
            "tansig_apply(r",
            "radbas_apply(r",
            ValueError,
            "layer 1: .* 'radbas' is none of fastopt's",
        ),
        ("mapminmax_apply", "fixunknowns_apply", ValueError, "fixunknowns .* not known here"),
        (
            "mapminmax_apply(x1",
            "my(x1",
            fastopt.FormatError,
            "x1_step1 has settings and is not used",
        ),
        ("mapminmax_apply", "processpca_apply", ValueError, "function 'processpca' is not known"),
        (
            "x1_step1.gain",
            "x1_step1.again",
            fastopt.FormatError,
            "'xmin' is missing|'xmax' is missing|gain",
        ),
        ("% Layer 2", "LW2_2 = 3;", ValueError, "LW2_2 is a connection beyond a chain"),
        ("% Layer 2", "IW2_1 = 3;", ValueError, "IW2_1 is a connection beyond a chain"),
        ("x1_step1);", "x1_step1); tapdelay1 = 0;", ValueError, "delays are not known here"),
        ("% Layer 2", "IW1_2 = 3;", ValueError, "several inputs are not known here"),
        ("a1 = tansig", "a1 = my(tansig", fastopt.FormatError, "a1, the outputs of layer 1"),
    ],
)
def test_functions_that_are_refused(old, new, error, match, tmp_path):
    text = Network().text()
    assert old in text
    (tmp_path / "net.m").write_text(text.replace(old, new))
    with pytest.raises(error, match=match):
        fastopt.from_matlab(tmp_path / "net.m")


def test_outputs_that_cannot_be_mapped_back(tmp_path):
    with pytest.raises(ValueError, match="outputs of tansig that are mapped back"):
        read(Network(("tansig", "tansig")), tmp_path / "net.m")


def test_cut_off_functions_are_refused_or_whole(tmp_path):
    """However short: an error of ours, at once."""
    text = Network().text()
    whole = text.index("mapminmax_reverse(a2,y1_step1)")
    for end in range(0, whole, 37):
        (tmp_path / "net.m").write_text(text[:end])
        with pytest.raises(ValueError, match=r"."):
            fastopt.from_matlab(tmp_path / "net.m")


def test_other_files(tmp_path):
    with pytest.raises(ValueError, match=r"reads .mat and .m files, got 'net.txt'"):
        fastopt.from_matlab(tmp_path / "net.txt")
    with pytest.raises(FileNotFoundError):
        fastopt.from_matlab(tmp_path / "net.m")
    (tmp_path / "net.m").write_bytes(os.urandom(1000))
    with pytest.raises(fastopt.FormatError):
        fastopt.from_matlab(tmp_path / "net.m")


# --- saved networks ------------------------------------------------------------------------------


def saved(network, path, settings="gain", compress=False, **changes):
    scipy_io = pytest.importorskip("scipy.io")
    from scipy.io.matlab import MatlabObject

    def cells(rows):
        out = np.empty((len(rows), len(rows[0])), dtype=object)
        for i, row in enumerate(rows):
            for j, value in enumerate(row):
                out[i, j] = value
        return out

    def map_of(offset, gain, low):
        if settings == "gain":
            return {"xoffset": offset[:, None], "gain": gain[:, None], "ymin": low, "ymax": 1.0}
        return {
            "xmin": offset[:, None],
            "xmax": (offset + 2 / gain)[:, None],
            "ymin": low,
            "ymax": 1.0,
        }

    empty, depth = np.zeros((0, 0)), len(network.W)
    own = {"mapminmax": map_of(network.offset, network.gain, -1.0)}
    own["mapstd"] = {
        "xmean": network.offset[:, None],
        "xstd": 1 / network.gain[:, None],
        "ymean": 0.0,
        "ystd": 1.0,
    }
    own["removeconstantrows"] = {
        "keep": network.keep[None].astype(float),
        "xrows": float(network.d),
    }
    own["fixunknowns"] = {"xrows": float(network.d)}
    steps = changes.pop("steps", network.steps)
    inputs = {
        "size": float(network.d),
        "processFcns": cells([list(steps)]) if steps else empty,
        "processSettings": cells([[own[s] for s in steps]]) if steps else empty,
    }
    out = map_of(network.y_offset, network.y_gain, -1.0)
    outputs = {
        "processFcns": cells([["mapminmax"]]) if network.out else empty,
        "processSettings": cells([[out]]) if network.out else empty,
    }
    n = {
        "inputs": cells([[inputs]]),
        "layers": cells([[{"transferFcn": t}] for t in network.transfers]),
        "outputs": cells([[*[empty] * (depth - 1), outputs]]),
        "IW": cells([[network.W[0]], *[[empty]] * (depth - 1)]),
        "LW": cells(
            [[network.W[i] if j + 1 == i else empty for j in range(depth)] for i in range(depth)]
        ),
        "b": cells([[b[:, None]] for b in network.b]),
    }
    for key, change in changes.items():
        n[key] = change(n[key])
    record = np.empty((1, 1), dtype=[(name, object) for name in n])
    record[0, 0] = tuple(n.values())
    scipy_io.savemat(path, {"net": MatlabObject(record, "network")}, do_compression=compress)
    return path


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("settings", ["gain", "xmin"])
@pytest.mark.parametrize("steps", [("mapminmax",), ("removeconstantrows", "mapminmax")], ids=str)
@pytest.mark.parametrize("transfers", [("tansig", "purelin"), ("logsig", "poslin", "purelin")])
def test_saved_networks(transfers, steps, settings, compress, tmp_path):
    network = Network(transfers, steps=steps)
    net = fastopt.from_matlab(saved(network, tmp_path / "net.mat", settings, compress))
    compare(net, network)


def test_saved_classifiers_and_whole_numbers(tmp_path):
    """Whole numbers are stored in small integers, which would wrap."""
    network = Network(("tansig", "softmax"), out=False, steps=())
    network.W = [np.round(100 * W) / 100 for W in network.W]
    network.b = [np.round(3 * b) for b in network.b]
    compare(fastopt.from_matlab(saved(network, tmp_path / "net.mat")), network)


@pytest.mark.parametrize(
    ("changes", "error", "match"),
    [
        ({"inputs": lambda c: np.concatenate([c, c])}, ValueError, "several inputs .* has 2"),
        ({"IW": lambda c: np.array([[c[0, 0]], [c[0, 0]]], dtype=object)}, ValueError, "cascades"),
        ({"steps": ("fixunknowns", "mapminmax")}, ValueError, "fixunknowns"),
        ({"LW": lambda c: c.T}, ValueError, "layer 2 and layer 1 are connected|not connected"),
    ],
    ids=lambda v: str(v)[:20],
)
def test_saved_networks_that_are_refused(changes, error, match, tmp_path):
    path = saved(Network(), tmp_path / "net.mat", **changes)
    with pytest.raises(error, match=match):
        fastopt.from_matlab(path)


def test_mat_files_without_a_network(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    scipy_io.savemat(tmp_path / "a.mat", {"x": np.eye(3)})
    with pytest.raises(fastopt.FormatError, match="must hold one network, and there is no object"):
        fastopt.from_matlab(tmp_path / "a.mat")
    (tmp_path / "b.mat").write_bytes(
        b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(128) + b"\x89HDF"
    )
    with pytest.raises(fastopt.FormatError, match=r"saved with -v7\.3: save it with -v7"):
        fastopt.from_matlab(tmp_path / "b.mat")


def same(ours, theirs):
    """Whether a value is what SciPy reads."""
    if isinstance(ours, Struct):
        theirs = theirs.reshape(-1, order="F")
        return len(ours.records) == len(theirs) and all(
            same(value, other[name])
            for record, other in zip(ours.records, theirs, strict=True)
            for name, value in record.items()
        )
    if isinstance(ours, str):
        return ours == "".join(theirs.reshape(-1))
    if ours.dtype == object:
        return ours.shape == theirs.shape and all(
            same(a, b) for a, b in zip(ours.reshape(-1), theirs.reshape(-1), strict=True)
        )
    return ours.shape == theirs.shape and np.array_equal(ours, theirs.astype(float))


@pytest.mark.parametrize("compress", [False, True])
def test_mat_files_hold_what_scipy_reads(compress, tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    rng = np.random.default_rng(0)
    cells = np.empty((2, 3), dtype=object)
    for i, value in enumerate([np.eye(2), "text", np.int16([[1, -2]]), "", {"deep": 1.5}, 7]):
        cells[i // 3, i % 3] = value
    contents = {
        "numbers": rng.normal(size=(3, 4)),
        "small": np.arange(6, dtype=np.uint8).reshape(2, 3),
        "single": np.float32([[1.5]]),
        "cube": rng.normal(size=(2, 3, 4)),
        "flags": np.array([[True, False]]),
        "nothing": np.empty((0, 5)),
        "text": "µ-law",
        "cells": cells,
        "record": {"a": 1.0, "inner": {"b": "x", "c": np.arange(3.0)}},
        "records": np.array([(1.0, "one"), (2.0, "two")], dtype=[("n", object), ("s", object)]),
    }
    scipy_io.savemat(tmp_path / "all.mat", contents, do_compression=compress)
    theirs = scipy_io.loadmat(tmp_path / "all.mat", chars_as_strings=False)
    ours = dict(variables((tmp_path / "all.mat").read_bytes(), 1 << 20))
    assert list(ours) == list(contents)
    for name, value in ours.items():
        assert same(value, theirs[name]), name


@pytest.mark.skipif(shutil.which("octave") is None, reason="GNU Octave is not installed")
def test_mat_files_of_octave(tmp_path):
    code = """
    s.x = [1 2; 3 4]; s.c = {'one', uint8(2); {3}, s.x > 2}; t = struct('k', {1, 2, 3});
    n = single(0.5); e = {}; save('-v7', 'o.mat', 's', 't', 'n', 'e')
    """
    subprocess.run(["octave", "-q", "--eval", code], cwd=tmp_path, check=True, timeout=120)
    found = dict(variables((tmp_path / "o.mat").read_bytes(), 1 << 20))
    (record,) = found["s"].records
    np.testing.assert_array_equal(record["x"], [[1, 2], [3, 4]])
    cells = record["c"]
    assert cells.shape == (2, 2)
    assert cells[0, 0] == "one"
    assert cells[0, 1] == 2
    assert cells[1, 0][0, 0] == 3
    np.testing.assert_array_equal(cells[1, 1], [[0, 0], [1, 1]])
    assert [r["k"].item() for r in found["t"].records] == [1, 2, 3]
    assert found["n"] == 0.5
    assert found["e"].size == 0


def test_memory_of_a_mat_file_is_bounded(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    scipy_io.savemat(tmp_path / "a.mat", {"x": np.zeros((1000, 1000), np.uint8)})
    data = (tmp_path / "a.mat").read_bytes()
    assert dict(variables(data, 8_000_000))["x"].shape == (1000, 1000)
    with pytest.raises(fastopt.FormatError, match="more numbers than may be read"):
        variables(data, 7_999_999)


def test_damaged_mat_files_end_in_errors_of_ours(tmp_path):
    whole = saved(Network(), tmp_path / "net.mat", compress=True).read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole[: rng.integers(len(whole))] if rng.random() < 0.5 else whole)
        for at in rng.integers(len(data), size=3) if data else ():
            data[at] ^= int(rng.integers(1, 256))
        (tmp_path / "bad.mat").write_bytes(data)
        with contextlib.suppress(ValueError):  # FormatError is one
            fastopt.from_matlab(tmp_path / "bad.mat")


def test_a_bomb_is_refused(tmp_path):
    inflate = zlib.compressobj(9)
    piece = bytes(1 << 24)
    data = b"".join(inflate.compress(piece) for _ in range(80)) + inflate.flush()
    head = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "bomb.mat").write_bytes(head + struct.pack("<II", 15, len(data)) + data)
    with pytest.raises(fastopt.FormatError, match="holds more than 1024 MB"):
        fastopt.from_matlab(tmp_path / "bomb.mat")
