"""Certified answers (NIST) and known minima (Moré, Garbow, Hillstrom): digits and honesty."""

import numpy as np
import pytest

from fastopt import LevenbergMarquardt, curve_fit, least_squares
from problems import nist
from problems.more_garbow_hillstrom import PROBLEMS

CASES = [
    pytest.param(p, s, id=f"{p.name}-{i}") for p in nist.PROBLEMS for i, s in enumerate(p.starts, 1)
]
TIGHT = {"ftol": 1e-15, "xtol": 1e-15, "gtol": 1e-15}


@pytest.mark.parametrize("jac", ["analytic", "3-point", "cs"])
@pytest.mark.parametrize(("problem", "start"), CASES)
def test_nist_by_default_has_six_digits(problem, start, jac):
    result = least_squares(
        problem.residuals, start, jac=problem.jacobian if jac == "analytic" else jac
    )
    assert result.success
    assert problem.digits(result.x) >= 6
    assert 2 * result.cost == pytest.approx(problem.sum_of_squares, rel=1e-9)
    assert result.rank == start.size


def test_nist_at_tight_tolerances():
    analytic, numerical = [], []
    for problem in nist.PROBLEMS:
        for start in problem.starts:
            result = least_squares(problem.residuals, start, jac=problem.jacobian, **TIGHT)
            assert result.success, (problem.name, result.message)
            analytic.append(problem.digits(result.x))
            result = least_squares(problem.residuals, start, **TIGHT)
            assert result.success, (problem.name, result.message)
            numerical.append(problem.digits(result.x))
    assert min(analytic) >= 7
    assert np.mean(analytic) >= 9.4
    assert min(numerical) >= 6
    assert np.mean(numerical) >= 8.5


@pytest.mark.parametrize("rule", ["nielsen", "matlab"])
def test_nist_with_a_damping_rule_claims_nothing_wrong(rule):
    right = known = 0
    for problem in nist.PROBLEMS:
        for start in problem.starts:
            result = least_squares(
                problem.residuals,
                start,
                jac=problem.jacobian,
                method=LevenbergMarquardt(damping_rule=rule, scaling="diagonal"),
                max_nfev=2000,
            )
            digits = problem.digits(result.x)
            assert not result.success or digits > 4, (problem.name, digits, result.message)
            right += digits >= 6
            known += digits >= 6 and result.success
    assert right >= 22
    assert known >= 20


@pytest.mark.parametrize("problem", nist.PROBLEMS, ids=lambda p: p.name)
def test_standard_errors_are_those_certified(problem):
    popt, pcov = curve_fit(problem.model, problem.x, problem.y, p0=problem.starts[1])
    assert problem.digits(popt) >= 6
    np.testing.assert_allclose(np.sqrt(np.diag(pcov)), problem.certified_sd, rtol=1e-5)


@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_known_minima_from_the_standard_start(problem):
    result = least_squares(problem.residuals, problem.start(), jac=problem.jacobian)
    assert problem.is_minimum(2 * result.cost)
    # Where J has columns of zeros at the minimum, it is found, and its parameters are named.
    unfelt = np.flatnonzero(~problem.jacobian(result.x).any(axis=0))
    assert list(result.inactive) == list(unfelt)
    assert result.success == (unfelt.size == 0)


@pytest.mark.filterwarnings("ignore:(overflow|invalid|divide)")
@pytest.mark.parametrize("factor", [10, 100])
@pytest.mark.parametrize("problem", PROBLEMS, ids=str)
def test_no_false_claim_from_far_away(problem, factor):
    x0 = problem.start(factor)
    if not np.isfinite(problem.value(x0)):
        with pytest.raises(ValueError, match=r"overflows|finite"):
            least_squares(problem.residuals, x0, jac=problem.jacobian)
        return
    result = least_squares(problem.residuals, x0, jac=problem.jacobian)
    assert np.isfinite(result.x).all()
    assert result.cost <= problem.value(x0) / 2
    assert (
        not result.success
        or problem.is_minimum(2 * result.cost)
        or is_strict_minimum(problem, result.x)
    )


def is_strict_minimum(problem, x):
    """Whether Newton's decrement, of the exact Hessian in scaled variables, is nothing beside E."""
    size = np.where(x != 0, np.abs(x), 1.0)

    def gradient(z):
        return problem.jacobian(size * z).T @ problem.residuals(size * z) * size

    z = x / size
    columns = [(gradient(z + 1e-5 * e) - gradient(z - 1e-5 * e)) / 2e-5 for e in np.eye(x.size)]
    hessian = 0.5 * (np.array(columns) + np.array(columns).T)
    curvature = np.linalg.eigvalsh(hessian)
    decrement = gradient(z) @ np.linalg.solve(hessian, gradient(z))
    return curvature[0] > 1e-9 * curvature[-1] and decrement <= 1e-11 * problem.value(x)
