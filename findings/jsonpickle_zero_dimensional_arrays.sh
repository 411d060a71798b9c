#!/usr/bin/env bash
# jsonpickle's NumPy handlers turn an array without dimensions into one of shape (1,).
#
# Versions: jsonpickle 4.1.4, NumPy 2.4.6.
# Expected: decode(encode(x)) has the shape of x; shapes (1, 1) and (0, 3) come back as they were.
# Seen: np.array(3.5), shape (), comes back as array([3.5]), shape (1,), silently. In the JSON the value is
#   the plain number 3.5, so that the shape is lost when it is read.
# Matters: a learned scale, a temperature or a bias of one number is such an array; after a round trip
#   results gain an axis by broadcasting, (n,) - (1,) still works, and .item() and format strings differ.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'jsonpickle==4.1.4' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import jsonpickle
import jsonpickle.ext.numpy
import numpy as np

warnings.simplefilter("ignore")
jsonpickle.ext.numpy.register_handlers()
for x in (np.zeros((1, 1)), np.zeros((0, 3)), np.array([3.5])):
    assert jsonpickle.decode(jsonpickle.encode(x)).shape == x.shape
shapes = []
for x in (np.array(3.5), np.array(2), np.array(True), np.array(3.5, dtype=np.float32)):
    text = jsonpickle.encode({"scale": x})
    back = jsonpickle.decode(text)["scale"]
    print(repr(x), "->", text, "->", repr(back))
    assert back.dtype == x.dtype and back.ravel()[0] == x
    shapes.append(back.shape)
assert shapes == [(1,)] * 4, "the shape () is now kept"
print("AS SEEN: arrays of shape () come back with shape (1,)")
PYTHON
