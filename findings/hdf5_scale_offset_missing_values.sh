#!/usr/bin/env bash
# HDF5's scale-offset filter turns NaN into an ordinary number.
#
# Versions: h5py 3.16.0 with the HDF5 in its wheel, NumPy 2.4.6.
# Expected: h5py's documentation calls scaleoffset lossy for floats: it keeps `scaleoffset` digits
#   after the decimal point. NaN is a value of the type; it stays NaN or is refused.
# Seen: 1, NaN, 3 with two digits comes back as 1, 1, 3: a finite number in the place of NaN, no
#   error. With gzip or without a filter NaN stays.
# Matters: NaN marks gaps in measured data, and the filter is made for measured data; the gaps fill
#   with plausible numbers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'h5py==3.16.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import h5py
import numpy as np

x = np.array([1.0, np.nan, 3.0])
with h5py.File("x.h5", "w") as file:
    file.create_dataset("plain", data=x)
    file.create_dataset("gzip", data=x, compression="gzip")
    file.create_dataset("scaled", data=x, chunks=(3,), scaleoffset=2)
with h5py.File("x.h5") as file:
    back = {name: file[name][...] for name in file}
print(back)
assert np.isnan(back["plain"][1]) and np.isnan(back["gzip"][1])
assert np.allclose(back["scaled"][[0, 2]], [1.0, 3.0], atol=0.01)
assert np.isfinite(back["scaled"][1]), "NaN is now kept"
print("AS SEEN: NaN has become a finite number")
PYTHON
