"""least_squares as a user calls it: results, bounds, robust losses, faults."""

import inspect
import json
import signal
import threading
from pathlib import Path

import numpy as np
import pytest

import fastopt
from fastopt import LevenbergMarquardt, least_squares
from problems.more_garbow_hillstrom import PROBLEMS

T = np.linspace(0, 10, 40)
Y = 3 * np.exp(-0.4 * T) + 0.5 + 0.05 * np.cos(7 * T)
OUTLIERS = Y + np.where(np.arange(40) % 7 == 3, 2.0, 0.0)


def decay(b, y=Y):
    return b[0] * np.exp(-b[1] * T) + b[2] - y


def decay_jacobian(b, y=Y):
    power = np.exp(-b[1] * T)
    return np.stack([power, -b[0] * T * power, np.ones_like(T)], axis=1)


def rosenbrock(x):
    return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])


def rosenbrock_jacobian(x):
    return np.array([[-20 * x[0], 10.0], [-1.0, 0.0]])


START = [1.0, 1.0, 0.0]
METHODS = ["lm", "trf", LevenbergMarquardt(), LevenbergMarquardt(scaling="diagonal")]


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


def test_calls_are_counted():
    calls = {"fun": 0, "jac": 0}

    def fun(x):
        calls["fun"] += 1
        return rosenbrock(x)

    def jac(x):
        calls["jac"] += 1
        return rosenbrock_jacobian(x)

    result = least_squares(fun, [-1.2, 1.0], jac=jac)
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
    result = least_squares(rosenbrock, [1.0, 1.0], jac=rosenbrock_jacobian, method=method)
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
    result = least_squares(rosenbrock, [-1.2, 1.0], jac=rosenbrock_jacobian, max_nfev=4)
    assert (result.nfev, result.status, result.success) == (4, 0, False)
    assert result.cost < 0.5 * np.sum(rosenbrock([-1.2, 1.0]) ** 2)


def test_wrong_jacobian_is_not_a_success():
    result = least_squares(decay, START, jac=lambda b: -decay_jacobian(b))
    assert not result.success
    np.testing.assert_array_equal(result.x, START)


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


# Bounds


GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "least_squares.json").read_text())


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
    fun, jac = {"decay": (decay, decay_jacobian), "rosenbrock": (rosenbrock, rosenbrock_jacobian)}[
        case["problem"]
    ]
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
        return rosenbrock(x)

    for jac in ("2-point", "3-point"):
        result = least_squares(fun, [0.5, 0.8], jac=jac, bounds=([0.5, -3], [2.0, 0.8]))
        assert result.success
        np.testing.assert_allclose(result.x, [np.sqrt(0.8), 0.8], rtol=1e-2)


def test_bounds_objects_and_numbers():
    class Bounds:
        lb, ub = 0.0, [2.0, 0.5]

    result = least_squares(rosenbrock, [1.0, 0.3], bounds=Bounds())
    again = least_squares(rosenbrock, [1.0, 0.3], bounds=(0.0, [2.0, 0.5]))
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
        least_squares(rosenbrock, [1.0, 1.0], bounds=bounds)


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


# Bad input


@pytest.mark.parametrize(
    ("x0", "error", "match"),
    [
        ([], ValueError, "at least one"),
        ([[1.0, 2.0]], ValueError, r"one dimension.*\(1, 2\)"),
        ([1j], TypeError, "complex"),
        (["a"], TypeError, "real numbers"),
        ([None], TypeError, "real numbers"),
        ([1.0, np.nan], ValueError, "nan at index 1"),
        (None, TypeError, "missing"),
    ],
)
def test_bad_x0(x0, error, match):
    with pytest.raises(error, match=match):
        least_squares(lambda x: x, x0)


@pytest.mark.parametrize(
    ("returned", "error", "match"),
    [
        (np.array([1.0, np.inf]), ValueError, "inf at index 1"),
        (np.ones((2, 2)), ValueError, r"\(m,\), got \(2, 2\)"),
        (np.array([]), ValueError, "at least one"),
        (np.array([1j]), TypeError, "complex"),
        (["a"], TypeError, "real numbers"),
        (None, TypeError, "real numbers"),
        (np.array([1e200]), ValueError, "overflows"),
    ],
)
def test_bad_residuals_at_x0(returned, error, match):
    with pytest.raises(error, match=match):
        least_squares(lambda x: returned, [1.0])


def test_residuals_that_change_length():
    lengths = iter([3, 3, 3, 2])
    with pytest.raises(ValueError, match="3 residuals as it did at x0, got 2"):
        least_squares(lambda x: np.full(next(lengths), x[0]), [1.0])


@pytest.mark.parametrize(
    ("jac", "error", "match"),
    [
        (lambda x: np.ones((3, 2)), ValueError, r"\(2, 2\), got \(3, 2\)"),
        (lambda x: np.array([[1.0, 2.0], [np.nan, 0.0]]), ValueError, "row 1, column 0"),
        (lambda x: np.ones((2, 2), dtype=complex), TypeError, "complex"),
        ("4-point", ValueError, "'2-point', '3-point', 'cs'"),
        (3, ValueError, "'2-point', '3-point', 'cs'"),
    ],
)
def test_bad_jacobian(jac, error, match):
    with pytest.raises(error, match=match):
        least_squares(rosenbrock, [-1.2, 1.0], jac=jac)


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"method": "bfgs"}, ValueError, "'lm', 'trf'"),
        ({"method": fastopt.Adam()}, ValueError, "LevenbergMarquardt"),
        ({"method": "lm", "bounds": (0, 2)}, ValueError, "no bounds"),
        ({"method": "lm", "loss": "huber"}, ValueError, "linear loss"),
        ({"loss": "square"}, ValueError, "'soft_l1', 'huber'"),
        ({"f_scale": 0.0, "loss": "huber"}, ValueError, r"\(0, inf\)"),
        ({"ftol": -1.0}, ValueError, "ftol"),
        ({"xtol": "a"}, TypeError, "xtol"),
        ({"max_nfev": 0}, ValueError, "max_nfev"),
        ({"x_scale": [1.0, 0.0]}, ValueError, "x_scale"),
        ({"x_scale": "foo"}, ValueError, "x_scale"),
        ({"verbose": 5}, ValueError, "verbose"),
        ({"diff_step": -1.0}, ValueError, "diff_step"),
        ({"callback": 3}, TypeError, "callback"),
    ],
)
def test_bad_options(options, error, match):
    with pytest.raises(error, match=match):
        least_squares(rosenbrock, [0.5, 1.0], **options)


def test_fun_that_is_missing_or_no_function():
    with pytest.raises(TypeError, match="fun must be callable"):
        least_squares(x0=[1.0])
    with pytest.raises(ValueError, match="not both"):
        least_squares(rosenbrock, [1.0, 1.0], normal_equations=rosenbrock)


# Faults on the way


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_residuals_that_leave_the_finite_numbers_are_backed_off_from(method):
    def fun(x):
        return np.array([np.log(x[0]), x[0] - 0.5]) if x[0] > 0 else np.full(2, np.nan)

    def jac(x):
        return np.array([[1 / x[0]], [1.0]])

    result = least_squares(fun, [4.0], jac=jac, method=method)
    assert result.success
    np.testing.assert_allclose(result.grad, 0, atol=1e-7)


def test_jacobian_that_leaves_the_finite_numbers_is_backed_off_from():
    def jac(x):
        return np.array([[1.0], [2 * x[0]]]) if x[0] > 0.9 else np.full((2, 1), np.nan)

    result = least_squares(lambda x: np.array([x[0] - 0.1, x[0] ** 2]), [3.0], jac=jac)
    assert not result.success
    assert np.isfinite(result.x).all()
    assert result.x[0] >= 0.9


class OwnError(Exception):
    pass


@pytest.mark.parametrize("where", ["fun", "jac", "callback"])
@pytest.mark.parametrize("method", METHODS, ids=str)
def test_exceptions_come_out_as_themselves(method, where):
    calls = {"fun": 0, "jac": 0, "callback": 0}

    def count(name):
        calls[name] += 1
        if name == where and calls[name] == 3:
            raise OwnError(name)

    def fun(x):
        count("fun")
        return rosenbrock(x)

    def jac(x):
        count("jac")
        return rosenbrock_jacobian(x)

    def callback(x):
        count("callback")

    with pytest.raises(OwnError, match=where):
        least_squares(fun, [-1.2, 1.0], jac=jac, callback=callback, method=method)


def test_control_c_at_once():
    def fun(x):
        signal.raise_signal(signal.SIGINT)
        return rosenbrock(x)

    with pytest.raises(KeyboardInterrupt):
        least_squares(fun, [-1.2, 1.0])


def test_nested_calls():
    def fun(x):
        inner = least_squares(lambda y: y - x[0], [0.0])
        return np.array([inner.x[0] - 2.0])

    result = least_squares(fun, [0.0])
    np.testing.assert_allclose(result.x, [2.0])


def test_threads_at_the_same_time():
    expected = least_squares(decay, START).x
    results = [None] * 4

    def run(i):
        results[i] = least_squares(decay, START).x

    threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results:
        np.testing.assert_array_equal(result, expected)


# Callback and verbosity


def test_callback_gets_private_copies_and_falling_costs():
    costs = []

    def callback(intermediate_result):
        costs.append(intermediate_result.cost)
        intermediate_result.x[:] = np.nan

    result = least_squares(rosenbrock, [-1.2, 1.0], jac=rosenbrock_jacobian, callback=callback)
    assert result.success
    assert len(costs) > 3
    assert costs == sorted(costs, reverse=True)
    assert costs[-1] == result.cost


def test_stop_iteration_ends_the_run():
    def callback(x):
        if rosenbrock(x) @ rosenbrock(x) < 5:
            raise StopIteration

    result = least_squares(rosenbrock, [-1.2, 1.0], callback=callback)
    assert (result.status, result.success) == (-2, False)
    assert "callback" in result.message


def test_verbose_prints(capsys):
    least_squares(rosenbrock, [-1.2, 1.0])
    assert capsys.readouterr().out == ""
    least_squares(rosenbrock, [-1.2, 1.0], verbose=1)
    assert len(capsys.readouterr().out.splitlines()) == 2
    least_squares(rosenbrock, [-1.2, 1.0], verbose=2)
    assert len(capsys.readouterr().out.splitlines()) > 5


# Memory


def test_what_does_not_fit_is_refused_before_it_is_allocated():
    x0 = np.zeros(3_000_000)
    with pytest.raises(MemoryError, match=r"3,000,000 parameters .*are available"):
        least_squares(lambda x: x[:5] - 1, x0, jac="3-point")
    with pytest.raises(MemoryError, match="3,000,000 parameters"):
        least_squares(normal_equations=lambda x: (1.0, x, x), x0=x0)


@pytest.mark.parametrize("jac", ["exact", "3-point"])
def test_column_of_the_jacobian_that_is_zero_but_for_rounding_gives_no_scale(jac):
    """At Beale's start the first parameter has no influence: its column is 0, or all error."""
    (beale,) = (problem for problem in PROBLEMS if problem.name == "Beale")
    for shift in (0.0, -1.0, 1.0):
        x0 = np.array([1.0, np.nextafter(1.0, 1.0 + shift)])
        result = least_squares(beale.residuals, x0, jac=beale.jacobian if jac == "exact" else jac)
        assert result.success
        np.testing.assert_allclose(result.x, [3, 0.5], rtol=1e-7)
