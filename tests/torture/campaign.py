"""Cases in processes of their own: what crashed, hung or broke a promise, and the rest counted."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

BATCH = 25
# A case takes milliseconds; another user of the machine may stretch it.
SECONDS_A_CASE = 60


def run_batch(first, count):
    """Return the lines of finished cases, those of broken promises, and how many were begun."""
    tests = Path(__file__).parents[1]
    process = subprocess.run(
        [sys.executable, "-m", "torture.batch", str(first), str(count), str(SECONDS_A_CASE)],
        cwd=tests,
        capture_output=True,
        text=True,
        errors="replace",
    )
    lines = process.stdout.splitlines()
    ended = [line.split("\t")[2:] for line in lines if line.startswith("end\t")]
    broken = ["seed " + part.split("\nbegin ")[0] for part in process.stdout.split("failed\t")[1:]]
    begun = sum(line.startswith("begin ") for line in lines)
    if process.returncode != 0:
        seed = [line.split()[1] for line in lines if line.startswith("begin ")][-1:]
        broken.append(
            f"seed {seed}: the process ended with {process.returncode}\n{process.stderr[-3000:]}"
        )
    return ended, broken, begun


def run_campaign(first, count, report=lambda text: None):
    """Run cases first … first + count − 1; return counts of what happened, and broken promises."""
    counts, broken, seed = Counter(), [], first
    while seed < first + count:
        ended, faults, begun = run_batch(seed, min(BATCH, first + count - seed))
        counts.update(tuple(line) for line in ended)
        broken += faults
        for fault in faults:
            report(fault)
        seed += max(1, begun)
    return counts, broken
