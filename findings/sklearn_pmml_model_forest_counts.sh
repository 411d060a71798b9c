#!/usr/bin/env bash
# sklearn-pmml-model: a forest averages the record counts of its leaves, not their probabilities.
#
# Versions: sklearn-pmml-model 1.0.8, scikit-learn 1.9.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: multipleModelMethod="average" is the mean of the trees' class probabilities, as the PMML specification and
#   scikit-learn's forests have it: leaves of (8, 2) and (0, 1) records give (0.8 + 0) / 2 = 0.4 and 0.6, "yes".
# Seen: predict_proba() is (4, 1.5) and predict() says "no": the tree in the larger leaf outvotes the other. The
#   package's own decision trees give probabilities.
# Matters: probabilities above 1, and other classes than the forest was trained to give, without a warning.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'sklearn-pmml-model==1.0.8' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import numpy as np
from sklearn_pmml_model.ensemble import PMMLForestClassifier
from sklearn_pmml_model.tree import PMMLTreeClassifier

head = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary numberOfFields="2">
  <DataField name="x" optype="continuous" dataType="double"/>
  <DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>
</DataDictionary>"""
schema = '<MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>'


def node(name, predicate, counts):
    scores = "".join(f'<ScoreDistribution value="{v}" recordCount="{c}"/>' for v, c in zip(("no", "yes"), counts))
    score = "no" if counts[0] > counts[1] else "yes"
    return f'<Node id="{name}" score="{score}" recordCount="{sum(counts)}">{predicate}{scores}'


def tree(left, right):
    test = '<SimplePredicate field="x" operator="{}" value="0"/>'
    root = node("0", "<True/>", [a + b for a, b in zip(left, right)])
    leaves = node("1", test.format("lessOrEqual"), left) + "</Node>"
    leaves += node("2", test.format("greaterThan"), right) + "</Node>"
    return f'<TreeModel functionName="classification">{schema}{root}{leaves}</Node></TreeModel>'


trees = [((8, 2), (1, 9)), ((0, 1), (0, 3))]
segments = "".join(f'<Segment id="{i}"><True/>{tree(*t)}</Segment>' for i, t in enumerate(trees))
average = f'<Segmentation multipleModelMethod="average">{segments}</Segmentation>'
forest = f'<MiningModel functionName="classification">{schema}{average}</MiningModel>'
x = np.array([[-1.0], [1.0]])
single = [
    PMMLTreeClassifier(io.BytesIO((head + tree(*t) + "</PMML>").encode())).predict_proba(x) for t in trees
]
model = PMMLForestClassifier(io.BytesIO((head + forest + "</PMML>").encode()))
true, seen, labels = np.mean(single, axis=0), model.predict_proba(x), model.predict(x)
print("mean of the trees:", true.tolist(), "forest:", seen.tolist(), "predict():", labels)
assert np.allclose(true[0], [0.4, 0.6])
assert np.allclose(seen, np.mean(trees, axis=0)), "probabilities are averaged now"
assert labels[0] == "no"
print("AS SEEN: counts are averaged")
PYTHON
