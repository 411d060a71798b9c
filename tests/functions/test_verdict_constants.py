"""Constants of verdicts that the problem sets never meet: what is another verdict without each."""

import numpy as np
import pytest

import fastopt
from fastopt import LevenbergMarquardt, least_squares
from problems.constants import changed

t = np.linspace(0, 4, 41)
decay = 2.5 * np.exp(-1.3 * t) + 0.5


@pytest.mark.filterwarnings("ignore")
def test_of_an_exact_fit_a_parameter_without_influence_takes_nothing():
    """`roundings`: residuals that are rounding leave nothing for a parameter to explain."""

    def residuals(p):
        return p[0] * np.exp(-p[1] * t) + p[2] - decay

    def fit():
        return least_squares(residuals, [1, 1, 0, 3.0], method=LevenbergMarquardt())

    assert fit().success
    with changed("squares", roundings=0.0):
        assert not fit().success


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["lm", LevenbergMarquardt()])
@pytest.mark.parametrize("unit", [1e-25, 1e-22])
def test_a_tiny_unit_makes_no_residual_nothing(unit, method):
    """`little`: residuals of 1e-22 are nothing only beside terms of 1."""
    x = np.linspace(40, 60, 50)
    peak = 3 * np.exp(-((x - 50) ** 2) / 8) + 1

    def residuals(p):
        return unit * (p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2) + p[3] - peak)

    def fit():
        return least_squares(residuals, [1.0, 0, 1, 1], method=method)

    assert not fit().success
    with changed("squares", little=1e30):
        assert fit().success


@pytest.mark.filterwarnings("ignore")
def test_a_parameter_whose_differences_are_rounding_has_no_influence():
    """`column_errors`, over starts, since rounding differs: of 20, here 20 against none."""

    def residuals(p):
        rounding = (p[2] + 1e8) - 1e8 - p[2]
        return p[0] * np.exp(-p[1] * t) + rounding * np.cos(7 * t) - decay - 0.1 * np.cos(5 * t)

    def count():
        fits = (
            least_squares(residuals, [1.0, 1.0, start], jac="3-point", method=LevenbergMarquardt())
            for start in np.linspace(0.3, 3, 20)
        )
        return sum(list(fit.inactive) == [2] for fit in fits)

    found = count()
    with changed("squares", column_errors=0.0):
        assert found >= count() + 10


def test_an_exact_hessian_of_a_valley_is_flat_along_it():
    """`exact_error`: by rounding alone half of its curvatures are negative, and are gone along."""

    def calls():
        total = 0
        for seed in range(40):
            random = np.random.default_rng(seed)
            a = random.standard_normal((3, 6)) * np.geomspace(1, 1e3, 3)[:, None]
            b = random.standard_normal(3)
            result = fastopt.minimize(
                lambda x, a=a, b=b: 1 + 0.5 * ((a @ x - b) ** 2).sum(),
                3 * random.standard_normal(6),
                jac=lambda x, a=a, b=b: a.T @ (a @ x - b),
                hess=lambda x, a=a: a.T @ a,
                method="newton",
            )
            assert result.success
            total += result.nfev
        return total

    usual = calls()
    assert usual <= 2.5 * 40
    with changed("minimize", exact_error=0.0):
        assert calls() >= 1.2 * usual


def test_noise_is_measured_over_steps_that_rounding_does_not_swallow():
    """`noise_step`: where no step is seen, noise is none, and hides nothing that is attainable."""
    curvatures = np.geomspace(1, 50, 4)

    def successes():
        found = 0
        for seed in range(20):
            random = np.random.default_rng(seed)

            def noisy(x):
                noise = np.sin(1e12 * float((x * [1, 1.3, 0.7, 0.9]).sum()))
                return 1 + 0.5 * float(curvatures @ (x - 1) ** 2) + 1e-5 * noise

            result = fastopt.minimize(
                noisy,
                1 + random.standard_normal(4),
                jac=lambda x: curvatures * (x - 1),
                method="bfgs",
            )
            found += result.success
        return found

    usual = successes()
    assert usual >= 17
    with changed("minimize", noise_step=1e-18):
        assert successes() <= usual - 4


def hardly_felt(share):
    """A parameter whose column is `share` of the other's, with an exact Jacobian."""
    jacobian = np.array([[1.0, 0], [0, share], [0, 0]])
    return least_squares(
        lambda p: np.array([p[0] - 1, share * (p[1] - 1), 0.1]), [3.0, 2.0], jac=lambda p: jacobian
    )


@pytest.mark.parametrize("rule", ["short_column", "unfelt"])
def test_a_column_that_is_lost_beside_the_others_is_none(rule):
    """`short_column` and `unfelt`: both of them, or a parameter in a large unit is lost."""
    assert list(hardly_felt(1e-14).inactive) == [1]
    assert hardly_felt(1e-9).success
    with changed("squares", **{rule: 0.0}):
        assert hardly_felt(1e-14).success
    with changed("squares", short_column=1e-6):
        assert list(hardly_felt(1e-9).inactive) == [1]
