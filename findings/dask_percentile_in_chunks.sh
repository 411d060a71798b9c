#!/usr/bin/env bash
# dask.array.percentile of chunked data: the 0th percentile is far above the minimum, the median far
# too high.
#
# Versions: Dask 2026.8.0, NumPy 2.4.6.
# Expected: the documentation calls the percentile approximate. An approximation of the 0th
#   percentile is the minimum (each chunk knows its own), one of the median lies near it.
# Seen: for the numbers 0 ... 99 in mixed order and chunks of 10, percentile(x, 0) is 14
#   instead of 0, percentile(x, 50) is 58 instead of 49.5, always on the high side; in one
#   chunk both are exact. Asking for several percentiles in one call changes the answers.
# Matters: robust scaling and clipping thresholds of training data in chunks come from such
#   percentiles; a seventh of the data lies below "the minimum".
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'dask[array]==2026.8.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import dask.array as da
import numpy as np

x = (37 * np.arange(100) % 100).astype(float)
print("NumPy:", np.percentile(x, [0, 50, 100]))
for chunk in (100, 50, 10, 7):
    d = da.from_array(x, chunks=chunk)
    alone = [da.percentile(d, [q]).compute()[0] for q in (0, 50, 100)]
    together = da.percentile(d, [0, 50, 100]).compute()
    print("chunks of", chunk, "one by one:", alone, "in one call:", together)
d = da.from_array(x, chunks=10)
lowest = da.percentile(d, [0]).compute()[0]
median = da.percentile(d, [50]).compute()[0]
assert x.min() == 0.0 and np.percentile(x, 50) == 49.5
assert lowest >= 10.0, "the 0th percentile is now near the minimum"
assert median >= 57.0, "the median is now near the median"
assert da.percentile(da.from_array(x, chunks=100), [0]).compute()[0] == 0.0
print("AS SEEN: the 0th percentile of 0 ... 99 in chunks of 10 is", lowest, "and the median", median)
PYTHON
