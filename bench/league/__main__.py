"""Run the league, or show it.

python -m bench.league                       all methods that are installed, 20 starts
python -m bench.league --methods "lm *" --problems sine,sinc --starts 5
python -m bench.league --show                the table and the picture of the results there are
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from fnmatch import fnmatch
from math import inf
from pathlib import Path

from bench.league.methods import METHODS, run
from bench.league.problems import problems
from bench.league.show import STARTS, picture, table

RESULTS = Path(__file__).parent / "results.json"


def main() -> int:
    """Each method runs in a process of its own, and its results are written as it ends."""
    parser = argparse.ArgumentParser(prog="python -m bench.league", description=__doc__)
    parser.add_argument("--methods", default="*", help="names, with * and ?, set apart by commas")
    parser.add_argument("--problems", default="*")
    parser.add_argument("--starts", type=int, default=STARTS)
    parser.add_argument("--show", action="store_true", help="only the table and the picture")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.show:
        for method in chosen(METHODS, options.methods):
            if options.here:
                run_method(method, chosen(problems(), options.problems), options.starts)
                continue
            command = [sys.executable, "-m", "bench.league", "--here", "--methods", method]
            command += ["--problems", options.problems, "--starts", str(options.starts)]
            if subprocess.run(command, check=False).returncode:
                print(f"{method}: not measured", file=sys.stderr)
    if not options.here:
        results = json.loads(RESULTS.read_text())
        for group in ("lm", "others", "peers"):
            print(table(results, group), end="\n\n")
        picture(results, RESULTS.parents[2] / "docs" / "league.png")
    return 0


def chosen(names: object, patterns: str) -> list[str]:
    """Return the names that match one of the patterns."""
    return [n for n in names if any(fnmatch(n, p) for p in patterns.split(","))]  # type: ignore[attr-defined]


def run_method(method: str, names: list[str], starts: int) -> None:
    """Run one method and put what came out among the results."""
    tasks = problems()
    for name in names:
        rows = [run(method, tasks[name], seed) for seed in range(starts)]
        results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        # Columns: whether the goal was met, iterations, processor seconds, loss at the end.
        results.setdefault(name, {})[method] = [
            [met, iterations, round(seconds, 4), float(f"{loss:.4g}") if loss < inf else None]
            for met, iterations, seconds, loss in rows
        ]
        RESULTS.write_text(as_text(results))
        met = [row for row in rows if row[0]]
        print(f"{method}, {name}: {len(met)} of {starts}", flush=True)


def as_text(results: dict[str, dict[str, list[list[object]]]]) -> str:
    """Return JSON with a line for each method on each problem."""
    parts = []
    for name, methods in results.items():
        rows = [f"  {json.dumps(m)}: {json.dumps(r)}" for m, r in methods.items()]
        parts.append(f" {json.dumps(name)}: {{\n" + ",\n".join(rows) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
