"""minimize: what cannot work is refused with the reason; faults of a function pass unchanged."""

import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest

import fastopt


def square(x):
    return x @ x


def gradient(x):
    return 2 * x


@pytest.mark.parametrize(
    ("x0", "error", "text"),
    [
        (1j, TypeError, "complex"),
        ([1 + 1j], TypeError, "complex"),
        (["a"], TypeError, "x0 must hold real numbers"),
        ([object()], TypeError, "object"),
        ([], ValueError, "x0 is empty"),
        ([[1.0, 2.0]], ValueError, r"one dimension, got shape \(1, 2\)"),
        ([1.0, np.nan], ValueError, r"x0\[1\] is nan"),
        ([np.inf], ValueError, r"x0\[0\] is inf"),
        ([[1.0], [1.0, 2.0]], ValueError, "x0 must be an array of at most one dimension"),
        (np.ma.masked_array([1.0, 2.0], [False, True]), ValueError, "x0 has masked elements"),
    ],
)
def test_x0(x0, error, text):
    with pytest.raises(error, match=text):
        fastopt.minimize(square, x0)


def test_functions():
    with pytest.raises(TypeError, match="fun must be callable, got 3"):
        fastopt.minimize(3, [1.0])
    with pytest.raises(TypeError, match="jac must be a callable or one of '2-point'"):
        fastopt.minimize(square, [1.0], jac=3)
    with pytest.raises(ValueError, match="'4-point'"):
        fastopt.minimize(square, [1.0], jac="4-point")
    with pytest.raises(ValueError, match="hess must be a callable or one of"):
        fastopt.minimize(square, [1.0], method="newton", jac=gradient, hess="exact")
    with pytest.raises(TypeError, match="hessp must be callable"):
        fastopt.minimize(square, [1.0], method="newton_cg", jac=gradient, hessp=1)
    with pytest.raises(TypeError, match="callback must be callable, got 5"):
        fastopt.minimize(lambda x: pytest.fail("called"), [1.0], callback=5)


def test_methods_and_options():
    with pytest.raises(ValueError, match=r"one of .*'bfgs'.*got 'bgfs'"):
        fastopt.minimize(square, [1.0], method="bgfs")
    with pytest.raises(TypeError, match="a name or an Optimizer"):
        fastopt.minimize(square, [1.0], method=3)
    with pytest.raises(ValueError, match="least_squares"):
        fastopt.minimize(square, [1.0], method=fastopt.LevenbergMarquardt())
    with pytest.raises(ValueError, match=r"options of 'bfgs' are .*scale_initial.*got 'memory'"):
        fastopt.minimize(square, [1.0], method="bfgs", options={"memory": 3})
    with pytest.raises(ValueError, match=r"options of 'adam' are .*beta_1.*got 'momentum'"):
        fastopt.minimize(square, [1.0], method="adam", options={"momentum": 0.9})
    with pytest.raises(ValueError, match="c1 must be"):
        fastopt.minimize(square, [1.0], options={"c1": 2.0})
    with pytest.raises(ValueError, match="c1 must be below c2"):
        fastopt.minimize(square, [1.0], options={"c1": 0.95})
    with pytest.raises(ValueError, match=r"^tol must be a number"):
        fastopt.minimize(square, [1.0], tol=-1.0)
    with pytest.raises(TypeError, match=r"^tol must be a number"):
        fastopt.minimize(square, [1.0], tol="small", method="adam")
    with pytest.raises(TypeError, match="options must be a mapping"):
        fastopt.minimize(square, [1.0], options=[("maxiter", 3)])
    with pytest.raises(ValueError, match=r"maxiter must be at most 2\*\*63 - 1"):
        fastopt.minimize(square, [1.0], options={"maxiter": 2**63})
    with pytest.raises(ValueError, match=r"memory must be at most 2\*\*63 - 1"):
        fastopt.minimize(square, [1.0], method="lbfgs", options={"memory": 2**63})
    assert fastopt.minimize(square, [1.0], options={"maxiter": 2**63 - 1, "maxfev": 1e3}).success
    with pytest.raises(ValueError, match="maxiter must be an integer"):
        fastopt.minimize(square, [1.0], options={"maxiter": -1})
    with pytest.warns(RuntimeWarning, match="does not use hess"):
        fastopt.minimize(square, [1.0], hess=lambda x: np.eye(1))


def test_bounds():
    with pytest.raises(ValueError, match="for method 'lbfgs' alone, got method 'bfgs'"):
        fastopt.minimize(square, [1.0], method="bfgs", bounds=[(0, 1)])
    with pytest.raises(ValueError, match="2 pairs"):
        fastopt.minimize(square, [1.0, 2.0], bounds=[(0, 1)])
    with pytest.raises(ValueError, match=r"bounds\[0\]: the lower bound 2.0 is above 1.0"):
        fastopt.minimize(square, [1.0], bounds=[(2, 1)])


@pytest.mark.parametrize(
    ("bounds", "error", "text"),
    [
        (5, TypeError, "bounds must be 2 pairs .* got 5"),
        ("ab", TypeError, "bounds must be 2 pairs"),
        ((0, 1), ValueError, r"bounds must be 2 pairs .* got \(0, 1\)"),
        ([None, None], ValueError, "bounds must be 2 pairs"),
        (["ab", "cd"], ValueError, "bounds must be 2 pairs"),
        ([("a", 1), (0, 1)], TypeError, r"bounds\[0\]\[0\] must be a number or None, got 'a'"),
        ([(0, 1), (0, 1j)], TypeError, r"bounds\[1\]\[1\] must be a number or None, got 1j"),
        ([(0, np.nan), (0, 1)], ValueError, r"bounds\[0\]\[1\] is nan"),
        (SimpleNamespace(lb=["a", "b"], ub=1), TypeError, "bounds.lb must hold real numbers"),
        (SimpleNamespace(lb=0, ub=[1, 2, 3]), ValueError, "2 lower and 2 upper bounds"),
        (SimpleNamespace(lb=0, ub=[1, np.nan]), ValueError, r"bounds\[1\] is nan"),
    ],
)
def test_bounds_that_are_none(bounds, error, text):
    with pytest.raises(error, match=text):
        fastopt.minimize(lambda x: pytest.fail("called"), [1.0, 2.0], bounds=bounds)


class Unwilling:
    """What cannot be an array, and has its own reason."""

    def __array__(self, *args, **kwargs):
        raise RuntimeError("mine")


@pytest.mark.parametrize("where", ["fun", "jac", "hess", "hessp", "cs"])
def test_what_cannot_be_made_an_array(where):
    def minimize(returned):
        functions = {"fun": square, "jac": gradient, "method": "newton_cg"}
        functions |= {"jac": "cs"} if where == "cs" else {}
        functions["fun" if where == "cs" else where] = lambda *_: returned
        return fastopt.minimize(x0=[1.0, 2.0], **functions)

    with pytest.raises(RuntimeError, match=r"^mine$"):
        minimize(Unwilling())
    ragged = "fun" if where == "cs" else where
    with pytest.raises(ValueError, match=rf"^{ragged}\(x(, p)?\) must return .*array of numbers"):
        minimize([[1.0, 2.0], [1.0]])


@pytest.mark.parametrize("x0", [[1.0], [1.0, 2.0]])
def test_a_fun_that_returns_its_gradient_too(x0):
    with pytest.raises(TypeError, match=r"fun\(x\) must return one number.*give jac=True"):
        fastopt.minimize(lambda x: (x @ x, 2 * x), x0)


@pytest.mark.parametrize("method", ["bfgs", "newton", "lbfgs", "adam"])
def test_shapes_of_what_functions_return(method):
    with pytest.raises(ValueError, match=r"fun\(x\) must return one number, got .* \(2,\)"):
        fastopt.minimize(lambda x: x, [1.0, 2.0], method=method, jac=gradient)
    with pytest.raises(ValueError, match=r"jac\(x\) must have shape \(2,\), got \(3,\)"):
        fastopt.minimize(square, [1.0, 2.0], method=method, jac=lambda x: np.zeros(3))
    with pytest.raises(ValueError, match=r"jac\(x\) must have shape \(2,\), got \(2, 1\)"):
        fastopt.minimize(square, [1.0, 2.0], method=method, jac=lambda x: np.zeros((2, 1)))
    with pytest.raises(TypeError, match=r"fun\(x\) must return real numbers, got complex128"):
        fastopt.minimize(lambda x: 1j * x[0], [1.0, 2.0], method=method, jac=gradient)
    with pytest.raises(TypeError, match=r"fun\(x\) must return real numbers"):
        fastopt.minimize(lambda x: None, [1.0, 2.0], method=method, jac=gradient)
    with pytest.raises(TypeError, match=r"jac\(x\) must return real numbers"):
        fastopt.minimize(square, [1.0, 2.0], method=method, jac=lambda x: x * 1j)
    with pytest.raises(TypeError, match=r"the pair \(value, gradient\)"):
        fastopt.minimize(square, [1.0, 2.0], method=method, jac=True)


def test_shapes_of_hessians():
    with pytest.raises(ValueError, match=r"hess\(x\) must have shape \(2, 2\), got \(2,\)"):
        fastopt.minimize(square, [1.0, 2.0], method="newton", jac=gradient, hess=lambda x: x)
    with pytest.raises(ValueError, match=r"hessp\(x, p\) must have shape \(2,\), got \(3,\)"):
        fastopt.minimize(
            square, [1.0, 2.0], method="newton_cg", jac=gradient, hessp=lambda x, v: np.ones(3)
        )
    with pytest.raises(ValueError, match=r"hess\(x\) must have shape \(2, 2\), got \(2,\)"):
        fastopt.minimize(square, [1.0, 2.0], method="newton_cg", jac=gradient, hess=lambda x: x)


def test_sizes_and_types_that_are_fine():
    for value in (lambda x: np.array([square(x)]), lambda x: np.float32(square(x))):
        assert fastopt.minimize(value, [1.0, 2.0], jac=gradient).fun < 1e-8
    assert fastopt.minimize(square, [1.0, 2.0], jac=lambda x: list(2 * x)).fun < 1e-8
    assert fastopt.minimize(square, [1, 2], jac=lambda x: (2 * x).astype(">f4")).fun < 1e-8
    assert fastopt.minimize(lambda x: int(4 * x[0] ** 2), [0.1], method="sgd").fun == 0


@pytest.mark.parametrize("method", ["bfgs", "newton", "lbfgs", "adam", "newton_cg"])
def test_not_finite_at_the_start(method):
    with pytest.raises(ValueError, match=r"fun\(x\) is nan at x0"):
        fastopt.minimize(lambda x: np.nan, [1.0], method=method, jac=gradient)
    with pytest.raises(ValueError, match=r"jac\(x\)\[1\] is inf at x0"):
        fastopt.minimize(square, [1.0, 2.0], method=method, jac=lambda x: np.array([0, np.inf]))
    if method == "newton":
        with pytest.raises(ValueError, match=r"hess\(x\)\[1, 0\] is nan at x0"):
            fastopt.minimize(
                square,
                [1.0, 2.0],
                method=method,
                jac=gradient,
                hess=lambda x: np.array([[1, 0], [np.nan, 1]]),
            )


@pytest.mark.parametrize(
    ("derivative", "text"),
    [
        ({"hess": lambda x: np.diag([1, np.nan])}, r"hess\(x\)\[1, 1\] is nan at x0"),
        ({"hessp": lambda x, v: v * [1, np.inf]}, r"hessp\(x, p\)\[1\] is -inf at x0"),
    ],
)
def test_products_that_are_not_finite(derivative, text):
    with pytest.raises(ValueError, match=text):
        fastopt.minimize(square, [1.0, 2.0], method="newton_cg", jac=gradient, **derivative)


@pytest.mark.parametrize("method", ["bfgs", "dfp", "newton", "lbfgs", "steepest_descent"])
def test_searches_back_off_from_values_that_are_not_finite(method):
    def barrier(x):
        with np.errstate(invalid="ignore"):
            return float(x.sum() - np.log(x).sum()) if (x > 0).all() else np.nan

    result = fastopt.minimize(barrier, [5.0, 1e-2], method=method, jac=lambda x: 1 - 1 / x)
    assert result.success, result.message
    np.testing.assert_allclose(result.x, 1, atol=1e-4)


def test_a_wall_of_nan_ends_the_run_at_the_last_finite_x():
    def wall(x):
        return -x[0] if x[0] <= 1 else np.nan

    result = fastopt.minimize(wall, [0.0], jac=lambda x: np.array([-1.0]))
    assert not result.success
    assert result.fun == wall(result.x)
    assert result.x[0] <= 1
    with np.errstate(over="ignore"):
        result = fastopt.minimize(
            square, [1.0], method="sgd", jac=gradient, options={"learning_rate": 1e200}
        )
    assert result.status.name == "DIVERGED"
    assert np.isfinite(result.x).all()


@pytest.mark.parametrize("method", ["bfgs", "dfp", "lbfgs", "newton", "steepest_descent"])
def test_unbounded_below(method):
    result = fastopt.minimize(lambda x: x[0] ** 3, [-1.0], method=method, jac=lambda x: 3 * x**2)
    assert not result.success
    assert result.status.name == "UNBOUNDED"
    result = fastopt.minimize(lambda x: -x[0], [1.0], method=method, jac=lambda x: -np.ones(1))
    assert not result.success
    assert result.fun < -1e3
    assert result.status.name in ("UNBOUNDED", "ITERATION_LIMIT")


def test_unbounded_below_by_momentum():
    """It runs off beyond the finite numbers: a smaller learning rate would not help."""
    for method in ("momentum", "nesterov"):
        with np.errstate(over="ignore"):
            result = fastopt.minimize(lambda x: -x @ x, [1.0], method=method, jac=lambda x: -2 * x)
        assert (result.success, result.status.name) == (False, "UNBOUNDED")


@pytest.mark.parametrize(
    ("method", "bounds"),
    [
        *((name, None) for name in ("bfgs", "dfp", "lbfgs", "newton", "steepest_descent")),
        ("lbfgs", [(-9, 9)] * 2),
    ],
)
@pytest.mark.parametrize("signs", [(-1, -1), (1, -1)])
def test_a_wrong_gradient_is_no_success(method, bounds, signs):
    result = fastopt.minimize(
        lambda x: (x - 1) @ (x - 1) + 1,
        [3.0, 4.0],
        method=method,
        jac=lambda x: 2 * (x - 1) * np.array(signs),
        bounds=bounds,
    )
    assert not result.success
    assert result.status.name == "LINE_SEARCH"
    assert "gradient" in result.message


class MyError(Exception):
    pass


@pytest.mark.parametrize("where", ["fun", "jac", "hess", "callback"])
@pytest.mark.parametrize("after", [0, 2])
def test_exceptions_pass_unchanged(where, after):
    error = MyError("mine")
    calls = dict.fromkeys(("fun", "jac", "hess", "callback"), 0)

    def call(name, value):
        calls[name] += 1
        if name == where and calls[name] > after:
            raise error
        return value

    with pytest.raises(MyError) as caught:
        fastopt.minimize(
            lambda x: call("fun", (x**4).sum()),
            [1.0, 2.0],
            method="newton",
            jac=lambda x: call("jac", 4 * x**3),
            hess=lambda x: call("hess", np.diag(12 * x**2)),
            callback=lambda x: call("callback", None),
        )
    assert caught.value is error
    assert "call" in str(caught.traceback[-1])


SLOW = """
import time, fastopt
def fun(x):
    if not fun.started:
        print("ready", flush=True)
        fun.started = True
    {body}
    return float(x @ x) + 1 / (1 + x @ x)
fun.started = False
try:
    fastopt.minimize(fun, [3.0] * 50, method="{method}", options=dict(maxiter=10**8, gtol=0.0))
except KeyboardInterrupt:
    print("interrupted")
"""


@pytest.mark.parametrize(("method", "body"), [("sgd", "pass"), ("bfgs", "time.sleep(0.001)")])
def test_control_c(method, body):
    code = SLOW.format(body=body, method=method)
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(0.2)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=20)
        assert out == "interrupted\n"
    finally:
        child.kill()


@pytest.mark.parametrize("method", ["newton", "bfgs", "dfp"])
def test_memory_is_checked_before_it_is_taken(method):
    n = 5_000_000
    with pytest.raises(MemoryError, match=rf"{method} on n = 5,000,000 .* needs .* use .*lbfgs"):
        fastopt.minimize(square, np.zeros(n), method=method, jac=gradient)


@pytest.mark.parametrize(
    ("fun", "jac"),
    [
        (lambda x: np.nan, None),
        (lambda x: x @ x, lambda x: np.array([1, np.nan])),
    ],
)
@pytest.mark.parametrize("maxiter", [0, 5])
def test_a_start_that_is_not_finite_with_any_limit(fun, jac, maxiter):
    with pytest.raises(ValueError, match="is nan at x0"):
        fastopt.minimize(fun, [1.0, 2.0], jac=jac, options={"maxiter": maxiter})


@pytest.mark.parametrize("maxiter", [0, 5])
def test_a_start_beyond_the_bounds_is_brought_within(maxiter):
    def fun(x):
        assert (x >= 0).all()
        return np.sqrt(x).sum() + x @ x

    result = fastopt.minimize(
        fun, [-1.0, 2.0], bounds=[(0, 3)] * 2, options={"maxiter": maxiter}, record_path=True
    )
    assert (result.path >= 0).all()
