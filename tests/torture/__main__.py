"""The hostile campaign at length: ``python -m torture [CASES [FIRST SEED]]`` in ``tests``."""

import sys
import time
from collections import Counter

from torture.campaign import run_campaign

count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
first = int(sys.argv[2]) if len(sys.argv) > 2 else time.time_ns() % 1_000_000_000
print(f"{count} cases from seed {first}", flush=True)
counts, broken = run_campaign(first, count, lambda fault: print(fault, flush=True))
by_call, by_outcome = Counter(), Counter()
for (what, outcome), times in counts.items():
    by_call[what] += times
    by_outcome[outcome] += times
for title, table in (("calls", by_call), ("outcomes", by_outcome)):
    print(title)
    for name, times in table.most_common():
        print(f"  {times:6} {name}")
print(f"{sum(counts.values())} cases ended as they may, {len(broken)} broke a promise")
sys.exit(bool(broken))
