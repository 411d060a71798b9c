"""``python -m fuzz [COUNT [FIRST SEED [KIND …]]]`` in ``tests``: ``make fuzz`` runs 100,000."""

import sys
import time

from fuzz.campaign import run_campaign

count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
seed = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000_000
print(f"{count} damaged files from seed {seed}", flush=True)
refused, read, broken = run_campaign(
    seed, count, sys.argv[3:], lambda fault: print(fault, flush=True)
)
print(f"{refused} refused, {read} read, {len(broken)} broke a promise")
sys.exit(bool(broken))
