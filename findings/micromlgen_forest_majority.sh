#!/usr/bin/env bash
# micromlgen: exported random forests take the vote of the trees, not the mean of their probabilities.
#
# Versions: micromlgen 1.1.28, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1; any C++ compiler named g++.
# Expected: scikit-learn's forests average the probabilities of the trees; its guide says that this differs from the
#   publication in which each tree votes for one class. port() exports a scikit-learn model.
# Seen: each tree gives a whole vote to the more frequent class of the leaf, however narrow its majority. Of 400 rows
#   24 change their class.
# Matters: small trees with undecided leaves are what fits on a device, and there the two rules differ most.
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


rng = np.random.default_rng(0)
x = rng.integers(-8, 9, size=(400, 3)) / 8.0
y = (x @ [1, 1, 1] + rng.normal(size=400) > 0.6).astype(int)
model = RandomForestClassifier(20, max_depth=2, random_state=0).fit(x, y)
true, seen = model.predict(x), predict(model, x)
votes = np.mean([tree.predict(x) for tree in model.estimators_], axis=0) > 0.5
print("rows that differ from scikit-learn:", np.sum(seen != true), "from the majority of votes:", np.sum(seen != votes))
assert np.array_equal(seen, votes)
assert np.array_equal(true, np.mean([tree.predict_proba(x)[:, 1] for tree in model.estimators_], axis=0) > 0.5)
assert np.sum(seen != true) >= 4, "probabilities are averaged now"
print("AS SEEN: the trees vote")
PYTHON
