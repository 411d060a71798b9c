"""Networks as files: what is stored comes back, and nothing else is taken for a file."""

import errno
import json
import os
import random
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastopt
from fastopt.storage import atomic, safetensors
from training_cases import CLASSES, X, Y, bits, make_net

NETWORKS = {
    "plain": lambda: fastopt.MLP([3, 5, 2], random_state=1),
    "float32": lambda: fastopt.MLP([3, 5, 2], "relu", dtype="float32", random_state=2**64 - 1),
    "activations": lambda: fastopt.MLP([3, 5, 4, 2], ["elu", "gelu"], "softmax"),
    "batch": lambda: fastopt.MLP(
        [3, 5, 2], normalization=fastopt.BatchNormalization(0.9), dropout=0.25
    ),
    "layer": lambda: fastopt.MLP([3, 5, 5, 2], normalization="layer", residual=True),
    "residual": lambda: fastopt.MLP([3, 5, 4, 2], residual=fastopt.Residual(2, projection=True)),
    "projection": lambda: fastopt.MLP([3, 5, 4, 2], residual="projection", dropout=[0.1, 0, 0.2]),
    "linear": lambda: fastopt.MLP([3, 2]),
    "scaled": lambda: fastopt.MLP([3, 5, 2], scale_inputs="standard", scale_targets="minmax"),
}


def saved(net, folder, name="net.safetensors"):
    net.save(folder / name)
    return folder / name


@pytest.mark.parametrize("name", NETWORKS)
def test_a_network_comes_back(name, tmp_path):
    net = NETWORKS[name]()
    T = np.abs(np.column_stack([Y, X[:, 0]]))
    net.fit(X, T, epochs=3, metrics=["r2", "layer_gradient_norms"], validation_split=0.2)
    same = fastopt.load(saved(net, tmp_path))
    assert same.predict(X).tobytes() == net.predict(X).tobytes()
    assert repr(same) == repr(net)
    assert same.history_.to_dict() == net.history_.to_dict()
    assert same.history_.stop_reason == "epochs"
    assert same.history_.solver_state is None
    np.testing.assert_array_equal(same.history_.validation_rows, net.history_.validation_rows)
    # All that a copy of the network holds, the file holds.
    own, theirs = net.__getstate__(), same.__getstate__()
    assert own.keys() == theirs.keys()
    for key in own.keys() - {"parameters", "statistics", "history", "scalings"}:
        assert own[key] == theirs[key], key
    if net.dropout:
        for one, other in zip(*(n.predict(X, mc_dropout=3) for n in (net, same)), strict=True):
            np.testing.assert_array_equal(one, other)


def test_what_fit_remembers_is_stored(tmp_path):
    def own(y_true, y_pred):
        return np.mean((y_pred - y_true) ** 2), 2 * (y_pred - y_true) / y_true.size

    net = make_net()
    net.fit(X, Y[:, 0], loss="mae", epochs=1)
    same = fastopt.load(saved(net, tmp_path))
    assert same.predict(X).shape == (60,)
    assert same.evaluate(X, Y[:, 0]) == net.evaluate(X, Y[:, 0])
    net.fit(X, Y, loss=own, epochs=1)
    with pytest.raises(ValueError, match="trained with a loss of your own, 'own'"):
        fastopt.load(saved(net, tmp_path)).evaluate(X, Y)
    net = make_net(2, "softmax")
    net.fit(X, CLASSES, loss="cross_entropy", epochs=1)
    assert fastopt.load(saved(net, tmp_path)).evaluate(X, CLASSES) == net.evaluate(X, CLASSES)


def test_equal_networks_give_equal_bytes(tmp_path):
    one, other = (make_net() for _ in range(2))
    first = saved(one, tmp_path, "a").read_bytes()
    assert first == saved(other, tmp_path, "b").read_bytes()
    assert first == saved(fastopt.load(tmp_path / "a"), tmp_path, "c").read_bytes()
    other.parameters[0] += 1e-9
    assert first != saved(other, tmp_path, "d").read_bytes()


def test_nothing_in_a_file_is_executed_or_pickled(tmp_path):
    data = saved(make_net(), tmp_path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert set(header) == {"__metadata__", "parameters", "statistics"}
    assert len(header["__metadata__"]) == 1
    assert header["parameters"]["dtype"] == "F64"
    assert b"\x80\x04" not in data[: 8 + length]  # the beginning of a pickle


def test_the_format_s_own_library_reads_it(tmp_path):
    numpy = pytest.importorskip("safetensors.numpy")
    net = make_net()
    arrays = numpy.load_file(saved(net, tmp_path))
    np.testing.assert_array_equal(arrays["parameters"], net.parameters)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(12.0).reshape(3, 4),
        np.asfortranarray(np.arange(12.0).reshape(3, 4)),
        np.arange(24.0).reshape(4, 6)[::2, ::-3],
        np.arange(6.0).astype(">f8"),
        np.arange(6).astype(">i8"),
        np.arange(6).astype("<u4")[::2],
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.broadcast_to(np.float64(3), (2, 5)),
        np.empty((0, 4)),
        np.array(2.5),
        np.array([np.nan, np.inf, -0.0, 5e-324]),
    ],
    ids=lambda a: f"{a.dtype}{a.shape}{a.strides}",
)
def test_arrays_of_any_layout_and_byte_order(array):
    data = b"".join(safetensors.encode({"x": array, "y": np.arange(3.0)}, {}))
    arrays, _ = safetensors.decode(data)
    assert arrays["x"].shape == array.shape
    assert arrays["x"].tobytes() == np.array(array, array.dtype.newbyteorder("<")).tobytes()
    np.testing.assert_array_equal(arrays["y"], np.arange(3.0))


# --- damage -------------------------------------------------------------------------------------


def crafted(header, body=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def entry(dtype="F64", shape=(1,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


META = {"__metadata__": {"fastopt": "{}"}}
EIGHT = bytes(8)


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "length of the header"),
        (b"\x01\x00", "length of the header"),
        (crafted({}, length=2**63), "length of the header"),
        (crafted({}, length=99_000_000), "length of the header"),
        (crafted(b"[]"), "header"),
        (crafted(b'{"a": NaN}'), "header"),
        (crafted(b"\xff{}"), "header"),
        (crafted(b"[" * 100_000), "header"),
        (crafted(b'{"a": {}, "a": {}}'), "header"),
        (crafted({"__metadata__": {"a": "", "fastopt": "{}"}}), "__metadata__"),
        (crafted({}), "__metadata__"),
        (crafted({"__metadata__": {"fastopt": 3}}), "__metadata__.fastopt"),
        (crafted({"__metadata__": {"fastopt": '{"a":1,"a":2}'}}), "__metadata__.fastopt"),
        (crafted({**META, "x": entry("F16")}, EIGHT), "x.dtype"),
        (crafted({**META, "x": entry(3)}, EIGHT), "x.dtype"),
        (crafted({**META, "x": entry(shape=[-1])}, EIGHT), "x.shape"),
        (crafted({**META, "x": entry(shape=[2**40, 2**40])}, EIGHT), "x.shape"),
        (crafted({**META, "x": entry(shape=[1.0])}, EIGHT), "x.shape"),
        (crafted({**META, "x": entry(shape=[True])}, EIGHT), "x.shape"),
        (crafted({**META, "x": entry(offsets=[0, 2**62])}, EIGHT), "x.data_offsets"),
        (crafted({**META, "x": entry(offsets=[8, 0])}, EIGHT), "x.data_offsets"),
        (crafted({**META, "x": entry(offsets=[8, 16])}, 2 * EIGHT), "x.data_offsets"),
        (crafted({**META, "x": entry(), "y": entry()}, EIGHT), "y.data_offsets"),
        (crafted({**META, "x": {**entry(), "z": 1}}, EIGHT), "x"),
        (crafted({**META, "x": 3}), "x"),
        (crafted({**META, "x": entry()}, 2 * EIGHT), "end of the file"),
        (crafted({**META, "x": entry()}, EIGHT), "digest"),
    ],
)
def test_damage_is_named(data, field, tmp_path):
    path = tmp_path / "net"
    path.write_bytes(data)
    with pytest.raises(fastopt.FormatError) as caught:
        fastopt.load(path)
    assert caught.value.field == field
    assert str(caught.value).startswith(f"{field}: ")


def rewritten(path, change):
    """Change the document of a file as its author could: with a digest that fits."""
    arrays, document = safetensors.decode(path.read_bytes())
    change(document, arrays := dict(arrays))
    path.write_bytes(b"".join(safetensors.encode(arrays, document)))


def put(where, value):
    def change(document, arrays):
        *way, last = where.split(".")
        for name in way:
            document = document[name]
        document[last] = value

    return change


@pytest.mark.parametrize(
    ("where", "value"),
    [
        ("format", 2),
        ("format", 0),
        ("format", "1"),
        ("library", None),
        ("network", None),
        ("network.layer_sizes", [3, 0, 1]),
        ("network.layer_sizes", [3, 10**12, 1]),  # no memory is taken for it
        ("network.layer_sizes", [3, 9, 1]),
        ("network.activations", ["tanh", "tanh"]),
        ("network.activations", ["sin"]),
        ("network.output_activation", "sin"),
        ("network.dtype", "float32"),
        ("network.dtype", "int8"),
        ("network.seed", -1),
        ("network.seed", 1.5),
        ("network.normalization", {"kind": "batch"}),
        ("network.normalization", {"kind": "group"}),
        ("network.normalization", {"kind": "batch", "strength": 1}),
        ("network.dropout", [0.0, 2.0]),
        ("network.residual", -1),
        ("network.residual", {"layers": 0}),
        ("network.loss", "mean"),
        ("network.loss", {"name": "mine"}),
        ("network.one_dimensional", 1),
        ("history", 3),
        ("history.columns", [["loss"]]),
        ("history.columns", []),
        ("history.stop_reason", 1),
        ("history.validation_rows", [1]),
        ("state", {"dict": {}}),
        ("state", {"array": "state.solver"}),
    ],
)
def test_a_wrong_entry_is_named(where, value, tmp_path):
    net = make_net()
    net.fit(X, Y, epochs=2)
    path = saved(net, tmp_path)
    rewritten(path, put(where, value))
    with pytest.raises(fastopt.FormatError) as caught:
        fastopt.load(path)
    part = where.rpartition(".")[2] if where.startswith("network.") else where.partition(".")[0]
    assert part in str(caught.value) or caught.value.field in (
        "parameters",
        "statistics",
        "network",
    )


def test_arrays_that_nothing_uses_or_that_are_missing(tmp_path):
    path = saved(make_net(), tmp_path)
    rewritten(path, lambda document, arrays: arrays.update(more=np.zeros(2)))
    with pytest.raises(fastopt.FormatError, match="more: nothing in the file uses"):
        fastopt.load(path)
    path = saved(make_net(), tmp_path)
    rewritten(path, lambda document, arrays: arrays.pop("parameters"))
    with pytest.raises(fastopt.FormatError, match="parameters: there is no such array"):
        fastopt.load(path)


def mutated(data, rng):
    """Bytes changed as a disk, a transfer or a slip may change them."""
    data = bytearray(data)
    kind = rng.randrange(6)
    at = rng.randrange(len(data))
    if kind == 0:
        return bytes(data[:at])
    if kind == 1:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        data[at : at + rng.randrange(1, 64)] = rng.randbytes(rng.randrange(64))
    elif kind == 3:
        data += rng.randbytes(rng.randrange(1, 64))
    elif kind == 4:
        other = rng.randrange(len(data))
        data[at : at + 16], data[other : other + 16] = data[other : other + 16], data[at : at + 16]
    else:
        digits = [i for i in range(8, 1500) if chr(data[i]).isdigit()]
        data[rng.choice(digits)] = ord(rng.choice("0123456789-e."))
    return bytes(data)


def test_mutated_files(tmp_path):
    """3,000 of them: each is refused by FormatError, or has the content that it had."""
    checkpoint = fastopt.ModelCheckpoint(tmp_path / "run")
    early = fastopt.EarlyStopping("loss", patience=9)
    net = make_net()
    net.fit(X, Y, epochs=3, callbacks=[checkpoint, early], metrics=["r2"])
    data = (tmp_path / "run").read_bytes()
    rng, refused = random.Random(0), 0
    path = tmp_path / "mutated"
    for _ in range(3000):
        path.write_bytes(mutated(data, rng))
        try:
            same = fastopt.load(path)
        except fastopt.FormatError:
            refused += 1
            continue
        assert bits(same) == bits(net)
    assert refused > 2500


# --- the writer ----------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o077])
def test_mode_is_that_of_the_umask(umask, tmp_path):
    before = os.umask(umask)
    try:
        path = saved(make_net(), tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~umask


def test_a_symbolic_link_stays_one(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "there" / "net")
    saved(make_net(), tmp_path, "link")
    assert link.is_symlink()
    assert (tmp_path / "there" / "net").is_file()
    assert fastopt.load(link).layer_sizes == (3, 8, 1)


def test_folders_and_missing_folders_are_named(tmp_path):
    net = make_net()
    with pytest.raises(IsADirectoryError, match=tmp_path.name):
        net.save(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        net.save(tmp_path / "nowhere" / "net")
    with pytest.raises(FileNotFoundError):
        fastopt.load(tmp_path / "net")
    with pytest.raises(IsADirectoryError):
        fastopt.load(tmp_path)
    assert os.listdir(tmp_path) == []


def test_no_space_leaves_the_old_file(tmp_path, monkeypatch):
    """The disk is full while bytes are written, and when they are to be safe."""
    net = make_net()
    path = saved(net, tmp_path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    net.parameters[:] = 1.0
    for name in ("fsync", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, name, full)
            with pytest.raises(OSError, match=r"No space left.*net\.safetensors"):
                net.save(path)
        assert os.listdir(tmp_path) == ["net.safetensors"]
        assert path.read_bytes() == before


FULL = """
import resource, signal, sys
import fastopt
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
net = fastopt.MLP([100, 100, 1], random_state=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    net.save(sys.argv[1])
except OSError as error:
    print(error.errno)
"""


def test_a_file_that_may_not_become_so_large_leaves_the_old_one(tmp_path):
    """By the system's own limit on the size of files."""
    path = saved(make_net(), tmp_path)
    before = path.read_bytes()
    result = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    )
    assert int(result.stdout) == errno.EFBIG
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["net.safetensors"]


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_no_rights_leave_the_old_file(tmp_path):
    path = saved(make_net(), tmp_path)
    before = path.read_bytes()
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(PermissionError, match=r"net\.safetensors"):
            make_net().save(path)
    finally:
        tmp_path.chmod(0o755)
    assert path.read_bytes() == before


def test_a_pipe_stays_one(tmp_path):
    """What is no file cannot be replaced by one: /dev/null would be lost, and /dev/stdout."""
    pipe, net = tmp_path / "pipe", make_net()
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_bytes)
        net.save(pipe)
    assert read.result() == saved(net, tmp_path).read_bytes()
    assert pipe.is_fifo()


def test_threads_may_write_the_same_file(tmp_path):
    """The file is that of one of them, whole."""
    nets = [fastopt.MLP([3, 8, 1], random_state=k) for k in range(4)]
    path = tmp_path / "net"

    def write(net):
        for _ in range(20):
            net.save(path)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, nets))
    assert bits(fastopt.load(path)) in [bits(net) for net in nets]
    assert os.listdir(tmp_path) == ["net"]


def test_what_a_killed_process_left_is_taken_away(tmp_path):
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    left = tmp_path / f".net.safetensors.{dead.pid}.fastopt-tmp"
    newer = tmp_path / f".net.safetensors.{dead.pid}-3.fastopt-tmp"
    of_another = tmp_path / f".other.{dead.pid}.fastopt-tmp"
    of_the_living = tmp_path / f".net.safetensors.{os.getppid()}.fastopt-tmp"
    for path in (left, newer, of_another, of_the_living):
        path.write_bytes(b"half")
    saved(make_net(), tmp_path)
    assert not left.exists()
    assert not newer.exists()
    assert of_another.exists()
    assert of_the_living.exists()
