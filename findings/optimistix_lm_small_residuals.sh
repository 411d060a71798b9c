#!/usr/bin/env bash
# optimistix: LevenbergMarquardt returns the start of a problem with small residuals as a success.
#
# Versions: optimistix 0.1.0, lineax 0.1.1, equinox 0.13.8, JAX 0.10.2 (float64), NumPy 2.4.6.
# Expected: with atol=0 the test of convergence is relative, and residuals times 1e-5 have the same
#   minimum. GaussNewton and Dogleg with the same tolerances go to (1, 1), as does
#   LevenbergMarquardt for the residuals as they are.
# Seen: Rosenbrock's residuals times 1e-5: after 2 steps (-1.2, 1.0), the start, result "successful". The
#   damping begins at 1, whatever the size of J'J; beside J'J of 1e-8 the first step is tiny, and a
#   tiny step counts as converged.
# Matters: currents in amperes, concentrations in mol and displacements in metres give such residuals.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'optimistix==0.1.0' 'lineax==0.1.1' 'equinox==0.13.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import jax
import numpy as np

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import optimistix

start = jnp.array([-1.2, 1.0])
end = {}
for scale in (1.0, 1e-5, 1e-9):
    for name in ("GaussNewton", "Dogleg", "LevenbergMarquardt"):
        run = optimistix.least_squares(
            lambda x, _: scale * jnp.array([10 * (x[1] - x[0] ** 2), 1 - x[0]]),
            getattr(optimistix, name)(rtol=1e-6, atol=0.0),
            start,
            max_steps=300,
            throw=False,
        )
        success = bool(run.result == optimistix.RESULTS.successful)
        end[scale, name] = np.asarray(run.value), success
        print(scale, name, run.value, "steps:", int(run.stats["num_steps"]), "success:", success)
for (scale, name), (x, success) in end.items():
    if name == "LevenbergMarquardt" and scale < 1:
        assert success and np.allclose(x, start, atol=1e-4), "the start is now left"
    else:
        assert np.allclose(x, 1.0, atol=1e-4)
print("AS SEEN: the start is returned as a success; the minimum is (1, 1)")
PYTHON
