"""The command line: which cases, how many rounds, against whom."""

import argparse
import sys
from fnmatch import fnmatch
from importlib import import_module

from bench.measure import measure
from bench.report import table, write
from bench.timing import SHORTEST_TURN

# One module for each question; each has a function cases().
QUESTIONS = (
    *("minibatch", "deep", "update", "second_order", "functions", "least_squares", "claims"),
    "estimators",
)
QUICK_ROUNDS = 3
QUICK_MEMORY = 1e9


def main(arguments=None):
    """Run what was asked for; return the exit status: 1 where answers differ."""
    options = parse(arguments)
    cases = [case for name in QUESTIONS for case in import_module(f"bench.{name}").cases()]
    if options.list:
        print(*(f"{case.name:<32}{case.title}" for case in cases), sep="\n")
        return 0
    cases = chosen(cases, options.cases)
    if options.quick:
        cases = [case for case in cases if getattr(case, "memory", 0) <= QUICK_MEMORY]
    results = []
    try:
        while cases:  # a case takes its memory with it
            case = cases.pop(0)
            print(f"{case.name}: {case.title} …", file=sys.stderr, flush=True)
            results.append(measure(case, options.rounds, options.only, options.turn))
    except KeyboardInterrupt:
        print(f"interrupted in {case.name}: the results are those before it", file=sys.stderr)
    if not results:
        return 1
    print(table(results))
    settings = {"rounds": options.rounds, "turn": options.turn, "only": options.only}
    for path in write(results, options.output, settings):
        print(f"wrote {path}")
    return int(any(row.differs for result in results for row in result.rows))


def parse(arguments):
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = {"type": lambda text: tuple(filter(None, text.split(",")))}
    parser.add_argument("--cases", **names, default=(), help="names; * and ? match: X,update*")
    parser.add_argument("--only", **names, default=(), help="peers: the beginnings of their labels")
    parser.add_argument("--rounds", type=int, help=f"15 unless told; --quick: {QUICK_ROUNDS}")
    parser.add_argument("--turn", type=float, help="the shortest turn of a contender, in seconds")
    parser.add_argument("--quick", action="store_true", help="a look, not a measurement")
    parser.add_argument("--output", default="bench/results", help="the folder of the results")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = QUICK_ROUNDS if options.quick else 15
    if options.turn is None:
        options.turn = SHORTEST_TURN / 5 if options.quick else SHORTEST_TURN
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    return options


def chosen(cases, patterns):
    """Return the cases whose names match; ``update`` stands for all ``update-…``."""
    if not patterns:
        return cases
    unused = [p for p in patterns if not any(_matches(case.name, p) for case in cases)]
    if unused:
        raise SystemExit(f"no such case: {', '.join(unused)}; --list names them")
    return [case for case in cases if any(_matches(case.name, p) for p in patterns)]


def _matches(name, pattern):
    return fnmatch(name, pattern) or name.startswith(f"{pattern}-")


if __name__ == "__main__":
    raise SystemExit(main())
