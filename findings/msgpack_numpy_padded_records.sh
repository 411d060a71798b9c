#!/usr/bin/env bash
# msgpack-numpy: structured arrays with selected or aligned fields come back with further fields.
#
# Versions: msgpack-numpy 0.4.8, msgpack 1.2.4, NumPy 2.4.6.
# Expected: the table that was packed, (1, 2.0), (3, 4.0) with the fields a and c; np.save keeps it.
# Seen: three fields. Of x[["a", "c"]], a view that skips the column b, the bytes of b are packed and come back as
#   the field f1; of a dtype with align=True the padding does. Packed records are right.
# Matters: loops over the fields and comparisons of dtypes fail, and a column that was left out is sent along.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'msgpack-numpy==0.4.8' 'msgpack==1.2.4' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import msgpack
import msgpack_numpy
import numpy as np


def passed(x):
    return msgpack.unpackb(msgpack.packb(x, default=msgpack_numpy.encode), object_hook=msgpack_numpy.decode)


rows = [(1, 2.0), (3, 4.0)]
packed = np.array(rows, dtype=[("a", "i1"), ("c", "f8")])
aligned = np.array(rows, dtype=np.dtype([("a", "i1"), ("c", "f8")], align=True))
three = np.array([(1, 7, 2.0), (3, 9, 4.0)], dtype=[("a", "i1"), ("b", "i8"), ("c", "f8")])
for name, x in (("packed", packed), ("aligned", aligned), ("selected", three[["a", "c"]])):
    file = io.BytesIO()
    np.save(file, x)
    file.seek(0)
    assert np.load(file).tolist() == rows and np.load(io.BytesIO(file.getvalue())).dtype.names == ("a", "c")
    seen = passed(x)
    print(name, "sent:", x.dtype.names, "received:", seen.dtype.names, seen.dtype)
    if name == "packed":
        assert seen.dtype == x.dtype and seen.tolist() == rows
    else:
        assert len(seen.dtype.names) == 3, name + " records are right now"
        assert seen["a"].tolist() == [1, 3] and seen["c"].tolist() == [2.0, 4.0]
hidden = passed(three[["a", "c"]])["f1"].tolist()
print("the column that was not selected:", hidden)
assert [int.from_bytes(v, "little") for v in hidden] == [7, 9]
print("AS SEEN: what lies between the fields is a field")
PYTHON
