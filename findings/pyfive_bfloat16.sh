#!/usr/bin/env bash
# pyfive: floating-point numbers are read by their size alone; bfloat16 is taken for half precision.
#
# Versions: pyfive 1.3.0, h5py 3.16.0, NumPy 2.4.6.
# Expected: HDF5 stores with each floating-point type where sign, exponent and mantissa lie and the exponent's bias;
#   h5py reads 1, 2.5, -3 in the layout of bfloat16. The README: a feature that h5py supports and pyfive does not is
#   a bug; types of other sizes are refused (NotImplementedError).
# Seen: 1.875, 2.062, -2.125 as float16; an exponent bias of 120 in four bytes gives 0.0078 instead of 1. No error.
# Matters: weights in bfloat16 come out as plausible numbers of the order of one.
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

bfloat16 = h5py.h5t.IEEE_F16LE.copy()
bfloat16.set_fields(15, 7, 8, 0, 7)
bfloat16.set_ebias(127)
other_bias = h5py.h5t.IEEE_F32LE.copy()
other_bias.set_ebias(120)
written = np.array([1.0, 2.5, -3.0], np.float32)
for name, kind, factor in (("bfloat16", bfloat16, None), ("bias of 120", other_bias, 2.0**-7)):
    with h5py.File("weights.h5", "w") as file:
        dataset = h5py.h5d.create(file.id, b"w", kind, h5py.h5s.create_simple((3,)), None)
        dataset.write(h5py.h5s.ALL, h5py.h5s.ALL, written)
    with h5py.File("weights.h5") as file:
        true = file["w"][...]
    with pyfive.File("weights.h5") as file:
        seen = np.asarray(file["w"][...])
    print(name, "h5py:", true, true.dtype, "pyfive:", seen, seen.dtype)
    assert np.array_equal(true, written)
    if factor is None:
        bits = (written.view(np.uint32) >> 16).astype(np.uint16)
        assert np.array_equal(seen, bits.view(np.float16)), "bfloat16 is no longer taken for float16"
    else:
        assert np.array_equal(seen, written * factor), "the exponent's bias is no longer ignored"
print("AS SEEN: the layout of floating-point numbers is ignored")
PYTHON
