#!/usr/bin/env bash
# skl2onnx cannot export a VotingRegressor or VotingClassifier whose weights are a list.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: scikit-learn documents `weights` as array-like and its own examples pass lists; the
#   same ensemble exports when the weights are a NumPy array.
# Seen: AttributeError: 'list' object has no attribute 'sum'.
# Matters: the message names neither the ensemble nor the weights; the cure is np.array(weights).
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'skl2onnx==1.20.0' 'scikit-learn==1.9.1' 'onnx==1.23.2' 'onnxruntime==1.32.0' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import onnxruntime
from skl2onnx import to_onnx
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import LinearRegression, Ridge

x = np.array([[1.0], [2.0], [3.0]], dtype=np.float32)
members = [("ridge", Ridge()), ("line", LinearRegression())]
array = VotingRegressor(members, weights=np.array([1, 3])).fit(x, [1.0, 2.0, 4.0])
session = onnxruntime.InferenceSession(
    to_onnx(array, x[:1]).SerializeToString(), providers=["CPUExecutionProvider"]
)
seen = session.run(None, {session.get_inputs()[0].name: x})[0].ravel()
assert np.allclose(seen, array.predict(x), atol=1e-5)
as_list = VotingRegressor(members, weights=[1, 3]).fit(x, [1.0, 2.0, 4.0])
assert np.allclose(as_list.predict(x), array.predict(x))
try:
    to_onnx(as_list, x[:1])
except AttributeError as error:
    print("AS SEEN: AttributeError:", error)
    assert "sum" in str(error)
else:
    raise SystemExit("a list of weights is now exported")
PYTHON
