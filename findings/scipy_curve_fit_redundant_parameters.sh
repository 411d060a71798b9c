#!/usr/bin/env bash
# scipy.optimize.curve_fit gives finite variances for parameters that the data cannot tell apart.
#
# Versions: SciPy 1.17.1, NumPy 2.4.6.
# Expected: in y = a b x only the product is determined; the Jacobian has rank 1. The documentation says
#   that method "lm" then returns a covariance filled with inf, and raises an OptimizeWarning.
# Seen: in 40 of 40 data sets a finite variance of 1e25 and more, no warning. Rounding makes the
#   singular matrix invertible; numpy.linalg.matrix_rank of the Jacobian says 1.
# Matters: code that tests np.isinf(pcov) or turns the warning into an error takes the fit for sound; the
#   number is rounding noise and differs between machines.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import numpy as np
from scipy.optimize import curve_fit

warnings.simplefilter("always")
x = np.linspace(0.1, 1.0, 30)
finite = 0
for seed in range(40):
    y = 2.0 * x + 0.1 * np.random.default_rng(seed).normal(size=30)
    with warnings.catch_warnings(record=True) as caught:
        found, covariance = curve_fit(lambda x, a, b: a * b * x, x, y)
    jacobian = np.stack([found[1] * x, found[0] * x], axis=1)
    assert np.linalg.matrix_rank(jacobian) == 1
    assert np.isclose(found[0] * found[1], x @ y / (x @ x))
    finite += bool(np.all(np.isfinite(covariance)) and not caught)
print("finite without a warning:", finite, "of 40; the last:", np.diag(covariance))
with warnings.catch_warnings(record=True) as caught:
    _, covariance = curve_fit(lambda x, a, b: a * x, x, y, p0=[1.0, 1.0])
print("a parameter without effect:", np.diag(covariance), [w.category.__name__ for w in caught])
assert np.all(np.isinf(covariance)) and caught
assert finite >= 20, "redundant parameters are now recognised"
print("AS SEEN: the covariance of a rank-deficient fit is finite")
PYTHON
