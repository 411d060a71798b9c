#!/usr/bin/env bash
# neurolab: train_gdx ignores the regularisation rr.
#
# Versions: neurolab 0.3.5, NumPy 1.26.4 (it needs NumPy 1), SciPy 1.15.3.
# Expected: rr, "regularization ratio", acts as in train_gd, train_gda and train_gdm: the weights become smaller.
# Seen: with rr = 0 and rr = 5 train_gdx takes the same steps, to the last bit. Its class inherits from GDA
#   and GDM, whose constructors take their arguments in different orders: rr arrives as the momentum, which is
#   overwritten afterwards.
# Matters: who regularises with this method does not, and nothing says so.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'neurolab==0.3.5' 'numpy==1.26.4' 'scipy==1.15.3'
cd "$folder"
venv/bin/python - <<'PYTHON'
import neurolab
import numpy as np

random = np.random.RandomState(1)
x = np.linspace(-1.0, 1.0, 20)[:, None]
t = 2.0 * x + 1.0 + 0.1 * random.randn(20, 1)
for name in ("train_gd", "train_gda", "train_gdm", "train_gdx"):
    found = []
    for rr in (0.0, 5.0):
        net = neurolab.net.newff([[-1, 1]], [1], [neurolab.trans.PureLin()])
        neurolab.tool.np_get_ref(net)[:] = [0.5, 0.0]
        net.trainf = getattr(neurolab.train, name)
        net.train(x, t, epochs=300, show=0, goal=0, lr=0.002, rr=rr)
        found.append(neurolab.tool.np_get_ref(net).copy())
    print(name, "without rr:", found[0], "with rr = 5:", found[1])
    if name == "train_gdx":
        assert np.array_equal(*found), "train_gdx is regularised now"
    else:
        assert found[1][0] < found[0][0] - 0.3
print("AS SEEN: train_gdx is the same with and without rr")
PYTHON
