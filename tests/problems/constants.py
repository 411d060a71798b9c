"""The constants of verdicts: what they are, and runs with others."""

from contextlib import contextmanager

import fastopt
from fastopt import _core

SOLVERS = {
    "minimize": (
        "QuasiNewtonSolver",
        "LbfgsSolver",
        "ProjectedLbfgsSolver",
        "NewtonSolver",
        "NewtonCgSolver",
        "LineSearchSolver",  # of the methods in its registry
    ),
    "squares": ("TrustRegionSolver", "BoundedLeastSquaresSolver", "LevenbergMarquardtSolver"),
}
# Method, starts, and the views that differ most.


@contextmanager
def changed(kind, **others):
    """Let all solvers of a kind that are made in here have other constants."""
    before = {name: getattr(_core, name) for name in SOLVERS[kind]}

    def with_them(solver):
        class Changed(solver):
            def __init__(self, *args, **kwargs):
                super().__init__(*args, **kwargs)
                for name, value in others.items():
                    self.set_constant(name, value)

        return Changed

    for name, solver in before.items():
        setattr(_core, name, with_them(solver))
    try:
        yield
    finally:
        for name, solver in before.items():
            setattr(_core, name, solver)


def constants(kind):
    """Return the constants of a kind of verdict by their names."""
    found = {}

    class Seen(getattr(_core, SOLVERS[kind][0])):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            found.update(self.constants())

    before = getattr(_core, SOLVERS[kind][0])
    setattr(_core, SOLVERS[kind][0], Seen)
    try:
        if kind == "minimize":
            fastopt.minimize(lambda x: float(x @ x), [1.0])
        else:
            fastopt.least_squares(lambda x: x, [1.0])
    finally:
        setattr(_core, SOLVERS[kind][0], before)
    return found
