"""Thousands of fits at once beside a loop over SciPy's curve_fit.

python -m bench.many_fits                  1e5 data sets; SciPy fits a sample of them
python -m bench.many_fits --fits 10000     fewer

Each contender runs in a process of its own, in turns; the share of the best times counts. Besides
the seconds of the clock it tells those of the processor: on a machine that others use, the gain is
the ratio of the latter, times what two cores do beside one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from typing import Any

import numpy as np

POINTS = 30
CONTENDERS = ("scipy", "model", "built-in")


def decay(x: Any, a: Any, lifetime: Any, c: Any) -> Any:
    """Return a decay to c."""
    return a * np.exp(-x / lifetime) + c


def peak(x: Any, height: Any, center: Any, width: Any, offset: Any) -> Any:
    """Return a peak on an offset."""
    return height * np.exp(-0.5 * ((x - center) / width) ** 2) + offset


CASES: dict[str, tuple[Any, list[tuple[float, float]], list[float], tuple[float, float]]] = {
    "exponential": (decay, [(1, 5), (0.4, 2), (-1, 1)], [2, 1, 0], (0, 5)),
    "gaussian": (peak, [(1, 5), (-1, 1), (0.4, 1.2), (0, 1)], [2, 0, 1, 0.5], (-4, 4)),
}


def data(name: str, fits: int) -> tuple[Any, Any, list[float]]:
    """Return x, data sets and where to start."""
    f, ranges, p0, (first, last) = CASES[name]
    rng = np.random.default_rng(0)
    x = np.linspace(first, last, POINTS)
    p = [rng.uniform(*r, (fits, 1)) for r in ranges]
    return x, f(x, *p) + rng.normal(0, 0.05, (fits, POINTS)), p0


def run(name: str, contender: str, fits: int) -> None:
    """Print the microseconds of a fit: of the clock and of the processor."""
    f = CASES[name][0]
    x, y, p0 = data(name, fits)
    if contender == "scipy":
        from scipy.optimize import curve_fit

        def work() -> None:
            for each in y:
                curve_fit(f, x, each, p0)
    else:
        import fastopt

        model = f if contender == "model" else name
        fastopt.curve_fit_many(model, x, y[:100], p0)

        def work() -> None:
            fits = fastopt.curve_fit_many(model, x, y, p0)
            assert fits.success.all()

    began, used = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    print(json.dumps({"clock": 1e6 * seconds / fits, "cpu": 1e6 * cpu / fits}))


def main() -> int:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(prog="python -m bench.many_fits", description=__doc__)
    parser.add_argument("--fits", type=int, default=100_000)
    parser.add_argument("--sample", type=int, default=2_000, help="of them for SciPy")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; microseconds a fit")
    for name in CASES:
        best: dict[str, dict[str, float]] = {}
        for _ in range(options.rounds):
            for contender in CONTENDERS:
                fits = options.sample if contender == "scipy" else options.fits
                code = f"from bench import many_fits as m; m.run({name!r}, {contender!r}, {fits})"
                told = subprocess.run(
                    [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True
                )
                found: dict[str, float] = json.loads(told.stdout)
                kept = best.setdefault(contender, found)
                best[contender] = {k: min(kept[k], found[k]) for k in found}
                time.sleep(0.2)
        peer = best["scipy"]
        for contender, of in best.items():
            print(
                f"{name:12} {contender:9} {of['clock']:8.2f} clock {of['cpu']:8.2f} cpu   "
                f"{peer['clock'] / of['clock']:6.1f} × {peer['cpu'] / of['cpu']:6.1f} ×"
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
