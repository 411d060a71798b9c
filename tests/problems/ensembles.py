"""Ensembles of runs that show whether ``success`` is true, of minimize and of least squares.

Moré-Garbow-Hillstrom's problems (for sums of squares NIST's too), each through the views of
verdicts.py, from its start times 1, 10 and 100 and from random starts; from the minima that were
found, restarts at the point, beside it, and through the views. A run is a dict of a few numbers,
whose truth is decided in extended precision.
"""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from problems.more_garbow_hillstrom import PROBLEMS
from problems.verdicts import Fit, squares_views, truth, views

FAR = 1e10 * 2.0**11  # of bounds that hold nothing, in all units
BESIDE = (0.0, 1e-12, 1e-9, 1e-6, 1e-3)

# The name for minimize, what SciPy calls it, and what is special about it.
MINIMIZERS = {
    "bfgs": ("bfgs", "BFGS", ""),
    "lbfgs": ("lbfgs", "L-BFGS-B", ""),
    "bounded": ("lbfgs", "L-BFGS-B", "bounds"),
    "differences": ("bfgs", "BFGS", "differences"),
    "dfp": ("dfp", None, ""),
    "newton": ("newton", "trust-exact", "hess"),
    "newton_cg": ("newton_cg", "Newton-CG", ""),
    "steepest_descent": ("steepest_descent", None, ""),
    "cg": ("cg", "CG", ""),
    "hager_zhang": ("hager_zhang", "CG", ""),
    "polak_ribiere": ("polak_ribiere", "CG", ""),
    "fletcher_reeves": ("fletcher_reeves", "CG", ""),
    "scg": ("scg", None, ""),
    "oss": ("oss", None, ""),
}
SQUARES = {
    "lm": ("lm", "lm", ""),
    "lm-bounded": ("trf", "trf", "bounds"),
    "lm-differences": ("lm", "lm", "differences"),
    "trf": ("trf", "trf", ""),
    "damped": ("lm", None, "damped"),
}
METHODS = (*MINIMIZERS, *SQUARES)
SLOW = ("dfp", "steepest_descent")  # runs of them end at maxiter by the dozen


def peer(method):
    """Return SciPy's name for a method, or None."""
    return (MINIMIZERS.get(method) or SQUARES[method])[1]


def problems(method):
    if method in MINIMIZERS:
        return PROBLEMS
    from problems.nist import PROBLEMS as NIST

    return [*PROBLEMS, *(Fit(problem) for problem in NIST)]


def seen(method, problem, seed):
    """Return the views of a problem by their names."""
    return (views if method in MINIMIZERS else squares_views)(problem, seed)


def solve(method, view, x0, library="fastopt"):
    """Return the result of one run."""
    ways = _minimize if method in MINIMIZERS else _least_squares
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return ways(method, view, x0, library)
        except (ValueError, OverflowError, np.linalg.LinAlgError) as error:
            if library == "fastopt":
                raise
            return _Broken(x0, float(view.value(x0)), str(error))


@dataclass
class _Broken:
    """A run of a peer that ended in an exception."""

    x: np.ndarray
    fun: float
    message: str
    success: bool = False
    nfev: int = 0


def _minimize(method, view, x0, library):
    ours, theirs, special = MINIMIZERS[method]
    arguments = {"jac": None if special == "differences" else view.gradient}
    if special == "bounds":
        arguments["bounds"] = [(-FAR, FAR)] * len(x0)
    if special == "hess":
        arguments["hess"] = view.hessian
    if library == "scipy":
        from scipy.optimize import minimize

        return minimize(view.value, x0, method=theirs, **arguments)
    from fastopt import minimize

    return minimize(view.value, x0, method=ours, **arguments)


def _least_squares(method, view, x0, library):
    ours, theirs, special = SQUARES[method]
    arguments = {"jac": "3-point" if special == "differences" else view.jacobian}
    if special == "bounds":
        arguments["bounds"] = (-FAR, FAR)
    if library == "fastopt":
        from fastopt import LevenbergMarquardt, least_squares

        way = LevenbergMarquardt(scaling="diagonal") if special == "damped" else ours
        return least_squares(view.residuals, x0, method=way, **arguments)
    from scipy.optimize import least_squares

    if theirs == "lm" and len(view.residuals(x0)) < len(x0):
        theirs = "trf"
    if theirs == "lm" and special == "differences":
        arguments["jac"] = "2-point"
    return least_squares(view.residuals, x0, method=theirs, max_nfev=5000, **arguments)


def value(result):
    return float(2 * result.cost if hasattr(result, "cost") else result.fun)


def starts(problem, view, factors, random_starts, random):
    """Yield the name of each start and the start, those left out where f or g is not finite."""
    found = {f"×{k}": view.start(k) for k in factors}
    for k in range(random_starts):
        size = np.maximum(np.abs(problem.x0), 1)
        found[f"random {k}"] = view.y(problem.x0 + size * random.standard_normal(problem.n))
    with np.errstate(all="ignore"):
        for name, x0 in found.items():
            numbers = np.hstack([x0, view.value(x0), view.gradient(x0)])
            if np.isfinite(numbers).all():
                yield name, x0


def run(
    method,
    library="fastopt",
    factors=(1, 10, 100),
    random_starts=0,
    seed=0,
    only=None,
    beside=BESIDE,
    through=None,
    largest=1000,
    without=(),
    among=None,
    known=None,
):
    """Yield the runs of a method; ``known`` are those of before, which are not repeated.

    ``only`` are names of views; problems have ``largest`` variables at most, are ``among`` these
    names, and those ``without`` are left out. Restarts are as far from the result as ``beside``
    says, and from the result through the views ``through``: all unless told.
    """
    known = known or {}
    for problem in problems(method):
        name = getattr(problem, "name", "")
        if problem.n > largest or name in without or (among is not None and name not in among):
            continue
        seeds = [seed, problem.number, problem.n]
        looked_at = seen(method, problem, seed)
        for place, (name, view) in enumerate(looked_at.items()):
            if only is not None and name not in only:
                continue
            random = np.random.default_rng([*seeds, place])
            for start, x0 in starts(problem, view, factors, random_starts, random):
                label = f"{problem} {name} {start}"
                at = (library, method, label)
                if at in known:
                    yield from known[at]
                    continue
                result = solve(method, view, x0, library)
                row = _row(library, method, label, "run", problem, view, result)
                rows = [row]
                good = row["success"] and row["truth"] == "minimum"
                if name == "plain" and good and not start.startswith("random"):
                    random = np.random.default_rng(seeds)
                    rows += _restarts(
                        library,
                        method,
                        label,
                        problem,
                        {
                            n: v
                            for n, v in looked_at.items()
                            if through is None or n in ("plain", *through)
                        },
                        result.x,
                        beside,
                        random,
                    )
                yield from rows


def _restarts(library, method, label, problem, looked_at, x, beside, random):
    for size in beside:
        y = x * (1 + size * random.standard_normal(problem.n))
        view = looked_at["plain"]
        again = solve(method, view, y, library)
        yield _row(library, method, label, f"beside {size:g}", problem, view, again)
    for name, view in looked_at.items():
        if name != "plain":
            again = solve(method, view, view.y(x), library)
            yield _row(library, method, label, f"through {name}", problem, view, again)


_known_truths = {}


def _truth(problem, x):
    """Return the truth at x, decided once for runs that end at the same point."""
    key = (str(problem), x.tobytes())
    if key not in _known_truths:
        with np.errstate(all="ignore"):
            _known_truths[key] = truth(problem, x)
    return _known_truths[key]


def _row(library, method, label, kind, problem, view, result):
    point, strict = _truth(problem, view.x(np.asarray(result.x)))
    return {
        "library": library,
        "method": method,
        "label": label,
        "kind": kind,
        "success": bool(result.success),
        "truth": point,
        "strict": bool(strict),
        "f": value(result),
        "calls": int(result.nfev),
        "message": str(result.message),
    }


class Store:
    """Runs as lines of JSON in a file, so that an ensemble can be gone on with."""

    def __init__(self, path):
        self.path = Path(path)
        self.rows = {}
        if self.path.exists():
            for line in self.path.read_text(encoding="utf-8").splitlines():
                self._add(json.loads(line))

    def _add(self, row):
        key = (row["library"], row["method"], row["label"])
        self.rows.setdefault(key, []).append(row)

    def keep(self, rows):
        """Yield rows, those that are new written down."""
        with self.path.open("a", encoding="utf-8") as file:
            before = set(self.rows)
            for row in rows:
                if (row["library"], row["method"], row["label"]) not in before:
                    file.write(json.dumps(row) + "\n")
                    file.flush()
                yield row


class Tally:
    """Rates of docs/success.md: false and missed claims, failed restarts, changed verdicts."""

    def __init__(self, rows=()):
        self.runs = self.minima = self.claims = self.false = self.strict = self.missed = 0
        self.restarts = self.failed = self.views = self.changed = 0
        self.calls = []
        self.notes = []
        for row in rows:
            self.add(row)

    def add(self, row):
        kind = row["kind"]
        if kind == "run":
            self.runs += 1
            self.calls.append(row["calls"])
            self.minima += row["truth"] == "minimum"
            self.claims += row["success"]
            self.strict += row["strict"]
            if row["success"] and row["truth"] == "none":
                self.false += 1
                self._note("false", row)
            if row["strict"] and not row["success"]:
                self.missed += 1
                self._note("missed", row)
        elif kind.startswith("beside"):
            self.restarts += 1
            if not row["success"]:
                self.failed += 1
                self._note("failed", row)
        else:
            self.views += 1
            if not row["success"]:
                self.changed += 1
                self._note("changed", row)

    def _note(self, what, row):
        kind = "" if row["kind"] == "run" else f" {row['kind']}"
        self.notes.append(
            f"{what:<8}{row['label']}{kind}: f = {row['f']:.6g}, {row['calls']} calls. "
            f"{row['message']}"
        )

    def rate(self, what):
        """Return in percent: "false" of the runs, "missed" of the strict minima, "failed" of the
        restarts, "changed" of the views.
        """
        of = {"false": "runs", "missed": "strict", "failed": "restarts", "changed": "views"}[what]
        return 100 * getattr(self, what) / max(1, getattr(self, of))
