"""Derivatives by differences: their steps, their bounds, and what a run may claim by them."""

import numpy as np
import pytest

import fastopt
from line_search_cases import METHODS
from problems.rosenbrock import rosenbrock
from reference.numerical import complex_step_jacobian


@pytest.mark.parametrize("tiny", [1e-8, 1e-11, 1e-12, 1e-100, 1e-300])
@pytest.mark.parametrize("method", METHODS)
def test_a_start_with_a_tiny_coordinate(method, tiny):
    """A step in proportion to it is not felt by fun: that is no zero of the gradient."""
    result = fastopt.minimize(
        lambda x: (x[0] - 3) ** 2 + (x[1] - 3) ** 2 + x[0] * x[1], [tiny, 1.0], method=method
    )
    assert result.success
    np.testing.assert_allclose(result.x, 2, atol=1e-4)


@pytest.mark.parametrize("method", [None, "trf", fastopt.LevenbergMarquardt()])
def test_residuals_from_a_start_with_a_tiny_coordinate(method):
    def residuals(x):
        return np.array([x[0] - 3, x[0] * x[1] - 1, x[1]])

    expected = fastopt.least_squares(residuals, [0.5, 1.0])
    result = fastopt.least_squares(residuals, [1e-100, 1.0], method=method)
    assert result.success
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-6)


@pytest.mark.parametrize("tiny", [1e-12, 1e-300])
def test_checks_of_gradients_at_a_tiny_coordinate(tiny):
    def fun(x):
        return (x[0] - 3) ** 2 + (x[1] - 2) ** 2

    def jac(x):
        return np.array([2 * (x[0] - 3), 2 * (x[1] - 2)])

    x0 = [tiny, 1.0]
    assert fastopt.check_gradient(fun, jac, x0)
    assert not fastopt.check_gradient(fun, lambda x: jac(x) * [0, 1], x0)
    assert not fastopt.check_gradient(fun, lambda x: jac(x) * [1.001, 1], x0)


def test_a_wrong_sign_in_a_small_entry_is_found():
    def fun(x):
        return 1e8 * x[0] ** 2 + x[1] ** 2

    assert fastopt.check_gradient(fun, lambda x: np.array([2e8, 2]) * x, [1.0, 1.0])
    check = fastopt.check_gradient(fun, lambda x: np.array([2e8, -2]) * x, [1.0, 1.0])
    assert not check
    assert check.index == (1,)


@pytest.mark.parametrize("settings", [{}, {"bounds": ([-9, -9], [9, 9])}, {"loss": "soft_l1"}])
def test_parameters_that_all_end_near_zero(settings):
    """Symmetric points at equal distances: convergence is linear, and x has no scale of its own."""
    random = np.random.default_rng(0)
    successes = 0
    for _ in range(200):
        points = random.normal(size=(random.integers(2, 6), 2))
        points = np.concatenate([points, -points])
        result = fastopt.least_squares(
            lambda x, at: np.hypot(*(x - at).T) - 0.3,
            0.2 * random.normal(size=2),
            args=(points,),
            **settings,
        )
        successes += result.success
    assert successes >= 195


@pytest.mark.parametrize("method", METHODS)
def test_a_function_in_single_precision(method):
    def fun(x):
        x = x.astype(np.float32)
        return np.float32(((x - 1) ** 2).sum() + np.float32(100))

    result = fastopt.minimize(fun, [3.0, -2.0], method=method)
    assert result.success
    np.testing.assert_allclose(result.x, 1, atol=3e-3)  # f is flat beyond √(spacing/2) = 2e-3


class TestBounds:
    """Differences stay within them."""

    @pytest.mark.parametrize("jac", ["2-point", "3-point"])
    def test_fun_is_never_called_outside(self, jac):
        def fun(x):
            assert (x >= 0).all()
            assert (x <= 1).all()
            return (x[0] - 2) ** 2 + (x[1] - 0.5) ** 2

        result = fastopt.minimize(fun, [0.5, 0.2], bounds=[(0, 1), (0, 1)], jac=jac)
        assert result.success
        np.testing.assert_allclose(result.x, [1, 0.5], atol=1e-6)

    @pytest.mark.parametrize(
        ("fun", "x0", "bounds", "x"),
        [
            (lambda x: -x[0] + 0 * np.sqrt(x[0]) + (x[1] - 2) ** 2, [0.0, 1.0], (0, 2), [2, 2]),
            (lambda x: 0 * np.sqrt(1 - x[0]) - x[0] + (x[1] - 1) ** 2, [0.5, 0.2], (0, 1), [1, 1]),
            (lambda x: np.sqrt(x[0]) + (x[1] - 2) ** 2, [1.0, 1.0], (0, 4), [0, 2]),
        ],
    )
    def test_functions_that_end_at_a_bound(self, fun, x0, bounds, x):
        result = fastopt.minimize(fun, x0, bounds=[bounds] * 2)
        assert result.success
        np.testing.assert_allclose(result.x, x, atol=1e-6)

    def test_a_box_smaller_than_the_step(self):
        result = fastopt.minimize(
            lambda x: (x[0] - 2) ** 2 + (x[1] - 3) ** 2,
            [1.0, 1.0],
            bounds=[(1 - 1e-9, 1 + 1e-9), (1, 1)],
        )
        assert result.success
        np.testing.assert_allclose(result.x, [1 + 1e-9, 1], rtol=1e-15)


def lennard_jones(x):
    p = x.reshape(-1, 3)
    d = p[:, None] - p[None]
    r2 = (d**2).sum(-1)[np.triu_indices(len(p), 1)]
    return ((r2**-6) - 2 * r2**-3).sum()


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton"])
@pytest.mark.parametrize(("atoms", "seed"), [(3, 5), (4, 0), (4, 3)])
def test_steps_that_were_made_long_where_f_felt_nothing_are_short_again(method, atoms, seed):
    # Each pair of few atoms reaches its own minimum, -1. Far apart they feel nothing of each
    # other; close together, f bends over a tenth.
    start = np.random.default_rng(seed).standard_normal(3 * atoms)
    result = fastopt.minimize(lennard_jones, start, method=method)
    assert result.success
    assert result.fun == pytest.approx(-atoms * (atoms - 1) / 2, abs=1e-8)
    exact = complex_step_jacobian(lambda x: np.array([lennard_jones(x)]), result.x)[0]
    assert result.jac == pytest.approx(exact, abs=1e-3)


@pytest.mark.parametrize(
    ("start", "bounds"), [([1.0, 0.5], [(1, 1.1), (0, 2)]), ([1.001, 0], [(1, 1.001), (0, 2)])]
)
@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_a_minimum_on_a_bound_where_the_gradient_vanishes_too(start, bounds, jac):
    result = fastopt.minimize(rosenbrock, start, bounds=bounds, jac=jac)
    assert result.success
    assert result.x == pytest.approx([1, 1], abs=1e-8)
    assert result.nfev < 1000
