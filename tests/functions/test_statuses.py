"""What a run says where it cannot go on."""

import re

import numpy as np
import pytest

import fastopt
from line_search_cases import METHODS
from problems.rosenbrock import (
    rosenbrock,
    rosenbrock_gradient,
    rosenbrock_jacobian,
    rosenbrock_residuals,
)

RULES = ["nielsen", "marquardt", "matlab"]


def beyond(limit, f):
    """Return f up to x[0] = limit, and NaN beyond."""
    return lambda x: f(x) if x[0] < limit else f(x) * np.nan


@pytest.mark.parametrize("bounds", [None, [(-9, 9)] * 2])
@pytest.mark.parametrize("of", ["fun", "jac"])
@pytest.mark.parametrize("method", METHODS)
def test_minimize_names_the_end_of_finite_numbers(method, of, bounds):
    if bounds is not None and method != "lbfgs":
        return
    fun = beyond(0.5, rosenbrock) if of == "fun" else rosenbrock
    jac = beyond(0.5, rosenbrock_gradient) if of == "jac" else rosenbrock_gradient
    result = fastopt.minimize(fun, [-1.2, 1.0], method=method, jac=jac, bounds=bounds)
    assert not result.success
    assert result.status.name == "NON_FINITE"
    entry = r"fun\(x\)" if of == "fun" else r"(jac\(x\)\[0|hess\(x\)\[0, 0)\]"
    assert re.search(f"{entry} is nan", result.message)
    assert result.x[0] == pytest.approx(0.5, abs=1e-6)
    assert np.isfinite(result.fun)


SETTINGS = [{}, {"bounds": ([-9, -9], [9, 9])}, {"loss": "huber"}]
WITH_RULES = [{"method": fastopt.LevenbergMarquardt(damping_rule=rule)} for rule in RULES]


@pytest.mark.parametrize("settings", SETTINGS + WITH_RULES)
def test_least_squares_names_the_entry_that_is_not_finite(settings):
    result = fastopt.least_squares(
        rosenbrock_residuals, [-1.2, 1.0], jac=beyond(-1, rosenbrock_jacobian), **settings
    )
    assert (result.success, result.status) == (False, -6)
    assert "nan at row 0, column 0" in result.message
    assert np.isfinite(result.x).all()
    if settings not in WITH_RULES:  # which keep a step before J is asked for
        assert result.x[0] == pytest.approx(-1, abs=1e-6)


@pytest.mark.parametrize("jac", [rosenbrock_jacobian, "2-point", "3-point"])
@pytest.mark.parametrize("settings", SETTINGS + WITH_RULES)
def test_least_squares_names_the_end_of_finite_residuals(settings, jac):
    result = fastopt.least_squares(
        beyond(0.5, rosenbrock_residuals), [-1.2, 1.0], jac=jac, **settings
    )
    assert (result.success, result.status) == (False, -6)
    assert result.x[0] == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize("rule", RULES)
def test_a_parameter_that_loses_its_influence_is_no_success(rule):
    """The minimum of x₀² + ½ is where the column of J vanishes: none can be told from a plateau."""
    result = fastopt.least_squares(
        lambda x: np.array([x[0] ** 2 + 0.5, x[1] - 1]),
        [1.0, 0.0],
        method=fastopt.LevenbergMarquardt(damping_rule=rule),
    )
    assert not result.success
    assert result.status in (-4, -5)
    assert result.cost == pytest.approx(0.125)


def test_a_point_where_the_jacobian_fades_is_stationary():
    result = fastopt.least_squares(lambda x: x**2 + 2, [1.0], jac=lambda x: np.diag(2 * x))
    # The step before decides by its rounding which of the two is seen first.
    assert (result.success, result.status) in [(False, -4), (False, -5)]


@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
@pytest.mark.parametrize("rule", RULES)
def test_points_on_a_circle_are_fitted_exactly(rule, scaling):
    """Where e falls to its rounding J has nothing to explain any more: that is success."""
    for k in range(5, 13):
        angles = np.linspace(0, 2 * np.pi, k, endpoint=False)
        result = fastopt.least_squares(
            lambda p, at: np.hypot(at[0] - p[0], at[1] - p[1]) - p[2],
            [0.3, -0.2, 0.7],
            args=((np.cos(angles), np.sin(angles)),),
            method=fastopt.LevenbergMarquardt(damping_rule=rule, scaling=scaling),
        )
        assert result.success, (k, result.message)
        np.testing.assert_allclose(result.x, [0, 0, 1], atol=1e-11)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("method", ["newton", "dfp", "lbfgs"])
def test_a_run_ends_at_a_kink_only_where_no_descent_is_left_along_the_gradient(activation, method):
    """Newton's direction may meet a kink at once where −g still leads down."""
    random = np.random.default_rng(0)
    X = random.uniform(-1, 1, (200, 3))
    y = np.sin(2 * X[:, 0]) * X[:, 1] + X[:, 2] ** 2
    for seed in range(4):
        net = fastopt.MLP([3, 10, 1], activation=activation, random_state=seed)
        history = net.fit(X, y, method, epochs=300)
        assert (np.diff(history.loss) <= 0).all()
        if history.stop_reason == "epochs":
            continue
        w, (E, g) = net.parameters.copy(), net.loss_and_gradient(X, y)
        for alpha in np.geomspace(1e-6, 1, 13):
            net.parameters = w - alpha * g
            assert net.evaluate(X, y) >= E * (1 - 1e-6)


@pytest.mark.parametrize("method", ["bfgs", "dfp", "lbfgs", "newton", "newton_cg"])
@pytest.mark.parametrize("offset", [0.0, 1e4])
@pytest.mark.parametrize("jac", [True, "2-point"])
def test_a_kink_is_a_stalled_search_and_no_minimum(method, offset, jac):
    def fun(x):
        value = offset + 10 * abs(x[0] - x[1]) + (x[0] - 3) ** 2
        side = 10 * np.sign(x[0] - x[1])
        return (value, np.array([side + 2 * (x[0] - 3), -side])) if jac is True else value

    result = fastopt.minimize(fun, [0.0, 0.5], method=method, jac=jac)
    assert not result.success or result.fun - offset < 1e-3


@pytest.mark.parametrize("size", [1e140, 1e149, 1e150, 1e151])
@pytest.mark.parametrize("rule", RULES)
def test_damping_that_overflows_ends_a_run(rule, size):
    X = np.random.default_rng(0).normal(size=(20, 4)) * size
    net = fastopt.MLP([4, 6, 1], activation="relu", random_state=0)
    try:
        history = net.fit(X, np.ones(20), fastopt.LevenbergMarquardt(damping_rule=rule), epochs=60)
    except fastopt.DivergenceError:
        pass  # E itself overflows
    else:
        assert history.stop_reason in ("epochs", "damping", "non_finite", "noise_floor")
    assert np.isfinite(net.parameters).all()


def test_a_hessian_of_nan_is_not_positive_definite():
    def hess(x):
        return np.full((2, 2), np.nan) if x[0] > -1 else np.eye(2)

    result = fastopt.minimize(
        rosenbrock, [-1.2, 1.0], method="newton", jac=rosenbrock_gradient, hess=hess
    )
    assert not result.success
    assert not (result.positive_definite and np.isnan(result.hess).any())
