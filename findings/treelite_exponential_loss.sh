#!/usr/bin/env bash
# treelite: the probabilities of GradientBoostingClassifier(loss="exponential") are sigmoid(f), not
# sigmoid(2 f).
#
# Versions: treelite 4.8.1, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
# Expected: the documentation lists GradientBoostingClassifier among the models that are imported,
#   and GTIL is "a reference implementation". AdaBoost's loss has p = sigmoid(2 f) where f is the
#   sum of the trees; scikit-learn's predict_proba and decision_function say so.
# Seen: the raw scores agree to rounding and the probabilities do not: 0.90 becomes 0.75. With the
#   log loss both agree.
# Matters: the labels are the same, so that a comparison of labels does not show it; thresholds and
#   expected costs are taken from the probabilities.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'treelite==4.8.1' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import treelite
from scipy.special import expit
from sklearn.ensemble import GradientBoostingClassifier

x = np.arange(40.0).reshape(20, 2) % 7
y = (x[:, 0] + x[:, 1] > 5).astype(int)
y[::6] = 1 - y[::6]
for loss, slope in (("log_loss", 1), ("exponential", 2)):
    model = GradientBoostingClassifier(loss=loss, n_estimators=8, max_depth=2, random_state=0)
    model.fit(x, y)
    scores, true = model.decision_function(x), model.predict_proba(x)[:, 1]
    imported = treelite.sklearn.import_model(model)
    raw = treelite.gtil.predict(imported, x, pred_margin=True).ravel()
    seen = treelite.gtil.predict(imported, x).ravel()
    print(loss, "scikit-learn:", true[:4], "treelite:", seen[:4])
    assert np.allclose(raw, scores) and np.allclose(true, expit(slope * scores))
    if loss == "log_loss":
        assert np.allclose(seen, true)
    else:
        assert np.allclose(seen, expit(scores)), "the probabilities are no longer sigmoid(f)"
        assert np.max(np.abs(seen - true)) > 0.05
print("AS SEEN: sigmoid(f) where the exponential loss means sigmoid(2 f)")
PYTHON
