"""Is ``success`` true: how many claims are false, how many are missed, and what do restarts say?

    python -m bench.claims [--methods bfgs,lm] [--quick] [--random 14] [--peers] [--notes]

The ensembles are those of tests/problems/ensembles.py. A false claim is one at a point that is no
minimum; a missed one is a strict minimum without success; a failed restart is one from a minimum
that was found, or from beside it, without success; a changed verdict is one of that minimum seen
through another view. ``--store`` keeps the runs, and goes on with those that are there.
"""

import argparse
import sys
from functools import cache, partial

import numpy as np

from bench.question import Count, at_most
from problems.ensembles import METHODS, SLOW, Store, Tally, peer, run

HEADS = ("runs", "minima", "claims", "false", "strict", "missed", "restarts", "failed")
HEADS += ("views", "changed")
# In percent: one run in a thousand, and one in two hundred.
LIMITS = {"false": 0.1, "missed": 0.5, "failed": 0.5, "changed": 0.5}
TITLES = {
    "false": "claims of success that are false, of runs",
    "missed": "strict minima without success",
    "failed": "restarts at and beside a minimum without success",
    "changed": "minima without success in other units, order, rotation, rounding",
}
# Methods that `python -m bench` shows, and SciPy's that stand beside them besides their namesakes.
SHOWN = tuple(name for name in METHODS if name not in ("trf", "damped"))
ALSO = {"lm": ("trf",)}


def line(name, tally):
    counts = "".join(f"{getattr(tally, head):>9}" for head in HEADS)
    return f"{name:<26}{counts}{np.median(tally.calls):>7.0f}"


def factors(method, quick):
    if quick:
        return (1,) if method in SLOW else (1, 10)
    return (1, 10) if method in SLOW else (1, 10, 100)


def calls_against_scipy(rows):
    """Return the median ratio of calls of fun of the runs that both lead to a minimum."""
    calls = {}
    for row in rows:
        if row["kind"] == "run" and row["truth"] == "minimum":
            calls.setdefault(row["label"], {})[row["library"]] = row["calls"]
    ratios = [c["fastopt"] / c["scipy"] for c in calls.values() if len(c) == 2]
    return (float(np.median(ratios)), len(ratios)) if ratios else (np.nan, 0)


@cache
def quick_rows(library, method):
    return tuple(run(method, library, factors(method, True)))


def quick_rate(library, method, what):
    return Tally(quick_rows(library, method)).rate(what)


def quick_calls(method):
    return calls_against_scipy((*quick_rows("fastopt", method), *quick_rows("scipy", method)))[0]


def cases():
    """Return the rates of the quick ensembles, in percent, beside SciPy's."""
    found = []
    for method in SHOWN:
        theirs = {f"SciPy, {peer(name)}": name for name in (method, *ALSO.get(method, ()))}
        if peer(method) is None:
            theirs = {}
        for what, title in TITLES.items():
            figures = {"fastopt": partial(quick_rate, "fastopt", method, what)}
            for label, name in theirs.items():
                figures[label] = partial(quick_rate, "scipy", name, what)
            targets = (at_most(LIMITS[what]),)
            found.append(
                Count(f"claims-{method}-{what}", f"{method}: {title}", figures, targets, "%")
            )
        if theirs:
            found.append(
                Count(
                    name=f"claims-{method}-calls",
                    title=f"{method}: calls of fun, median ÷ SciPy's {peer(method)}",
                    figures={"fastopt": partial(quick_calls, method)},
                    targets=(at_most(1.15),),
                )
            )
    return found


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m bench.claims", description=__doc__)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--quick", action="store_true", help="starts × 1 and × 10 alone")
    parser.add_argument("--random", type=int, default=0, help="so many random starts besides")
    parser.add_argument("--peers", action="store_true", help="SciPy's beside ours")
    parser.add_argument("--notes", action="store_true", help="each run that was misjudged")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--store", help="a file of runs, kept and gone on with")
    options = parser.parse_args(arguments)
    store = Store(options.store) if options.store else None
    print(f"{'':<26}{''.join(f'{head:>9}' for head in HEADS)}{'calls':>7}")
    for method in options.methods.split(","):
        both = []
        for library in ("fastopt", "scipy") if options.peers and peer(method) else ("fastopt",):
            rows = run(
                method,
                library,
                factors(method, options.quick),
                options.random,
                options.seed,
                known=store.rows if store else None,
            )
            rows = list(store.keep(rows) if store else rows)
            both += rows
            name = f"SciPy {peer(method)}" if library == "scipy" else f"fastopt {method}"
            tally = Tally(rows)
            print(line(name, tally), flush=True)
            if options.notes:
                print(*tally.notes, sep="\n")
        ratio, pairs = calls_against_scipy(both)
        if pairs:
            print(f"{'':<26}calls of fun ÷ SciPy's, median of {pairs} pairs: {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
