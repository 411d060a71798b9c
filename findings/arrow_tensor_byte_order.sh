#!/usr/bin/env bash
# pyarrow.Tensor.from_numpy takes a big-endian array and reads its bytes as native.
#
# Versions: pyarrow 26.0.1, NumPy 2.4.6.
# Expected: the numbers, or the refusal that pyarrow.array gives ("Byte-swapped arrays not
#   supported").
# Seen: 1, 2, 3 as '>f4' become 4.6e-41, 9.0e-44, 2.3e-41 on a little-endian machine; the tensor's
#   type says float.
# Matters: weights and data in the byte order of instruments, FITS, IDX and older HDF5 files go
#   through Arrow's tensors (IPC, shared memory) as other numbers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pyarrow==26.0.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
import pyarrow

foreign = ">f4" if sys.byteorder == "little" else "<f4"
x = np.array([[1.0, 2.0, 3.0]], dtype=foreign)
tensor = pyarrow.Tensor.from_numpy(x)
print(tensor.type, x.tolist(), "->", tensor.to_numpy().tolist())
try:
    pyarrow.array(x[0])
except pyarrow.ArrowNotImplementedError as error:
    print("pyarrow.array:", error)
else:
    raise SystemExit("pyarrow.array now takes foreign byte order")
assert not np.allclose(tensor.to_numpy(), x), "from_numpy now keeps the numbers"
assert np.array_equal(tensor.to_numpy().view(foreign), x)
print("AS SEEN: the bytes are kept and the byte order is lost")
PYTHON
