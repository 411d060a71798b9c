#!/usr/bin/env bash
# Pint: np.mod, np.remainder, np.fmod and np.floor_divide do not convert units.
#
# Versions: Pint 0.25.3, NumPy 2.4.6.
# Expected: 2 m modulo 70 cm is 0.6 m and 2 m // 70 cm is 2; the operators % and // on the same
#   quantities give this, and np.add, np.hypot and np.arctan2 convert compatible units.
# Seen: np.mod(2 m, 70 cm) is 2 m, larger than the divisor, and np.floor_divide gives 0 m/cm: the
#   numbers 2 and 70 are divided as they stand. In the same unit the results are right.
# Matters: positions are reduced to a period, and bins are counted, by these functions; no error
#   shows that metres were divided by centimetres.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pint==0.25.3' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import pint

Q = pint.UnitRegistry().Quantity
length, period = Q(np.array([1.0, 2.0, 3.0]), "m"), Q(70.0, "cm")
assert np.allclose((length + period).m_as("m"), [1.7, 2.7, 3.7])
assert np.allclose(np.add(length, period).m_as("m"), [1.7, 2.7, 3.7])
assert np.allclose((length % period).m_as("m"), [0.3, 0.6, 0.2])
assert np.allclose((length // period).m_as(""), [1, 2, 4])
for function in (np.mod, np.remainder, np.fmod):
    seen, same = function(length, period), function(length, period.to("m"))
    print(function.__name__, seen, "in one unit:", same, "operator:", length % period)
    assert np.allclose(same.m_as("m"), [0.3, 0.6, 0.2])
    assert np.allclose(seen.m_as("m"), [1, 2, 3]), function.__name__ + " converts units now"
    assert np.all(seen > period)
seen, same = np.floor_divide(length, period), np.floor_divide(length, period.to("m"))
print("floor_divide", seen, "in one unit:", same, "operator:", length // period)
assert np.allclose(same.m_as(""), [1, 2, 4])
assert np.allclose(seen.m_as(""), 0), "floor_divide converts units now"
print("AS SEEN: the remainder of 2 m by 70 cm is 2 m")
PYTHON
