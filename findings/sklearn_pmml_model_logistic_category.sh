#!/usr/bin/env bash
# sklearn-pmml-model: a logistic regression whose coefficients stand in the table of the first class is reversed.
#
# Versions: sklearn-pmml-model 1.0.8, scikit-learn 1.9.1, NumPy 2.4.6, pandas 3.1.1.
# Expected: each RegressionTable names its class by targetCategory; with normalizationMethod="softmax" the probability
#   of a class is exp(its sum) over the sum of both. Which of two classes has the empty table is free.
# Seen: targetCategory is not read: the table with predictors is always taken for the class that comes second in the
#   DataDictionary. P(no) = 0.95 becomes P(no) = 0.05.
# Matters: whether a document is read rightly depends on which class its author took for the reference.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'sklearn-pmml-model==1.0.8' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'pandas==3.1.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import io

import numpy as np
from sklearn_pmml_model.linear_model import PMMLLogisticRegression

document = """<PMML xmlns="http://www.dmg.org/PMML-4_4" version="4.4"><Header/>
<DataDictionary numberOfFields="2">
  <DataField name="x" optype="continuous" dataType="double"/>
  <DataField name="y" optype="categorical" dataType="string"><Value value="no"/><Value value="yes"/></DataField>
</DataDictionary>
<RegressionModel functionName="classification" normalizationMethod="softmax">
  <MiningSchema><MiningField name="y" usageType="target"/><MiningField name="x"/></MiningSchema>
  <RegressionTable intercept="0" targetCategory="FULL"><NumericPredictor name="x" coefficient="3"/></RegressionTable>
  <RegressionTable intercept="0" targetCategory="EMPTY"/>
</RegressionModel></PMML>"""
x = np.array([[-2.0], [0.5], [1.0]])
full = 1 / (1 + np.exp(-3 * x.ravel()))
for names, true in ((("yes", "no"), np.c_[1 - full, full]), (("no", "yes"), np.c_[full, 1 - full])):
    text = document.replace("FULL", names[0]).replace("EMPTY", names[1])
    model = PMMLLogisticRegression(io.BytesIO(text.encode()))
    assert model.classes_.tolist() == ["no", "yes"]
    seen = model.predict_proba(x)
    print("predictors for", names[0], "P(no):", true[:, 0], "seen:", seen[:, 0], model.predict(x))
    if names[0] == "yes":
        assert np.allclose(seen, true)
    else:
        assert np.allclose(seen, 1 - true), "targetCategory is read now"
print("AS SEEN: the table with predictors is the second class, whatever its name")
PYTHON
