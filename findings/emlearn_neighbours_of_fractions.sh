#!/usr/bin/env bash
# emlearn: the data of a nearest-neighbour classifier lose their fractions.
#
# Versions: emlearn 0.23.2, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; a C compiler.
# Expected: convert() refuses what it cannot represent, as it does other metrics and weights="distance" with a
#   ValueError; standardised features are the usual input of KNeighborsClassifier.
# Seen: training data and inputs are truncated to int16 without a word: in [0, 1) all distances are 0, and every input
#   gets one and the same class. The same data times 1000 are classified as in scikit-learn.
# Matters: a classifier that is right on all its training points gives one class on the device.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'emlearn==0.23.2' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1' 'setuptools==84.2.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import emlearn
import numpy as np
from sklearn.neighbors import KNeighborsClassifier

x = np.linspace(0, 0.95, 20).reshape(-1, 1)
y = (x[:, 0] > 0.5).astype(int)
for scale in (1.0, 1000.0):
    model = KNeighborsClassifier(3).fit(scale * x, y)
    true = model.predict(scale * x)
    seen = np.array(emlearn.convert(model).predict(scale * x))
    print("scale", scale, "scikit-learn:", true, "emlearn:", seen)
    assert np.array_equal(true, y)
    if scale == 1.0:
        assert np.all(seen == seen[0]), "fractions count now"
    else:
        assert np.array_equal(seen, true)
for option in ({"weights": "distance"}, {"metric": "manhattan"}):
    try:
        emlearn.convert(KNeighborsClassifier(3, **option).fit(x, y))
    except ValueError as error:
        print(option, "is refused:", error)
    else:
        raise SystemExit("no longer refused")
print("AS SEEN: one class for all")
PYTHON
