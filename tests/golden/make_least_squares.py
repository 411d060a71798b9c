"""Make least_squares.json: answers of SciPy's least_squares (trf), for bounds and robust losses.

Run from the repository's root with SciPy installed: python tests/golden/make_least_squares.py
"""

import json
import sys
from pathlib import Path

from scipy.optimize import least_squares

sys.path.insert(0, str(Path(__file__).parents[1]))
import least_squares_cases as cases
from problems.rosenbrock import rosenbrock_jacobian, rosenbrock_residuals

TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15, "max_nfev": 10000}
BOUNDS = [
    ("inactive", "decay", [1.0, 1.0, 0.0], [0.0, 0.0, -5.0], [10.0, 5.0, 5.0]),
    ("one upper", "decay", [1.0, 1.0, 0.0], [0.0, 0.0, -5.0], [2.0, 5.0, 5.0]),
    ("one lower", "decay", [1.0, 1.0, 0.8], [0.0, 0.0, 0.7], [10.0, 5.0, 5.0]),
    ("two", "decay", [1.0, 0.6, 0.0], [0.0, 0.5, -5.0], [2.0, 5.0, 5.0]),
    ("start on a bound", "decay", [2.0, 1.0, 0.0], [0.0, 0.0, 0.0], [2.0, 5.0, 5.0]),
    ("half open", "decay", [1.0, 0.2, 0.0], [-1e300, -1e300, -1e300], [1e300, 0.3, 1e300]),
    ("valley", "rosenbrock", [-1.2, 1.0], [-2.0, -2.0], [0.8, 2.0]),
    ("valley, x2", "rosenbrock", [0.5, 0.3], [-2.0, -2.0], [2.0, 0.5]),
]
FUNCTIONS = {
    "decay": (cases.decay, cases.decay_jacobian),
    "rosenbrock": (rosenbrock_residuals, rosenbrock_jacobian),
}


def main():
    bounds = []
    for name, problem, x0, lower, upper in BOUNDS:
        fun, jac = FUNCTIONS[problem]
        r = least_squares(fun, x0, jac, bounds=(lower, upper), method="dogbox", **TIGHT)
        bounds.append(
            {
                "name": name,
                "problem": problem,
                "x0": x0,
                "lower": lower,
                "upper": upper,
                "x": r.x.tolist(),
                "cost": r.cost,
            }
        )
    robust = []
    for loss in ("soft_l1", "huber", "cauchy", "arctan"):
        x0 = [2.5, 0.5, 0.4]
        r = least_squares(
            cases.decay,
            x0,
            cases.decay_jacobian,
            loss=loss,
            f_scale=0.1,
            args=(cases.OUTLIERS,),
            **TIGHT,
        )
        robust.append({"loss": loss, "x0": x0, "x": r.x.tolist(), "cost": r.cost})
    out = Path(__file__).with_name("least_squares.json")
    out.write_text(json.dumps({"bounds": bounds, "robust": robust}, indent=1) + "\n")


if __name__ == "__main__":
    main()
