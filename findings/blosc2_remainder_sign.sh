#!/usr/bin/env bash
# blosc2: the remainder of floating-point arrays has the sign of the dividend, that of a part of them the divisor's.
#
# Versions: python-blosc2 4.14.1, NumPy 2.4.6 (Linux).
# Expected: the documentation of blosc2.remainder: "equivalent to the Python modulus operator x1_i % x2_i", with NumPy's
#   remainder as reference: -2.5 % 2 is 1.5, 7 % -3 is -2.
# Seen: remainder(a, b)[()] and (a % b)[()] are C's fmod: -0.5 and 1; (a % b)[:3] of the same expression is
#   Python's. For int64 the remainder is moreover taken in double: (2**53 + 1) % 3 is 2 instead of 0.
# Matters: angles and phases are brought to [0, 2 pi) by %; indices of bins become negative.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'blosc2==4.14.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import blosc2
import numpy as np

x, y = np.array([-2.5, -0.5, 7.0, -7.0]), np.array([2.0, 2.0, -3.0, 3.0])
true = np.array([float(s) % float(t) for s, t in zip(x, y)])
assert np.array_equal(true, np.remainder(x, y))
for kind in (np.float32, np.float64):
    a = blosc2.asarray(x.astype(kind), chunks=(4,), blocks=(4,))
    b = blosc2.asarray(y.astype(kind), chunks=(4,), blocks=(4,))
    whole, part = blosc2.remainder(a, b)[()], blosc2.remainder(a, b)[:3]
    print(np.dtype(kind), "whole:", whole, "first three:", part, "Python:", true)
    assert np.array_equal((a % b).compute()[:], whole) and np.array_equal((a % b)[()], whole)
    assert np.allclose(part, true[:3])
    assert np.allclose(whole, np.fmod(x, y)), "the remainder is now Python's"
n = np.array([2**53 + 1, 2**53 + 2])
m = blosc2.asarray(n, chunks=(2,), blocks=(2,))
seen = (m % 3)[()]
print("int64:", seen, "NumPy:", n % 3)
assert (n % 3).tolist() == [0, 1] and seen[0] == 2, "int64 remainders are exact now"
print("AS SEEN: fmod for the whole, Python's % for a part")
PYTHON
