"""The Levenberg-Marquardt solver with damping rules, step by step against plain NumPy."""

import numpy as np
import pytest

from fastopt import _core
from interruption import delay_of_interruption
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


# The step


@pytest.mark.parametrize("make", [residual_objective, normal_equations_objective])
def test_step_turns_from_the_gradient_to_gauss_newton(make):
    problem = Exponential()
    e, J = problem.fun(problem.x0), problem.jac(problem.x0)
    g = J.T @ e
    gauss_newton = -np.linalg.solve(J.T @ J, g)

    def first_step(damping):
        solver = make_solver(
            make(problem.fun, problem.jac, problem.x0),
            problem.x0,
            damping=damping,
            damping_rule="matlab",
        )
        report = solver.step()
        assert report.damping == damping  # the first try was kept
        return solver.weights - problem.x0

    cosines = []
    for damping in (1e6, 1e2, 1.0):
        p = first_step(damping)
        cosines.append(-(p @ g) / np.linalg.norm(p) / np.linalg.norm(g))
    assert cosines == sorted(cosines, reverse=True)
    assert cosines[0] == pytest.approx(1, abs=1e-10)
    np.testing.assert_allclose(first_step(1e6), -g / 1e6, rtol=1e-4)

    quadratic_J = np.array([[1.0, 2.0], [3.0, -1.0], [0.5, 1.0]])
    linear = make(lambda x: quadratic_J @ x - 1, lambda x: quadratic_J, np.zeros(2))
    solver = make_solver(linear, np.zeros(2), damping=1e-10, damping_rule="matlab")
    solver.step()
    exact = np.linalg.lstsq(quadratic_J, np.ones(3), rcond=None)[0]
    np.testing.assert_allclose(solver.weights, exact, rtol=1e-8)
    assert np.linalg.norm(gauss_newton) > np.linalg.norm(first_step(1.0))


# Degenerate problems


@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("make", [residual_objective, normal_equations_objective])
def test_singular_products_and_zero_columns(make, rule, scaling):
    def fun(x):
        return np.array([x[0] + x[1] - 3, 2 * (x[0] + x[1]) - 6, np.exp(x[0] + x[1]) - np.exp(3)])

    def jac(x):
        d = np.array([1.0, 2.0, np.exp(x[0] + x[1])])
        return np.stack([d, d, 0 * d], axis=1)

    x0 = np.array([0.5, 0.5, 7.0])
    solver = make_solver(make(fun, jac, x0), x0, damping_rule=rule, scaling=scaling)
    losses = [np.inf]
    for _ in range(100):
        report = solver.step()
        assert np.isfinite(solver.weights).all()
        assert report.loss <= losses[-1]
        losses.append(report.loss)
        if report.status != "running" or report.loss < 1e-20:
            break
    assert losses[-1] < 1e-12
    assert solver.weights[2] == 7.0


def test_no_step_is_kept_where_none_is_better():
    solver = make_solver(
        residual_objective(lambda x: x**2 + 1, lambda x: -np.eye(2), np.ones(2)), np.ones(2)
    )
    report = solver.step()
    assert report.status == "damping"
    np.testing.assert_array_equal(solver.weights, np.ones(2))
    again = solver.step()
    assert again.status == "damping"
    np.testing.assert_array_equal(solver.weights, np.ones(2))


def test_zero_jacobian_stops_without_a_claim():
    solver = make_solver(
        residual_objective(lambda x: x * 0 + 1, lambda x: np.zeros((2, 2)), np.ones(2)), np.ones(2)
    )
    report = solver.step()
    assert (report.status, report.optimal, report.iterations) == ("gradient", False, 0)


# State


def make_trust_region(objective, x0):
    nothing = np.empty(0)
    return _core.TrustRegionSolver(objective, x0, 0.0, 0.0, 0.0, 1000, nothing, 100.0)


def make_bounded(objective, x0):
    lower, upper = np.full(x0.size, -3.0), np.full(x0.size, 1.4)
    return _core.BoundedLeastSquaresSolver(
        objective, x0, 0.0, 0.0, 0.0, 1000, np.empty(0), lower, upper
    )


MAKERS = [
    *(
        lambda o, x, rule=rule, scaling=scaling: make_solver(
            o, x, damping_rule=rule, scaling=scaling
        )
        for rule in RULES
        for scaling in ("identity", "diagonal")
    ),
    make_trust_region,
    make_bounded,
]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("problem", [Exponential(), Rosenbrock()], ids=lambda p: type(p).__name__)
def test_exported_and_imported_state_gives_the_same_bits(problem, make):
    def fresh():
        objective = residual_objective(problem.fun, problem.jac, problem.x0)
        return make(objective, problem.x0)

    whole, first, second = fresh(), fresh(), fresh()
    for _ in range(3):
        whole.step()
        first.step()
    second.import_state(first.export_state())
    for _ in range(3):
        expected, report = whole.step(), second.step()
        assert repr(report.loss) == repr(expected.loss)
        assert report.damping == expected.damping
        assert (report.n_value, report.n_gradient) == (expected.n_value, expected.n_gradient)
        np.testing.assert_array_equal(second.weights, whole.weights)


def test_state_of_another_solver_is_refused():
    objective = residual_objective(Rosenbrock().fun, Rosenbrock().jac, Rosenbrock.x0)
    state = make_trust_region(objective, Rosenbrock.x0).export_state()
    with pytest.raises(ValueError, match="another solver"):
        make_solver(objective, Rosenbrock.x0).import_state(state)


# Large systems


class Large:
    """JᵀJ of n weights, cheap to hand over."""

    def __init__(self, n):
        rng = np.random.default_rng(n)
        B = rng.standard_normal((n + 20, n))
        self.products = B.T @ B
        self.target = rng.standard_normal(n)

    def sums(self, x):
        d = x - self.target
        g = self.products @ d
        return 0.5 * d @ g, g, self.products


@pytest.mark.parametrize("n", [31, 128, 129, 500])
def test_blocked_factorisation_solves(n):
    problem = Large(n)
    x0 = np.zeros(n)
    objective = _core.PythonNormalEquations(problem.sums, (), {}, x0)
    nu = 1e-2 * problem.products.diagonal().max()
    solver = make_solver(objective, x0, damping=nu, damping_rule="matlab")
    solver.step()
    A = problem.products + nu * np.eye(n)
    expected = np.linalg.solve(A, problem.products @ problem.target)
    np.testing.assert_allclose(solver.weights, expected, rtol=1e-9, atol=1e-12)


def test_same_bits_for_any_number_of_threads():
    problem = Large(700)
    before = _core.threads()
    results = []
    try:
        for threads in (1, 2, 4):
            _core.set_threads(threads)
            objective = _core.PythonNormalEquations(problem.sums, (), {}, np.zeros(700))
            solver = make_solver(objective, np.zeros(700))
            for _ in range(3):
                solver.step()
            results.append(solver.weights)
    finally:
        _core.set_threads(before)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


@pytest.mark.slow
@pytest.mark.timing
def test_control_c_during_a_large_factorisation():
    n = 3000
    products = np.full((n, n), 0.5)
    np.fill_diagonal(products, 1.0 + np.arange(n) / n)

    x0 = np.zeros(n)
    lower = []

    def sums(x):
        # The first try lowers E, and nothing after it: the solver factorises again and again.
        if x.any() and not lower:
            lower.append(x.copy())
        value = 3.0 if not x.any() else 1.0 if np.array_equal(x, lower[0]) else 2.0
        return value, np.full(n, 1e3), products

    solver = make_solver(_core.PythonNormalEquations(sums, (), {}, x0), x0)
    assert solver.step().loss == 1.0
    assert delay_of_interruption(solver.step, after=0.3) < 0.5
    np.testing.assert_array_equal(solver.weights, lower[0])
