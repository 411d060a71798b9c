#!/usr/bin/env bash
# treelite: Model.concatenate keeps the base score of the first model only.
#
# Versions: treelite 4.8.1, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
# Expected: the trees of boosted models are added up, so the concatenation predicts the sum of both models, in either
#   order; or models with a base score are refused. For random forests it is the mean over all trees, and that
#   is so.
# Seen: with models that predict about 10 and about 110, concatenate([a, b]) predicts about 10 and
#   concatenate([b, a]) about 110; the sum is 120.
# Matters: boosting that is continued in pieces, or on parts of the data, loses an offset without a word.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'treelite==4.8.1' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import treelite
from sklearn.ensemble import GradientBoostingRegressor, RandomForestRegressor

x = np.random.default_rng(0).normal(size=(50, 2))
y = x[:, 0] + 10.0


def imported(model, target):
    model.fit(x, target)
    return model.predict(x), treelite.sklearn.import_model(model)


def predicted(*models):
    return treelite.gtil.predict(treelite.Model.concatenate(list(models)), x).ravel()


one, a = imported(GradientBoostingRegressor(n_estimators=3), y)
other, b = imported(GradientBoostingRegressor(n_estimators=2), y + 100.0)
forward, backward = predicted(a, b), predicted(b, a)
print("first row:", one[0], "and", other[0], "concatenated:", forward[0], "in the other order:", backward[0])
assert np.allclose(treelite.gtil.predict(a, x).ravel(), one) and np.allclose(treelite.gtil.predict(b, x).ravel(), other)
offsets = np.mean(y), np.mean(y + 100.0)
assert np.allclose(forward, one + other - offsets[1]), "the second base score is kept now"
assert np.allclose(backward, one + other - offsets[0])
few, c = imported(RandomForestRegressor(3, random_state=0), y)
more, d = imported(RandomForestRegressor(5, random_state=1), y)
assert np.allclose(predicted(c, d), (3 * few + 5 * more) / 8)
print("AS SEEN: the base score of the second model is lost")
PYTHON
