"""What least squares claims is a matter of the point: restarts, roundings, units, permutations."""

import numpy as np
import pytest

from fastopt import LevenbergMarquardt, least_squares
from problems import more_garbow_hillstrom, nist

WAYS = {
    "lm": {"method": "lm"},
    "trf": {"method": "trf"},
    "bounds": {"bounds": (-1e7, 1e7)},
    "robust": {"loss": "soft_l1"},
    "damped": {"method": LevenbergMarquardt(scaling="diagonal")},
}
PROBLEMS = [p for p in nist.PROBLEMS if p.name not in ("Bennett5", "MGH09")]


@pytest.mark.parametrize("jac", ["given", "3-point"])
@pytest.mark.parametrize("way", WAYS)
def test_restarts_from_the_result_and_beside_it(way, jac):
    """P1: from a minimum, and next to it, a run finds that it is one."""
    random, failed, runs = np.random.default_rng(0), [], 0
    for problem in PROBLEMS:
        given = problem.jacobian if jac == "given" else jac
        found = least_squares(problem.residuals, problem.starts[1], jac=given, **WAYS[way])
        if not found.success:
            continue
        for size in (0, 1e-12, 1e-9, 1e-6, 1e-3):
            x0 = found.x * (1 + size * random.standard_normal(found.x.size))
            again = least_squares(problem.residuals, x0, jac=given, **WAYS[way])
            runs += 1
            if not again.success:
                failed.append((problem.name, size, again.message))
    assert runs >= 50
    assert len(failed) <= 0.005 * runs, failed


@pytest.mark.parametrize("way", ["lm", "trf", "bounds"])
def test_roundings_units_and_permutations_do_not_change_the_verdict(way):
    """P2: the same problem seen through a rounding, powers of two, and another order."""
    random, changed, runs = np.random.default_rng(1), [], 0
    for problem in PROBLEMS:
        x0 = problem.starts[1]
        verdict = least_squares(problem.residuals, x0, problem.jacobian, **WAYS[way]).success
        for _ in range(4):
            order = random.permutation(x0.size)
            back = np.argsort(order)
            units = 2.0 ** random.integers(-10, 11, x0.size)
            of_e = 2.0 ** random.integers(-10, 11)
            bounds = {"bounds": (-1e12, 1e12)} if way == "bounds" else WAYS[way]

            def fun(z, problem=problem, back=back, units=units, of_e=of_e):
                e = of_e * problem.residuals((z / units)[back])
                return e * (1 + 1e-16 * random.choice([-1, 1], e.size))

            def jac(z, problem=problem, back=back, order=order, units=units, of_e=of_e):
                return of_e * problem.jacobian((z / units)[back])[:, order] / units

            seen = least_squares(fun, x0[order] * units, jac, **bounds)
            runs += 1
            if seen.success != verdict:
                changed.append((problem.name, seen.message))
    assert len(changed) <= 0.005 * runs, changed


@pytest.mark.filterwarnings("ignore:(overflow|invalid)")
@pytest.mark.parametrize("factor", [1, 10])
def test_meyers_valley(factor):
    """From ten times the start "success" is the minimum, or is not claimed."""
    meyer = next(p for p in more_garbow_hillstrom.PROBLEMS if "Meyer" in str(p))
    for way in ("lm", "trf"):
        for jac in (meyer.jacobian, "3-point"):
            result = least_squares(meyer.residuals, meyer.start(factor), jac=jac, method=way)
            assert not result.success or meyer.is_minimum(2 * result.cost)
    assert least_squares(meyer.residuals, meyer.start(), jac=meyer.jacobian).success
