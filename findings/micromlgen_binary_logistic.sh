#!/usr/bin/env bash
# micromlgen: a logistic regression for two classes predicts the other class for every input.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: port() makes C++ that predicts what the scikit-learn model predicts; for three classes it does.
# Seen: for two classes scikit-learn has one row of weights, whose sum is positive for class 1. The C++ code adds
#   that sum to the votes of class 0 and leaves those of class 1 at 0: all answers are exchanged.
# Matters: a model that is right in nine cases of ten is right in one of ten on the device.
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
from sklearn.linear_model import LogisticRegression


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


x = np.linspace(-3, 3, 30).reshape(-1, 1)
two = (x[:, 0] > 0.5).astype(int)
three = two + (x[:, 0] > 1.5)
for y in (two, three):
    model = LogisticRegression().fit(x, y)
    seen = predict(model, x)
    print(len(model.classes_), "classes; scikit-learn:", model.predict(x), "C++:", seen.astype(int))
    if len(model.classes_) == 3:
        assert np.array_equal(seen, model.predict(x))
    else:
        assert np.array_equal(seen, 1 - model.predict(x)), "the classes are no longer exchanged"
print("AS SEEN: the two classes are exchanged")
PYTHON
