#!/usr/bin/env bash
# pyfive: a dataset of booleans comes as int8, and as a mask it takes the rows 0 and 1.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: the README: pyfive aims to support the same API as h5py for reading. h5py writes NumPy's bool as an
#   enumeration of FALSE and TRUE and reads it as bool, data and attributes.
# Seen: int8 zeros and ones. x[mask] with the mask (0, 0, 1, 1) is x[0], x[0], x[1], x[1] instead of x[2], x[3];
#   ~mask is -1 and -2. No error.
# Matters: the split of a data set into training and test rows is stored as a mask.
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

x, mask = np.array([10.0, 20.0, 30.0, 40.0]), np.array([False, False, True, True])
with h5py.File("split.h5", "w") as file:
    file["test"] = mask
    file["test"].attrs["copy"] = mask
with h5py.File("split.h5") as file:
    true, attribute = file["test"][...], file["test"].attrs["copy"]
assert true.dtype == attribute.dtype == bool and x[true].tolist() == [30.0, 40.0]
with pyfive.File("split.h5") as file:
    seen, attribute = np.asarray(file["test"][...]), np.asarray(file["test"].attrs["copy"])
print("h5py:", true, x[true], "pyfive:", seen, seen.dtype, x[seen])
assert seen.dtype == attribute.dtype == np.int8, "booleans are booleans now"
assert x[seen].tolist() == [10.0, 10.0, 20.0, 20.0]
print("AS SEEN: a mask of int8 takes other rows")
PYTHON
