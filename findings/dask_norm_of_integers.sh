#!/usr/bin/env bash
# dask.array.linalg.norm computes the norm of integers in the integers' own type, where it wraps.
#
# Versions: Dask 2026.8.0, NumPy 2.4.6.
# Expected: numpy.linalg.norm, whose interface dask.array.linalg.norm follows, converts integers to
#   float64 first: the norm of (100, 120) is 156.2.
# Seen: uint8 gives 8.9, int8 gives NaN for a row, int32 values near 1e5 give NaN: the squares are
#   taken in uint8, int8 and int32.
# Matters: pixels, counts and one-hot columns are small integers; scaling such features or checking
#   the size of a gradient by their norm gives silently wrong numbers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'dask[array]==2026.8.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import dask.array as da
import numpy as np

warnings.simplefilter("ignore")
wrong = []
for dtype, row in (("uint8", [100, 120]), ("int8", [100, 120]), ("int32", [100000, 120000])):
    a = np.array([row], dtype)
    true = np.linalg.norm(a, axis=1)[0]
    seen = da.linalg.norm(da.from_array(a), axis=1).compute()[0]
    print(dtype, row, "NumPy:", true, "Dask:", seen)
    assert np.isclose(true, np.hypot(*map(float, row)))
    wrong.append(not np.isclose(seen, true))
assert all(wrong), "Dask now converts integers before it squares them"
print("AS SEEN: the norms of uint8, int8 and int32 rows wrap")
PYTHON
