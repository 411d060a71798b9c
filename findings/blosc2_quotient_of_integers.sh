#!/usr/bin/env bash
# blosc2: the quotient of two integer arrays is truncated, and a part of it is not.
#
# Versions: python-blosc2 4.14.1, NumPy 2.4.6 (Linux).
# Expected: blosc2.divide is documented by NumPy's divide, and / of NDArrays is element-wise true division: 7/2 = 3.5,
#   whichever elements of the lazy expression are asked for.
# Seen: for operands of 8 to 64 bits (a / b)[()] is 3, 2, 1, 0 instead of 3.5, 2.5, 1.5, 0.5, though its type is float;
#   (a / b)[:3] of the same expression is 3.5, 2.5, 1.5. a / b + 0.0 and blosc2.hypot(a, b) of int32 and
#   int64 are truncated too. a / 2 is right.
# Matters: ratios of counts; a check of the first rows shows the right numbers and the result on disk has others.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'blosc2==4.14.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import blosc2
import numpy as np

numerator, divisor = np.array([7, 5, 3, 1]), np.array([2, 2, 2, 2])
for kind in (np.int8, np.int16, np.int32, np.int64, np.uint8, np.uint16, np.uint32, np.uint64):
    x, y = numerator.astype(kind), divisor.astype(kind)
    a = blosc2.asarray(x, chunks=(4,), blocks=(4,))
    b = blosc2.asarray(y, chunks=(4,), blocks=(4,))
    whole, part, stored = (a / b)[()], (a / b)[:3], (a / b).compute()[:]
    print(np.dtype(kind), "whole:", whole, whole.dtype, "first three:", part, "compute:", stored)
    assert np.allclose(part, (x / y)[:3])
    assert np.allclose((a / 2)[()], x / 2)
    assert whole.dtype.kind == "f" and stored.dtype.kind == "f"
    assert np.array_equal(whole, [3, 2, 1, 0]), "the quotient is no longer truncated"
    assert np.array_equal(stored, [3, 2, 1, 0])
a = blosc2.asarray(numerator, chunks=(4,), blocks=(4,))
b = blosc2.asarray(divisor, chunks=(4,), blocks=(4,))
length = blosc2.hypot(a, b)[()]
print("hypot:", length, "NumPy:", np.hypot(numerator, divisor))
assert np.array_equal(length, [7, 5, 3, 2]), "hypot of integers is no longer truncated"
assert np.array_equal((a / b + 0.0)[()], [3, 2, 1, 0])
print("AS SEEN: quotients of integer arrays are truncated")
PYTHON
