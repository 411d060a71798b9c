#!/usr/bin/env bash
# pyfive: a chunked dataset in which a chunk was never written cannot be read.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: HDF5 stores a chunk when something is written to it; the others are the fill value. h5py reads 1, 1, 7.5,
#   7.5; pyfive does so for a dataset of which no chunk was written.
# Seen: KeyError((2,)) for the whole dataset and for the part of it that is missing; the same after resize(), and for
#   compressed datasets.
# Matters: a run that was stopped, a log that grows by resize and a sparse label image are such files.
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

with h5py.File("run.h5", "w") as file:
    file.create_dataset("none", (4,), "f8", chunks=(2,), fillvalue=7.5)
    file.create_dataset("half", (4,), "f8", chunks=(2,), fillvalue=7.5)[:2] = 1.0
    grown = file.create_dataset("grown", data=np.ones(2), maxshape=(None,), chunks=(2,), fillvalue=7.5)
    grown.resize((4,))
with h5py.File("run.h5") as true, pyfive.File("run.h5") as seen:
    assert np.array_equal(seen["none"][...], true["none"][...])
    for name in ("half", "grown"):
        assert true[name][...].tolist() == [1.0, 1.0, 7.5, 7.5]
        assert np.asarray(seen[name][:2]).tolist() == [1.0, 1.0]
        for part in (np.s_[...], np.s_[2:]):
            try:
                print(name, part, seen[name][part])
                raise SystemExit("unwritten chunks can be read now")
            except KeyError as error:
                print(name, part, "h5py:", true[name][part], "pyfive:", repr(error))
print("AS SEEN: KeyError where the fill value is")
PYTHON
