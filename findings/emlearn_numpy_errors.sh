#!/usr/bin/env bash
# emlearn: importing it turns every underflow of NumPy in the process into an exception.
#
# Versions: emlearn 0.23.2, NumPy 2.4.6.
# Expected: import changes nothing outside the package. NumPy's defaults are to warn of division, overflow and invalid
#   values and to ignore underflow; how errors are handled is the program's own setting.
# Seen: emlearn.bayes calls numpy.seterr(all="raise") when it is imported. Afterwards exp(-800), 1/0 and the softmax of
#   (0, -800) anywhere in the program raise FloatingPointError.
# Matters: emlearn is imported at the end of a training script; metrics, plots and further training then fail.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'emlearn==0.23.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np


def softmax(z):
    e = np.exp(z - np.max(z))
    return e / np.sum(e)


z = np.array([0.0, -800.0])
before = np.geterr()
print("before:", before, "softmax:", softmax(z))
assert before["under"] == "ignore" and np.array_equal(softmax(z), [1.0, 0.0])
import emlearn  # noqa: E402

print("after: ", np.geterr())
assert set(np.geterr().values()) == {"raise"}, "the import leaves NumPy's settings alone now"
try:
    softmax(z)
except FloatingPointError as error:
    print("softmax:", type(error).__name__, error)
else:
    raise SystemExit("the softmax is computed")
print("AS SEEN: underflow raises after the import of emlearn", emlearn.__version__)
PYTHON
