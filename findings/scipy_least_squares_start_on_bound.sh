#!/usr/bin/env bash
# scipy.optimize.least_squares and curve_fit do not leave a start value of 0 that lies on its bound.
#
# Versions: SciPy 1.17.1, NumPy 2.4.6.
# Expected: the problem is a straight line through exact data, linear and convex: (3, 1) is its only
#   minimum and lies inside the bounds. The documentation allows x0 on a bound ("trf" moves it inside).
# Seen: x = (1.7e-10, 2.2e-10) after 2 evaluations with success=True, status 2 ("ftol"), while the
#   reported optimality is 50. "trf" moves the start by 1e-10 and takes the length of that vector as
#   its first trust region; the first step gains less than ftol, which counts as converged. "dogbox"
#   finds (3, 1). A start of 1e-12 without bounds stops in the same way, in both methods.
# Matters: amplitudes and rates are bounded below by 0 and often start there; the fit returns its
#   start, says it succeeded, and curve_fit gives it a covariance.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
from scipy.optimize import curve_fit, least_squares

t = np.linspace(0.0, 1.0, 20)
y = 3.0 * t + 1.0


def residuals(p):
    return p[0] * t + p[1] - y


trf = least_squares(residuals, [0.0, 0.0], bounds=(0.0, np.inf))
dogbox = least_squares(residuals, [0.0, 0.0], bounds=(0.0, np.inf), method="dogbox")
tiny = least_squares(residuals, [1e-12, 1e-12])
fitted, _ = curve_fit(lambda t, a, b: a * t + b, t, y, p0=[0.0, 0.0], bounds=(0.0, np.inf))
print("trf:", trf.x, trf.success, trf.message, "optimality", trf.optimality)
print("dogbox:", dogbox.x, " curve_fit:", fitted, " start 1e-12, no bounds:", tiny.x)
assert np.allclose(dogbox.x, [3.0, 1.0])
assert trf.success and np.all(trf.x < 1e-6), "trf now leaves the bound"
assert np.all(fitted < 1e-6), "curve_fit now leaves the bound"
assert tiny.success and np.all(tiny.x < 1e-6), "a tiny start is now left"
print("AS SEEN: success=True at the start value; the minimum is (3, 1)")
PYTHON
