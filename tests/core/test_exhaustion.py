"""Memory that runs out: MemoryError with figures, whole objects, and the retry works."""

import sys

import pytest

import fastopt
from interruption import unweighed
from process import run_python

pytestmark = [
    unweighed,
    pytest.mark.skipif(sys.platform != "linux", reason="limits of the address space are Linux's"),
]

SWEEP = """
import copy, pickle, re, resource
from pathlib import Path
import numpy as np
import fastopt

rng = np.random.default_rng(0)
X, y = rng.normal(size=(600, 20)), rng.normal(size=(600, 1))
net = fastopt.MLP([20, 60, 1], random_state=0)
wide = fastopt.MLP([20, 20_000, 1], random_state=0)
narrow = fastopt.MLP([20, 20, 1], random_state=0)
n = 300
A = rng.normal(size=(4000, n))

def square(x):
    return float(x @ x)

def gradient(x):
    return 2 * x

def minimize(method, **options):
    return fastopt.minimize(
        square, np.ones(1200 if method in ("bfgs", "dfp") else 20_000), method=method,
        jac=gradient, options=options,
    )

def stepped():
    opt, w = fastopt.Adam(), np.ones(2_000_000)
    opt.step(w, w)
    return opt.state_dict()

calls = {
    "MLP": lambda: fastopt.MLP([200, 20_000, 1], random_state=0),
    "copy": wide.copy,
    "pickle": lambda: pickle.loads(pickle.dumps(wide)),
    "predict": lambda: wide.predict(np.ones((2000, 20))),
    "evaluate": lambda: wide.evaluate(X, y),
    "hessian": lambda: net.hessian(X, y),
    "jacobian": lambda: net.jacobian(X),
    "normal_equations": lambda: net.normal_equations(X, y),
    "step": stepped,
    "least_squares": lambda: fastopt.least_squares(
        lambda x: A @ x - 1, np.zeros(n), jac=lambda x: A, max_nfev=2
    ),
    "curve_fit": lambda: fastopt.curve_fit(
        lambda x, a, b: a * x + b, np.linspace(0, 1, 300_000), np.ones(300_000)
    ),
}
for method in ("adam", "sgd", "lbfgs", "steepest_descent"):
    calls["fit " + method] = lambda m=method: wide.fit(X, y, m, epochs=2, random_state=0)
for method in ("lm", "bfgs"):
    calls["fit " + method] = lambda m=method: net.fit(X, y, m, epochs=1)
calls["fit newton"] = lambda: narrow.fit(X, y, "newton", epochs=1)
for method in ("bfgs", "dfp", "lbfgs", "adam", "steepest_descent"):
    calls["minimize " + method] = lambda m=method: minimize(m, maxiter=3)

def address_space():
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

_, hard = resource.getrlimit(resource.RLIMIT_AS)
call = calls[NAME]
call()  # the buffers of NumPy's BLAS, without which it ends the process, are there from then on
refused = succeeded = 0
for room in (0, *(int(1e5 * 1.5**k) for k in range(20))):
    resource.setrlimit(resource.RLIMIT_AS, (address_space() + room, hard))
    try:
        call()
        outcome = None
    except BaseException as error:
        outcome = (type(error), str(error))
        error.__traceback__ = None
        del error
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    if outcome is None:
        succeeded += 1
    else:
        # Where Python 3.11 finds no room for a frame, it says that an error was not set.
        frame = outcome == (SystemError, "error return without exception set")
        assert frame or issubclass(outcome[0], MemoryError), outcome
        # Python's own error, where it cannot make a small object, has no text.
        text = outcome[1]
        assert frame or not text or re.search("[0-9]", text), text
        refused += 1
    assert np.isfinite(net.parameters).all() and np.isfinite(wide.parameters).all()
call()
print(refused, succeeded)
"""

CALLS = (
    *("MLP", "copy", "pickle", "predict", "evaluate", "hessian", "jacobian", "normal_equations"),
    *("step", "least_squares", "curve_fit"),
    *("fit adam", "fit sgd", "fit lbfgs", "fit steepest_descent", "fit lm", "fit bfgs"),
    "fit newton",
    *("minimize bfgs", "minimize dfp", "minimize lbfgs", "minimize adam"),
    "minimize steepest_descent",
)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", CALLS)
def test_limits_of_the_address_space(name, threads):
    code = f"NAME = {name!r}\n{SWEEP}"
    # glibc keeps what the first call has left, and reserves 64 MB for each thread: in one thread it
    # has a single heap and gives blocks back at once, so that there is too little in some cases.
    bare = {"MALLOC_ARENA_MAX": "1"}
    bare |= dict.fromkeys(["MALLOC_MMAP_THRESHOLD_", "MALLOC_TRIM_THRESHOLD_"], "65536")
    settings = {"FASTOPT_NUM_THREADS": str(threads), **(bare if threads == 1 else {})}
    refused, succeeded = map(int, run_python(code, timeout=240, **settings).split())
    assert refused + succeeded == 21
    assert refused > 0 or threads > 1


@pytest.mark.parametrize("memory", [2**40, 2**62])
@pytest.mark.parametrize("bounds", [None, [(-5, 5)] * 2])
def test_a_memory_of_pairs_that_nobody_has(memory, bounds):
    def rosenbrock(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    for settings in (
        {"method": fastopt.LBFGS(memory=memory)},
        {"method": "lbfgs", "options": {"maxcor": memory}},
    ):
        result = fastopt.minimize(rosenbrock, [-1.2, 1.0], bounds=bounds, **settings)
        assert result.x == pytest.approx([1, 1], rel=1e-5)


def test_pairs_that_could_all_be_needed_are_refused_with_the_figures():
    method = fastopt.LBFGS(memory=2**62)
    with pytest.raises(MemoryError, match=r"lbfgs on n = 2 parameters needs .* are available"):
        fastopt.minimize(sum, [1.0, 2.0], method=method, options={"maxiter": 2**62})
    with pytest.raises(MemoryError, match=r"lbfgs on n = 3 parameters needs .* are available"):
        fastopt.MLP([2, 1]).fit([[0, 1], [1, 0]], [0, 1], method, epochs=2**62)
