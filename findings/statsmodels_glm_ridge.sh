#!/usr/bin/env bash
# statsmodels GLM.fit_regularized: a pure ridge penalty (L1_wt=0) minimises something else than L1_wt=1e-9.
#
# Versions: statsmodels 0.15.0, NumPy 2.4.6, SciPy 1.17.1, pandas 3.1.1.
# Expected: the documented objective, -loglike/n + alpha ((1 - L1_wt)/2 |b|^2 + L1_wt |b|_1), is
#   continuous in L1_wt. For the Gaussian family OLS.fit_regularized and
#   (X'X/n + alpha I)^-1 X'y/n give the same numbers as L1_wt=1e-9.
# Seen: with L1_wt=0 the intercept is 0.53 instead of 0.62 (Gaussian; Gamma likewise), because that
#   path lets the dispersion vary in the likelihood. Poisson, whose dispersion is 1, agrees. A
#   ConvergenceWarning says that the optimisation may have failed; it ended at another optimum.
# Matters: weight decay is compared and cross-validated by these numbers.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'statsmodels==0.15.0' 'numpy==2.4.6' 'scipy==1.17.1' 'pandas==3.1.1' 'patsy==1.0.3'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import numpy as np
import statsmodels.api as sm

warnings.simplefilter("ignore")
x = sm.add_constant(np.arange(8.0))
y = np.array([1.0, 3.0, 2.0, 5.0, 7.0, 6.0, 9.0, 8.0])
closed = np.linalg.solve(x.T @ x / 8 + 0.5 * np.eye(2), x.T @ y / 8)
ols = sm.OLS(y, x).fit_regularized(alpha=0.5, L1_wt=0.0).params
pure = sm.GLM(y, x).fit_regularized(alpha=0.5, L1_wt=0.0).params
nearly = sm.GLM(y, x).fit_regularized(alpha=0.5, L1_wt=1e-9).params
print("closed form:", closed, "OLS:", ols, "GLM 1e-9:", nearly, "GLM 0:", pure)
assert np.allclose(ols, closed) and np.allclose(nearly, closed, atol=1e-4)
counts = sm.GLM(np.round(y), x / 4, family=sm.families.Poisson())
assert np.allclose(
    counts.fit_regularized(alpha=0.5, L1_wt=0.0).params,
    counts.fit_regularized(alpha=0.5, L1_wt=1e-9).params,
    atol=1e-3,
)
assert abs(pure[0] - closed[0]) > 0.05, "the ridge path now agrees"
print("AS SEEN: the intercept of the ridge path is off by", abs(pure[0] - closed[0]).round(3))
PYTHON
