#!/usr/bin/env bash
# numexpr: the reductions min and max skip NaN; minimum and maximum do not.
#
# Versions: numexpr 2.14.2, NumPy 2.4.6.
# Expected: NumPy's min and max of an array that holds NaN are NaN. numexpr's own minimum and
#   maximum were changed for this reason (its issue 535), and its sum and prod are NaN too.
# Seen: min and max of (NaN, 1, 5, 3) are 1 and 5, along an axis and for float32 as well.
# Matters: max(abs(x)) is the test of a diverged state; numexpr's is finite while the array is
#   spoilt, and the same line in NumPy sees it.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'numexpr==2.14.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numexpr
import numpy as np

for dtype in (np.float32, np.float64):
    x = np.array([[np.nan, 1.0, 5.0, 3.0], [4.0, 2.0, np.nan, 7.0]], dtype=dtype)
    finite = x[1, :2]
    assert numexpr.evaluate("max(finite)") == 4 and numexpr.evaluate("min(finite)") == 2
    assert np.isnan(x.min()) and np.isnan(x.max()) and np.all(np.isnan(x.max(axis=1)))
    assert np.isnan(numexpr.evaluate("sum(x)")) and np.isnan(numexpr.evaluate("prod(x)"))
    a, b = x
    assert np.array_equal(np.isnan(numexpr.evaluate("maximum(a, b)")), [True, False, True, False])
    assert np.array_equal(np.isnan(numexpr.evaluate("minimum(a, b)")), [True, False, True, False])
    print(dtype.__name__, "min:", numexpr.evaluate("min(x)"), "max:", numexpr.evaluate("max(x)"))
    assert numexpr.evaluate("min(x)") == 1, "min sees the NaN now"
    assert numexpr.evaluate("max(x)") == 7, "max sees the NaN now"
    assert np.array_equal(numexpr.evaluate("max(x, axis=1)"), [5, 7])
print("AS SEEN: min and max are finite where NumPy's are NaN")
PYTHON
