"""minimize: no result is lost to a trial; SciPy's arguments that ask for nothing are accepted."""

import numpy as np
import pytest

import fastopt
from problems.rosenbrock import rosenbrock


@pytest.mark.parametrize("x0", [1.000000001, 1.0, 1.001, 5.0, 1e-3])
@pytest.mark.parametrize("method", ["bfgs", "lbfgs", "dfp", "newton"])
def test_a_trial_that_leaves_the_domain_is_no_fault_of_x0(x0, method):
    def fun(x):
        return x[0] - np.log(x[0]) if x[0] > 0 else np.inf

    result = fastopt.minimize(fun, [x0], method=method)
    assert result.fun <= fun([x0])
    assert result.x[0] == pytest.approx(1, abs=1e-4)


def test_what_is_not_finite_at_x0_is_still_refused():
    with pytest.raises(ValueError, match="at x0"):
        fastopt.minimize(lambda x: np.inf, [1.0])
    with pytest.raises(ValueError, match=r"jac\(x\)\[0\] is nan at x0"):
        fastopt.minimize(lambda x: x @ x, [1.0], jac=lambda x: x * np.nan)


@pytest.mark.parametrize("none", [(), [], None])
def test_no_constraints_are_accepted(none):
    assert fastopt.minimize(rosenbrock, [-1.2, 1], constraints=none).success


@pytest.mark.parametrize("some", [{"type": "eq", "fun": sum}, [{"type": "eq", "fun": sum}]])
def test_constraints_are_refused_with_the_name_of_what_takes_them(some):
    with pytest.raises(ValueError, match="SLSQP"):
        fastopt.minimize(rosenbrock, [-1.2, 1], constraints=some)


def test_options_of_scipy_without_effect_are_accepted_and_unknown_ones_are_not():
    assert fastopt.minimize(rosenbrock, [-1.2, 1], options={"iprint": 0}).success
    with pytest.raises(ValueError, match="options of 'bfgs' are"):
        fastopt.minimize(rosenbrock, [-1.2, 1], options={"no_such": 1})


def test_the_iteration_limit_is_named_with_its_number():
    assert "maxiter = 3" in fastopt.minimize(rosenbrock, [-1.2, 1], options={"maxiter": 3}).message
