#!/usr/bin/env bash
# blosc2: round takes halves away from zero in the whole array and to even in a part of it.
#
# Versions: python-blosc2 4.14.1, NumPy 2.4.6 (Linux).
# Expected: NumPy's round, which the documentation names as the reference, and the array API standard, which the
#   package follows: halves go to the even number.
# Seen: round of -2.5, 0.5, 1.5, 2.5 is -3, 1, 2, 3 for [()] and compute(), and -2, 0, 2, 2 where the elements are
#   asked for by a slice.
# Matters: the same expression gives two results; quantised values differ by a step from those of NumPy.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'blosc2==4.14.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import blosc2
import numpy as np

halves = np.arange(-50, 50) + 0.5
for kind in (np.float32, np.float64):
    x = blosc2.asarray(halves.astype(kind), chunks=(100,), blocks=(100,))
    whole, part, stored = blosc2.round(x)[()], blosc2.round(x)[:90], blosc2.round(x).compute()[:]
    print(np.dtype(kind), halves[48:53], "whole:", whole[48:53], "part:", part[48:53])
    assert np.array_equal(part, np.round(halves[:90]))
    assert np.array_equal(whole, stored)
    assert np.array_equal(whole, np.sign(halves) * (np.abs(halves) + 0.5)), "halves go to even now"
print("AS SEEN: halves away from zero in the whole, to even in a part")
PYTHON
