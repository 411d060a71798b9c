#!/usr/bin/env bash
# micromlgen: an exported OneClassSVM calls every input an inlier.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: OneClassSVM is among the models that port() takes; scikit-learn's predict is 1 for inliers, -1 for outliers.
# Seen: the C++ code tests whether intercept_ minus the sum over the support vectors is positive. intercept_ is negative
#   and kernel and coefficients are not, so it never is: the answer is 1, also a million widths away.
# Matters: novelty detection on a device is what this model is exported for; it never raises an alarm.
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
from sklearn.svm import OneClassSVM


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


x = np.random.default_rng(0).normal(size=(50, 2))
model = OneClassSVM(gamma=0.5, nu=0.2).fit(x)
for rows in (x, x + 5, x + 1e6):
    seen = predict(model, rows)
    print("outliers in scikit-learn:", np.sum(model.predict(rows) == -1), "in C++:", np.sum(seen != 1), "of", len(rows))
    assert np.sum(model.predict(rows) == -1) >= 5
    assert np.all(seen == 1), "there are outliers now"
print("AS SEEN: no outliers")
PYTHON
