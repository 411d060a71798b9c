#!/usr/bin/env bash
# flax.serialization stores big-endian NumPy arrays under the name of the native type.
#
# Versions: Flax 0.12.8, JAX 0.10.2, NumPy 2.4.6.
# Expected: msgpack_restore(msgpack_serialize(tree)) returns equal arrays for every NumPy dtype it
#   accepts, or refuses.
# Seen: '>f4' arrays come back as float32 with the bytes reversed: 1, 2, 3 become 4.6e-41, ...; the
#   same through to_bytes and from_bytes. Only the type's name, without its byte order, is stored.
# Matters: a checkpoint of data or weights that came from a big-endian file is silently ruined; it
#   shows when it is loaded, and the original may be gone.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'flax==0.12.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'msgpack==1.2.4' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import sys

import numpy as np
from flax import serialization

foreign = ">f4" if sys.byteorder == "little" else "<f4"
x = np.array([1.0, 2.0, 3.0], dtype=foreign)
back = serialization.msgpack_restore(serialization.msgpack_serialize({"x": x}))["x"]
target = {"x": np.zeros(3, np.float32)}
state = serialization.from_bytes(target, serialization.to_bytes({"x": x}))["x"]
print(x.tolist(), "->", back.dtype, back.tolist(), "and", state.tolist())
native = serialization.msgpack_restore(
    serialization.msgpack_serialize({"x": x.astype(np.float32)})
)["x"]
assert np.array_equal(native, x)
assert not np.allclose(back, x) and not np.allclose(state, x), "the byte order is now kept"
assert np.array_equal(np.asarray(back).view(foreign), x)
print("AS SEEN: the byte order is lost between serialize and restore")
PYTHON
