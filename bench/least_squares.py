"""How exact are sums of squares, how honest, how many evaluations, and what does a whole call cost?

The certified problems are the thirteen of NIST's 27 that the tests keep, from both starts: 26
cases. Digits are those of the worst parameter, at most 11. The known minima are those of the 43
instances of Moré, Garbow and Hillstrom.
"""

import gc
import sys
import warnings
from functools import cache, partial
from pathlib import Path
from time import perf_counter

import numpy as np

from bench.contender import Contender
from bench.question import Case, Count, at_least, at_most

TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}
SOLVERS = ("fastopt", "SciPy, lm", "SciPy, trf")
WRONG = 4  # digits below which an answer is a wrong one


def _problems():
    tests = str(Path(__file__).parents[1] / "tests")
    if tests not in sys.path:
        sys.path.insert(0, tests)
    from problems import more_garbow_hillstrom, nist

    return nist.PROBLEMS, more_garbow_hillstrom.PROBLEMS


def _solve(solver, fun, x0, jac, **options):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if solver == "fastopt":
            from fastopt import least_squares

            return least_squares(fun, x0, jac=jac, **options)
        from scipy.optimize import least_squares

        method = solver.split(", ")[1]
        if method == "lm" and np.size(fun(x0)) < np.size(x0):
            method = "trf"
        return least_squares(fun, x0, jac=jac, method=method, max_nfev=5000, **options)


@cache
def certified(solver, tight, analytic):
    """Return (digits, success, nfev) of the 26 cases."""
    options = TIGHT if tight else {}
    rows = []
    for problem in _problems()[0]:
        jac = problem.jacobian if analytic else "3-point"
        for start in problem.starts:
            r = _solve(solver, problem.residuals, start, jac, **options)
            rows.append((problem.digits(r.x), bool(r.success), r.nfev))
    return rows


def at_six(solver, tight, analytic):
    return sum(digits >= 6 for digits, _, _ in certified(solver, tight, analytic))


def mean_digits(solver, tight, analytic):
    return np.mean([digits for digits, _, _ in certified(solver, tight, analytic)])


def wrong_claims(solver):
    return sum(
        success and digits < WRONG
        for tight in (False, True)
        for analytic in (False, True)
        for digits, success, _ in certified(solver, tight, analytic)
    )


@cache
def minima(solver, factor):
    """Return (at a known minimum, success, nfev) of the 43 instances."""
    rows = []
    for problem in _problems()[1]:
        x0 = problem.start(factor)
        try:
            r = _solve(solver, problem.residuals, x0, problem.jacobian)
        except ValueError:  # not finite at the start
            rows.append((False, False, 0))
            continue
        rows.append((problem.is_minimum(2 * r.cost), bool(r.success), r.nfev))
    return rows


def solved(solver, factor):
    return sum(right for right, _, _ in minima(solver, factor))


def false_claims(solver):
    rows = [row for factor in (1, 10, 100) for row in minima(solver, factor)]
    return sum(success and not right for right, success, _ in rows)


def evaluations(solver):
    """Return the median of nfev over that of SciPy's lm, where both are right."""
    ours, theirs = minima(solver, 1), minima("SciPy, lm", 1)
    return np.median([a[2] / b[2] for a, b in zip(ours, theirs, strict=True) if a[0] and b[0]])


def _residuals(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def _jacobian(x):
    return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


START = np.array([-1.2, 1.0])


class WholeCall(Contender):
    """A whole call on Rosenbrock's function, checks and result included."""

    def __init__(self, solver):
        self.name, _, self.setting = solver.partition(", ")
        if self.name == "fastopt":
            from fastopt import least_squares

            self.call = partial(least_squares, _residuals, START, _jacobian)
        elif self.setting == "leastsq":
            from scipy.optimize import leastsq

            self.call = partial(leastsq, _residuals, START, Dfun=_jacobian)
        else:
            from scipy.optimize import least_squares

            self.call = partial(least_squares, _residuals, START, _jacobian, method=self.setting)

    def run(self, count):
        for _ in range(count):
            self.call()
        return count

    def answer(self):
        result = self.call()
        return result[0] if isinstance(result, tuple) else result.x


def beyond_callbacks(solver):
    """Return the µs of a whole call less those of its callbacks, the median of rounds in turns."""
    contender = WholeCall(solver)
    result = contender.call()
    counts = (result.nfev, result.njev) if hasattr(result, "nfev") else (21, 16)

    def callbacks():
        for _ in range(counts[0]):
            _residuals(START)
        for _ in range(counts[1]):
            _jacobian(START)

    samples = []
    gc.disable()
    try:
        for _ in range(50):
            times = []
            for work in (contender.call, callbacks):
                start = perf_counter()
                for _ in range(20):
                    work()
                times.append((perf_counter() - start) / 20)
            samples.append(1e6 * (times[0] - times[1]))
    finally:
        gc.enable()
    return np.median(samples)


def _count(name, title, figure, *settings, targets=(), unit=""):
    figures = {solver: partial(figure, solver, *settings) for solver in SOLVERS}
    return Count(name, title, figures, targets, unit)


def cases():
    digits = [
        ("default settings, analytic J", (False, True), (at_least(26),), ()),
        ("tight, analytic J", (True, True), (at_least(26),), (at_least(9.4),)),
        ("default settings, numerical J", (False, False), (at_least(26),), ()),
        ("tight, numerical J", (True, False), (at_least(26),), (at_least(8.5),)),
    ]
    questions = []
    for i, (title, settings, six, mean) in enumerate(digits, 1):
        questions += [
            _count(f"nist-{i}", f"6 digits, {title}", at_six, *settings, targets=six, unit="of 26"),
            _count(f"nist-{i}-mean", f"digits, {title}", mean_digits, *settings, targets=mean),
        ]
    questions.append(
        _count(
            "nist-wrong", "success claimed, the answer wrong", wrong_claims, targets=(at_most(0),)
        )
    )
    for factor in (1, 10, 100):
        targets = (at_least(43),) if factor == 1 else ()
        questions.append(
            _count(
                f"mgh-{factor}",
                f"known minima from the standard start × {factor}",
                solved,
                factor,
                targets=targets,
                unit="of 43",
            )
        )
    questions += [
        _count(
            "mgh-false", "success claimed, no known minimum", false_claims, targets=(at_most(0),)
        ),
        _count(
            "mgh-nfev", "evaluations, median ÷ SciPy's lm", evaluations, targets=(at_most(1.2),)
        ),
        Count(
            "call-beyond",
            "whole call on two variables, beyond the callbacks",
            {s: partial(beyond_callbacks, s) for s in (*SOLVERS, "SciPy, leastsq")},
            (at_most(40),),
            "µs",
        ),
        Case(
            "call",
            "least_squares on two variables",
            {s: partial(WholeCall, s) for s in (*SOLVERS, "SciPy, leastsq")},
            per="call",
            tolerance=1e-6,
        ),
    ]
    return questions
