#!/usr/bin/env bash
# pyfive: the names and values of an enumeration in a file of the newer format are garbage.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: pyfive.check_enum_dtype is documented as h5py's: {"a": 0, "b": 1, "c": 2}, as it gives for a file that was
#   written with libver="earliest".
# Seen: for libver="latest", whose names are not padded to eight bytes, three wrong names, partly of control
#   characters, for the value 0. The data themselves are right, so nothing is noticed. No error.
# Matters: enumerations hold the classes of labels and masks; names and numbers no longer belong together.
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

classes = {"a": 0, "b": 1, "c": 2}
for version in ("earliest", "latest"):
    with h5py.File("labels.h5", "w", libver=version) as file:
        file.create_dataset("y", data=np.array([0, 2, 1], "i1"), dtype=h5py.enum_dtype(classes, "i1"))
    with h5py.File("labels.h5") as file:
        true = h5py.check_enum_dtype(file["y"].dtype)
    with pyfive.File("labels.h5") as file:
        seen, data = pyfive.check_enum_dtype(file["y"].dtype), np.asarray(file["y"][...])
    print(version, "h5py:", true, "pyfive:", seen, data)
    assert true == classes and data.tolist() == [0, 2, 1]
    if version == "earliest":
        assert seen == classes
    else:
        assert not set(seen) & set(classes), "the names are read now"
        assert set(seen.values()) == {0}
print("AS SEEN: other names, all for 0, in the newer format")
PYTHON
