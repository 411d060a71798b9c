#!/usr/bin/env bash
# autograd: the gradient of norm(x, inf) is NaN.
#
# Versions: autograd 1.9.1, NumPy 2.4.6.
# Expected: the largest magnitude of (3, -4, 1) has the gradient (0, -1, 0), as max(abs(x)) gives; or
#   the NotImplementedError that autograd raises for the orders 1 and -inf.
# Seen: (nan, nan, 0) for order inf: the formula for a finite order p is used with p = inf. Orders 2, 3
#   and 4 are right.
# Matters: a loss or a penalty on the largest error (minimax fits) has a finite value and no gradient;
#   the message of the solver names neither.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'autograd==1.9.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import warnings

import autograd.numpy as np
from autograd import grad

warnings.simplefilter("ignore")
x = np.array([3.0, -4.0, 1.0])
seen = grad(lambda v: np.linalg.norm(v, np.inf))(x)
true = grad(lambda v: np.max(np.abs(v)))(x)
print("norm(x, inf):", np.linalg.norm(x, np.inf), "gradient:", seen, "of max |x|:", true)
assert np.array_equal(true, [0.0, -1.0, 0.0])
h = 1e-6
for order in (2, 3, 4):
    steps = [
        (np.linalg.norm(x + h * e, order) - np.linalg.norm(x - h * e, order)) / (2 * h)
        for e in np.eye(3)
    ]
    assert np.allclose(grad(lambda v: np.linalg.norm(v, order))(x), steps, atol=1e-6)
for order in (1, -np.inf):
    try:
        grad(lambda v: np.linalg.norm(v, order))(x)
    except NotImplementedError as error:
        print("order", order, "is refused:", error)
    else:
        raise SystemExit("more orders are now differentiated")
assert np.any(np.isnan(seen)), "the gradient is now finite"
print("AS SEEN: the gradient of the largest magnitude is NaN")
PYTHON
