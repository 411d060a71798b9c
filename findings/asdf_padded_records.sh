#!/usr/bin/env bash
# asdf: structured arrays whose fields are aligned, or selected, come back as other numbers.
#
# Versions: asdf 6.0.0, NumPy 2.4.6.
# Expected: a table (1, 2.0), (3, 4.0) of an int8 and a float64 comes back as it was, whatever the
#   layout of its records; or it is refused. NumPy's np.save keeps all three layouts.
# Seen: for a dtype with align=True, whose records hold seven bytes of padding, the float64 column
#   comes back as 1.8e-312 and the like, and the rows run out of step: the bytes are written with
#   the padding, the datatype is written without it. The same for x[["a", "c"]], a view that skips
#   a column. Packed records are right.
# Matters: aligned records come from C structures and from compilers (Numba, CuPy), selections of
#   columns from tables; the file opens without an error, and the original may be gone.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'asdf==6.0.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import asdf
import numpy as np


def loaded(x):
    file = io.BytesIO()
    asdf.AsdfFile({"x": x}).write_to(file)
    file.seek(0)
    with asdf.open(file, memmap=False, lazy_load=False) as tree:
        return np.array(tree["x"])


rows = [(1, 2.0), (3, 4.0)]
packed = np.array(rows, dtype=[("a", "i1"), ("c", "f8")])
aligned = np.array(rows, dtype=np.dtype([("a", "i1"), ("c", "f8")], align=True))
three = np.array([(1, 7, 2.0), (3, 7, 4.0)], dtype=[("a", "i1"), ("b", "i8"), ("c", "f8")])
selected = three[["a", "c"]]
assert packed.dtype.itemsize == 9 and aligned.dtype.itemsize > 9 and selected.dtype.itemsize == 17
for name, x in (("packed", packed), ("aligned", aligned), ("selected", selected)):
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    assert np.load(file).tolist() == rows
    seen = loaded(x)
    print(name, "written:", x.tolist(), "read:", seen.tolist())
    if name == "packed":
        assert seen.tolist() == rows
    else:
        assert seen.shape == x.shape
        assert seen["a"][0] == 1 and seen["c"][0] != 2.0, name + " records are right now"
print("AS SEEN: padding in records shifts the numbers")
PYTHON
