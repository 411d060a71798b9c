#!/usr/bin/env bash
# scipy.optimize.curve_fit does not move for a model that computes in float32, and calls it exact.
#
# Versions: SciPy 1.17.1, NumPy 2.4.6.
# Expected: the parameters of an exponential, 2.5, 1.3 and 0.5, to the four digits or so that float32
#   residuals allow. least_squares finds them from the same model: its difference step is taken from the
#   coarser of the types of x and of the residuals.
# Seen: curve_fit returns p0 = (1, 1, 1) after a single evaluation of the Jacobian: trf and dogbox say
#   that gtol is satisfied, with standard errors of exactly 0; lm succeeds with an infinite covariance.
#   curve_fit makes the residuals float64, so that steps of 1.5e-8 are taken, which float32
#   cannot see: every difference is 0.
# Matters: models that run on a network or in a compiled float32 kernel are fitted like this; the fit
#   succeeds with the start values.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import numpy as np
from scipy.optimize import curve_fit, least_squares

warnings.simplefilter("ignore")
x = np.linspace(0.0, 4.0, 50)
true = [2.5, 1.3, 0.5]


def model(x, a, b, c):
    a, b, c, x = (np.asarray(v, dtype=np.float32) for v in (a, b, c, x))
    return a * np.exp(-b * x) + c


y = model(x, *true)
direct = least_squares(lambda p: model(x, *p) - y, [1.0, 1.0, 1.0])
print("least_squares:", direct.x)
assert np.allclose(direct.x, true, atol=5e-3)
for method in ("lm", "trf", "dogbox"):
    found, covariance, info, message, status = curve_fit(
        model, x, y, p0=[1.0, 1.0, 1.0], method=method, full_output=True
    )
    print("curve_fit", method, found, "errors:", np.sqrt(np.diag(covariance)), message[:40])
    assert np.array_equal(found, [1.0, 1.0, 1.0]), method + " now moves"
    assert status in (1, 2, 3, 4)
    assert np.all(covariance == 0.0) if method != "lm" else np.all(np.isinf(covariance))
print("AS SEEN: the start values are returned as a success")
PYTHON
