#!/usr/bin/env bash
# skl2onnx ignores weights="distance" of KNeighborsRegressor and KNeighborsClassifier.
#
# Versions: skl2onnx 1.20.0, scikit-learn 1.9.1, onnx 1.23.2, ONNX Runtime 1.32.0.
# Expected: neighbours weighted by the inverse of their distance: halfway between 0 (0) and 1 (1) a
#   quarter of the way gives 0.25; at a training point the training value. An option that cannot be
#   converted is refused elsewhere in the package.
# Seen: the plain mean of the neighbours (0.5), at training points too, without an error.
# Matters: the exported model is another model; nothing but a comparison of numbers shows it.
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
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

x = np.arange(10, dtype=np.float32).reshape(-1, 1)
at = np.array([[0.25], [3.25], [3.0]], dtype=np.float32)


def exported(model, **options):
    session = onnxruntime.InferenceSession(
        to_onnx(model, x[:1], **options).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, {session.get_inputs()[0].name: at})


weighted = KNeighborsRegressor(2, weights="distance").fit(x, x[:, 0] ** 2)
plain = KNeighborsRegressor(2).fit(x, x[:, 0] ** 2)
seen = exported(weighted)[0].ravel()
print("scikit-learn:", weighted.predict(at), "exported:", seen, "plain mean:", plain.predict(at))
assert np.allclose(weighted.predict(at)[:2], [0.25, 10.75])
assert np.allclose(seen[:2], plain.predict(at)[:2], atol=1e-5), "distances now count"
classes = [0, 0, 0, 1, 1, 1, 0, 0, 1, 1]
classifier = KNeighborsClassifier(3, weights="distance").fit(x, classes)
uniform = KNeighborsClassifier(3).fit(x, classes)
seen = exported(classifier, options={"zipmap": False})[1]
print("classes:", classifier.predict_proba(at)[:, 1], "exported:", seen[:, 1])
assert not np.allclose(seen, classifier.predict_proba(at), atol=1e-2)
assert np.allclose(seen[:2], uniform.predict_proba(at)[:2], atol=1e-5), "distances now count"
print("AS SEEN: the exported neighbours have equal weights")
PYTHON
