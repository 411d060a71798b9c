#!/usr/bin/env bash
# skl2onnx: SGDClassifier(loss="modified_huber") predicts the first class where no class is likely.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: predict is the class of the largest decision_function. Where every decision is below -1
#   the probabilities of modified_huber are all zero before scaling and documented as uniform.
# Seen: the exported label is the argmax of the probabilities, 0 on such rows, while scikit-learn
#   says 2. On rows with one likely class both agree.
# Matters: between the classes, where it is hard anyway, the exported classifier gives the class that
#   comes first in the alphabet.
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
from sklearn.linear_model import SGDClassifier

x = np.array([[-2.0], [-1.0], [0.0], [1.0], [2.0], [3.0]], dtype=np.float32)
model = SGDClassifier(loss="modified_huber", max_iter=5, tol=None).fit(x, [0, 0, 1, 1, 2, 2])
# Coefficients in plain numbers, so that nothing hangs on the training.
model.coef_ = np.array([[-40.0], [-40.0], [40.0]])
model.intercept_ = np.array([-10.0, -30.0, -60.0])
at = np.array([[-2.0], [1.0], [1.25], [3.0]], dtype=np.float32)
exported = to_onnx(model, x[:1], options={"zipmap": False})
session = onnxruntime.InferenceSession(
    exported.SerializeToString(), providers=["CPUExecutionProvider"]
)
label, probability = session.run(None, {session.get_inputs()[0].name: at})
print("decisions:", model.decision_function(at).tolist())
print("scikit-learn:", model.predict(at), "exported:", label, "probabilities:", probability.tolist())
assert np.array_equal(model.predict(at), model.decision_function(at).argmax(axis=1))
assert np.array_equal(model.predict(at), [0, 2, 2, 2])
assert np.array_equal(label, [0, 0, 0, 2]), "the label is now that of the largest decision"
print("AS SEEN: rows without a likely class get the first label")
PYTHON
