"""What do general functions cost: overhead beyond the callbacks, evaluations, and right answers?

The overhead of an iteration of BFGS is what is left of a run on Rosenbrock's function when the time
of the callbacks, measured in the same round, is taken off; both are times of the thread, not of the
clock. The test set of Moré, Garbow and Hillstrom is counted from the standard start and from 10 and
100 times it: instances that end at a known minimum, claims of success that are false, and calls of
fun against SciPy's where both solve the same instance.
"""

import sys
import warnings
from functools import cache, partial
from pathlib import Path
from time import thread_time

import numpy as np

from bench.contender import Contender
from bench.question import Case, Count, at_least, at_most, faster

ROUNDS = 15
LIMITS = {2: 8, 10: 8, 100: 15}


def rosenbrock(x):
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2).sum() + ((1 - x[:-1]) ** 2).sum())


def gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def start(n):
    return np.resize([-1.2, 1.0], n)


def minimizer(library):
    if library == "SciPy":
        from scipy.optimize import minimize
    else:
        from fastopt import minimize
    return minimize


def overhead(library, n):
    """Return microseconds of an iteration of BFGS beyond the callbacks, the median of rounds."""
    minimize = minimizer(library)
    found = []
    for _ in range(ROUNDS):
        before = thread_time()
        result = minimize(rosenbrock, start(n), jac=gradient, method="BFGS")
        total = thread_time() - before
        before = thread_time()
        for _ in range(result.nfev):
            rosenbrock(result.x)
        for _ in range(result.njev):
            gradient(result.x)
        found.append((total - (thread_time() - before)) / result.nit)
    return 1e6 * float(np.median(found))


class Quadratic(Contender):
    """BFGS on a quadratic of 1000 variables, whose callbacks cost little beside n²."""

    n, steps = 1000, 30

    def __init__(self, name):
        self.name = name
        self.minimize = minimizer(name)
        self.weights = np.geomspace(1, 1e3, self.n)

    def run(self, count):
        for _ in range(count):
            result = self.minimize(
                lambda x: float(0.5 * (self.weights * x) @ x),
                np.ones(self.n),
                jac=lambda x: self.weights * x,
                method="BFGS",
                options={"maxiter": self.steps, "gtol": 0.0},
            )
        return count * result.nit


@cache
def problems():
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from problems.more_garbow_hillstrom import PROBLEMS

    return PROBLEMS


@cache
def solve(library, method, factor):
    """Return (solved, claimed success, calls of fun) of each instance."""
    minimize = minimizer(library)
    found = []
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for p in problems():
            settings = {"hess": p.hessian} if method == "newton" else {}
            try:
                result = minimize(
                    p.value, p.start(factor), jac=p.gradient, method=method, **settings
                )
            except (ValueError, OverflowError):  # not finite at the start
                found.append((False, False, 0))
                continue
            found.append((p.is_minimum(result.fun), bool(result.success), result.nfev))
    return found


def solved(library, method, factor):
    return float(sum(good for good, _, _ in solve(library, method, factor)))


def false_claims(library, method, factor):
    runs = solve(library, method, factor)
    return float(sum(claimed and not good for good, claimed, _ in runs))


def calls_against_scipy(method, peer, factor):
    """Return the median ratio of calls of fun where both end at a known minimum."""
    pairs = zip(solve("fastopt", method, factor), solve("SciPy", peer, factor), strict=True)
    return float(np.median([a[2] / b[2] for a, b in pairs if a[0] and b[0]]))


METHODS = {"bfgs": (42, {"SciPy": "BFGS"}), "newton": (43, {}), "cg": (38, {"SciPy": "CG"})}
# Calls over SciPy's, at most.
CALLS = {"bfgs": 1.2, "cg": 1.1}


def cases():
    found = [
        Count(
            name=f"overhead-{n}",
            title=f"BFGS beyond the callbacks, Rosenbrock n = {n}, an iteration",
            figures={name: partial(overhead, name, n) for name in ("fastopt", "SciPy")},
            targets=(at_most(limit),),
            unit="µs",
        )
        for n, limit in LIMITS.items()
    ]
    found.append(
        Case(
            name="bfgs-1000",
            title="BFGS, n = 1000, an iteration with cheap callbacks",
            contenders={name: partial(Quadratic, name) for name in ("fastopt", "SciPy")},
            targets=(faster("SciPy", 30),),
            per="iteration",
            rounds=5,
        )
    )
    for method, (goal, peers) in METHODS.items():
        runs = {"fastopt": method, **peers}
        for factor in (1, 10, 100):
            figures = {
                what: {name: partial(what, name, m, factor) for name, m in runs.items()}
                for what in (solved, false_claims)
            }
            start_of = f"Moré-Garbow-Hillstrom, {method}, start × {factor}"
            found.append(
                Count(
                    name=f"mgh-{method}-{factor}",
                    title=f"{start_of}: at a known minimum, of 43",
                    figures=figures[solved],
                    targets=(at_least(goal),) if factor == 1 else (),
                )
            )
            found.append(
                Count(
                    name=f"mgh-{method}-false-{factor}",
                    title=f"{start_of}: success claimed falsely",
                    figures=figures[false_claims],
                    targets=(at_most(0),) if factor == 1 else (),
                )
            )
    for method, most in CALLS.items():
        title = f"Moré-Garbow-Hillstrom, {method}: calls of fun over SciPy's, median of instances"
        peer = METHODS[method][1]["SciPy"]
        found.append(
            Count(
                name="mgh-calls" if method == "bfgs" else f"mgh-{method}-calls",
                title=title,
                figures={"fastopt": partial(calls_against_scipy, method, peer, 1)},
                targets=(at_most(most),),
            )
        )
    return found
