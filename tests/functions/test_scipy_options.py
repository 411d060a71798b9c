"""minimize: the options that SciPy's users bring along."""

import math

import numpy as np
import pytest

import fastopt
from problems.rosenbrock import START, rosenbrock, rosenbrock_gradient


def first_points(jac, options, n=2, x0=START):
    """Return where fun is called to have the first gradient."""
    points = []

    def fun(x):
        points.append(x.copy())
        return rosenbrock(x)

    fastopt.minimize(fun, x0, jac=jac, options={**options, "maxiter": 1})
    return points[1 : 1 + n]


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        ({"eps": 1e-3}, [1e-3, 1e-3]),
        ({"eps": [1e-3, 1e-4]}, [1e-3, 1e-4]),
        ({"finite_diff_rel_step": 1e-3}, [1.2e-3, 1e-3]),
        ({"finite_diff_rel_step": [1e-3, 1e-5], "eps": 0.1}, [1.2e-3, 1e-5]),
    ],
)
def test_steps_of_differences(options, steps):
    """Absolute (eps) or in proportion to |x_i|, as SciPy's, where the latter counts before."""
    first, second = first_points("2-point", options)
    np.testing.assert_allclose(abs(first - START), [steps[0], 0], rtol=1e-6)
    np.testing.assert_allclose(abs(second - START), [0, steps[1]], rtol=1e-6)


def test_steps_that_are_given_stay_as_they_are():
    """The answer has the error of these differences: nothing more exact takes their place."""

    def fun(x):
        return (x[0] - 1) ** 2 + (x[0] - 1) ** 3 / 3

    # (f(x+h) − f(x)) / h = 0 at x − 1 ≈ −h/2, where f itself rises again
    result = fastopt.minimize(fun, [1.2], jac="2-point", options={"eps": 1e-3})
    assert -0.6e-3 < result.x[0] - 1 < -0.5e-4
    better = fastopt.minimize(fun, [1.2], jac="2-point")
    assert abs(better.x[0] - 1) < 1e-7


@pytest.mark.parametrize("name", ["eps", "finite_diff_rel_step"])
def test_bad_steps(name):
    for value in (0.0, -1e-3, [1e-3] * 3, np.nan):
        with pytest.raises(ValueError, match=name):
            fastopt.minimize(rosenbrock, START, options={name: value})
    with pytest.raises(TypeError, match=name):
        fastopt.minimize(rosenbrock, START, options={name: "small"})
    with pytest.warns(RuntimeWarning, match="steps of differences are not used"):
        fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={name: 1e-3})


@pytest.mark.parametrize("order", [1, 2, 3.5, math.inf])
@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "newton", "steepest_descent"])
def test_the_norm_of_the_gradient(order, method):
    """The first gradient whose p-norm is at most gtol ends the run."""
    met = []
    result = fastopt.minimize(
        rosenbrock,
        START,
        method=method,
        jac=rosenbrock_gradient,
        options={"gtol": 0.3, "norm": order},
        callback=lambda x: met.append(np.linalg.norm(rosenbrock_gradient(x), order) <= 0.3),
    )
    assert result.status.name == "GRADIENT"
    assert met[-1]
    assert not any(met[:-1])


def test_norms_that_are_none():
    for norm in (0.5, -math.inf, math.nan):
        with pytest.raises(ValueError, match="norm"):
            fastopt.minimize(rosenbrock, START, options={"norm": norm})
    with pytest.raises(ValueError, match=r"options of 'adam' are .*got 'norm'"):
        fastopt.minimize(rosenbrock, START, method="adam", options={"norm": 2})


@pytest.mark.parametrize("method", ["bfgs", "dfp"])
def test_the_first_inverse_hessian(method):
    """With the right one the first step leads to the minimum of a quadratic."""
    H = np.array([[3.0, 1.0], [1.0, 2.0]])
    V = np.linalg.inv(H)
    result = fastopt.minimize(
        lambda x: 0.5 * x @ H @ x,
        [4.0, -3.0],
        method=method,
        jac=lambda x: H @ x,
        options={"hess_inv0": V},
        record_path=True,
    )
    np.testing.assert_allclose(result.path[1], 0, atol=1e-14)
    np.testing.assert_allclose(result.hess_inv, V, rtol=1e-9)
    assert result.success


@pytest.mark.parametrize(
    ("value", "match"),
    [
        (np.eye(3), r"shape \(2, 2\), got \(3, 3\)"),
        ([[1.0, 0.5], [0.0, 1.0]], "symmetric"),
        ([[1.0, 2.0], [2.0, 1.0]], "positive definite"),
        ([[1.0, np.nan], [np.nan, 1.0]], "hess_inv0"),
    ],
)
def test_bad_inverse_hessians(value, match):
    with pytest.raises(ValueError, match=match):
        fastopt.minimize(rosenbrock, START, options={"hess_inv0": value})
    with pytest.raises(ValueError, match=r"options of 'lbfgs' are .*got 'hess_inv0'"):
        fastopt.minimize(rosenbrock, START, method="lbfgs", options={"hess_inv0": np.eye(2)})


@pytest.mark.parametrize("bounds", [None, [(-5, 5)] * 2])
def test_the_limit_of_a_line_search(bounds):
    """A step along −g that is far too long first needs more than two values."""

    slope = rosenbrock_gradient(np.array(START))

    def evaluations(options):
        calls = []

        def fun(x):
            step = x - START
            # Beyond the search, a verdict looks along other directions.
            if abs(step @ [-slope[1], slope[0]]) <= 1e-6 * np.linalg.norm(step) * np.linalg.norm(
                slope
            ):
                calls.append(1)
            return 1e6 * rosenbrock(x)

        fastopt.minimize(
            fun,
            START,
            method="lbfgs",
            jac=lambda x: 1e6 * rosenbrock_gradient(x),
            bounds=bounds,
            options={**options, "maxiter": 1},
        )
        return len(calls)

    assert evaluations({"maxls": 1}) < evaluations({})
    assert evaluations({"maxls": 30}) == evaluations({})
    with pytest.raises(ValueError, match="maxls"):
        evaluations({"maxls": 0})
