#!/usr/bin/env bash
# numcodecs: with its own extra zfpy installed it cannot be imported, nor can Zarr.
#
# Versions: numcodecs 0.16.6, zfpy 1.0.1.post0, Zarr 3.1.6, NumPy 2.4.6.
# Expected: numcodecs[zfpy] is the documented way to the ZFP codec and asks for zfpy >= 1.0.0; pip chooses
#   1.0.1.post0. An optional codec that does not work is left out, as when zfpy is missing.
# Seen: import numcodecs, and with it import zarr, ends in "ValueError: invalid literal for int() with base 10:
#   'post0'": the version's parts are taken for numbers. After uninstalling zfpy both work.
# Matters: one optional package for lossy compression stops every program that reads or writes Zarr.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'numcodecs[zfpy]==0.16.6' 'zfpy==1.0.1.post0' 'zarr==3.1.6' 'numpy==2.4.6'
cd "$folder"
check() {
  venv/bin/python - "$1" <<'PYTHON'
import importlib
import sys

import numpy as np

if sys.argv[1] == "with":
    import zfpy

    x = np.linspace(0.0, 1.0, 64)
    assert np.allclose(zfpy.decompress_numpy(zfpy.compress_numpy(x, tolerance=1e-6)), x, atol=1e-6)
for name in ("numcodecs", "zarr"):
    try:
        importlib.import_module(name)
        found = "imported"
    except ValueError as error:
        found = repr(error)
    print(sys.argv[1], "zfpy:", name, found)
    assert ("post0" in found) == (sys.argv[1] == "with"), "numcodecs can now be imported beside zfpy"
PYTHON
}
check with
"$folder/venv/bin/pip" uninstall --quiet --yes zfpy
check without
echo "AS SEEN: zfpy 1.0.1.post0 stops the import of numcodecs and Zarr"
