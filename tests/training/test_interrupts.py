"""Ctrl-C and other signals, and forks, while a training is at work."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import fastopt
from interruption import delay_of_interruption
from process import run_python

# --- Ctrl-C ----------------------------------------------------------------------------------

# An epoch lasts minutes, and none is whole: the weights are those of the start again. The array has
# one element.
CTRL_C = """
import sys
import numpy as np, fastopt
from interruption import delay_of_interruption
optimizer, batch_size, threads, kind = sys.argv[1:]
fastopt.set_num_threads(int(threads))
net = fastopt.MLP([1000, 128], initializer="zeros")
X = np.broadcast_to(np.ones(1), (3_000_000, 1000))
Y = np.broadcast_to(np.array([1e9], dtype="f8"), (3_000_000, 128))
fastopt._validation.check_finite = lambda *_: None  # it would take long
weights = []
def call():
    net.parameters[:] = 0
    try:
        if kind == "fit":
            net.fit(X, Y, optimizer, "mae", batch_size=eval(batch_size), shuffle=False)
        elif kind == "predict":
            net.predict(X[:600_000])
        else:
            net.evaluate(X, Y)
    finally:
        weights.append(net.parameters.copy())
delay = delay_of_interruption(call, after=0.2)
if kind == "fit":
    assert net.history_.stop_reason == "interrupted", net.history_.stop_reason
assert not np.any(weights), weights
assert net.fit(X[:100], Y[:100], epochs=1).stop_reason == "epochs"
print(delay)
"""


@pytest.mark.timing
@pytest.mark.parametrize(
    ("optimizer", "batch_size", "threads", "kind"),
    [
        ("sgd", "64", "1", "fit"),
        ("nesterov", "64", "2", "fit"),
        ("adam", "512", "2", "fit"),
        ("sgd", "None", "2", "fit"),
        ("sgd", "None", "2", "predict"),
        ("sgd", "None", "1", "evaluate"),
    ],
)
def test_interrupt(optimizer, batch_size, threads, kind):
    result = subprocess.run(
        [sys.executable, "-c", CTRL_C, optimizer, batch_size, threads, kind],
        cwd=Path(__file__).parents[1],  # where the measure is
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) < 0.1


@pytest.mark.timing
def test_interrupt_within_a_step_of_seconds():
    X = np.random.default_rng(0).standard_normal((8192, 1000))
    net = fastopt.MLP([1000, 2500, 1000], activation="relu", random_state=0)
    before = net.parameters.copy()
    assert delay_of_interruption(lambda: net.fit(X, X, batch_size=None), after=0.5) < 0.1
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.timing
@pytest.mark.parametrize("what", ["normal_equations", "hessian"])
def test_interrupt_while_large_memory_is_filled(what):
    """The matrix takes 1.2 GB: its pages, touched for the first time, take a while."""
    net = fastopt.MLP([110, 110, 1], random_state=0)
    X = np.ones((8, 110))
    assert delay_of_interruption(lambda: getattr(net, what)(X, X[:, 0]), after=0.03) < 0.1


@pytest.mark.timing
@pytest.mark.parametrize("method", ["newton", "bfgs", "lm"])
def test_interrupt_while_a_solver_takes_its_memory(method):
    """Which it does with Python's lock, so that the signal must come from the system."""

    def handler(number, frame):
        raise Enough

    class Enough(Exception):
        pass

    net = fastopt.MLP([90, 90, 1], random_state=0)
    X = np.ones((net.n_parameters + 1, 90))
    before = signal.signal(signal.SIGPROF, handler)
    try:
        delays = []
        for _ in range(5):
            signal.setitimer(signal.ITIMER_PROF, 0.08)
            start = time.process_time()
            with pytest.raises(Enough):
                net.fit(X, X[:, 0], method)
            delays.append(time.process_time() - start - 0.08)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)
    assert min(delays) < 0.1
    assert net.fit(X[:10], X[:10, 0], epochs=1).stop_reason == "epochs"


def test_interrupt_from_a_handler_of_the_users():
    """Whatever a signal handler raises comes out of the epoch."""
    found = run_python("""
import signal, numpy as np, fastopt
class Enough(Exception): pass
def handler(number, frame): raise Enough
signal.signal(signal.SIGALRM, handler)
X = np.ones((200_000, 50))
net = fastopt.MLP([50, 100, 1])
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    net.fit(X, X[:, 0], epochs=10_000)
except Enough:
    print("Enough", np.isfinite(net.parameters).all())
""")
    assert found == "Enough True"


# --- forks -----------------------------------------------------------------------------------


def test_fork_after_the_use_of_threads():
    found = run_python(
        """
import multiprocessing, threading, numpy as np, fastopt
X = np.random.default_rng(0).normal(size=(600, 50))
def train(seed):
    net = fastopt.MLP([50, 200, 1], random_state=seed)
    net.fit(X, X[:, 0], epochs=2, batch_size=200)
    return fastopt.get_num_threads(), net.parameters.tobytes()
if __name__ == "__main__":
    expected = [train(k) for k in range(3)]
    busy = threading.Event()
    other = threading.Thread(target=lambda: [train(9) for _ in iter(busy.is_set, True)])
    other.start()  # the pool is at work while the process forks
    with multiprocessing.get_context("fork").Pool(3) as pool:
        found = pool.map(train, range(3))
    busy.set()
    other.join()
    print(found == expected, train(0) == expected[0], found[0][0])
""",
        FASTOPT_NUM_THREADS="2",
    )
    assert found == "True True 2"
