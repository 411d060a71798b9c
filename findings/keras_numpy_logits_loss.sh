#!/usr/bin/env bash
# Keras: binary cross-entropy from logits is never above 16.12 in the NumPy backend.
#
# Versions: Keras 3.15.1 (NumPy backend, which needs JAX 0.10.2 and SciPy 1.17.1), NumPy 2.4.6.
# Expected: the loss of a logit z against the label 1 is log(1 + exp(-z)): 200 for z = -200. That is
#   the reason for from_logits=True, and the JAX backend gives it.
# Seen: with KERAS_BACKEND=numpy the sigmoid is taken and clipped to 1e-7 first: 16.118 for every z
#   below -16.2. Losses of right answers stop at 1.2e-7 where the true loss is 1e-9.
#   categorical_crossentropy from logits is right.
# Matters: the same model evaluated under the NumPy backend (servers, tests) reports another loss, just
#   for the samples that are most wrong.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'keras==3.15.1' 'numpy==2.4.6' 'scipy==1.17.1' 'jax==0.10.2' 'jaxlib==0.10.2'
cd "$folder"
venv/bin/python - <<'PYTHON'
import os

os.environ["KERAS_BACKEND"] = "numpy"
import keras
import numpy as np

z = np.array([-200.0, -30.0, -10.0, 0.0, 21.0], dtype="float32")
true = np.logaddexp(0.0, -z.astype(float))
seen = keras.ops.binary_crossentropy(np.ones(5, dtype="float32"), z, from_logits=True)
seen = np.asarray(keras.ops.convert_to_numpy(seen), dtype=float)
print("Keras:", seen, "log(1 + exp(-z)):", true)
pair, target = np.array([[-200.0, 0.0]], dtype="float32"), np.array([[1.0, 0.0]], dtype="float32")
categorical = keras.ops.categorical_crossentropy(target, pair, from_logits=True)
print("two classes by softmax:", float(categorical[0]))
assert np.isclose(float(categorical[0]), 200.0)
assert np.allclose(seen[2:4], true[2:4], rtol=1e-3)
assert np.all(seen[:2] < 16.2), "the loss is no longer clipped"
assert seen[4] > 100 * true[4]
print("AS SEEN: the NumPy backend's loss from logits ends at 16.12")
PYTHON
