"""least_squares where something is wrong: arguments, values on the way, exceptions, memory."""

import signal
import threading

import numpy as np
import pytest

import fastopt
from fastopt import LevenbergMarquardt, least_squares
from least_squares_cases import METHODS, START, decay
from problems.rosenbrock import rosenbrock_jacobian, rosenbrock_residuals

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
        ([[1.0], [1.0, 2.0]], ValueError, "x0 must be an array of at most one dimension"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), ValueError, "x0 has masked elements"),
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


class Unwilling:
    """What cannot be an array, and has its own reason."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("mine")


@pytest.mark.parametrize("where", ["fun", "jac", "cs", "normal_equations"])
def test_what_cannot_be_made_an_array(where):
    def solve(returned):
        if where == "normal_equations":
            return least_squares(x0=[1.0], normal_equations=lambda x: (0.5, returned, [[1.0]]))
        if where == "jac":
            return least_squares(lambda x: x, [1.0], jac=lambda x: returned)
        fun = (
            (lambda x: returned if np.iscomplexobj(x) else x)
            if where == "cs"
            else lambda x: returned
        )
        return least_squares(fun, [1.0], jac="cs" if where == "cs" else "3-point")

    with pytest.raises(RuntimeError, match=r"^mine$"):
        solve(Unwilling())
    with pytest.raises(ValueError, match=r"must return .*got what is no array of numbers"):
        solve([[1.0, 2.0], [1.0]])


def test_residuals_for_complex_x_are_checked():
    def fun(x):
        return np.ones(2, dtype=complex) if np.iscomplexobj(x) else np.ones(3)

    with pytest.raises(ValueError, match="takes complex x and returns 3 residuals, got array"):
        least_squares(fun, [1.0], jac="cs")


def test_a_sparse_jacobian_is_made_dense():
    class Sparse:
        def __init__(self, dense):
            self.dense = dense

        def toarray(self):
            return self.dense

    dense = least_squares(rosenbrock_residuals, [-1.2, 1.0], jac=rosenbrock_jacobian)
    sparse = least_squares(
        rosenbrock_residuals, [-1.2, 1.0], jac=lambda x: Sparse(rosenbrock_jacobian(x))
    )
    np.testing.assert_array_equal(dense.x, sparse.x)


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
        least_squares(rosenbrock_residuals, [-1.2, 1.0], jac=jac)


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
        ({"max_nfev": 2.5}, TypeError, "max_nfev must be an integer"),
        ({"max_nfev": 2**63}, ValueError, r"max_nfev must be at most 2\*\*63 - 1"),
        ({"x_scale": [1.0, 0.0]}, ValueError, "x_scale"),
        ({"x_scale": "foo"}, ValueError, "x_scale"),
        ({"verbose": 5}, ValueError, "verbose"),
        ({"diff_step": -1.0}, ValueError, "diff_step"),
        ({"diff_step": "a"}, ValueError, "diff_step"),
        ({"diff_step": np.ones((2, 1))}, ValueError, "diff_step"),
        ({"x_scale": 1j}, ValueError, "x_scale"),
        ({"x_scale": 2.0, "method": LevenbergMarquardt()}, ValueError, "x_scale"),
        ({"loss": np.ones(2)}, TypeError, "loss must be one of"),
        ({"verbose": np.ones(3)}, TypeError, "verbose"),
        ({"kwargs": 3}, TypeError, "kwargs must be a mapping"),
        ({"callback": 3}, TypeError, "callback"),
    ],
)
def test_bad_options(options, error, match):
    with pytest.raises(error, match=match):
        least_squares(rosenbrock_residuals, [0.5, 1.0], **options)


def test_fun_that_is_missing_or_no_function():
    with pytest.raises(TypeError, match="fun must be callable"):
        least_squares(x0=[1.0])
    with pytest.raises(ValueError, match="not both"):
        least_squares(rosenbrock_residuals, [1.0, 1.0], normal_equations=rosenbrock_residuals)
    for ignored in ({"jac": "2-point"}, {"diff_step": 1e-3}, {"x_scale": 2.0}):
        with pytest.raises(ValueError, match="takes no jac, diff_step or x_scale"):
            least_squares(x0=[1.0, 1.0], normal_equations=rosenbrock_residuals, **ignored)


def test_what_is_refused_before_work():
    with pytest.raises(TypeError, match="callback must be callable"):
        least_squares(lambda x: pytest.fail("called"), [0.5], callback=5)


def test_whole_floats_are_counts():
    assert least_squares(rosenbrock_residuals, [0.5, 1.0], max_nfev=100.0).success


def test_callback_without_a_signature_takes_x():
    result = least_squares(rosenbrock_residuals, [0.5, 1.0], callback=max)
    assert result.success


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


@pytest.mark.parametrize("method", METHODS, ids=str)
def test_nothing_finite_beyond_the_last_point_is_told_as_such(method):
    result = least_squares(lambda x: np.array([x[0] if x[0] > 1 else np.nan]), [3.0], method=method)
    assert not result.success
    assert result.status == -6
    assert "not finite" in result.message
    assert 1 < result.x[0] < 1.01


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
        return rosenbrock_residuals(x)

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
        return rosenbrock_residuals(x)

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


# Memory


def test_what_does_not_fit_is_refused_before_it_is_allocated():
    x0 = np.zeros(3_000_000)
    with pytest.raises(MemoryError, match=r"3,000,000 parameters .*are available"):
        least_squares(lambda x: x[:5] - 1, x0, jac="3-point")
    with pytest.raises(MemoryError, match="3,000,000 parameters"):
        least_squares(normal_equations=lambda x: (1.0, x, x), x0=x0)
