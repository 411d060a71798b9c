#!/usr/bin/env bash
# Normalizer("max") means max |x| in scikit-learn and max x in ONNX: skl2onnx exports one as the other.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: scikit-learn divides a row by its largest magnitude: (1, -4, 2) becomes
#   (0.25, -1, 0.5).
# Seen: the ai.onnx.ml operator Normalizer, by its specification, divides by the largest value
#   (Y = X / max(X)); ONNX Runtime follows it: (0.5, -2, 1). A row without positive values changes
#   its signs. No error, no warning.
# Matters: every row whose largest magnitude is negative goes into the network wrongly scaled.
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
from sklearn.preprocessing import Normalizer

x = np.array([[1.0, -4.0, 2.0], [-1.0, -2.0, -4.0]], dtype=np.float32)
model = Normalizer("max").fit(x)
session = onnxruntime.InferenceSession(
    to_onnx(model, x[:1]).SerializeToString(), providers=["CPUExecutionProvider"]
)
seen = session.run(None, {session.get_inputs()[0].name: x})[0]
print("scikit-learn:", model.transform(x).tolist(), "exported:", seen.tolist())
assert np.allclose(model.transform(x), x / np.abs(x).max(axis=1, keepdims=True))
assert np.allclose(seen, x / x.max(axis=1, keepdims=True)), "magnitudes now count"
print("AS SEEN: the exported Normalizer divides by the largest value, not the largest magnitude")
PYTHON
