"""The Levenberg-Marquardt solver with damping rules, step by step against plain NumPy."""

import numpy as np
import pytest

from fastopt import _core
from reference import solvers

N_STEPS = 12


def residual_objective(fun, jac, x0):
    nothing = np.empty(0)
    return _core.PythonResiduals(
        fun=fun,
        jac=jac,
        args=(),
        kwargs={},
        x0=np.asarray(x0, dtype=float),
        relative_step=nothing,
        loss="linear",
        f_scale=1.0,
        lower=nothing,
        upper=nothing,
    )


def normal_equations_objective(fun, jac, x0):
    def sums(x):
        e, J = fun(x), jac(x)
        return 0.5 * e @ e, J.T @ e, J.T @ J

    return _core.PythonNormalEquations(sums, (), {}, np.asarray(x0, dtype=float))


def make_solver(objective, x0, **settings):
    defaults = {
        "damping": None,
        "damping_rule": "nielsen",
        "scaling": "identity",
        "damping_max": 1e10,
    }
    return _core.LevenbergMarquardtSolver(
        objective, np.asarray(x0, dtype=float), **(defaults | settings)
    )


class Exponential:
    """y = b1 exp(−b2 t) + b3, seven points off the curve."""

    t = np.linspace(0, 3, 7)
    y = 2.0 * np.exp(-1.3 * t) + 0.5 + 0.05 * np.cos(9 * t)
    x0 = np.array([1.0, 0.3, 0.0])

    def fun(self, x):
        return x[0] * np.exp(-x[1] * self.t) + x[2] - self.y

    def jac(self, x):
        power = np.exp(-x[1] * self.t)
        return np.stack([power, -x[0] * self.t * power, np.ones_like(self.t)], axis=1)


class BadlyScaled(Exponential):
    """The same in units that differ by factors of a million."""

    units = np.array([1e-3, 1e3, 1.0])
    x0 = Exponential.x0 / units

    def fun(self, x):
        return super().fun(x * self.units)

    def jac(self, x):
        return super().jac(x * self.units) * self.units


class Rosenbrock:
    x0 = np.array([-1.2, 1.0])

    def fun(self, x):
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    def jac(self, x):
        return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


class Underdetermined:
    """Two residuals of four weights: the dual system."""

    x0 = np.array([1.0, -0.5, 0.3, 2.0])

    def fun(self, x):
        return np.array([x[0] * x[1] + x[2] - 1, np.sin(x[3]) + x[0] ** 2 - 3])

    def jac(self, x):
        return np.array([[x[1], x[0], 1.0, 0.0], [2 * x[0], 0.0, 0.0, np.cos(x[3])]])


PROBLEMS = [Exponential(), BadlyScaled(), Rosenbrock(), Underdetermined()]
RULES = ["nielsen", "marquardt", "matlab"]


def reference_path(problem, rule, scaling, n_steps):
    """Yield (x, ν of the kept try) after each iteration."""
    x = problem.x0.copy()
    e, J = problem.fun(x), problem.jac(x)
    largest = (J * J).sum(axis=0)
    d = largest_or_one(largest) if scaling == "diagonal" else np.ones_like(x)
    nu = {"nielsen": 1e-3 * ((J * J).sum(axis=0) / d).max(), "marquardt": 10.0, "matlab": 1e-3}[
        rule
    ]
    factor = 2.0
    for _ in range(n_steps):
        if rule == "marquardt":
            nu /= 10
        while True:
            p = solvers.levenberg_marquardt_step(J, e, nu, d)
            new_e = problem.fun(x + p)
            grows, falls = new_e @ new_e > e @ e, new_e @ new_e < e @ e
            if not grows if rule == "marquardt" else falls:
                break
            if rule == "nielsen":
                nu, factor = solvers.nielsen_damping(nu, factor, -1.0)
            else:
                nu *= 10
        used = nu
        if rule == "nielsen":
            nu, factor = solvers.nielsen_damping(nu, factor, solvers.gain_ratio(J, e, new_e, p))
        elif rule == "matlab":
            nu *= 0.1
        x = x + p
        e, J = problem.fun(x), problem.jac(x)
        largest = np.maximum(largest, (J * J).sum(axis=0))
        d = largest_or_one(largest) if scaling == "diagonal" else d
        yield x, used


def largest_or_one(largest):
    return np.where(largest > 0, largest, 1.0)


@pytest.mark.parametrize("make", [residual_objective, normal_equations_objective])
@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: type(p).__name__)
def test_rules_follow_the_reference_step_by_step(problem, rule, scaling, make):
    objective = make(problem.fun, problem.jac, problem.x0)
    solver = make_solver(objective, problem.x0, damping_rule=rule, scaling=scaling)
    loss = 0.5 * np.sum(problem.fun(problem.x0) ** 2)
    for x, nu in reference_path(problem, rule, scaling, N_STEPS):
        report = solver.step()
        if report.status != "running":
            assert report.loss < 1e-20 or report.gradient_norm < 1e-10
            break
        if loss - report.loss < 1e-9 * loss or report.loss < 1e-16:
            break  # from here on rounding decides which try is kept
        np.testing.assert_allclose(solver.weights, x, rtol=1e-7)
        assert report.damping == pytest.approx(nu, rel=1e-6)
        assert report.loss == pytest.approx(0.5 * np.sum(problem.fun(x) ** 2), rel=1e-6)
        assert report.loss <= loss
        loss = report.loss
    else:
        return
    assert report.iterations >= 3
