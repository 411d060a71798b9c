"""What ``memory_needed`` says against what a run takes."""

import subprocess
import sys

import pytest

import fastopt
from fastopt import memory
from interruption import unweighed
from process import run_python

RUN = """
import re
import sys
from pathlib import Path
import numpy as np
import fastopt

def peak():  # getrusage would count what the parent process held, too
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

method, inputs, hidden, samples = sys.argv[1], *map(int, sys.argv[2:5])
l2 = float(sys.argv[5])
memory = 30
optimizer = fastopt.LBFGS(memory=memory) if method == "lbfgs" else method
rng = np.random.default_rng(0)
X, y = rng.normal(size=(samples, inputs)), rng.normal(size=samples)
# What does not grow with the network is there before.
fastopt.MLP([1, 1, 1]).fit(X[:, :1], y, optimizer, epochs=1, l2=l2)
net = fastopt.MLP([inputs, hidden, 1], random_state=0)
before = peak()
epochs = memory if method == "lbfgs" else 1  # an iteration makes a pair at most
net.fit(X, y, optimizer, epochs=epochs, l2=l2)
print((peak() - before) / fastopt.memory_needed(method, net.n_parameters, samples, memory=memory))
"""


# What does not grow with n is there before a run of the same kind is measured.
MINIMIZE = """
import re
import sys
from pathlib import Path
import numpy as np
import fastopt

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

method, n = sys.argv[1], int(sys.argv[2])
memory = 10
optimizer = fastopt.LBFGS(memory=memory) if method == "lbfgs" else method

def run(n):
    scales, start = np.linspace(1, 30, n), np.ones(n)
    given = {"jac": lambda x: scales * x}
    if method == "newton":
        H = np.diag(scales)
        given["hess"] = lambda x: H
    if method == "newton_cg":
        given["hessp"] = lambda x, v: scales * v
    options = {"maxiter": memory if method == "lbfgs" else 3}
    before = peak()
    fastopt.minimize(lambda x: 0.5 * float(scales @ (x * x)), start, method=optimizer,
                     options=options, **given)
    return peak() - before

run(10)
taken = run(n)
print(taken / fastopt.memory_needed(method, n, memory=memory, function=True))
"""


LEAST_SQUARES = """
import re
import sys
from pathlib import Path
import numpy as np
import fastopt

def peak():
    return 1024 * int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1])

method, jac, n, m = *sys.argv[1:3], *map(int, sys.argv[3:5])
method = fastopt.LevenbergMarquardt() if method == "LevenbergMarquardt" else method

def run(n, m):
    A = np.random.default_rng(0).normal(size=(m, n))
    given = (lambda x: A) if jac == "given" else jac
    before = peak()
    fastopt.least_squares(lambda x: A @ x - 1, np.zeros(n), method=method, jac=given, max_nfev=3)
    return peak() - before

run(10, 20)
print(run(n, m) / fastopt.memory_needed("lm", n, m, function=True))
"""


def ratio(code, *arguments):
    """Return what a run in a process of its own takes, relative to what was said."""
    result = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    return float(result.stdout)


@unweighed
@pytest.mark.parametrize(
    ("method", "inputs", "hidden", "samples", "l2"),
    [
        ("bfgs", 30, 90, 50, 0.0),
        ("dfp", 30, 90, 50, 0.0),
        ("newton", 30, 40, 50, 0.0),
        ("lm", 30, 110, 5000, 0.0),
        ("lm", 300, 100, 500, 0.0),
        ("bayesian_regularization", 30, 110, 5000, 0.0),
        ("bayesian_regularization", 30, 110, 50, 0.0),
        ("lm", 300, 100, 500, 1e-3),
        ("lbfgs", 30, 1300, 50, 0.0),
        ("lm", 10_000, 20, 20, 0.0),  # fewer samples than weights, and many inputs
        ("lm", 3000, 100, 10, 0.0),
        ("lm", 1000, 4, 5000, 0.0),  # more samples than weights, and many inputs
        ("sgd", 10_000, 100, 20, 0.0),
        ("momentum", 10_000, 100, 20, 0.0),
        ("nesterov", 10_000, 100, 20, 0.0),
        ("adagrad", 10_000, 100, 20, 0.0),
        ("rmsprop", 200, 5000, 20, 0.0),
        ("adam", 10_000, 100, 20, 0.0),
        ("adam", 10_000, 1000, 20, 0.0),  # 1e7 weights
        ("momentum", 10_000, 1000, 20, 0.0),
        ("nadam", 10_000, 100, 100, 0.0),  # in mini-batches
        ("sgd", 10_000, 100, 100, 0.0),
        ("steepest_descent", 1000, 2000, 20, 0.0),
        ("cg", 1000, 2000, 20, 0.0),
        ("fletcher_reeves", 1000, 2000, 20, 0.0),
        ("scg", 1000, 2000, 20, 0.0),
        ("oss", 1000, 2000, 20, 0.0),
    ],
)
def test_memory_needed_is_what_a_run_takes(method, inputs, hidden, samples, l2):
    assert 0.7 <= ratio(RUN, method, inputs, hidden, samples, l2) <= 1.3


@unweighed
@pytest.mark.parametrize(
    ("method", "n"),
    [
        *(("bfgs", 2000), ("dfp", 2000), ("newton", 2000)),
        *((method, 1_000_000) for method in ("lbfgs", "newton_cg", "steepest_descent")),
        *((method, 1_000_000) for method in ("cg", "fletcher_reeves", "scg", "oss")),
        *(("lbfgs", 3_000_000), ("newton_cg", 10_000_000), ("adam", 10_000_000)),
        *((method, 1_000_000) for method in ("sgd", "momentum", "nesterov", "adagrad", "rmsprop")),
        *((method, 1_000_000) for method in ("adam", "nadam")),
    ],
)
def test_memory_needed_is_what_minimize_takes(method, n):
    assert 0.7 <= ratio(MINIMIZE, method, n) <= 1.3


@unweighed
@pytest.mark.parametrize(
    ("method", "jac", "n", "m"),
    [
        ("trf", "given", 1000, 1500),
        ("trf", "given", 300, 50_000),
        ("trf", "2-point", 300, 3000),
        ("trf", "given", 2000, 1000),
        ("LevenbergMarquardt", "given", 1000, 3000),
        ("LevenbergMarquardt", "given", 2000, 1000),
    ],
)
def test_memory_needed_is_what_least_squares_takes(method, jac, n, m):
    found = ratio(LEAST_SQUARES, method, jac, n, m)
    assert 0.7 <= found <= 1.3


def test_memory_needed():
    # V, and the copy of it that is handed out.
    n = 138_357_544  # VGG16
    assert fastopt.memory_needed("bfgs", n) // 8 - 16 * n == 2 * 19_142_809_981_711_936
    n = 3_538_984  # MobileNetV2
    assert fastopt.memory_needed("bfgs", n) // 8 - 16 * n == 2 * 12_524_407_752_256
    assert fastopt.memory_needed("adam", 1000) == 8 * 8 * 1000
    assert fastopt.memory_needed("adam", 1000, N=10) == 8 * 9 * 1000
    assert fastopt.memory_needed("lm", 1000, N=10, q=2) < fastopt.memory_needed("lm", 1000)
    assert fastopt.memory_needed("lbfgs", 10**6) < 10**9
    # A rule with its settings: what it keeps, and its copy at the end.
    vector = 8 * 1000
    plain = fastopt.memory_needed("adam", 1000, N=10)
    assert fastopt.memory_needed(fastopt.Adam(), 1000, N=10) == plain
    assert fastopt.memory_needed(fastopt.Adam(amsgrad=True), 1000, N=10) == plain + 2 * vector
    assert fastopt.memory_needed("amsgrad", 1000, N=10) == plain + 2 * vector
    assert fastopt.memory_needed("adam", 1000, N=10, l1=True) == plain + 2 * vector
    # The weights before a step, which may be undone.
    adaptive = fastopt.SGD(fastopt.AdaptiveLearningRate(0.1))
    of_sgd = fastopt.memory_needed("sgd", 1000, N=10)
    assert fastopt.memory_needed(adaptive, 1000, N=10) == of_sgd + vector
    assert fastopt.memory_needed("traingda", 1000, N=10) == of_sgd + vector
    assert fastopt.memory_needed("traingd", 1000, N=10) == of_sgd
    with pytest.raises(ValueError, match="method must be one of"):
        fastopt.memory_needed("magic", 3)
    with pytest.raises(ValueError, match="n must be an integer"):
        fastopt.memory_needed("adam", 0)


@unweighed
def test_available_memory_follows_the_limit_on_addresses():
    code = """
import resource
from fastopt.memory import available_memory
_, hard = resource.getrlimit(resource.RLIMIT_AS)
resource.setrlimit(resource.RLIMIT_AS, (10**10, hard))
assert 0 < available_memory() < 10**10
resource.setrlimit(resource.RLIMIT_AS, (1, hard))
assert available_memory() == 0
"""
    run_python(code)


def test_available_memory_follows_the_groups(tmp_path, monkeypatch):
    assert memory.available_memory() > 0
    (tmp_path / "memory.max").write_text("1000\n")
    (tmp_path / "memory.current").write_text("400\n")
    found = memory._available_of_groups(tmp_path)
    assert all(value == 600 for value in found)
