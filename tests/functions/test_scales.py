"""What is claimed does not depend on units, on a constant in f, or on where a run began."""

import numpy as np
import pytest

import fastopt
from line_search_cases import METHODS
from problems.rosenbrock import START, rosenbrock, rosenbrock_gradient

FIRST_ORDER = ["sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "nadam"]


@pytest.mark.parametrize("bounds", [None, (-9, 9)])
@pytest.mark.parametrize(("of_x", "of_f"), [(1e8, 1.0), (1e-8, 1.0), (1.0, 1e-20), (1e4, 1e-12)])
def test_units(of_x, of_f, bounds):
    """A gradient below the rounding of x moves x no less."""
    result = fastopt.minimize(
        lambda x: of_f * rosenbrock(x / of_x),
        of_x * START,
        method="lbfgs",
        jac=lambda x: of_f / of_x * rosenbrock_gradient(x / of_x),
        bounds=None if bounds is None else [tuple(of_x * b for b in bounds)] * 2,
    )
    assert result.success
    np.testing.assert_allclose(result.x / of_x, 1, atol=1e-5)


@pytest.mark.parametrize("offset", [1e4, 1e6, 1e8])
@pytest.mark.parametrize("method", FIRST_ORDER)
def test_first_order_rules_and_a_constant_in_f(method, offset):
    result = fastopt.minimize(
        lambda x: offset + x @ x,
        [0.3, 0.2],
        method=method,
        jac=lambda x: 2 * x,
        options={"maxiter": 300},
    )
    assert not result.success or result.x @ result.x < 1e-8


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_first_order_rules_where_x_is_large(method):
    result = fastopt.minimize(
        lambda x: ((x / 1e8 - 1) ** 2).sum(),
        [0.0, 0.0],
        method=method,
        jac=lambda x: 2e-8 * (x / 1e8 - 1),
        options={"maxiter": 300},
    )
    assert not result.success


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "dfp"])
def test_flat_directions_of_a_quadratic_and_a_constant(method, offset, seed):
    random = np.random.default_rng(seed)
    Q = np.linalg.qr(random.standard_normal((4, 4)))[0]
    H, c = (Q * [1e3, 10, 0.1, 1e-3]) @ Q.T, random.standard_normal(4) * 5
    result = fastopt.minimize(
        lambda x: offset + 0.5 * (x - c) @ H @ (x - c),
        np.zeros(4),
        method=method,
        jac=lambda x: H @ (x - c),
    )
    gap = 0.5 * (result.x - c) @ H @ (result.x - c)
    assert not result.success or gap <= 1e-9 * max(1, c @ H @ c)


@pytest.mark.parametrize("offset", [1e8, 1e9])
def test_forward_differences_that_round_to_zero_are_no_minimum(offset):
    result = fastopt.minimize(lambda x: offset + x @ x - 2 * x[0], [0.5, 0.5], jac="2-point")
    assert not result.success or abs(result.x - [1, 0]).max() < 1e-2


@pytest.mark.parametrize("method", METHODS)
def test_a_wrong_gradient_beside_a_constant(method):
    result = fastopt.minimize(
        lambda x: 1e6 + rosenbrock(x),
        START,
        method=method,
        jac=lambda x: rosenbrock_gradient(x) * [1, -1],
    )
    assert not result.success


@pytest.mark.parametrize("scale", [1e13, 1e15, 1e16])
def test_a_hessian_of_a_wrong_scale_is_no_proof(scale):
    result = fastopt.minimize(
        rosenbrock,
        START,
        method="newton",
        jac=rosenbrock_gradient,
        hess=lambda x: scale * np.eye(2),
    )
    assert not result.success or rosenbrock(result.x) < 1e-8


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "dfp", "newton", "steepest_descent"])
def test_one_value_in_a_search_is_no_noise(method):
    result = fastopt.minimize(
        rosenbrock, START, method=method, jac=rosenbrock_gradient, options={"maxls": 1}
    )
    assert result.status.name != "NOISE_FLOOR" or result.success


def test_large_values_are_not_unbounded_ones():
    result = fastopt.minimize(lambda x: 1e25 * (x @ x - 1), [1.0], jac=lambda x: 2e25 * x)
    assert result.success
    assert abs(result.x[0]) < 1e-6


@pytest.mark.parametrize("x0", [1e3, 1e5])
def test_differences_forget_a_start_far_away(x0):
    result = fastopt.minimize(lambda x: x[0] - np.log(x[0]) if x[0] > 0 else np.inf, [x0])
    assert result.success
    assert result.x[0] == pytest.approx(1, abs=2e-5)


def test_steps_that_are_lost_in_x_are_none():
    result = fastopt.minimize(lambda x: (x[0] - 2e9) ** 2, [1e9], options={"eps": 1e-8})
    assert result.x[0] == pytest.approx(2e9, rel=1e-6)


def test_complex_steps_need_complex_results():
    for fun in (lambda x: np.abs(x - 1).sum(), lambda x: float(np.real(rosenbrock(x)))):
        with pytest.raises(TypeError, match="complex numbers for complex x, got float64"):
            fastopt.minimize(fun, START, jac="cs")
    with pytest.raises(TypeError, match="complex numbers for complex x"):
        fastopt.least_squares(lambda x: np.abs(x - 3), START, jac="cs")


RULES = [fastopt.LevenbergMarquardt(damping_rule=r) for r in ("nielsen", "marquardt", "matlab")]


@pytest.mark.parametrize("method", ["lm", "trf", *RULES], ids=str)
@pytest.mark.parametrize("tolerance", [{"ftol": t} for t in (1e-3, 1e-6, 1e-8, 1e-10)], ids=str)
def test_least_squares_to_the_accuracy_that_is_asked_for(method, tolerance):
    t = np.linspace(0, 3, 30)
    y = 2.5 * np.exp(-1.3 * t) + 0.5 + 0.3 * np.random.default_rng(0).standard_normal(30)

    def residuals(p):
        return p[0] * np.exp(-p[1] * t) + p[2] - y

    best = fastopt.least_squares(residuals, [1.0, 1, 1])
    result = fastopt.least_squares(residuals, [1.0, 1, 1], method=method, **tolerance)
    assert result.success, result.message
    assert result.cost <= best.cost * (1 + 3 * tolerance["ftol"])
    assert result.nfev <= best.nfev + 20


def test_curve_fit_with_the_tolerances_of_scipy():
    t = np.linspace(0, 3, 30)
    y = 2.5 * np.exp(-1.3 * t) + 0.3 * np.random.default_rng(1).standard_normal(30)
    expected, _ = fastopt.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y)
    for tolerances in ({"ftol": 1e-8}, {"ftol": 1e-8, "xtol": 1e-8, "gtol": 1e-8}, {"ftol": 1e-4}):
        popt, _ = fastopt.curve_fit(lambda t, a, b: a * np.exp(-b * t), t, y, **tolerances)
        np.testing.assert_allclose(popt, expected, rtol=2e-2)


@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton"])
@pytest.mark.parametrize("unit", [1e7, 1e16, 1e20])
def test_a_start_so_large_that_a_step_of_one_is_rounding(method, unit):
    result = fastopt.minimize(
        lambda x: rosenbrock(x / unit),
        unit * START,
        jac=lambda x: rosenbrock_gradient(x / unit) / unit,
        method=method,
    )
    assert result.success
    np.testing.assert_allclose(result.x, unit, rtol=1e-6)
