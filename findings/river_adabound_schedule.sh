#!/usr/bin/env bash
# river: AdaBound with a learning-rate schedule stops, its bounds shrink by the product of all rates.
#
# Versions: river 0.26.1, NumPy 2.4.6.
# Expected: the paper's code and its followers scale the final rate by lr_t / lr_0 in step t: with a rate that falls
#   as 1/sqrt(t), the final rate falls as 1/sqrt(t), and w^2/2 is minimised as by Adam and AMSGrad.
# Seen: final_lr is multiplied by lr_t / lr_0 again in each step, so it falls as 1/sqrt(t!): 5e-5 after ten
#   steps, 1e-80 after a hundred, and w stands still. With a constant rate nothing is wrong.
# Matters: a decaying rate is usual for streams; the model stops learning after a dozen rows, silently.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'river==0.26.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import math

from river import optim

for name in ("Adam", "AMSGrad", "AdaBound"):
    optimiser = getattr(optim, name)(lr=optim.schedulers.InverseScaling(0.1, power=0.5))
    w = {"x": 1.0}
    for _ in range(2000):
        w = optimiser.step(w, {"x": w["x"]})
        if name == "AdaBound" and optimiser.n_iterations in (10, 100):
            print("final rate after", optimiser.n_iterations, "steps:", optimiser.final_lr)
            product = 0.1 / math.sqrt(math.factorial(optimiser.n_iterations))
            assert math.isclose(optimiser.final_lr, product, rel_tol=1e-6), "the final rate has changed"
    print(name, "after 2000 steps on w^2/2 from 1:", w["x"])
    assert abs(w["x"]) < 1e-2 if name != "AdaBound" else w["x"] > 0.5, name + " has changed"
constant = optim.AdaBound(lr=0.1)
w = {"x": 1.0}
for _ in range(2000):
    w = constant.step(w, {"x": w["x"]})
print("AdaBound with a constant rate:", w["x"])
assert abs(w["x"]) < 1e-2
print("AS SEEN: with a schedule AdaBound stands still")
PYTHON
