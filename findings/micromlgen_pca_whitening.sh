#!/usr/bin/env bash
# micromlgen: a PCA that whitens is exported without the whitening.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: transform() of the exported class gives what the model's transform gives; PCA(whiten=True) divides each
#   component by its standard deviation. Without whitening the two agree.
# Seen: the C++ code is the same with and without whiten=True: components of standard deviation 10 and 0.1 arrive as
#   10 and 0.1 instead of 1 and 1.
# Matters: the classifier behind the PCA was trained on columns of unit variance.
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
from sklearn.decomposition import PCA


def transform(model, rows):
    """The output of the exported C++ class, compiled and run."""
    main = """
    int main() {
      Eloquent::ML::Port::Model model;
      float x[2];
      while (scanf("%f %f", x, x + 1) == 2) {
        model.transform(x);
        printf("%g %g ", x[0], x[1]);
      }
    }"""
    with open("model.cpp", "w") as file:
        file.write("#include <cmath>\n#include <cstdint>\n#include <cstdio>\n#include <cstring>\n")
        file.write(port(model, classname="Model") + main)
    subprocess.run(["g++", "-w", "-o", "model", "model.cpp"], check=True)
    text = "\n".join(" ".join(map(repr, row)) for row in rows.tolist())
    out = subprocess.run(["./model"], input=text, capture_output=True, text=True).stdout
    return np.array(out.split(), float).reshape(rows.shape)


x = np.random.default_rng(0).normal(size=(30, 2)) * [10.0, 0.1] + [1.0, 2.0]
for whiten in (False, True):
    model = PCA(whiten=whiten).fit(x)
    true, seen = model.transform(x), transform(model, x)
    print("whiten:", whiten, "scikit-learn:", true.std(axis=0, ddof=1), "C++:", seen.std(axis=0, ddof=1))
    if whiten:
        scale = np.sqrt(model.explained_variance_)
        assert np.allclose(true.std(axis=0, ddof=1), 1)
        assert np.allclose(seen, true * scale, rtol=1e-3, atol=1e-4), "it is whitened now"
    else:
        assert np.allclose(seen, true, rtol=1e-3, atol=1e-4)
print("AS SEEN: nothing is whitened")
PYTHON
