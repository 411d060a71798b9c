"""least_squares within bounds and with robust losses: SciPy's answers, conditions of optimality."""

import json
from pathlib import Path

import numpy as np
import pytest

from fastopt import least_squares
from least_squares_cases import OUTLIERS, decay, decay_jacobian
from problems.rosenbrock import rosenbrock_jacobian, rosenbrock_residuals

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "least_squares.json").read_text())


# Bounds


def assert_kkt(result, lower, upper, scale=1e-6):
    x, g = result.x, result.grad
    assert (x >= lower).all()
    assert (x <= upper).all()
    size = np.linalg.norm(result.jac, axis=0) * np.linalg.norm(result.fun)
    inside = (x > lower) & (x < upper)
    assert (np.abs(g[inside]) <= scale * size[inside] + 1e-12).all()
    assert (g[x <= lower] >= -1e-12).all()
    assert (g[x >= upper] <= 1e-12).all()


@pytest.mark.parametrize("case", GOLDEN["bounds"], ids=lambda c: c["name"])
def test_bounds_against_scipy(case):
    lower, upper = np.array(case["lower"]), np.array(case["upper"])
    fun, jac = {
        "decay": (decay, decay_jacobian),
        "rosenbrock": (rosenbrock_residuals, rosenbrock_jacobian),
    }[case["problem"]]
    result = least_squares(fun, case["x0"], jac=jac, bounds=(lower, upper))
    assert result.success
    np.testing.assert_allclose(result.x, case["x"], rtol=1e-6, atol=1e-7)
    assert result.cost <= case["cost"] * (1 + 1e-9)
    assert_kkt(result, lower, upper)
    np.testing.assert_array_equal(
        result.active_mask, np.where(result.x == lower, -1, np.where(result.x == upper, 1, 0))
    )


def test_linear_problems_in_random_boxes_meet_the_optimality_conditions():
    rng = np.random.default_rng(0)
    for _ in range(40):
        n = int(rng.integers(1, 7))
        m = int(rng.integers(1, 10))
        A, b = rng.standard_normal((m, n)), rng.standard_normal(m)
        lower = rng.uniform(-1, 0, n)
        upper = lower + rng.uniform(0.05, 1, n)
        x0 = rng.uniform(lower, upper)
        result = least_squares(
            lambda x, A=A, b=b: A @ x - b, x0, jac=lambda x, A=A: A, bounds=(lower, upper)
        )
        assert result.success
        assert_kkt(result, lower, upper)


def test_fun_is_never_called_outside_the_bounds():
    def fun(x):
        assert (x >= [0.5, -3]).all()
        assert (x <= [2.0, 0.8]).all()
        return rosenbrock_residuals(x)

    for jac in ("2-point", "3-point"):
        result = least_squares(fun, [0.5, 0.8], jac=jac, bounds=([0.5, -3], [2.0, 0.8]))
        assert result.success
        np.testing.assert_allclose(result.x, [np.sqrt(0.8), 0.8], rtol=1e-2)


def test_bounds_objects_and_numbers():
    class Bounds:
        lb, ub = 0.0, [2.0, 0.5]

    result = least_squares(rosenbrock_residuals, [1.0, 0.3], bounds=Bounds())
    again = least_squares(rosenbrock_residuals, [1.0, 0.3], bounds=(0.0, [2.0, 0.5]))
    np.testing.assert_array_equal(result.x, again.x)
    assert result.x[1] == 0.5


@pytest.mark.parametrize(
    ("bounds", "match"),
    [
        ((1.0, 0.0), "below"),
        ((0.0, 0.0), "below"),
        ((np.nan, 1.0), "NaN"),
        (([0.0] * 3, 1.0), r"shape \(2,\)"),
        ((0.0,), "lower, upper"),
        ((0.0, 0.5), "x0 must lie within"),
    ],
)
def test_bad_bounds(bounds, match):
    with pytest.raises(ValueError, match=match):
        least_squares(rosenbrock_residuals, [1.0, 1.0], bounds=bounds)


# Robust losses


RHO = {
    "soft_l1": lambda z: 2 * (np.sqrt(1 + z) - 1),
    "huber": lambda z: np.where(z <= 1, z, 2 * np.sqrt(z) - 1),
    "cauchy": np.log1p,
    "arctan": np.arctan,
}


@pytest.mark.parametrize("loss", RHO)
def test_cost_and_gradient_of_robust_losses(loss):
    x, C = np.array([2.0, 0.3, 0.4]), 0.3

    def cost(b):
        return 0.5 * np.sum(C**2 * RHO[loss]((decay(b, OUTLIERS) / C) ** 2))

    result = least_squares(
        decay, x, jac=decay_jacobian, loss=loss, f_scale=C, args=(OUTLIERS,), max_nfev=1
    )
    h = 1e-6
    gradient = [(cost(x + h * e) - cost(x - h * e)) / (2 * h) for e in np.eye(3)]
    assert result.cost == pytest.approx(cost(x))
    np.testing.assert_allclose(result.grad, gradient, rtol=1e-7)
    np.testing.assert_allclose(result.fun, decay(x, OUTLIERS))


@pytest.mark.parametrize("case", GOLDEN["robust"], ids=lambda c: c["loss"])
@pytest.mark.parametrize("jac", [decay_jacobian, "3-point"], ids=["analytic", "3-point"])
def test_robust_losses_against_scipy(case, jac):
    result = least_squares(
        decay, case["x0"], jac=jac, loss=case["loss"], f_scale=0.1, args=(OUTLIERS,)
    )
    assert result.success
    np.testing.assert_allclose(result.x, case["x"], rtol=2e-6)
    assert result.cost == pytest.approx(case["cost"], rel=1e-9)


def test_robust_loss_within_bounds():
    lower, upper = np.array([0.0, 0.0, 0.6]), np.array([10.0, 5.0, 1.0])
    result = least_squares(
        decay, [1.0, 1.0, 0.7], loss="huber", f_scale=0.1, bounds=(lower, upper), args=(OUTLIERS,)
    )
    assert result.success
    assert result.x[2] == 0.6
    assert_kkt(result, lower, upper, scale=1e-5)


@pytest.mark.parametrize("rate", [-20.0, -50.0])
def test_a_start_with_an_absurd_column_does_not_make_the_minimum_a_plateau(rate):
    t = np.linspace(0, 4, 30)
    y = 2.5 * np.exp(-1.3 * t) + 0.05 * np.random.default_rng(0).standard_normal(30)

    def fun(x):
        with np.errstate(over="ignore"):
            return x[0] * np.exp(-x[1] * t) - y

    near = least_squares(fun, [2.0, 1.0], loss="soft_l1")
    far = least_squares(fun, [1.0, rate], loss="soft_l1")
    assert far.success
    np.testing.assert_allclose(far.x, near.x, rtol=1e-6)


def test_a_bound_is_met_exactly_from_anywhere():
    """w + (bound − w) may lie an ulp inside, where nothing more can be gained or claimed."""
    x = np.arange(6.0)
    y = np.array([0.1, -0.2, 0.15, 0.05, -0.1, 0.02])
    for start in np.linspace(-0.0099, 0.0099, 101):
        result = least_squares(lambda p: p * x - 0.2748946 - y, [start], bounds=(-0.01, 0.01))
        assert result.success
        assert result.x[0] == 0.01
