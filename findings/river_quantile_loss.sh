#!/usr/bin/env bash
# river: the value of the quantile loss belongs to the quantile 1 - alpha, its gradient to alpha.
#
# Versions: river 0.26.1, NumPy 2.4.6.
# Expected: alpha is the "desired quantile to attain". For alpha = 0.9 a prediction that is 10 too low costs 9 and one
#   that is 10 too high costs 1, as in scikit-learn's mean_pinball_loss; the gradient is -0.9 and 0.1.
# Seen: the gradient is right, the values are exchanged: 1 and 9. The two agree for alpha = 0.5 only.
# Matters: of two models that are compared by this loss the worse one wins; the constant that minimises its
#   mean is the 10 % quantile where 90 % was asked for.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'river==0.26.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import math

from river.optim import losses

for alpha in (0.1, 0.5, 0.9):
    loss = losses.Quantile(alpha)
    for error, cost, gradient in ((-10.0, 10 * alpha, -alpha), (10.0, 10 * (1 - alpha), 1 - alpha)):
        value, given = loss(50.0, 50.0 + error), loss.gradient(50.0, 50.0 + error)
        print("alpha", alpha, "error", error, "pinball loss", cost, "river", value, "gradient()", given)
        assert math.isclose(given, gradient)
        assert math.isclose(value, 10 - cost), "the value has changed"
ninth = losses.Quantile(0.9)
best = min(range(1, 101), key=lambda p: sum(ninth(float(y), float(p)) for y in range(1, 101)))
print("the constant of least mean loss for 1 ... 100 and alpha = 0.9:", best)
assert best < 15, "the 90 % quantile is found now"
print("AS SEEN: the loss of the other quantile")
PYTHON
