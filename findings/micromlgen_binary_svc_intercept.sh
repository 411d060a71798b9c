#!/usr/bin/env bash
# micromlgen: an SVC for two classes is exported with the sign of its intercept reversed.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: class 1 where the sum over the support vectors plus intercept_ is positive; what port() makes for three
#   classes agrees with scikit-learn.
# Seen: the C++ code compares that sum with +intercept_ instead of -intercept_. Classes that are separated at x = 2 are
#   separated at x = -2; nothing is seen of it while the intercept is near 0, as with standardised data.
# Matters: the exported model gives class 1 to all 21 inputs from 0 to 4 where 10 of them belong to class 0.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'micromlgen==1.1.28' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import subprocess

import numpy as np
from micromlgen import port
from sklearn.svm import SVC


def predict(model, rows):
    """The answers of the exported C++ class, compiled and run."""
    main = """
    int main() {
      Eloquent::ML::Port::Model model;
      float x[%d];
      for (int i = 0; scanf("%%f", x + i) == 1; i = (i + 1) %% %d)
        if (i == %d) printf("%%g ", (double)model.predict(x));
    }""" % (rows.shape[1], rows.shape[1], rows.shape[1] - 1)
    with open("model.cpp", "w") as file:
        file.write("#include <cmath>\n#include <cstdint>\n#include <cstdio>\nusing namespace std;\n")
        file.write(port(model, classname="Model") + main)
    subprocess.run(["g++", "-w", "-o", "model", "model.cpp"], check=True)
    text = "\n".join(" ".join(map(repr, row)) for row in rows.tolist())
    return np.array(subprocess.run(["./model"], input=text, capture_output=True, text=True).stdout.split(), float)


x = np.linspace(0, 4, 21).reshape(-1, 1) + 0.01
two = (x[:, 0] > 2).astype(int)
for y in (two, two + (x[:, 0] > 3)):
    model = SVC(kernel="linear", gamma=1.0, C=10.0).fit(x, y)
    seen = predict(model, x)
    print(len(model.classes_), "classes; scikit-learn:", model.predict(x), "C++:", seen.astype(int))
    if len(model.classes_) == 3:
        assert np.array_equal(seen, model.predict(x))
    else:
        assert np.array_equal(model.predict(x), two)
        assert np.all(seen == 1), "the intercept has its sign now"
        mirrored = predict(model, -x)
        print("at -x:", mirrored.astype(int))
        assert np.array_equal(mirrored, 1 - two)
print("AS SEEN: the border of x = 2 lies at x = -2")
PYTHON
