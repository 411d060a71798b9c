import numpy as np
import pytest

from problems.more_garbow_hillstrom import PROBLEMS
from reference.numerical import central_difference_jacobian, complex_step_jacobian


def points(problem):
    rng = np.random.default_rng(problem.number)
    spread = 0.1 * np.maximum(np.abs(problem.x0), 0.1)
    return [problem.x0, problem.x0 + spread * rng.standard_normal(problem.n)]


def test_all_instances_are_there():
    assert len(PROBLEMS) == 43
    assert {p.number for p in PROBLEMS} == set(range(1, 36))


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_derivatives(problem):
    for x in points(problem):
        J = problem.jacobian(x)
        assert problem.residuals(x).shape == (problem.m,)
        assert J.shape == (problem.m, problem.n)
        exact = complex_step_jacobian(problem.residuals, x)
        np.testing.assert_allclose(J, exact, rtol=1e-12, atol=1e-13 * np.abs(exact).max())
        H = problem.hessian(x)
        step = 1e-6 * max(1.0, np.abs(x).max())
        numerical = central_difference_jacobian(problem.gradient, x, step)
        np.testing.assert_allclose(H, numerical, rtol=2e-3, atol=1e-4 * np.abs(H).max())


# The values of f at the standard start, or at another point where they follow by hand.
@pytest.mark.parametrize(
    ("number", "x", "value"),
    [
        (1, [-1.2, 1], 24.2),
        (2, [5, 4], 0.0),
        (2, [0.5, -2], 400.5),
        (4, [1e6, 2e-6], 0.0),
        (5, [3, 0.5], 0.0),
        (7, [1, 0, 0], 0.0),
        (7, [-1, 0, 0], 2500.0),
        (11, [50, 25, 1.5], 0.0),
        (12, [1, 10, 1], 0.0),
        (12, [10, 1, -1], 0.0),
        (13, [3, -1, 0, 1], 215.0),
        (14, [-3, -1, -3, -1], 19192.0),
        (18, [1, 10, 1, 5, 4, 3], 0.0),
        (20, np.zeros(6), 30.0),
        (25, np.ones(10), 0.0),
        (27, np.ones(10), 0.0),
        (32, -np.ones(5), 5.0),
    ],
)
def test_values_at_known_points(number, x, value):
    problem = next(p for p in PROBLEMS if p.number == number)
    x = np.array(x, dtype=float)
    assert problem.value(x) == pytest.approx(value, rel=1e-12, abs=1e-18)
