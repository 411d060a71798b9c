#!/usr/bin/env bash
# pyfive: a dataset whose numbers are stored in an external file is read as zeros.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: the README: a feature that h5py supports and pyfive does not is a bug; what pyfive lacks it refuses
#   elsewhere (NotImplementedError). HDF5's external storage keeps a dataset's numbers in a raw file beside the HDF5 file.
# Seen: the right shape and type, and zeros instead of 1, 2, 3, 4, without an error or a warning.
# Matters: instruments write raw files and put an HDF5 file with their names beside them; training data become zeros.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pyfive==1.3.0' 'numcodecs==0.16.6' 'h5py==3.16.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import h5py
import numpy as np
import pyfive

written = np.array([1.0, 2.0, 3.0, 4.0])
with h5py.File("data.h5", "w") as file:
    file.create_dataset("x", (4,), "f8", external=[("raw.bin", 0, 32)])[...] = written
assert np.array_equal(np.fromfile("raw.bin"), written)
with h5py.File("data.h5") as file:
    true = file["x"][...]
with pyfive.File("data.h5") as file:
    seen = np.asarray(file["x"][...])
print("h5py:", true, "pyfive:", seen)
assert np.array_equal(true, written)
assert seen.shape == (4,) and seen.dtype == np.float64
assert np.array_equal(seen, np.zeros(4)), "external storage is no longer read as zeros"
print("AS SEEN: zeros instead of the numbers in the external file")
PYTHON
