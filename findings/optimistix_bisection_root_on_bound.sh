#!/usr/bin/env bash
# optimistix: Bisection takes a root that lies on a bound or refuses it, depending on the sign of f.
#
# Versions: optimistix 0.1.0, equinox 0.13.8, JAX 0.10.2 (float64), NumPy 2.4.6, SciPy 1.17.1.
# Expected: the interval [lower, upper] of the documentation contains its ends; f(x) = x has the root 0
#   in [0, 3] and in [-3, 0], and so has -x. SciPy's bisect returns it in all four cases.
# Seen: x in [-3, 0] and -x in [0, 3] give 0; x in [0, 3] and -x in [-3, 0] raise "The root is not
#   contained in [lower, upper]", in spite of throw=False. A value of 0 counts as positive.
# Matters: physical bounds (a rate of 0, an empty tank) are where such roots lie; changing the sign of an
#   equation changes whether it can be solved.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'optimistix==0.1.0' 'lineax==0.1.1' 'equinox==0.13.8' 'jax==0.10.2' 'jaxlib==0.10.2' 'numpy==2.4.6' 'scipy==1.17.1'
cd "$folder"
venv/bin/python - <<'PYTHON'
import jax

jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp
import optimistix
from scipy.optimize import bisect

refused = set()
for sign in (1, -1):
    for lower, upper in ((0.0, 3.0), (-3.0, 0.0)):
        assert bisect(lambda x: sign * x, lower, upper) == 0.0
        try:
            run = optimistix.root_find(
                lambda x, _: sign * x,
                optimistix.Bisection(rtol=1e-8, atol=1e-8),
                jnp.array((lower + upper) / 2),
                options={"lower": lower, "upper": upper},
                max_steps=200,
                throw=False,
            )
            print(sign, "x in", [lower, upper], "root:", run.value)
            assert abs(float(run.value)) < 1e-6
        except Exception as error:
            assert "not contained" in str(error)
            print(sign, "x in", [lower, upper], "refused")
            refused.add((sign, lower))
assert refused == {(1, 0.0), (-1, -3.0)}, "roots on bounds are now treated alike"
print("AS SEEN: two of four roots on a bound are refused")
PYTHON
