"""minimize: what goes in and comes out: x0, args, options, callbacks, results, bounds."""

import threading

import numpy as np
import pytest

import fastopt
from interruption import delay_of_interruption
from problems.rosenbrock import START, rosenbrock, rosenbrock_gradient, rosenbrock_hessian


@pytest.mark.parametrize(
    "x0", [3, 3.0, np.float32(3), [3], np.array(3), np.array([3], dtype=">f8")]
)
def test_one_variable(x0):
    result = fastopt.minimize(lambda x: (x[0] - 1) ** 2, x0)
    assert result.x.shape == (1,)
    assert result.x.dtype == np.float64
    np.testing.assert_allclose(result.x, 1, atol=1e-6)


def test_x0_is_not_written_to_and_functions_get_copies():
    x0 = START.copy()
    x0.flags.writeable = False

    def spoil(x):
        value = rosenbrock(x)
        x[:] = np.nan
        return value

    def spoil_gradient(x):
        g = rosenbrock_gradient(x)
        x[:] = np.nan
        return g

    def spoil_callback(x):
        x[:] = np.nan

    result = fastopt.minimize(spoil, x0, jac=spoil_gradient, callback=spoil_callback)
    np.testing.assert_array_equal(x0, START)
    np.testing.assert_allclose(result.x, [1, 1], atol=1e-5)


def test_starting_at_the_minimum():
    result = fastopt.minimize(rosenbrock, [1.0, 1.0], jac=rosenbrock_gradient)
    assert result.success
    assert result.nit == 0
    assert result.nfev == 1


def test_args_and_their_number():
    result = fastopt.minimize(
        lambda x, a, b: ((x - a) ** 2).sum() + b,
        [0.0],
        args=(2.0, 5.0),
        jac=lambda x, a, b: 2 * (x - a),
    )
    assert result.fun == pytest.approx(5)
    result = fastopt.minimize(lambda x, *many: x[0] ** 2 + sum(many), 1.0, args=tuple(range(20)))
    assert result.fun == pytest.approx(190)
    assert fastopt.minimize(lambda x, a: (x[0] - a) ** 2, 0.0, args=3.0).x == pytest.approx(3)


def test_history_and_path():
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, record_path=True)
    assert result.path.shape == (result.nit + 1, 2)
    np.testing.assert_array_equal(result.path[0], START)
    np.testing.assert_array_equal(result.path[-1], result.x)
    np.testing.assert_array_equal(result.history.loss, [rosenbrock(x) for x in result.path[1:]])
    steps = np.linalg.norm(np.diff(result.path, axis=0), axis=1)
    np.testing.assert_allclose(result.history.step_norm, steps, rtol=1e-12)
    assert result.history.stop_reason == "gradient"
    plain = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient)
    np.testing.assert_array_equal(plain.x, result.x)
    assert plain.history.loss == result.history.loss
    options = {"return_all": True}
    scipy_like = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options=options)
    np.testing.assert_array_equal(scipy_like.allvecs, result.path)
    assert "path" not in scipy_like
    assert repr(scipy_like).endswith(f"allvecs: a list of {result.nit + 1}")
    with pytest.raises(TypeError, match="return_all must be True or False, got 1"):
        fastopt.minimize(rosenbrock, START, options={"return_all": 1})


def test_callbacks():
    seen = []
    plain = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, callback=seen.append)
    assert len(seen) == plain.nit
    np.testing.assert_array_equal(seen[-1], plain.x)

    def stop(intermediate_result):
        seen.append(intermediate_result)
        if intermediate_result.fun < 1:
            raise StopIteration

    seen.clear()
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, callback=stop)
    assert result.status == 99
    assert not result.success
    assert "callback" in result.message
    assert result.nit == len(seen) < plain.nit
    np.testing.assert_array_equal(seen[-1].x, result.x)


def test_limits():
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"maxiter": 3})
    assert (result.nit, result.status, result.success) == (3, 1, False)
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"maxfev": 10})
    assert (result.status, result.success) == (8, False)
    assert 10 <= result.nfev < 20
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"maxiter": 0})
    assert (result.nit, result.fun) == (0, rosenbrock(START))


@pytest.mark.parametrize("limit", [0, 1, 2, 3, 5, 10, 20])
def test_maxfun_ends_a_run_where_it_is_passed(limit):
    """As SciPy's L-BFGS-B: the iteration in which nfev goes beyond it is the last one."""
    seen = []

    def fun(x):
        seen.append(1)
        return rosenbrock(x)

    counts = []

    def count(x):
        counts.append(len(seen))

    settings = {"jac": rosenbrock_gradient, "method": "L-BFGS-B", "callback": count}
    result = fastopt.minimize(fun, START, options={"maxfun": limit}, **settings)
    assert result.message == f"The limit of evaluations, maxfun = {limit}, was reached."
    assert result.nfev == counts[-1] > limit
    assert all(number <= limit for number in counts[:-1])
    scipy = pytest.importorskip("scipy.optimize").minimize(
        fun, START, jac=rosenbrock_gradient, method="L-BFGS-B", options={"maxfun": limit}
    )
    assert scipy.status == 1
    assert scipy.nfev > limit
    if limit:
        counts.clear()
        seen.clear()
        result = fastopt.minimize(fun, START, options={"maxfev": limit}, **settings)
        assert result.message == f"The limit of evaluations, maxfev = {limit}, was reached."
        assert result.nfev == counts[-1] >= limit
        assert all(number < limit for number in counts[:-1])


def test_one_limit_of_evaluations_only():
    with pytest.raises(ValueError, match="maxfev or maxfun, not both"):
        fastopt.minimize(rosenbrock, START, options={"maxfev": 9, "maxfun": 9})


def test_tolerances():
    loose = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, tol=1e-1)
    tight = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"gtol": 1e-9})
    assert np.abs(loose.jac).max() <= 1e-1
    assert np.abs(tight.jac).max() <= 1e-9
    assert loose.nit < tight.nit


@pytest.mark.parametrize("bounds", [None, [(-5, 5)] * 2])
def test_a_small_step_or_a_small_gain_ends_a_run(bounds):
    """The first one that is small enough; a success, since the model has no more to offer."""
    common = {"method": "lbfgs", "jac": rosenbrock_gradient, "bounds": bounds, "record_path": True}
    stepped = fastopt.minimize(rosenbrock, START, options={"xrtol": 1e-3}, **common)
    assert stepped.status.name == "STEP"
    assert stepped.success
    np.testing.assert_allclose(stepped.x, 1, rtol=1e-3)
    steps = np.linalg.norm(np.diff(stepped.path, axis=0), axis=1)
    small = steps <= 1e-3 * np.linalg.norm(stepped.path[1:], axis=1)
    assert small[-1]
    assert not small[:-1].any()

    changed = fastopt.minimize(rosenbrock, START, options={"ftol": 1e-7}, **common)
    assert changed.status.name == "FUNCTION_CHANGE"
    assert changed.success
    assert changed.fun < 1e-7
    values = np.array([rosenbrock(x) for x in changed.path])
    small = -np.diff(values) <= 1e-7 * np.maximum(np.maximum(values[:-1], values[1:]), 1)
    assert small[-1]
    assert not small[:-1].any()


def test_what_disp_prints(capsys):
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"disp": True})
    shown = capsys.readouterr().out
    assert result.message in shown
    assert repr(result) in shown
    fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, options={"disp": False})
    assert capsys.readouterr().out == ""


def test_scipy_spellings_and_objects():
    for method in ("BFGS", "L-BFGS-B", "Newton-CG", fastopt.BFGS(scale_initial=False)):
        result = fastopt.minimize(rosenbrock, START, method=method, jac=rosenbrock_gradient)
        np.testing.assert_allclose(result.x, [1, 1], atol=1e-4)
    optimizer = fastopt.LBFGS()
    fastopt.minimize(rosenbrock, START, method=optimizer, options={"maxcor": 3, "gtol": 1e-6})
    assert optimizer == fastopt.LBFGS()
    options = {"xtol": 0.1}
    result = fastopt.minimize(rosenbrock, START, method="Newton-CG", options=options)
    assert result.status.name == "STEP"


def test_the_result_by_attribute_item_and_print():
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient)
    assert result["x"] is result.x
    assert set(result) >= {"x", "fun", "jac", "hess_inv", "nit", "nfev", "njev", "status"}
    assert "success: True" in repr(result)
    assert "status: 0 (gradient)" in repr(result)
    with pytest.raises(AttributeError, match="it has message"):
        result.nothing  # noqa: B018
    np.testing.assert_allclose(result.hess_inv @ rosenbrock_hessian(result.x), np.eye(2), atol=0.2)


def test_the_counts_are_those_of_the_calls():
    calls = {"fun": 0, "jac": 0, "hess": 0}

    def counted(name, function):
        def call(x):
            calls[name] += 1
            return function(x)

        return call

    result = fastopt.minimize(
        counted("fun", rosenbrock),
        START,
        method="newton",
        jac=counted("jac", rosenbrock_gradient),
        hess=counted("hess", rosenbrock_hessian),
    )
    assert (result.nfev, result.njev, result.nhev) == tuple(calls.values())


def test_a_function_may_minimise_too():
    def outer(x):
        inner = fastopt.minimize(lambda y: ((y - x) ** 2).sum() + y @ y, np.zeros(2))
        return inner.fun + ((x - 3) ** 2).sum()

    result = fastopt.minimize(outer, np.zeros(2), options={"gtol": 1e-4})
    np.testing.assert_allclose(result.x, 2, atol=1e-3)


def test_threads_do_not_disturb_each_other():
    results = [None] * 4

    def work(k):
        results[k] = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for result in results[1:]:
        np.testing.assert_array_equal(result.x, results[0].x)


def test_bounds():
    bounds = [(-2, 0.5), (None, 0.1)]
    result = fastopt.minimize(rosenbrock, START, jac=rosenbrock_gradient, bounds=bounds)
    assert result.success, result.message
    # At the solution the second bound presses and the first variable is free.
    assert result.x[1] == 0.1
    assert abs(rosenbrock_gradient(result.x)[0]) < 1e-4
    assert rosenbrock_gradient(result.x)[1] < 0
    corner = fastopt.minimize(lambda x: x.sum(), [0.3, 0.9], bounds=[(-1, 1), (0, 2)])
    np.testing.assert_array_equal(corner.x, [-1, 0])
    assert corner.success
    fixed = fastopt.minimize(lambda x: x @ x, [3.0, 4.0], bounds=[(2, 2), (None, None)])
    np.testing.assert_allclose(fixed.x, [2, 0], atol=1e-6)
    free = fastopt.minimize(
        rosenbrock, np.zeros(10), jac=rosenbrock_gradient, bounds=[(None, None)] * 10
    )
    np.testing.assert_allclose(free.x, 1, atol=1e-4)


def test_bounds_are_never_left():
    lower, upper = np.array([-1.5, 0.2]), np.array([0.7, 2.0])

    def guarded(x):
        assert (x >= lower).all()
        assert (x <= upper).all()
        return rosenbrock(x)

    result = fastopt.minimize(
        guarded, START, jac=rosenbrock_gradient, bounds=list(zip(lower, upper, strict=True))
    )
    assert result.success


@pytest.mark.timing
def test_control_c_while_newton_takes_the_eigenvalues_of_an_indefinite_hessian():
    n = 2000
    random = np.random.default_rng(0).standard_normal((n, n))
    hessian = random + random.T

    def call():
        fastopt.minimize(
            lambda x: 0.5 * x @ hessian @ x,
            np.ones(n),
            method="newton",
            jac=lambda x: hessian @ x,
            hess=lambda x: hessian,
        )

    assert delay_of_interruption(call, after=1.0) < 0.5


def test_newton_cg_asks_for_one_hessian_at_each_point():
    points = []

    def hessian(x):
        points.append(tuple(x))
        return rosenbrock_hessian(x)

    result = fastopt.minimize(
        rosenbrock, np.full(20, -0.5), method="newton_cg", jac=rosenbrock_gradient, hess=hessian
    )
    assert result.success
    assert len(points) == len(set(points)) == result.nhev
