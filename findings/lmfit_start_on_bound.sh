#!/usr/bin/env bash
# lmfit's lbfgsb, bfgs, cg, tnc and slsqp do not move a parameter that starts on its bound.
#
# Versions: lmfit 1.3.4, SciPy 1.17.1, NumPy 2.4.6.
# Expected: 3 and 1, the only minimum of a straight line through exact data, well inside the bounds;
#   SciPy's L-BFGS-B, TNC and SLSQP, called directly with these bounds and this start, find it.
# Seen: the start (0, 0) with success=True. lmfit maps bounded parameters by a MINUIT transformation
#   even for methods that know bounds; its slope is 0 on a bound, so the gradient is 0 there.
# Matters: amplitudes often have min=0 and start at 0; the fit succeeds at once and gives zeros.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'lmfit==1.3.4' 'scipy==1.17.1' 'numpy==2.4.6' 'asteval==1.0.10' 'uncertainties==3.2.3'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import lmfit
import numpy as np
from scipy.optimize import minimize

warnings.simplefilter("ignore")
t = np.linspace(0.0, 1.0, 20)
y = 3.0 * t + 1.0
bounds = [(0.0, None), (0.0, 10.0)]
for ours, scipys in (("lbfgsb", "L-BFGS-B"), ("tnc", "TNC"), ("slsqp", "SLSQP"), ("bfgs", None)):
    parameters = lmfit.Parameters()
    parameters.add("a", value=0.0, min=0.0)
    parameters.add("b", value=0.0, min=0.0, max=10.0)
    fit = lmfit.minimize(lambda p: p["a"] * t + p["b"] - y, parameters, method=ours)
    found = [fit.params["a"].value, fit.params["b"].value]
    print(ours, found, "success:", fit.success)
    assert fit.success and np.allclose(found, 0.0), ours + " now leaves the bound"
    if scipys:
        direct = minimize(
            lambda p: np.sum((p[0] * t + p[1] - y) ** 2), [0.0, 0.0], method=scipys, bounds=bounds
        )
        print("  SciPy's", scipys, direct.x)
        assert np.allclose(direct.x, [3.0, 1.0], atol=1e-2)
print("AS SEEN: the start on the bound is returned as a success")
PYTHON
