#!/usr/bin/env bash
# pyfive: integers of fewer bits than their bytes hold are read with all the bits.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: HDF5 stores with each integer type its precision and its offset in the bytes: 12 bits at offset 4 hold
#   -2048 ... 2047. h5py reads 1, -2, 300, -2048. The README: a feature that h5py supports and pyfive does not is a bug.
# Seen: 16, 65504, 4800, 32768: neither the offset nor the sign bit is heeded; at offset 0 -2 becomes 4094. No error.
# Matters: converters of 10, 12 and 14 bits are stored this way; negative samples become large positive ones.
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

written = np.array([1, -2, 300, -2048], np.int32)
for offset in (4, 0):
    kind = h5py.h5t.STD_I32LE.copy()
    kind.set_precision(12)
    kind.set_offset(offset)
    with h5py.File("samples.h5", "w", libver="latest") as file:
        dataset = h5py.h5d.create(file.id, b"x", kind, h5py.h5s.create_simple((4,)), None)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, written)
    with h5py.File("samples.h5") as file:
        true = file["x"][...]
    with pyfive.File("samples.h5") as file:
        seen = np.asarray(file["x"][...])
    print("12 bits at offset", offset, "h5py:", true, "pyfive:", seen)
    assert np.array_equal(true, written)
    assert np.array_equal(seen, (written & 0xFFF) << offset), "precision and offset are heeded now"
print("AS SEEN: integers of 12 bits lose their sign and keep their offset")
PYTHON
