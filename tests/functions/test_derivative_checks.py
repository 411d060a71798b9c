"""check_gradient and check_hessian: right derivatives pass, wrong ones do not."""

import numpy as np
import pytest

import fastopt
from problems.rosenbrock import rosenbrock, rosenbrock_gradient

HESSIAN = np.array([[802.0, -400.0], [-400.0, 200.0]])  # of rosenbrock at (1, 1)


def square(x):
    return x @ x


def gradient(x):
    return 2 * x


def test_checks_of_derivatives():
    right = fastopt.check_gradient(lambda x: (x**3).sum(), lambda x: 3 * x**2, [1.0, 2.0, 3.0])
    assert right
    assert right.error < 1e-9
    wrong = fastopt.check_gradient(
        lambda x: (x**3).sum(), lambda x: 3 * x**2 + [0, 0.1, 0], [1.0, 2.0, 3.0]
    )
    assert not wrong
    assert wrong.index == (1,)
    assert wrong.error == pytest.approx(0.1 / 12.1, rel=1e-4)  # of the entry, 12 + 0.1
    assert "wrong" in repr(wrong)
    H = np.array([[2.0, 1.0], [1.0, 3.0]])
    assert fastopt.check_hessian(lambda x: H @ x, lambda x: H, [1.0, -2.0])
    wrong = fastopt.check_hessian(lambda x: H @ x, lambda x: H * [[1, 1], [1, 2]], [1.0, -2.0])
    assert wrong.index == (1, 1)


@pytest.mark.parametrize(
    ("fun", "jac", "x0"),
    [
        (rosenbrock, rosenbrock_gradient, [1.0, 1.0]),
        (rosenbrock, rosenbrock_gradient, [-1.2, 1.0]),
        (lambda x: 1e6 + x @ x, gradient, [0.1, 0.2]),
        (square, gradient, [0.0, 0.0]),
        (lambda x: np.exp(-x).sum(), lambda x: -np.exp(-x), [30.0, 1.0]),
        (lambda x: ((x - 1e6) ** 2).sum(), lambda x: 2 * (x - 1e6), [1e6 + 1, 1e6]),
    ],
)
def test_right_gradients_pass_where_fun_rounds(fun, jac, x0):
    assert fastopt.check_gradient(fun, jac, x0)
    largest = max(abs(jac(np.array(x0))).max(), 1.0)
    assert not fastopt.check_gradient(fun, lambda x: jac(x) + 0.01 * largest, x0)
    assert fastopt.check_hessian(rosenbrock_gradient, lambda x: HESSIAN, [1.0, 1.0])
    assert not fastopt.check_hessian(rosenbrock_gradient, lambda x: HESSIAN + 0.01, [1.0, 1.0])
    skew = np.array([[0, 50.0], [-50.0, 0]])
    assert not fastopt.check_hessian(rosenbrock_gradient, lambda x: HESSIAN + skew, [1.0, 1.0])


@pytest.mark.parametrize("tiny", [1e-300, 1e-30, 1e-12, -1e-9])
def test_hessians_are_checked_where_a_coordinate_is_next_to_nothing(tiny):
    """Steps in proportion to it would move no gradient."""

    def jac(x):
        return np.array([2 * x[0] + 3 * x[1], 3 * x[0] + np.sinh(x[1])])

    right = np.array([[2.0, 3.0], [3.0, np.cosh(0.7)]])
    assert fastopt.check_hessian(jac, lambda x: right, [tiny, 0.7])
    for wrong in ([[0.1, 0], [0, 0]], [[0, 0], [0.1, 0]], [[0, 0], [0, 0.1]]):
        assert not fastopt.check_hessian(jac, lambda x, w=wrong: right + w, [tiny, 0.7])


def test_checks_of_derivatives_refuse_before_they_check():
    with pytest.raises(ValueError, match=r"fun\(x\) is nan at x0"):
        fastopt.check_gradient(lambda x: np.nan, gradient, [1.0, 2.0])
    with pytest.raises(ValueError, match=r"jac\(x\)\[1\] is inf at x0"):
        fastopt.check_hessian(lambda x: np.array([1, np.inf]), np.diag, [1.0, 2.0])
    for check in (fastopt.check_gradient, fastopt.check_hessian):
        with pytest.raises(ValueError, match="rtol must be a number"):
            check(lambda x: pytest.fail("called"), gradient, [1.0], rtol=-1)
