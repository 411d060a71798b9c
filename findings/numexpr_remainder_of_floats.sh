#!/usr/bin/env bash
# numexpr: x % y of floating-point numbers can be negative, larger than y, or NaN.
#
# Versions: numexpr 2.14.2, NumPy 2.4.6.
# Expected: the user guide lists % among the operators of expressions on NumPy arrays; NumPy and
#   Python give a remainder between 0 and y > 0, exactly math.fmod(x, y) for x > 0.
# Seen: 1e17 % 0.3 is -16 (-9 with fused multiply-add) instead of 0.2007, 7.3 % 0.1 is -8.9e-16
#   instead of 0.0999..., 5 % inf is NaN instead of 5. x - y floor(x / y) is computed from the
#   rounded quotient; the error is of the size of x times 1e-16, whatever the size of y.
# Matters: angles and phases are reduced by %; an index or a bin made from a remainder below 0 or
#   above y is out of range. pandas' eval and query use numexpr where it is installed.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'numexpr==2.14.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import math

import numexpr
import numpy as np

x = np.array([1e17, -1e17, 7.3, 5.0, 7.0, -7.0])
y = np.array([0.3, 0.3, 0.1, np.inf, 2.0, 2.0])
seen, true = numexpr.evaluate("x % y"), x % y
for a, b, s, t in zip(x, y, seen, true):
    print(f"{a} % {b}: numexpr {s}, NumPy {t}, Python {a % b}")
    assert t == a % b
    assert a < 0 or t == math.fmod(a, b)
    assert 0 <= t < b
assert np.array_equal(seen[4:], true[4:])
assert seen[0] < -1, "1e17 % 0.3 is no longer negative"
assert seen[1] > 1, "-1e17 % 0.3 is no longer above 0.3"
assert seen[2] < 0, "7.3 % 0.1 is no longer negative"
assert np.isnan(seen[3]), "5 % inf is no longer NaN"
print("AS SEEN: remainders outside [0, y)")
PYTHON
