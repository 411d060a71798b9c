#!/usr/bin/env bash
# The package toml writes a NumPy number as a string that holds its repr.
#
# Versions: toml 0.10.2, NumPy 2.4.6.
# Expected: 0.001, or a TypeError as from tomli_w, json and PyYAML's safe_dump for types they do not
#   know. np.float64 is a subclass of float.
# Seen: learning_rate = "np.float64(0.001)", also "np.int64(3)" and "np.True_"; loading gives str.
# Matters: configurations of a search hold NumPy numbers; the file is valid TOML, and the failure
#   comes when the string is used as a rate.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'toml==0.10.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import tomllib

import numpy as np
import toml

settings = {"learning_rate": np.float64(0.001), "layers": np.int64(3), "nesterov": np.bool_(True)}
text = toml.dumps(settings)
print(text.strip())
back = tomllib.loads(text)
assert toml.dumps({"learning_rate": 0.001}).strip() == "learning_rate = 0.001"
assert back == {
    "learning_rate": "np.float64(0.001)",
    "layers": "np.int64(3)",
    "nesterov": "np.True_",
}, "NumPy numbers are now numbers or refused"
print("AS SEEN: numbers have become strings")
PYTHON
