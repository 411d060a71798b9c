"""The data of curve_fit: what is wrong with them is said of them, and frames are followed."""

import numpy as np
import pytest

import fastopt
from fastopt import OptimizeWarning, curve_fit, least_squares, minimize

X = np.linspace(0, 1, 8)
Y = 2 * X + 1 + 0.01 * np.cos(9 * X)


def line(x, a, b):
    return a * x + b


def with_value(values, at, value):
    changed = np.array(values, dtype=float)
    changed[at] = value
    return changed


@pytest.mark.parametrize(
    "settings", [{}, {"nan_policy": "omit"}, {"nan_policy": "raise"}, {"check_finite": False}]
)
def test_infinity_in_ydata_is_that_of_ydata(settings):
    with pytest.raises(ValueError, match="ydata holds inf at row 3"):
        curve_fit(line, X, with_value(Y, 3, np.inf), **settings)


def test_what_is_not_finite_is_told_of_x_too():
    with pytest.raises(ValueError, match=r"ydata holds nan at row 3.*nan_policy='omit'"):
        curve_fit(line, X, with_value(Y, 3, np.nan), check_finite=False)
    with pytest.raises(ValueError, match="xdata holds inf at row 2"):
        curve_fit(line, with_value(X, 2, np.inf), Y)
    with pytest.raises(ValueError, match="at index 2, where xdata is inf"):
        curve_fit(line, with_value(X, 2, np.inf), Y, check_finite=False)
    with pytest.raises(ValueError, match=r"sigma must hold positive.*got nan at index 5"):
        curve_fit(line, X, Y, sigma=with_value(np.ones(8), 5, np.nan))
    with pytest.raises(ValueError, match=r"sigma must hold positive.*got 0.0 at index 5"):
        curve_fit(line, X, Y, sigma=with_value(np.ones(8), 5, 0))


@pytest.mark.parametrize("kind", [list, tuple, lambda x: np.array(x, dtype=object)])
def test_objects_that_are_numbers_are_numbers(kind):
    from fractions import Fraction

    expected = curve_fit(line, X, Y)[0]
    x = kind([np.float32(0.0), *map(float, X[1:-1]), Fraction(1)])
    np.testing.assert_allclose(curve_fit(line, x, np.array(Y, dtype=object))[0], expected)
    with pytest.raises(TypeError, match=r"xdata has dtype object and holds 'a' at index 7.*astype"):
        curve_fit(line, np.array([*X[:7], "a"], dtype=object), Y)
    with pytest.raises(TypeError, match=r"ydata.*'a'"):
        curve_fit(line, X, np.array([*Y[:7], "a"], dtype=object))
    with pytest.raises(ValueError, match="xdata holds nan at row 7"):
        curve_fit(line, [*X[:7], None], Y)
    popt, _ = curve_fit(line, [*X[:7], None], Y, nan_policy="omit")
    np.testing.assert_allclose(popt, curve_fit(line, X[:7], Y[:7])[0])


def test_ragged_x_is_named():
    with pytest.raises(ValueError, match="xdata must be an array of numbers"):
        curve_fit(line, [[1.0, 2.0], [1.0]], [1.0, 2.0])


def test_nan_in_frames_is_left_out():
    pandas = pytest.importorskip("pandas")
    hole = with_value(X, 1, np.nan)
    expected = curve_fit(line, np.delete(X, 1), np.delete(Y, 1))[0]
    for x in (
        pandas.Series(hole),
        pandas.Series(hole, index=list("abcdefgh")),
        pandas.Series(hole).astype("Float64"),
        pandas.array(hole, dtype="Float64"),
    ):
        for y in (Y, pandas.Series(Y)):
            np.testing.assert_allclose(curve_fit(line, x, y, nan_policy="omit")[0], expected)
        with pytest.raises(ValueError, match="xdata holds nan"):
            curve_fit(line, x, Y, nan_policy="raise")
    frame = pandas.DataFrame({"slope": hole, "one": 1.0})

    def of_frame(frame, a, b):
        return a * frame["slope"] + b * frame["one"]

    np.testing.assert_allclose(curve_fit(of_frame, frame, Y, nan_policy="omit")[0], expected)
    both = pandas.Series(with_value(Y, 5, np.nan))
    popt = curve_fit(line, pandas.Series(hole), both, nan_policy="omit")[0]
    np.testing.assert_allclose(popt, curve_fit(line, np.delete(X, [1, 5]), np.delete(Y, [1, 5]))[0])


class Operator:
    """What SciPy's LinearOperator offers, and no more."""

    def __init__(self, matrix):
        self.matrix = np.asarray(matrix)
        self.shape = self.matrix.shape

    def matvec(self, v):
        return self.matrix @ v

    def rmatvec(self, v):
        return self.matrix.conj().T @ v


class Forward(Operator):
    rmatvec = property()  # none


@pytest.mark.parametrize("kind", [Operator, Forward])
def test_operators_are_made_dense(kind):
    matrix = np.stack([X, np.ones(8)], axis=1)
    expected = least_squares(lambda p: matrix @ p - Y, [0.0, 0.0], jac=lambda p: matrix)
    found = least_squares(lambda p: matrix @ p - Y, [0.0, 0.0], jac=lambda p: kind(matrix))
    np.testing.assert_array_equal(found.x, expected.x)
    np.testing.assert_array_equal(found.jac, matrix)
    wide = least_squares(lambda p: matrix.T @ p - 1, np.zeros(8), jac=lambda p: kind(matrix.T))
    np.testing.assert_array_equal(wide.jac, matrix.T)
    for sigma in (None, np.full(8, 0.1)):
        popt, _ = curve_fit(line, X, Y, sigma=sigma, jac=lambda x, a, b: kind(matrix))
        np.testing.assert_allclose(popt, expected.x, rtol=1e-7)
    result = minimize(
        lambda x: x[0] ** 2 + 2 * x[1] ** 2,
        [1.0, 2.0],
        method="newton",
        jac=lambda x: np.array([2 * x[0], 4 * x[1]]),
        hess=lambda x: kind(np.diag([2.0, 4.0])),
    )
    assert result.success
    np.testing.assert_allclose(result.x, 0, atol=1e-12)


def test_scipys_own_operators():
    linalg = pytest.importorskip("scipy.sparse.linalg")
    matrix = np.stack([X, np.ones(8)], axis=1)
    result = least_squares(
        lambda p: matrix @ p - Y, [0.0, 0.0], jac=lambda p: linalg.aslinearoperator(matrix)
    )
    assert result.success


def test_warnings_are_of_one_class():
    assert issubclass(OptimizeWarning, RuntimeWarning)
    assert issubclass(OptimizeWarning, UserWarning)
    assert fastopt.OptimizeWarning is OptimizeWarning
    with pytest.warns(OptimizeWarning, match="does not use hess"):
        minimize(lambda x: x @ x, [1.0], method="bfgs", hess=lambda x: np.eye(1))
    with pytest.warns(OptimizeWarning, match="does not use hessp"):
        minimize(lambda x: x @ x, [1.0], method="bfgs", hessp=lambda x, p: p)
    with pytest.warns(OptimizeWarning, match="steps of differences"):
        minimize(lambda x: x @ x, [1.0], jac=lambda x: 2 * x, options={"eps": 1e-6})
    with pytest.warns(OptimizeWarning, match="as many parameters as points"):
        curve_fit(line, X[:2], Y[:2])


def test_unknown_options_tell_what_was_meant():
    with pytest.raises(ValueError, match=r"unknown option 'maxnfev'.*did you mean 'max_nfev'"):
        curve_fit(line, X, Y, maxnfev=3)
    with pytest.raises(RuntimeError, match="max_nfev = 1 values"):
        curve_fit(line, X, Y, max_nfev=1)
