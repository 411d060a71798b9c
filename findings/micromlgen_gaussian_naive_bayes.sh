#!/usr/bin/env bash
# micromlgen: the exported Gaussian naive Bayes is another classifier.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.1.3 (1.2 lacks what is read), NumPy 1.26.4, SciPy 1.10.1; g++.
# Expected: the class of the largest log p(class) - 1/2 sum (log(2 pi s) + (x - m)^2 / s) with the variances s, as in
#   scikit-learn.
# Seen: the C++ code takes p(class) - sum (log s + |x - m| / s): no logarithm, no square, no half. Two classes with the
#   same means and the standard deviations 1 and 3 should change at |x| = 1.57, and do at |x| = 2.47.
# Matters: features on different scales, the case naive Bayes is good at, are weighed by another power of their scale.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'micromlgen==1.1.28' 'scikit-learn==1.1.3' 'numpy==1.26.4' 'scipy==1.10.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import subprocess

import numpy as np
from micromlgen import port
from sklearn.naive_bayes import GaussianNB


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


z = np.array([-1.0, 1.0])
x, y = np.concatenate([z, 3 * z]).reshape(-1, 1), np.array([0, 0, 1, 1])
model = GaussianNB(var_smoothing=0.0).fit(x, y)
rows = np.array([[0.0], [1.4], [1.8], [2.2], [2.4], [3.0], [4.0]])
s = np.array([1.0, 9.0])
square = np.argmax(-0.5 * (np.log(s) + rows**2 / s), axis=1)
absolute = np.argmax(0.5 - (np.log(s) + np.abs(rows) / s), axis=1)
seen = predict(model, rows)
print("scikit-learn:", model.predict(rows), "C++:", seen.astype(int), "by |x - m| / s:", absolute)
assert np.array_equal(model.predict(rows), square)
assert np.array_equal(seen, absolute) and not np.array_equal(absolute, square), "the density is right now"
print("AS SEEN: neither square, half nor logarithm")
PYTHON
