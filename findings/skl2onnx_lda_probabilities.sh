#!/usr/bin/env bash
# skl2onnx gives a two-class LinearDiscriminantAnalysis the wrong probabilities: sigmoid(2 d), not sigmoid(d).
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: predict_proba of two classes is the logistic function of decision_function d.
# Seen: the exported model applies softmax to (-d, d), that is sigmoid(2 d): 0.107 becomes 0.014,
#   0.72 becomes 0.87. The labels agree, so a comparison of labels alone does not show it.
# Matters: thresholds, expected costs and ensembles use the probabilities.
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
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

x = np.array([[0.0], [1.0], [2.0], [3.0], [2.5], [4.0], [5.0], [1.5]], dtype=np.float32)
y = np.array([0, 0, 0, 1, 0, 1, 1, 1])
model = LinearDiscriminantAnalysis().fit(x, y)
exported = to_onnx(model, x[:1], options={"zipmap": False})
session = onnxruntime.InferenceSession(
    exported.SerializeToString(), providers=["CPUExecutionProvider"]
)
label, probability = session.run(None, {session.get_inputs()[0].name: x})
d = model.decision_function(x)
print("scikit-learn:", model.predict_proba(x)[:, 1])
print("exported:    ", probability[:, 1])
assert np.array_equal(label, model.predict(x))
assert np.allclose(model.predict_proba(x)[:, 1], 1 / (1 + np.exp(-d)), atol=1e-5)
assert np.allclose(probability[:, 1], 1 / (1 + np.exp(-2 * d)), atol=1e-5), "now sigmoid(d)"
print("AS SEEN: the exported probabilities are sigmoid(2 d)")
PYTHON
