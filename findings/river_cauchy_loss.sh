#!/usr/bin/env bash
# river: the value of the Cauchy loss is the absolute error; its gradient is that of the Cauchy loss.
#
# Versions: river 0.26.1, NumPy 2.4.6.
# Expected: the Cauchy loss is C^2/2 log(1 + (e/C)^2), by which large errors count little; gradient() is its
#   derivative e / (1 + (e/C)^2), so the call must be a function with that derivative, as it is for
#   Squared, Huber and EpsilonInsensitiveHinge.
# Seen: the call is |e|: 30 instead of 421 for e = 30 and C = 80, 0.3 instead of 0.045 for e = 0.3; its
#   slope is 1 wherever it is measured.
# Matters: who watches the loss, or compares models by it, sees another function than the one that is
#   minimised; a check of gradients fails.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'river==0.26.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import math

from river.optim import losses

h = 1e-5
for loss in (losses.Squared(), losses.Huber(), losses.EpsilonInsensitiveHinge(), losses.Cauchy(C=80)):
    for error in (-30.0, -0.3, 0.3, 30.0, 5000.0):
        value, given = loss(1.0, 1.0 + error), loss.gradient(1.0, 1.0 + error)
        slope = (loss(1.0, 1.0 + error + h) - loss(1.0, 1.0 + error - h)) / (2 * h)
        print(type(loss).__name__, "error", error, "value", value, "slope", slope, "gradient()", given)
        if isinstance(loss, losses.Cauchy):
            assert math.isclose(given, error / (1 + (error / 80) ** 2), rel_tol=1e-6)
            assert math.isclose(value, abs(error), rel_tol=1e-6), "the value has changed"
            assert not math.isclose(slope, given, rel_tol=0.05)
        else:
            assert math.isclose(slope, given, rel_tol=1e-4, abs_tol=1e-4)
print("AS SEEN: the Cauchy loss is the absolute error")
PYTHON
