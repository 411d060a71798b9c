#!/usr/bin/env bash
# pymoo: the known solution of the pressure vessel does not have the known optimum.
#
# Versions: pymoo 0.6.2, NumPy 2.4.6.
# Expected: pareto_front() is the objective at pareto_set(), as for the other problems with one objective and
#   constraints (G1, G5, G7, G24 below), to rounding.
# Seen: for "pressure_vessel" pareto_front() is 5885.3, and the objective at pareto_set(), which keeps the constraints,
#   is 6059.7. The first is the optimum where the thicknesses are any numbers, as pymoo's variables are; the second is
#   that of whole sixteenths of an inch, 13 and 7.
# Matters: an optimiser that has found the documented solution is reported 3 % away from the documented optimum, and one
#   that has found the optimum is far from the solution.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile 'pymoo==0.6.2' 'numpy==2.4.6'
cd "$folder"
venv/bin/python - <<'PYTHON'
import numpy as np
from pymoo.problems import get_problem

for name in ("g1", "g5", "g7", "g24", "pressure_vessel"):
    problem = get_problem(name)
    x = np.atleast_2d(problem.pareto_set())
    at_set, *constraints = problem.evaluate(x)
    front = float(np.ravel(problem.pareto_front())[0])
    print(name, "pareto_front:", front, "objective at pareto_set:", at_set.ravel()[0], "largest G:", constraints[0].max())
    if name == "pressure_vessel":
        assert constraints[0].max() < 1e-9
        assert front < at_set.min() * 0.98, "front and set belong together now"
    else:
        assert np.isclose(front, at_set.min(), rtol=1e-6)
print("AS SEEN: 5885.3 at a point where the objective is 6059.7")
PYTHON
