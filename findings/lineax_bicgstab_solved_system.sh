#!/usr/bin/env bash
# lineax: BiCGStab gives NaN for a right-hand side of zero and for a start that is the solution.
#
# Versions: lineax 0.1.1, equinox 0.13.8, JAX 0.10.2 (float64), NumPy 2.4.6, SciPy 1.17.1.
# Expected: A x = 0 has the solution 0, and a start that solves the system is the solution; the residual
#   is 0 before the first step. SciPy's bicgstab and lineax's GMRES return them.
# Seen: NaN, and by default an error; the first step divides 0 by 0.
# Matters: at a stationary point the gradient, and with it the right-hand side of Newton's system, is 0;
#   solvers that are started from the last solution meet the second case.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'lineax==0.1.1' 'equinox==0.13.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import lineax
from scipy.sparse.linalg import bicgstab

a = np.array([[2.0, 1.0], [1.0, 3.0]])
ones = np.ones(2)
for name, b, start in (
    ("zero", np.zeros(2), None),
    ("solved", a @ ones, ones),
    ("other", a @ ones, None),
):
    x, status = bicgstab(a, b, x0=start)
    assert status == 0 and np.allclose(a @ x, b)
    found = {}
    for solver in (lineax.BiCGStab, lineax.GMRES):
        found[solver.__name__] = lineax.linear_solve(
            lineax.MatrixLinearOperator(jnp.array(a)),
            jnp.array(b),
            solver(rtol=1e-8, atol=1e-8),
            options={} if start is None else {"y0": jnp.array(start)},
            throw=False,
        ).value
    print(name, found, "SciPy:", x)
    assert np.allclose(a @ np.asarray(found["GMRES"]), b)
    if name == "other":
        assert np.allclose(a @ np.asarray(found["BiCGStab"]), b)
    else:
        assert np.all(np.isnan(found["BiCGStab"])), name + " is now solved"
print("AS SEEN: BiCGStab gives NaN where nothing is left to solve")
PYTHON
