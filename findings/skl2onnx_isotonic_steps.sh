#!/usr/bin/env bash
# skl2onnx exports isotonic calibration as steps; scikit-learn interpolates between the thresholds.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: predict_proba of CalibratedClassifierCV(method="isotonic"): IsotonicRegression is
#   piecewise linear between its thresholds.
# Seen: probabilities differ by several hundredths between thresholds, without an error or warning;
#   they change in jumps.
# Matters: a calibrated model is exported for its probabilities.
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
from sklearn.calibration import CalibratedClassifierCV
from sklearn.naive_bayes import GaussianNB

x = np.linspace(-2.0, 2.0, 40, dtype=np.float32)[:, None]
y = (x[:, 0] + 1.5 * np.sin(9 * x[:, 0]) > 0).astype(int)
model = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=2).fit(x, y)
exported = to_onnx(model, x[:1], options={"zipmap": False})
session = onnxruntime.InferenceSession(
    exported.SerializeToString(), providers=["CPUExecutionProvider"]
)
grid = np.linspace(-2.0, 2.0, 401, dtype=np.float32)[:, None]
ours = model.predict_proba(grid)[:, 1]
theirs = session.run(None, {session.get_inputs()[0].name: grid})[1][:, 1]
levels = len(np.unique(ours.round(6))), len(np.unique(theirs.round(6)))
print("largest difference:", np.abs(ours - theirs).max(), "distinct probabilities:", levels)
assert np.abs(ours - theirs).max() > 0.02, "the exported model now interpolates"
assert levels[0] > 2 * levels[1]
print("AS SEEN: the exported isotonic calibration is a step function")
PYTHON
