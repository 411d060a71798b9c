"""minimize: answers by all methods and kinds of derivatives."""

import numpy as np
import pytest

import fastopt
from line_search_cases import METHODS as SECOND_ORDER
from problems.rosenbrock import START, rosenbrock, rosenbrock_gradient, rosenbrock_hessian

FIRST_ORDER = {
    "sgd": 2e-3,
    "momentum": 5e-4,
    "nesterov": 5e-4,
    "adagrad": 0.5,
    "rmsprop": 2e-3,
    "adam": 2e-2,
    "nadam": 2e-2,
}


@pytest.mark.parametrize("method", SECOND_ORDER)
def test_rosenbrock(method):
    options = {"maxiter": 20_000, "gtol": 1e-6} if method == "steepest_descent" else {}
    result = fastopt.minimize(
        rosenbrock, START, method=method, jac=rosenbrock_gradient, options=options
    )
    assert result.success, result.message
    np.testing.assert_allclose(result.x, [1, 1], atol=1e-5)
    np.testing.assert_array_equal(result.jac, rosenbrock_gradient(result.x))
    assert result.fun == rosenbrock(result.x)
    assert result.nit == len(result.history.loss)
    assert (np.diff(result.history.loss) <= 0).all()


@pytest.mark.parametrize("method", FIRST_ORDER)
def test_first_order_rules(method):
    options = {"learning_rate": FIRST_ORDER[method], "maxiter": 20_000, "gtol": 1e-3}
    result = fastopt.minimize(
        rosenbrock, START, method=method, jac=rosenbrock_gradient, options=options
    )
    assert result.fun < 1e-2
    assert result.fun == rosenbrock(result.x)
    np.testing.assert_array_equal(result.jac, rosenbrock_gradient(result.x))
    assert result.success == (np.abs(result.jac).max() <= 1e-3)
    assert result.status.name == ("GRADIENT" if result.success else "ITERATION_LIMIT")
    assert len(result.history.loss) == result.nit


def test_momentum_and_nesterov_follow_their_formulas():
    """Twenty iterations against the formulas on a quadratic."""
    H = np.diag([1.0, 10.0])
    eta, beta = 0.02, 0.9
    for nesterov, method in ((False, "momentum"), (True, "nesterov")):
        w, m = np.array([1.0, 1.0]), np.zeros(2)
        for _ in range(20):
            g = H @ (w + beta * m if nesterov else w)
            m = beta * m - eta * g
            w = w + m
        result = fastopt.minimize(
            lambda x: 0.5 * x @ H @ x,
            [1.0, 1.0],
            method=method,
            jac=lambda x: H @ x,
            options={"learning_rate": eta, "maxiter": 20},
        )
        np.testing.assert_allclose(result.x, w, rtol=1e-13)


@pytest.mark.parametrize("jac", [None, "2-point", "3-point", "cs", True, rosenbrock_gradient])
@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton"])
def test_kinds_of_gradients(jac, method):
    fun = (lambda x: (rosenbrock(x), rosenbrock_gradient(x))) if jac is True else rosenbrock
    result = fastopt.minimize(fun, START, method=method, jac=jac)
    np.testing.assert_allclose(result.x, [1, 1], atol=1e-3 if jac == "2-point" else 1e-5)
    assert result.nfev > result.nit


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton"])
@pytest.mark.parametrize("n", [2, 3, 10])
def test_differences_reach_the_minimum(jac, method, n):
    """Where differences are not exact enough to go on, more exact ones take their place."""
    bounds = [(-3, 3)] * n if method == "lbfgs" else None
    random = np.random.default_rng(0)
    for scale in (1e-6, 1, *[1e6] * 4):
        rounding = 1e-15 * random.standard_normal(n)
        result = fastopt.minimize(
            lambda x, s=scale: s * rosenbrock(x),
            np.linspace(1.3, 0.7, n) * (1 + rounding),
            method=method,
            jac=jac,
            bounds=bounds,
        )
        assert result.success, result.message
        np.testing.assert_allclose(result.x, 1, atol=2e-6)
        assert result.nit == len(result.history.loss)


def test_inverse_hessian_outlives_a_stalled_search():
    def noisy(x):  # values know six digits only
        return np.float64(f"{1 + rosenbrock(x):.6e}")

    result = fastopt.minimize(noisy, START, jac=rosenbrock_gradient, options={"gtol": 1e-14})
    assert result.status in (2, 6)
    exact = np.linalg.inv(rosenbrock_hessian(result.x))
    assert np.abs(result.hess_inv - exact).max() < 0.5 * np.abs(exact).max()


@pytest.mark.parametrize("hess", [None, "2-point", "3-point", rosenbrock_hessian])
def test_kinds_of_hessians(hess):
    result = fastopt.minimize(
        rosenbrock, START, method="newton", jac=rosenbrock_gradient, hess=hess
    )
    assert result.success
    assert result.positive_definite
    np.testing.assert_allclose(result.x, [1, 1], atol=1e-6)
    np.testing.assert_allclose(result.hess, rosenbrock_hessian(result.x), rtol=1e-3)
    assert result.nhev == result.nit + 1


def test_newton_cg_takes_products():
    calls = []

    def product(x, v):
        calls.append(1)
        return rosenbrock_hessian(x) @ v

    result = fastopt.minimize(
        rosenbrock, np.zeros(20), method="newton_cg", jac=rosenbrock_gradient, hessp=product
    )
    assert result.success
    assert result.nhev == len(calls)
    np.testing.assert_allclose(result.x, 1, atol=1e-5)


def test_newton_tells_a_saddle_from_a_minimum():
    def saddle(x):
        return x[0] ** 2 - x[1] ** 2

    result = fastopt.minimize(
        saddle, [1.0, 0.0], method=fastopt.Newton(line_search=None), jac=lambda x: 2 * x * [1, -1]
    )
    np.testing.assert_allclose(result.x, 0, atol=1e-8)
    assert not result.positive_definite


def test_scaled_functions_and_variables_converge_alike():
    for scale in (1e-15, 1e-6, 1e6, 1e15):
        result = fastopt.minimize(
            lambda x, s=scale: s * rosenbrock(x),
            START,
            jac=lambda x, s=scale: s * rosenbrock_gradient(x),
        )
        assert result.success
        np.testing.assert_allclose(result.x, [1, 1], atol=1e-4)
        units = np.array([scale, 1.0])
        result = fastopt.minimize(
            lambda x, u=units: rosenbrock(x / u),
            START * units,
            jac=lambda x, u=units: rosenbrock_gradient(x / u) / u,
            method="newton",
        )
        assert result.success
        np.testing.assert_allclose(result.x / units, [1, 1], atol=1e-5)


@pytest.mark.parametrize("method", ["bfgs", "dfp", "lbfgs", "newton"])
@pytest.mark.parametrize("offset", [1.0, 1e2, 1e4, 1e6])
def test_an_offset_does_not_hide_the_minimum(method, offset):
    """Beyond what the rounding of f hides, √ε at 1: gains are judged by what f has lost."""
    result = fastopt.minimize(
        lambda x: rosenbrock(x) + offset, START, method=method, jac=rosenbrock_gradient
    )
    np.testing.assert_allclose(result.x, [1, 1], atol=1e-6 if offset < 1e5 else 2e-5)
    assert result.success
