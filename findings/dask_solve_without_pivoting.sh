#!/usr/bin/env bash
# dask.array.linalg.solve and inv exchange rows inside a chunk only: small pivots give wrong numbers.
#
# Versions: Dask 2026.8.0, NumPy 2.4.6, SciPy 1.17.1.
# Expected: the system [[1e-20, 1], [1, 1]] x = [1, 2] is well conditioned (condition number 2.6);
#   its solution is (1, 1) to rounding, however the matrix is chunked.
# Seen: in chunks of one, solve returns (0, 1), without a warning; the second equation is missed by 1.
#   With an exact 0 in that place the regular matrix is called singular. In one chunk all is right.
# Matters: normal equations and kernel systems of larger problems are solved in chunks; the answer
#   depends on where the chunks end.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'dask[array]==2026.8.0' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import dask.array as da
import numpy as np

a = np.array([[1e-20, 1.0], [1.0, 1.0]])
b = np.array([1.0, 2.0])
whole = da.linalg.solve(da.from_array(a, chunks=2), da.from_array(b, chunks=2)).compute()
parts = da.linalg.solve(da.from_array(a, chunks=1), da.from_array(b, chunks=1)).compute()
print("condition number:", np.linalg.cond(a), "NumPy:", np.linalg.solve(a, b))
print("one chunk:", whole, "chunks of one:", parts, "residual:", a @ parts - b)
assert np.allclose(whole, [1.0, 1.0])
assert abs((a @ parts - b)[1]) > 0.5, "solve now pivots across chunks"
a[0, 0] = 0.0
try:
    da.linalg.inv(da.from_array(a, chunks=1)).compute()
except Exception as error:
    print("with an exact 0:", type(error).__name__, error)
else:
    raise SystemExit("inv now pivots across chunks")
print("AS SEEN: a well conditioned system in chunks has a residual of 1")
PYTHON
