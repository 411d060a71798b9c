"""The same seed gives the same bits: on each run, for any number of threads and any layout."""

import hashlib
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

import fastopt

RNG = np.random.default_rng(0)


def digest(net, history):
    losses = np.array([history[name] for name in history if name != "seconds"])
    return hashlib.sha256(net.parameters.tobytes() + losses.tobytes()).hexdigest()


# --- runs and threads ------------------------------------------------------------------------

# Each is large enough for blocks of samples, parts of the gradient and slices of the update to go
# to several threads; odd sizes leave remainders everywhere.
LARGE = {
    "mini-batches": ([70, 200, 90, 10], {"batch_size": 128, "epochs": 2}),
    "small batches": ([300, 250, 10], {"batch_size": 37, "epochs": 1}),
    "full batch": ([70, 120, 10], {"batch_size": None, "epochs": 3}),
}


@pytest.fixture(scope="module")
def digits():
    X = np.random.default_rng(1).normal(size=(1403, 300)).astype("f4")
    return X, np.random.default_rng(2).integers(0, 10, size=1403)


def train_large(digits, name, dtype, optimizer="adam", **settings):
    sizes, own = LARGE[name]
    X, y = digits
    net = fastopt.MLP(sizes, "relu", "softmax", dtype=dtype, random_state=0)
    history = net.fit(
        X[:, : sizes[0]],
        y,
        optimizer,
        "cross_entropy",
        validation_split=0.1,
        metrics=["accuracy", "gradient_norm"],
        l2=1e-4,
        random_state=3,
        **own,
        **settings,
    )
    return digest(net, history), net.predict(X[:, : sizes[0]]).tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", LARGE)
def test_any_number_of_threads(digits, name, dtype, set_threads):
    found = []
    for threads in (1, 2, 4, 2):
        set_threads(threads)
        found.append(train_large(digits, name, dtype))
    assert len(set(found)) == 1


@pytest.mark.parametrize("optimizer", ["momentum", "nesterov", "adagrad", "rmsprop", "nadam"])
def test_any_number_of_threads_for_each_optimizer(digits, optimizer, set_threads):
    found = []
    for threads in (1, 3):
        set_threads(threads)
        for clip in (None, fastopt.ClipByGlobalNorm(0.5)):
            found.append(train_large(digits, "mini-batches", "float32", optimizer, clip=clip))
    assert found[0] == found[2]
    assert found[1] == found[3]
    assert found[0] != found[1]


def test_other_seeds_give_other_bits(digits):
    X, y = digits
    net = fastopt.MLP([300, 5, 10], random_state=0)
    nets = [net.copy() for _ in range(2)]
    for seed, one in enumerate(nets):
        one.fit(X, y, loss="cross_entropy", epochs=1, random_state=seed)
    assert (nets[0].parameters != nets[1].parameters).any()


PROCESS = """
import hashlib, numpy as np, fastopt
X = (np.arange(6000) * 37 % 101 / 50 - 1).reshape(500, 12)
net = fastopt.MLP([12, 150, 1], dtype="float32", random_state=7)
net.fit(X, np.sin(X[:, 0]), epochs=3, batch_size=250, validation_split=0.1)
print(fastopt.get_num_threads(), hashlib.sha256(net.parameters.tobytes()).hexdigest())
"""


def test_other_processes_give_the_same_bits():
    found = []
    for threads in ("1", "2", "4"):
        environment = {**os.environ, "FASTOPT_NUM_THREADS": threads, "PYTHONHASHSEED": threads}
        result = subprocess.run(
            [sys.executable, "-c", PROCESS],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
        count, bits = result.stdout.split()
        assert count == threads
        found.append(bits)
    assert len(set(found)) == 1


# --- layouts of the data ---------------------------------------------------------------------

N, D, Q = 75, 5, 3
X = RNG.normal(size=(N, D)).astype("f4").astype(float)
Y = RNG.normal(size=(N, Q)).astype("f4").astype(float)


def strided(x):
    big = np.full((2 * x.shape[0], 3 * x.shape[1]), np.nan, x.dtype)
    big[::2, 1::3] = x
    return big[::2, 1::3]


def reversed_twice(x):
    return np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1]


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


def unaligned(x):
    memory = bytearray(1) + x.tobytes()
    return np.frombuffer(memory, x.dtype, offset=1).reshape(x.shape)


def field_of_records(x):
    records = np.zeros(x.shape, dtype=[("flag", "i1"), ("value", x.dtype)])
    records["value"] = x
    return records["value"]


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": strided,
    "reversed": reversed_twice,
    "read-only": read_only,
    "big-endian": lambda x: x.astype(x.dtype.newbyteorder(">")),
    "big-endian, F": lambda x: np.asfortranarray(x.astype(x.dtype.newbyteorder(">"))),
    "unaligned": unaligned,
    "records": field_of_records,
    "float32": lambda x: x.astype("f4"),
    "float32, strided": lambda x: strided(x.astype("f4")),
    "float32, big-endian": lambda x: x.astype(">f4"),
    "long double": lambda x: x.astype("g"),
    "list": lambda x: x.tolist(),
}


def train(x, y, dtype="float64", batch_size=16):
    net = fastopt.MLP([D, 9, Q], dtype=dtype, random_state=0)
    history = net.fit(x, y, epochs=4, batch_size=batch_size, validation_split=0.2, metrics="mae")
    return digest(net, history), net.predict(x).tobytes()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout(layout, batch_size, dtype):
    make = LAYOUTS[layout]
    assert train(make(X), make(Y), dtype, batch_size) == train(X, Y, dtype, batch_size)


def test_memory_maps(tmp_path):
    for name, array in (("x", X), ("y", Y.astype(">f4"))):
        array.tofile(tmp_path / name)
    x = np.memmap(tmp_path / "x", float, "r", shape=X.shape)
    y = np.memmap(tmp_path / "y", ">f4", "r", shape=Y.shape)
    assert train(x, y) == train(X, Y)


@pytest.mark.parametrize("layout", ["C", "F", "strided", "float32"])
def test_the_callers_arrays_are_never_written_to(layout):
    make = LAYOUTS[layout]
    arrays = [make(X), make(Y), np.linspace(0.5, 2, N)]
    copies = [array.copy() for array in arrays]
    for array in arrays:
        array.flags.writeable = False
    x, y, v = arrays
    net = fastopt.MLP([D, 9, Q], output_activation="softmax", random_state=0)
    net.fit(x, y, epochs=2, sample_weight=v, validation_data=(x, y, v), metrics=["mse", "r2"])
    net.evaluate(x, y, metrics=["mae"], sample_weight=v)
    net.loss_and_gradient(x, y, sample_weight=v)
    net.predict(x)
    for array, kept in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(array, kept)


def test_a_loss_of_ones_own_gets_copies():
    def vandal(outputs, targets):
        difference = outputs - targets
        value = (difference**2).mean()
        outputs[:], targets[:] = np.nan, np.nan
        return value, 2 * difference / difference.size

    nets = [fastopt.MLP([D, 9, Q], random_state=0) for _ in range(2)]
    y = Y.copy()
    nets[0].fit(X, y, loss=vandal, epochs=3, batch_size=None)
    nets[1].fit(X, Y, epochs=3, batch_size=None)
    np.testing.assert_array_equal(y, Y)
    np.testing.assert_allclose(nets[0].parameters, nets[1].parameters, rtol=1e-12)


# --- side by side ----------------------------------------------------------------------------


@pytest.mark.parametrize("threads", [1, 2])
def test_networks_in_parallel_give_the_bits_of_one_after_another(digits, threads, set_threads):
    set_threads(threads)
    jobs = [(name, dtype) for name in LARGE for dtype in ("float64", "float32")]
    expected = [train_large(digits, *job) for job in jobs]
    found = [None] * len(jobs)

    def work(k):
        found[k] = train_large(digits, *jobs[k])

    workers = [threading.Thread(target=work, args=(k,)) for k in range(len(jobs))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert found == expected
