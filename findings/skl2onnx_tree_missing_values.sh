#!/usr/bin/env bash
# skl2onnx forgets which way missing values go in decision trees, forests and extra trees.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: scikit-learn's trees learn for each split whether NaN goes left
#   (tree_.missing_go_to_left); the ONNX operator has nodes_missing_value_tracks_true for it.
# Seen: the attribute is left 0: NaN always goes right. A tree that fits its training data exactly
#   predicts 10 instead of 0 for the rows with NaN.
# Matters: trees are chosen for tables with gaps; the exported model errs on exactly those rows.
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
from sklearn.ensemble import RandomForestRegressor
from sklearn.tree import DecisionTreeRegressor

x = np.array([[1.0], [2.0], [3.0], [4.0], [np.nan], [np.nan]], dtype=np.float32)
y = np.array([0.0, 0.0, 10.0, 10.0, 0.0, 0.0])
for model in (
    DecisionTreeRegressor(),
    RandomForestRegressor(n_estimators=1, bootstrap=False, random_state=0),
):
    model.fit(x, y)
    session = onnxruntime.InferenceSession(
        to_onnx(model, x[:1]).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    seen = session.run(None, {session.get_inputs()[0].name: x})[0].ravel()
    print(type(model).__name__, "scikit-learn:", model.predict(x), "exported:", seen)
    assert np.array_equal(model.predict(x), y)
    assert np.array_equal(seen[:4], y[:4])
    assert np.array_equal(seen[4:], [10.0, 10.0]), "NaN now goes left"
print("AS SEEN: the exported trees send NaN right")
PYTHON
