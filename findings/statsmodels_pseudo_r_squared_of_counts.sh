#!/usr/bin/env bash
# statsmodels GLM: pseudo_rsquared("cs") with freq_weights counts rows, not observations.
#
# Versions: statsmodels 0.15.0, NumPy 2.4.6, SciPy 1.17.1, pandas 3.1.1.
# Expected: the documentation says that freq_weights=k gives the same result as repeating a row k
#   times; coefficients, standard errors, log-likelihood, AIC and McFadden's pseudo R2 do. Cox and
#   Snell's is 1 - exp(2 (llnull - llf) / n) with n the number of observations.
# Seen: n is the number of distinct rows: 0.64 instead of 0.29 below, for the same data.
# Matters: grouped data are the reason for frequency weights; the fit looks much better than it is.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'statsmodels==0.15.0' 'numpy==2.4.6' 'scipy==1.17.1' 'pandas==3.1.1' 'patsy==1.0.3'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
import statsmodels.api as sm

x = sm.add_constant(np.arange(10.0))
y = np.array([3.0, 1.0, 4.0, 2.0, 5.0, 3.0, 6.0, 3.0, 5.0, 6.0])
count = np.array([1, 2, 3, 4, 1, 2, 3, 4, 5, 5])
family = sm.families.Poisson()
grouped = sm.GLM(y, x, family=family, freq_weights=count).fit()
rows = sm.GLM(np.repeat(y, count), np.repeat(x, count, axis=0), family=family).fit()
for name in ("params", "bse", "llf", "llnull", "aic", "df_resid"):
    assert np.allclose(getattr(grouped, name), getattr(rows, name)), name
assert np.isclose(grouped.pseudo_rsquared("mcf"), rows.pseudo_rsquared("mcf"))
seen, true = grouped.pseudo_rsquared("cs"), rows.pseudo_rsquared("cs")
formula = 1 - np.exp(2 * (rows.llnull - rows.llf) / count.sum())
print("frequency weights:", seen, "repeated rows:", true, "formula:", formula)
assert np.isclose(true, formula)
assert np.isclose(seen, 1 - np.exp(2 * (rows.llnull - rows.llf) / len(y))), "now as repeated rows"
assert seen > 1.5 * true
print("AS SEEN: Cox and Snell's pseudo R2 of weighted rows is", round(seen / true, 2), "x too large")
PYTHON
