#!/usr/bin/env bash
# emlearn: the converted Gaussian naive Bayes knows nothing of the class probabilities.
#
# Versions: emlearn 0.23.2, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; a C compiler.
# Expected: convert() makes C code that predicts what the model predicts. GaussianNB adds log p(class), from the data or
#   from the argument priors; for equal classes the two agree.
# Seen: only means and standard deviations are written; a class of 1 % wins wherever its density is larger. A model
#   built with priors=(0.99, 0.01) gives the same code as one with (0.01, 0.99).
# Matters: rare events on a sensor (faults, falls) are what priors are for; the device raises false alarms.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'emlearn==0.23.2' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1' 'setuptools==84.2.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import emlearn
import numpy as np
from sklearn.naive_bayes import GaussianNB

z = np.array([-1.5, -0.5, 0.5, 1.5])
x, y = np.concatenate([z, z + 2]).reshape(-1, 1), np.repeat([0, 1], 4)
rows = np.array([[-1.0], [0.5], [1.4], [2.0], [3.0]])
code = []
for priors in ((0.5, 0.5), (0.99, 0.01), (0.01, 0.99)):
    model = GaussianNB(priors=priors).fit(x, y)
    converted = emlearn.convert(model)
    true, seen = model.predict(rows), np.array(converted.predict(rows))
    code.append(converted.save(name="model"))
    print("priors", priors, "scikit-learn:", true, "emlearn:", seen)
    assert np.array_equal(seen, [0, 0, 1, 1, 1])
    assert np.array_equal(true, seen) == (priors == (0.5, 0.5)), "the priors count now"
assert code[0] == code[1] == code[2]
print("AS SEEN: the same code for all priors")
PYTHON
