#!/usr/bin/env bash
# river: FTRLProximal never sets a weight back to zero, so its L1 term does not make models sparse.
#
# Versions: river 0.26.1, NumPy 2.4.6.
# Expected: in FTRL-Proximal a weight is 0 in every step in which |z| <= l1; the exact zeros are its purpose.
# Seen: where |z| <= l1 the weight is left as it was when |z| was larger. A feature whose gradients cancel
#   (z near 0, l1 = 1) keeps the weight 0.003 for good, however many steps of gradient 0 follow. Only
#   features that never left the band are 0.
# Matters: the features that training has found to be useless stay in the model.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'river==0.26.1' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import math

from river import optim

alpha, beta, l1 = 0.1, 1.0, 1.0
optimiser = optim.FTRLProximal(alpha=alpha, beta=beta, l1=l1, l2=0.0)
w, z, n, true = {"useful": 0.0, "weak": 0.0, "cancels": 0.0}, {}, {}, {}
for step in range(40):
    gradient = {"useful": -1.0, "weak": 0.01, "cancels": -1.0 if step < 5 else 0.4 if step < 19 else 0.0}
    w = optimiser.step(w, gradient)
for name in w:
    z, n = float(optimiser.z[name]), float(optimiser.n[name])
    true = 0.0 if abs(z) <= l1 else -(z - math.copysign(l1, z)) * alpha / (beta + math.sqrt(n))
    print(name, "z", z, "weight by the formula", true, "river", float(w[name]))
    if name == "useful":
        assert true > 0.1 and float(w[name]) > 0.1
    if name == "weak":
        assert true == 0.0 and w[name] == 0.0
    if name == "cancels":
        assert true == 0.0 and abs(z) < 0.9 * l1
        assert 1e-4 < float(w[name]) < 1e-1, "the weight is 0 now"
print("AS SEEN: a weight that should be 0 is not")
PYTHON
