#!/usr/bin/env bash
# skl2onnx drops the indicator columns of SimpleImputer(add_indicator=True).
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: two imputed columns and one column that says where a value was missing; or a refusal.
# Seen: the exported transformer returns the imputed columns only, without an error.
# Matters: the step's output is narrower than what the next step was trained on, and a model that
#   learnt from missingness loses it.
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
from sklearn.impute import SimpleImputer

x = np.array([[1.0, 2.0], [np.nan, 3.0], [7.0, 6.0]], dtype=np.float32)
model = SimpleImputer(add_indicator=True).fit(x)
session = onnxruntime.InferenceSession(
    to_onnx(model, x[:1]).SerializeToString(), providers=["CPUExecutionProvider"]
)
seen = session.run(None, {session.get_inputs()[0].name: x})[0]
print("scikit-learn:", model.transform(x).tolist(), "exported:", seen.tolist())
assert model.transform(x).shape == (3, 3)
assert seen.shape == (3, 2), "the indicator is now exported"
print("AS SEEN: the exported imputer has lost the indicator column")
PYTHON
