#!/usr/bin/env bash
# asdf: a structured array that is stored inline cannot be read where it has as many rows as
# fields.
#
# Versions: asdf 6.0.0, NumPy 2.4.6.
# Expected: asdf writes small tables inline when asked to (all_array_storage="inline") and reads
#   them again, whatever the number of rows.
# Seen: two fields and two rows come back as a plain dictionary of lists with an
#   AsdfConversionWarning ("A node failed to convert"); two rows of three fields and three rows of
#   two fields come back as arrays. The same for three fields and three rows.
# Matters: inline is the form for small tables that people read and edit; adding one row makes the
#   file unreadable for a program that expects an array.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'asdf==6.0.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io
import warnings

import asdf
import numpy as np

warnings.simplefilter("ignore")
for fields in (2, 3):
    for rows in (1, 2, 3, 4):
        dtype = [("abc"[i], "f8" if i else "i4") for i in range(fields)]
        x = np.array([tuple(range(r, r + fields)) for r in range(rows)], dtype=dtype)
        file = io.BytesIO()
        asdf.AsdfFile({"x": x}).write_to(file, all_array_storage="inline")
        file.seek(0)
        with asdf.open(file, memmap=False, lazy_load=False) as tree:
            seen = tree["x"]
            right = not isinstance(seen, dict) and np.array(seen).tolist() == x.tolist()
            print(f"{rows} rows of {fields} fields:", "read" if right else type(seen).__name__)
            if rows == fields:
                assert not right, "as many rows as fields are read now"
                assert seen["shape"] == [rows]
            else:
                assert right
print("AS SEEN: square tables come back as dictionaries")
PYTHON
