#!/usr/bin/env bash
# scipy.io.savemat writes masked entries as numbers: 1e20 in a version 5 file, what lies under the
# mask in a version 4 file.
#
# Versions: SciPy 1.17.1, NumPy 2.4.6.
# Expected: MATLAB has no masks; NaN for floats or an error. The two formats of one function agree.
# Seen: (1, --, 3) becomes (1, 1e20, 3) with format="5", an integer 999999, and (1, 2, 3) with
#   format="4" where 2 is the value that was masked. No warning.
# Matters: masked arrays mark missing targets; training data sent to MATLAB gain a target of 1e20
#   or get back the outlier that was masked.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import numpy as np
from scipy.io import loadmat, savemat

masked = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
seen = {}
for version in ("4", "5"):
    file = io.BytesIO()
    savemat(file, {"y": masked, "k": np.ma.array([1, 2], mask=[False, True])}, format=version)
    file.seek(0)
    data = loadmat(file)
    seen[version] = data["y"][0]
    print("format", version, data["y"][0], data["k"][0])
assert np.array_equal(seen["5"], [1.0, 1e20, 3.0]), "version 5 now treats masks otherwise"
assert np.array_equal(seen["4"], [1.0, 2.0, 3.0]), "version 4 now treats masks otherwise"
print("AS SEEN: a masked entry is 1e20 in one format and the hidden value in the other")
PYTHON
