#!/usr/bin/env bash
# neurolab: train_bfgs, train_cg and train_ncg with rr minimise a function whose gradient is another one's.
#
# Versions: neurolab 0.3.5, NumPy 1.26.4 (it needs NumPy 1), SciPy 1.15.3.
# Expected: rr adds a penalty to the error and its derivative to the gradient. For one linear neuron with the
#   squared error, train_gd finds the ridge solution; the other methods find it too.
# Seen: the penalty is in the gradient only; the objective that SciPy gets is the plain error whatever rr is.
#   With rr = 5 train_cg and train_bfgs end, without a word, one or two hundredths off in the slope and more in the
#   offset.
# Matters: how much a fit is regularised depends on where the line search breaks off.
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
a = np.c_[x, np.ones(20)]
rr = 5.0
ridge = np.linalg.solve(a.T @ a + rr * np.eye(2), a.T @ t).ravel()


def network():
    net = neurolab.net.newff([[-1, 1]], [1], [neurolab.trans.PureLin()])
    neurolab.tool.np_get_ref(net)[:] = [0.5, 0.0]
    return net


found = {}
for name in ("train_gd", "train_bfgs", "train_cg"):
    net = network()
    net.trainf = getattr(neurolab.train, name)
    options = {"lr": 0.01} if name == "train_gd" else {}
    net.train(x, t, epochs=3000, show=0, goal=0, rr=rr, **options)
    found[name] = neurolab.tool.np_get_ref(net).copy()
    print(name, "slope and offset:", found[name], "ridge:", ridge)
assert np.allclose(found["train_gd"], ridge, atol=1e-6)

trainer = {r: neurolab.train.spo.TrainBFGS(network(), x, t, rr=r) for r in (0.0, rr)}
for value in trainer.values():
    value.error = lambda net, x, t: net.errorf(t, net.sim(x))
w = np.array([1.5, -0.5])
objectives = [trainer[r].fcn(w) for r in (0.0, rr)]
gradients = [trainer[r].grad(w) for r in (0.0, rr)]
print("objective without and with rr:", objectives, "gradient:", gradients)
assert np.allclose(gradients[1] - gradients[0], rr * w)
assert objectives[0] == objectives[1], "the objective has its penalty now"
print("AS SEEN: the penalty is in the gradient only")
PYTHON
