#!/usr/bin/env bash
# neurolab: gradients of networks with a SoftMax output are wrong.
#
# Versions: neurolab 0.3.5, NumPy 1.26.4 (it needs NumPy 1), SciPy 1.15.3.
# Expected: the derivative of the error, as by central differences; the outputs of a softmax depend on each other,
#   d y_i / d x_j = y_i ([i = j] - y_j).
# Seen: only the terms i = j are there. The gradient differs from central differences by half of its length and more,
#   for the squared error and for the cross entropy alike. For TanSig, LogSig and PureLin it agrees.
# Matters: classifiers with the softmax output train along a direction that is not the gradient; line searches
#   (train_bfgs, train_cg) break off.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'neurolab==0.3.5' 'numpy==1.26.4' 'scipy==1.15.3'
cd "$folder"
venv/bin/python - <<'PYTHON'
import neurolab
import numpy as np

errors, transfers = neurolab.error, neurolab.trans
random = np.random.RandomState(1)
x = random.uniform(-1.0, 1.0, (1, 2))
for transfer in (transfers.TanSig(), transfers.LogSig(), transfers.SoftMax()):
    for error in (errors.SSE(), errors.MSE(), errors.SAE(), errors.CEE()):
        if isinstance(transfer, transfers.TanSig) and isinstance(error, errors.CEE):
            continue  # a logarithm of negative outputs
        np.random.seed(0)
        network = neurolab.net.newff([[-1, 1], [-1, 1]], [3, 3], [transfers.TanSig(), transfer])
        network.errorf = error
        target = random.uniform(0.1, 0.9, (1, 3))
        gradient = neurolab.tool.ff_grad(network, x, target)[1]
        w = neurolab.tool.np_get_ref(network)
        true = np.zeros_like(w)
        for i, value in enumerate(w.copy()):
            for sign in (1.0, -1.0):
                w[i] = value + sign * 1e-5
                true[i] += sign * error(target, network.sim(x)) / 2e-5
            w[i] = value
        wrong = np.linalg.norm(gradient - true) / np.linalg.norm(true)
        print(type(transfer).__name__, type(error).__name__, "relative error of the gradient:", wrong)
        if isinstance(transfer, transfers.SoftMax):
            assert wrong > 0.1, "the gradient is right now"
        else:
            assert wrong < 1e-5
print("AS SEEN: the softmax is differentiated element by element")
PYTHON
