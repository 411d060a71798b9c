"""What does each constant of the verdicts do? Each × 10, ÷ 10, and with its rule switched off.

    python -m bench.ablation [--kind minimize|squares] [--only looks,near] [--store FILE]

The ensembles are small ones of those of bench.claims, and the runs of tests/problems/oddities.py. A
row shows how many claims are false, minima missed and restarts failed, where that is another number
than with the constants as they are; how many verdicts are others, and how many runs took another
way. Where no run did, the constant has no effect here, and "no effect" says so: then it needs a
test that fails without it, or it goes.
"""

import argparse
import json
import sys
from pathlib import Path

from problems.constants import SOLVERS, changed, constants
from problems.ensembles import Tally, run
from problems.oddities import minimize_rows, squares_rows

INFINITE = 1e9
# What switches the rule of a constant off, where times or divided by 10 does not.
OFF = {
    "few": 0,
    "products": 0,
    "last_product": 0,
    "very_few": 0,
    "flat_directions": 0,
    "looks": 0,
    "flat_looks": 0,
    "near": 0,
    "rounds": 1,
    "short_step": 0,
    "share_of_value": 0,
    "share_of_variation": 0,
    "share_of_start": 0,
    "roundings": 0,
    "rounding_of_value": 0,
    "noise_of_value": 0,
    "noises": 0,
    "noise_in_curvature": 0,
    "hidden_weights": 0,
    "steep_of_start": 0,
    "hidden_gain": 0,
    "hidden_gain_of_start": 0,
    "slope_of_tolerance": INFINITE,
    "steepest_of_tolerance": INFINITE,
    "moves": 0,
    "asking_share": 0,
    "patient_share": 0,
    "most_restarts": 0,
    "late_steps": INFINITE,
    "idle_steps": INFINITE,
    "idle_share": 0,
    "idle_of_value": 0,
    "noise_of_line": 0,
    "rounding_of_line": 0,
    "errors_of_line": 0,
    "long_error": 0,
    "check_share": INFINITE,
    "nothing": 0,
    "column_errors": 0,
    "short_column": 0,
    "unfelt": 0,
    "cosine": 0,
    "errors": 0,
    "hardly_felt": 0,
    "few_failures": INFINITE,
    "many_slow_steps": INFINITE,
    "hopeless": 0,
    "stationary": INFINITE,
}
# Method, starts, views, how far from their results restarts are, and the most variables.
ENSEMBLES = {
    "minimize": (
        ("bfgs", (1,), ("plain",), (1e-6,), 3),
        ("bounded", (1,), ("units",), (), 3),
    ),
    "squares": (
        ("lm", (1,), ("plain",), (1e-6,), 3),
        ("lm-bounded", (1,), ("units",), (), 3),
        ("damped", (1,), ("plain",), (), 3),
    ),
}


def variants(name, value):
    """Yield what a constant becomes, by the name of the change."""
    if value is not True:
        yield "× 10", 10.0 * value
        # Counts are at least one: some are divided by.
        yield "÷ 10", max(value / 10.0, 1.0) if isinstance(value, int) else value / 10.0
    if name in OFF:
        yield "off", OFF[name]


def ensemble(kind, large=False):
    """Return the rows of the runs with the constants that hold now."""
    rows = list(minimize_rows() if kind == "minimize" else squares_rows())
    for method, factors, views, beside, most in ENSEMBLES[kind]:
        largest = 1000 if large else most
        rows += run(method, factors=factors, only=views, beside=beside, through=(), largest=largest)
    return rows


def compare(rows, before):
    """Return the counts of an ensemble, and how many verdicts and ways are others than before."""
    tally = Tally(rows)
    counts = {name: getattr(tally, name) for name in ("minima", "false", "missed", "failed")}

    def by_label(some):
        return {
            (row["method"], row["label"], row["kind"]): (
                row["success"],
                row["f"],
                row["calls"],
                row["message"],
            )
            for row in some
        }

    old, new = by_label(before), by_label(rows)
    both = old.keys() & new.keys()
    counts["verdicts"] = sum(old[key][0] != new[key][0] for key in both) + len(old) - len(both)
    counts["ways"] = sum(old[key] != new[key] for key in both) + len(old) - len(both)
    return counts


HEADS = ("minima", "false", "missed", "failed", "verdicts", "ways")


def line(name, change, counts, base):
    shown = "".join(
        f"{counts[head] if counts[head] != base.get(head, 0) else '·':>9}" for head in HEADS
    )
    effect = "" if counts["ways"] or not change else "  no effect"
    return f"{name:<24}{change:<6}{shown}{effect}"


def main(arguments=None):
    parser = argparse.ArgumentParser(prog="python -m bench.ablation", description=__doc__)
    parser.add_argument("--kind", choices=tuple(SOLVERS), help="both unless told")
    parser.add_argument("--only", help="constants, by their names")
    parser.add_argument("--large", action="store_true", help="problems of all sizes")
    parser.add_argument("--store", help="a file of counts, kept and gone on with")
    options = parser.parse_args(arguments)
    kept = {}
    if options.store and Path(options.store).exists():
        for text in Path(options.store).read_text(encoding="utf-8").splitlines():
            row = json.loads(text)
            kept[row["kind"], row["name"], row["change"]] = row["counts"]
    for kind in (options.kind,) if options.kind else tuple(SOLVERS):
        before = ensemble(kind, options.large)
        base = compare(before, before)
        print(f"\n{kind:<30}{''.join(f'{head:>9}' for head in HEADS)}")
        print(line(f"{Tally(before).runs} runs as they are", "", base, {}), flush=True)
        for name, value in constants(kind).items():
            if options.only and name not in options.only.split(","):
                continue
            for change, other in variants(name, value):
                counts = kept.get((kind, name, change))
                if counts is None:
                    with changed(kind, **{name: other}):
                        counts = compare(ensemble(kind, options.large), before)
                    if options.store:
                        row = {"kind": kind, "name": name, "change": change, "counts": counts}
                        with Path(options.store).open("a", encoding="utf-8") as file:
                            file.write(json.dumps(row) + "\n")
                print(line(name, change, counts, base), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
