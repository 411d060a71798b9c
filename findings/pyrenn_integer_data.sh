#!/usr/bin/env bash
# pyrenn: integer inputs and targets are truncated to 0 when they are scaled.
#
# Versions: pyrenn 0.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: P = 0 ... 9 with Y = P^2 trains the same network, whether the arrays are of integers or of floats.
# Seen: prepare_data writes P / max|P| into a copy that keeps the integer type, so that all but the largest value
#   become 0; train_LM reports that the error limit is reached, and NNOut of the integers is 0 but for the last, which is 81.
# Matters: counts, years and quantised measurements are integers; training ends with success and is worthless.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pyrenn==0.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import pyrenn

p = np.arange(10)
fits = {}
for kind in (float, int):
    np.random.seed(1)
    x, y = p.astype(kind), (p**2).astype(kind)
    network = pyrenn.train_LM(x, y, pyrenn.CreateNN([1, 4, 1]), k_max=50, E_stop=1e-6)
    fits[kind] = pyrenn.NNOut(x, network)
    data, _ = pyrenn.prepare_data(x, y, network)
    print(kind.__name__, "scaled:", data["P"], data["Y"], "fit:", np.round(fits[kind], 2))
assert np.allclose(fits[float], p**2, atol=1.0)
assert np.allclose(fits[int][:-1], 0.0, atol=0.1), "integers are scaled now"
print("AS SEEN: nine of ten integers became 0")
PYTHON
