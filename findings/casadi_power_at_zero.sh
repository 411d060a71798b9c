#!/usr/bin/env bash
# CasADi: the derivative of 0**b with respect to b is NaN.
#
# Versions: CasADi 3.8.2, NumPy 2.4.6.
# Expected: 0**b = 0 for every b > 0, so its derivative with respect to b is 0 (x**b log x tends to 0
#   with x); PyTorch and JAX treat the zero base apart for this reason.
# Seen: NaN (0 times log 0), in SX and MX, forward and reverse; the value itself is right.
# Matters: a power law a x**b is fitted to data that begin at x = 0: the residuals are finite, one
#   row of the Jacobian is not, and the solver stops or returns NaN.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'casadi==3.8.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import casadi
import numpy as np

x = np.array([0.0, 1.0, 2.0])
derivative = {}
for name, kind in (("SX", casadi.SX), ("MX", casadi.MX)):
    p = kind.sym("p", 2)
    model = p[0] * casadi.DM(x) ** p[1]
    values = casadi.Function("f", [p], [model, casadi.jacobian(model, p)])
    y, jacobian = (np.array(part) for part in values([3.0, 1.5]))
    derivative[name] = jacobian[:, 1]
    print(name, "values:", y.ravel(), "derivative by the exponent:", jacobian[:, 1])
    assert np.allclose(y.ravel(), 3.0 * x**1.5)
    assert np.allclose(jacobian[1:, 1], 3.0 * x[1:] ** 1.5 * np.log(x[1:]))
h = 1e-6
assert (0.0 ** (1.5 + h) - 0.0 ** (1.5 - h)) / (2 * h) == 0.0
assert all(np.isnan(d[0]) for d in derivative.values()), "the derivative at 0 is now finite"
print("AS SEEN: d(0**b)/db is NaN, differences give 0")
PYTHON
