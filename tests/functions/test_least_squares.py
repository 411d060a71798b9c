"""least_squares as a user calls it: results, degenerate problems, normal equations, callbacks."""

import inspect

import numpy as np
import pytest

from fastopt import LevenbergMarquardt, least_squares
from least_squares_cases import (
    METHODS,
    START,
    Y,
    decay,
    decay_jacobian,
)
from problems.more_garbow_hillstrom import PROBLEMS
from problems.rosenbrock import rosenbrock_jacobian, rosenbrock_residuals

# Results


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_result_has_scipys_fields_and_their_meaning(method):
    x0 = np.array(START)
    result = least_squares(decay, x0, jac=decay_jacobian, method=method)
    assert result.success
    assert result["x"] is result.x
    np.testing.assert_array_equal(x0, START)
    np.testing.assert_allclose(result.fun, decay(result.x), atol=1e-15)
    np.testing.assert_allclose(result.jac, decay_jacobian(result.x), atol=1e-15)
    np.testing.assert_allclose(result.grad, result.jac.T @ result.fun, atol=1e-14)
    assert result.cost == pytest.approx(0.5 * result.fun @ result.fun, rel=1e-14)
    assert result.optimality == pytest.approx(np.abs(result.grad).max())
    assert result.optimality < 1e-7
    np.testing.assert_array_equal(result.active_mask, [0, 0, 0])
    assert result.nfev >= result.njev > 1
    assert result.rank == 3
    assert result.status > 0
    assert result.message.startswith("converged")


def test_argument_order_is_scipys():
    names = list(inspect.signature(least_squares).parameters)
    assert names[:11] == (
        [
            "fun",
            "x0",
            "jac",
            "bounds",
            "method",
            "ftol",
            "xtol",
            "gtol",
            "x_scale",
            "loss",
            "f_scale",
        ]
    )
    assert names[11:16] == ["max_nfev", "verbose", "args", "kwargs", "callback"]


@pytest.mark.parametrize("args", [(3.0, 4.0), [3.0, 4.0], np.array([3.0, 4.0])])
def test_args_are_handed_on_one_by_one(args):
    result = least_squares(lambda x, a, b: a * x - b, [0.0], args=args)
    assert result.x == pytest.approx(4 / 3)
    for alone in (7.0, np.array(7.0)):
        assert least_squares(lambda x, a: x - a, [0.0], args=alone).x == pytest.approx(7)


@pytest.mark.parametrize("method", [None, "trf", LevenbergMarquardt()])
@pytest.mark.parametrize("bounds", [None, ([-5, -5], [5, 5])])
def test_calls_are_counted(method, bounds):
    if bounds is not None and method != "trf":
        return
    calls = {"fun": 0, "jac": 0}

    def fun(x):
        calls["fun"] += 1
        return rosenbrock_residuals(x)

    def jac(x):
        calls["jac"] += 1
        return rosenbrock_jacobian(x)

    settings = {} if bounds is None else {"bounds": bounds}
    result = least_squares(fun, [-1.2, 1.0], jac=jac, method=method, **settings)
    assert (result.nfev, result.njev) == (calls["fun"], calls["jac"])


@pytest.mark.parametrize("x0", [2.0, [2.0], np.array(2.0), np.float32(2), 2, True, [np.int8(2)]])
def test_x0_of_any_real_kind(x0):
    seen = []

    def fun(x):
        seen.append((x.dtype, x.shape))
        return x - 5

    result = least_squares(fun, x0)
    np.testing.assert_allclose(result.x, [5.0])
    assert set(seen) == {(np.dtype(float), (1,))}


def test_args_and_kwargs_reach_fun_and_jac():
    def fun(x, a, b=0.0):
        return x * a - b

    def jac(x, a, b=0.0):
        return np.array([[a]])

    result = least_squares(fun, [1.0], jac=jac, args=(4.0,), kwargs={"b": 2.0})
    np.testing.assert_allclose(result.x, [0.5])


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_numerical_jacobians(jac):
    x = np.array([0.7, -3.0, 1e-3])

    def fun(b):
        return np.array([b[0] ** 3, np.sin(b[1]) * b[2], np.exp(b[0] * b[2]), b[1] ** 2])

    exact = np.imag([fun(x + 1e-30j * e) / 1e-30 for e in np.eye(3)]).T
    found = least_squares(fun, x, jac=jac, max_nfev=1).jac
    tolerance = {"2-point": 1e-6, "3-point": 1e-8, "cs": 1e-15}[jac]
    error = np.linalg.norm(found - exact, axis=0) / np.linalg.norm(exact, axis=0)
    assert error.max() < tolerance


def test_a_parameter_near_zero_is_not_lost_in_the_noise_of_differences():
    def fun(b):
        return np.array([b[0] + 1000.0, b[1] - 1, b[0] * 3 + b[1] - 1])

    result = least_squares(fun, [1e-13, 1.0], max_nfev=1)
    np.testing.assert_allclose(result.jac, [[1, 0], [0, 1], [3, 1]], atol=1e-6)


def test_diff_step_is_relative():
    seen = []

    def fun(x):
        seen.append(x.copy())
        return x - 1

    least_squares(fun, [4.0], jac="2-point", diff_step=0.25, max_nfev=1)
    assert [float(s[0]) for s in seen] == [4.0, 5.0]


def test_units_play_no_part():
    units = np.array([1e-8, 1e6, 1.0])
    plain = least_squares(decay, START, jac=decay_jacobian)
    scaled = least_squares(
        lambda b: decay(b * units),
        START / units,
        jac=lambda b: decay_jacobian(b * units) * units,
    )
    assert scaled.nfev == plain.nfev
    np.testing.assert_allclose(scaled.x * units, plain.x, rtol=1e-9)


@pytest.mark.parametrize("x_scale", ["jac", 1.0, [1.0, 0.1, 2.0]])
def test_x_scale(x_scale):
    result = least_squares(decay, START, jac=decay_jacobian, x_scale=x_scale)
    np.testing.assert_allclose(
        result.x, least_squares(decay, START, jac=decay_jacobian).x, rtol=1e-7
    )


# Degenerate problems


def test_fewer_residuals_than_parameters():
    result = least_squares(lambda x: np.array([x[0] + 2 * x[1] + 2 * x[2] - 9]), [0.0, 0.0, 0.0])
    assert result.success
    assert result.rank == 1
    # From 0 the minimum-norm step leads to the nearest solution, in units of the columns of J.
    assert result.cost < 1e-24


def test_rank_deficient_step_is_the_shortest():
    A = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    result = least_squares(lambda x: A @ x - [1.0, 2.0, 3.0], [5.0, -5.0], jac=lambda x: A)
    assert result.success
    assert result.rank == 1
    np.testing.assert_allclose(result.x, [6.0, -4.0])


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_zero_jacobian_is_stationary_not_success(method):
    result = least_squares(
        lambda x: np.array([1.0, 2.0]), [1.0, 2.0], jac=lambda x: np.zeros((2, 2)), method=method
    )
    assert not result.success
    assert result.rank == 0
    assert "stationary" in result.message
    np.testing.assert_array_equal(result.x, [1.0, 2.0])


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_solution_at_the_start(method):
    result = least_squares(rosenbrock_residuals, [1.0, 1.0], jac=rosenbrock_jacobian, method=method)
    assert result.success
    assert result.nfev == 1
    np.testing.assert_array_equal(result.x, [1.0, 1.0])


def test_a_parameter_without_influence_stays():
    result = least_squares(lambda x: np.array([x[0] - 3, 2 * x[0] - 6]), [1.0, 7.0])
    assert result.success
    assert result.rank == 1
    np.testing.assert_allclose(result.x, [3.0, 7.0])


def test_a_plateau_is_not_a_success():
    def fun(b):
        return np.array([np.exp(-b[0]) + 1.0, 2.0])

    result = least_squares(fun, [0.0])
    assert not result.success


def test_max_nfev():
    result = least_squares(rosenbrock_residuals, [-1.2, 1.0], jac=rosenbrock_jacobian, max_nfev=4)
    assert (result.nfev, result.status, result.success) == (4, 0, False)
    assert result.cost < 0.5 * np.sum(rosenbrock_residuals([-1.2, 1.0]) ** 2)


def test_wrong_jacobian_is_not_a_success():
    result = least_squares(decay, START, jac=lambda b: -decay_jacobian(b))
    assert not result.success
    np.testing.assert_array_equal(result.x, START)


@pytest.mark.parametrize("jac", ["exact", "3-point"])
def test_column_of_the_jacobian_that_is_zero_but_for_rounding_gives_no_scale(jac):
    """At Beale's start the first parameter has no influence: its column is 0, or all error."""
    (beale,) = (problem for problem in PROBLEMS if problem.name == "Beale")
    for shift in (0.0, -1.0, 1.0):
        x0 = np.array([1.0, np.nextafter(1.0, 1.0 + shift)])
        result = least_squares(beale.residuals, x0, jac=beale.jacobian if jac == "exact" else jac)
        assert result.success
        np.testing.assert_allclose(result.x, [3, 0.5], rtol=1e-7)


# Normal equations


def test_normal_equations_that_are_summed_elsewhere():
    def sums(x, y):
        e, J = decay(x, y), decay_jacobian(x, y)
        return 0.5 * e @ e, J.T @ e, J.T @ J

    expected = least_squares(decay, START, jac=decay_jacobian)
    result = least_squares(normal_equations=sums, x0=START, args=(Y,))
    assert result.success
    np.testing.assert_allclose(result.x, expected.x, rtol=1e-7)
    assert result.cost == pytest.approx(expected.cost)
    assert result.rank == 3
    assert result.fun is None
    assert result.jac is None


@pytest.mark.parametrize(
    ("returned", "error", "match"),
    [
        (1.0, TypeError, "three"),
        ((1.0, np.zeros(2)), TypeError, "three"),
        ((np.zeros(2), np.zeros(2), np.eye(2)), ValueError, "number"),
        ((1.0, np.zeros(3), np.eye(2)), ValueError, r"\(2,\), got \(3,\)"),
        ((1.0, np.zeros(2), np.eye(3)), ValueError, r"\(2, 2\), got \(3, 3\)"),
        ((np.nan, np.zeros(2), np.eye(2)), ValueError, "finite"),
    ],
)
def test_bad_normal_equations(returned, error, match):
    with pytest.raises(error, match=match):
        least_squares(normal_equations=lambda x: returned, x0=[1.0, 1.0])


# Callback and verbosity


def test_callback_gets_private_copies_and_falling_costs():
    costs = []

    def callback(intermediate_result):
        costs.append(intermediate_result.cost)
        intermediate_result.x[:] = np.nan

    result = least_squares(
        rosenbrock_residuals, [-1.2, 1.0], jac=rosenbrock_jacobian, callback=callback
    )
    assert result.success
    assert len(costs) > 3
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == result.cost


def test_stop_iteration_ends_the_run():
    def callback(x):
        if rosenbrock_residuals(x) @ rosenbrock_residuals(x) < 5:
            raise StopIteration

    result = least_squares(rosenbrock_residuals, [-1.2, 1.0], callback=callback)
    assert (result.status, result.success) == (-2, False)
    assert "callback" in result.message


def test_verbose_prints(capsys):
    least_squares(rosenbrock_residuals, [-1.2, 1.0])
    assert capsys.readouterr().out == ""
    least_squares(rosenbrock_residuals, [-1.2, 1.0], verbose=1)
    assert len(capsys.readouterr().out.splitlines()) == 2
    least_squares(rosenbrock_residuals, [-1.2, 1.0], verbose=2)
    assert len(capsys.readouterr().out.splitlines()) > 5
