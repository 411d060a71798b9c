#!/usr/bin/env bash
# numcodecs.Delta: everything after the first NaN or infinity of a chunk is NaN.
#
# Versions: numcodecs 0.16.6 (the codecs of Zarr), NumPy 2.4.6.
# Expected: the filter encodes a chunk as differences between adjacent values; its documentation warns
#   of integer types that are too small and of nothing else, and floating-point types are taken. One
#   missing value costs one value.
# Seen: 1, 2, NaN, 4, 5 comes back as 1, 2, NaN, NaN, NaN; 1e20 before 1 gives 0. Neither encoding
#   nor decoding says anything.
# Matters: series with gaps stored in Zarr with this filter lose all that follows the first gap.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'numcodecs==0.16.6' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numcodecs
import numpy as np

codec = numcodecs.Delta(dtype="<f8")
back = {}
for name, values in {
    "whole": [1.0, 2.0, 3.0, 4.0, 5.0],
    "gap": [1.0, 2.0, np.nan, 4.0, 5.0],
    "range": [1e20, 1.0, 2.0],
}.items():
    back[name] = codec.decode(codec.encode(np.array(values)))
    print(values, "->", back[name].tolist())
assert np.array_equal(back["whole"], [1.0, 2.0, 3.0, 4.0, 5.0])
assert np.array_equal(np.isnan(back["gap"]), [False, False, True, True, True]), "4, 5 now survive"
assert back["range"][1] == 0.0, "1 now survives after 1e20"
print("AS SEEN: what follows a NaN is lost")
PYTHON
