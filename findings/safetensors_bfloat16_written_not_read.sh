#!/usr/bin/env bash
# safetensors.numpy writes bfloat16 and float8 arrays that safetensors.numpy cannot read.
#
# Versions: safetensors 0.8.0, NumPy 2.4.6, ml_dtypes 0.6.0.
# Expected: load(save(x)) returns x for every dtype that save accepts, or save refuses the dtype.
# Seen: save writes the format's BF16 (F8_E4M3, F8_E5M2), the types that JAX's arrays bring to NumPy;
#   load raises KeyError: 'BF16', also for all other tensors of the file.
# Matters: weights kept in bfloat16 are saved without a word and are missing when they are needed;
#   the error names neither the tensor nor the cure (another front end, or float32 before saving).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'safetensors==0.8.0' 'numpy==2.4.6' 'ml_dtypes==0.6.0'
cd "$folder"
venv/bin/python - <<'PYTHON'
import ml_dtypes
import numpy as np
import safetensors.numpy

weights = np.array([1.0, 2.0, 4.0])
for name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
    file = safetensors.numpy.save(
        {"weights": weights.astype(getattr(ml_dtypes, name)), "bias": np.zeros(2)}
    )
    try:
        safetensors.numpy.load(file)
    except KeyError as error:
        print(name, "written as", len(file), "bytes; reading: KeyError:", error)
    else:
        raise SystemExit(name + " is now read")
assert np.array_equal(safetensors.numpy.load(safetensors.numpy.save({"w": weights}))["w"], weights)
print("AS SEEN: bfloat16 and float8 are written and not read")
PYTHON
