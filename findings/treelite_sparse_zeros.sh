#!/usr/bin/env bash
# treelite: entries that a sparse matrix does not store are zeros for scikit-learn and missing for
# treelite.
#
# Versions: treelite 4.8.1, scikit-learn 1.9.1, NumPy 2.4.6, SciPy 1.17.1.
# Expected: gtil.predict takes csr_matrix as well as arrays and its page says nothing of missing
#   values. The imported forest was trained on a csr_matrix; scikit-learn's predict is the same for
#   the sparse matrix and for its dense form, and so is treelite's for the dense form.
# Seen: for the sparse matrix treelite compares NaN with every threshold where nothing is stored
#   and goes right, as XGBoost's models want it; nearly every row gets another prediction, without
#   a warning. With the zeros stored explicitly all is right.
# Matters: counts of words and one-hot columns come as csr_matrix; the model serves other numbers
#   than it was validated with.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'treelite==4.8.1' 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import treelite
from scipy.sparse import csr_matrix
from sklearn.ensemble import RandomForestRegressor

x = np.array([[0.0, 1], [1, 0], [2, 0], [0, 2], [3, 0], [0, 3]])
y = np.arange(6.0)
model = RandomForestRegressor(20, random_state=0).fit(csr_matrix(x), y)
imported = treelite.sklearn.import_model(model)
true = model.predict(x)
explicit = csr_matrix((x.ravel(), np.tile([0, 1], 6), np.arange(0, 13, 2)), shape=x.shape)
dense = treelite.gtil.predict(imported, x).ravel()
stored = treelite.gtil.predict(imported, explicit).ravel()
sparse = treelite.gtil.predict(imported, csr_matrix(x)).ravel()
print("scikit-learn, dense and sparse:", true, model.predict(csr_matrix(x)))
print("treelite, dense and sparse:", dense, sparse)
assert np.allclose(model.predict(csr_matrix(x)), true)
assert np.allclose(dense, true) and np.allclose(stored, true)
missing = treelite.gtil.predict(imported, np.where(x == 0, np.nan, x)).ravel()
assert np.allclose(sparse, missing), "entries that are not stored are no longer missing values"
assert np.sum(np.abs(sparse - true) > 0.1) >= 3, "the sparse matrix is now predicted as scikit-learn does"
print("AS SEEN: zeros that are not stored go the way of missing values")
PYTHON
