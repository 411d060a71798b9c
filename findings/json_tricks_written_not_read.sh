#!/usr/bin/env bash
# json_tricks writes structured arrays, and compact arrays without dimensions, that it cannot read.
#
# Versions: json-tricks 3.17.3, NumPy 2.4.6.
# Expected: loads(dumps(x)) returns x for every array that dumps takes, or dumps refuses, as it does for
#   compact arrays in Fortran order. To store and load NumPy arrays is what the package is for.
# Seen: for a structured array dumps writes the type as the text of a Python list, and loads raises
#   TypeError ("data type ... not understood"). With ndarray_compact=True an array of shape () is
#   written in base64 and read as if it were a decimal number: ValueError.
# Matters: results and settings are saved for later; the error comes when the run is over and hides all
#   other entries of the file.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'json-tricks==3.17.3' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import json_tricks
import numpy as np

record = np.array([(1, 2.5)], dtype=[("epoch", "i4"), ("loss", "f8")])
point = np.array(3.5)
compact = {"ndarray_compact": True}
for x, properties in ((np.array([3.5]), {}), (np.array([3.5]), compact), (point, {})):
    text = json_tricks.dumps(x, properties=properties)
    assert np.array_equal(json_tricks.loads(text), x)
errors = []
for x, properties in ((record, {}), (record, compact), (point, compact)):
    text = json_tricks.dumps({"x": x, "seed": 7}, properties=properties)
    try:
        json_tricks.loads(text)
    except (TypeError, ValueError) as error:
        print(text, "->", type(error).__name__, error)
        errors.append(type(error).__name__)
    else:
        raise SystemExit("json_tricks now reads " + text)
assert errors == ["TypeError", "TypeError", "ValueError"]
print("AS SEEN: three arrays are written and cannot be read")
PYTHON
