#!/usr/bin/env bash
# micromlgen: the votes of a random forest are counted in a byte, so that 256 votes are none.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: all 256 trees of a forest say class 1 for the rows of class 1, and so should the exported forest.
# Seen: votes is an array of uint8_t, where 256 votes for class 1 are 0 and 300 would be 44. The answer is class 0,
#   since ties go to the first class. With 255 trees the answers are right.
# Matters: more trees make a forest better; beyond 255 the exported one is confidently wrong.
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
from sklearn.ensemble import RandomForestClassifier


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


x = np.linspace(-1, 1, 40).reshape(-1, 1)
y = (x[:, 0] > 0).astype(int)
far = np.array([[-1.0], [-0.5], [0.5], [1.0]])
for trees in (255, 256):
    model = RandomForestClassifier(trees, bootstrap=False, max_features=None, random_state=0).fit(x, y)
    seen = predict(model, far)
    print(trees, "trees; scikit-learn:", model.predict(far), model.predict_proba(far)[:, 1], "C++:", seen.astype(int))
    assert np.array_equal(model.predict(far), [0, 0, 1, 1])
    if trees == 255:
        assert np.array_equal(seen, [0, 0, 1, 1])
    else:
        assert np.array_equal(seen, [0, 0, 0, 0]), "256 votes count now"
print("AS SEEN: 256 votes are none")
PYTHON
