"""Whether ``success`` is true: false claims, missed ones, and restarts from a result.

    python -m bench.claims [--methods bfgs,lbfgs] [--quick] [--peers]

Moré-Garbow-Hillstrom, each problem through the views of tests/problems/verdicts.py, from its start
times 1, 10 and 100 and from random starts; the truth is in extended precision.
"""

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

METHODS = ("bfgs", "lbfgs", "bounded", "dfp", "newton", "steepest_descent")
FAR = 1e10  # of bounds that hold nothing


def solve(method, view, x0, library="fastopt"):
    """The result of one run."""
    arguments = {"jac": view.gradient}
    name = method
    if method == "bounded":
        name, arguments["bounds"] = "lbfgs", [(-FAR * 2.0**11, FAR * 2.0**11)] * len(x0)
    if method == "newton":
        arguments["hess"] = view.hessian
    if library == "scipy":
        from scipy.optimize import minimize

        names = {"bfgs": "BFGS", "lbfgs": "L-BFGS-B", "newton": "trust-exact"}
        return minimize(view.value, x0, method=names[name], **arguments)
    from fastopt import minimize

    return minimize(view.value, x0, method=name, **arguments)


class Tally:
    def __init__(self):
        self.runs = self.minima = self.claims = self.false = self.strict = self.missed = 0
        self.restarts = self.failed = 0
        self.calls = []
        self.notes = []

    def add(self, label, view, result):
        from problems.verdicts import truth

        self.runs += 1
        self.calls.append(result.nfev)
        kind, strict = truth(view.problem, view.x(result.x))
        self.minima += kind == "minimum"
        self.claims += bool(result.success)
        self.strict += strict
        if result.success and kind == "none":
            self.false += 1
            self.notes.append(f"false  {label}: f = {result.fun:.6g} {result.message}")
        if strict and not result.success:
            self.missed += 1
            self.notes.append(f"missed {label}: f = {result.fun:.6g} {result.message}")


def run(method, library="fastopt", factors=(1, 10, 100), random_starts=1, restarts=True, seed=0):
    from problems.more_garbow_hillstrom import PROBLEMS
    from problems.verdicts import plain, truth, views

    tally = Tally()
    for problem in PROBLEMS:
        random = np.random.default_rng([seed, problem.number, problem.n])
        for name, view in views(problem, seed).items():
            starts = {f"×{k}": view.start(k) for k in factors}
            for k in range(random_starts):
                x = problem.x0 + np.maximum(np.abs(problem.x0), 1) * random.standard_normal(
                    problem.n
                )
                starts[f"random {k}"] = view.y(x)
            for start, x0 in starts.items():
                if not np.isfinite(view.value(x0)):
                    continue
                result = solve(method, view, x0, library)
                tally.add(f"{problem} {name} {start}", view, result)
                if not restarts or name != "plain" or not result.success:
                    continue
                if truth(problem, view.x(result.x))[0] != "minimum":
                    continue
                for size in (0.0, 1e-12, 1e-9, 1e-6, 1e-3):
                    y = result.x * (1 + size * random.standard_normal(problem.n))
                    again = solve(method, plain(problem), y, library)
                    tally.restarts += 1
                    if not again.success:
                        tally.failed += 1
                        tally.notes.append(
                            f"failed {problem} {start} restart {size:g}: f = {again.fun:.6g} "
                            f"(before {result.fun:.6g}) {again.message}"
                        )
    return tally


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m bench.claims", description=__doc__)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--quick", action="store_true", help="starts × 1 and × 10 alone")
    parser.add_argument("--peers", action="store_true", help="SciPy's beside ours")
    parser.add_argument("--notes", action="store_true", help="each run that was misjudged")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    print(
        f"{'method':<26}{'runs':>6}{'minima':>8}{'claims':>8}{'false':>7}"
        f"{'strict':>8}{'missed':>8}{'restarts':>10}{'failed':>8}{'calls':>8}"
    )
    for method in options.methods.split(","):
        for library in ("fastopt", "scipy") if options.peers else ("fastopt",):
            if library == "scipy" and method not in ("bfgs", "lbfgs", "newton"):
                continue
            far = (1, 10) if options.quick else (1, 10, 100)
            tally = run(method, library, far, 0 if options.quick else 2, seed=options.seed)
            print(
                f"{library + ' ' + method:<26}{tally.runs:>6}{tally.minima:>8}{tally.claims:>8}"
                f"{tally.false:>7}{tally.strict:>8}{tally.missed:>8}{tally.restarts:>10}"
                f"{tally.failed:>8}{np.median(tally.calls):>8.0f}",
                flush=True,
            )
            if options.notes:
                print(*tally.notes, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
