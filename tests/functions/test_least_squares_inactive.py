"""Parameters that cannot be felt at the end: no success, and the result names them."""

import numpy as np
import pytest

from fastopt import LevenbergMarquardt, curve_fit, least_squares

X = np.linspace(40, 60, 41)
Y = 3 * np.exp(-((X - 50) ** 2) / 8) + 1
WAYS = {
    "lm": {"method": "lm"},
    "trf": {"method": "trf"},
    "bounds": {"bounds": (-100, 100)},
    "robust": {"loss": "soft_l1"},
    "damped": {"method": LevenbergMarquardt()},
}


def peak(x, height, centre, width, base):
    return height * np.exp(-0.5 * ((x - centre) / width) ** 2) + base


def peak_jacobian(p):
    z = (X - p[1]) / p[2]
    shape = np.exp(-0.5 * z**2)
    slope = p[0] * shape * z / p[2]
    return np.stack([shape, slope, slope * z, np.ones_like(X)], axis=1)


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs", peak_jacobian])
@pytest.mark.parametrize("way", WAYS)
def test_a_peak_that_is_not_met_is_no_success(way, jac):
    result = least_squares(lambda p: peak(X, *p) - Y, [1.0, 0.0, 1.0, 1.0], jac=jac, **WAYS[way])
    assert not result.success
    assert {0, 1, 2} >= set(result.inactive) >= {1, 2}
    assert "x[1], x[2]" in result.message
    with pytest.raises(RuntimeError, match=r"x\[1\], x\[2\]"):
        curve_fit(peak, X, Y, [1.0, 0.0, 1.0, 1.0], **WAYS[way])


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("unused", [0, 1, 2])
def test_a_parameter_that_the_residuals_do_not_hold_is_named(way, unused):
    felt = [i for i in range(3) if i != unused]

    def residuals(p):
        return p[felt[0]] * np.exp(-p[felt[1]] * (X - 40) / 10) - Y

    result = least_squares(residuals, np.ones(3), **WAYS[way])
    assert not result.success
    assert list(result.inactive) == [unused]
    assert f"x[{unused}]" in result.message


@pytest.mark.parametrize("power", [-10, 0, 10])
@pytest.mark.parametrize("way", ["lm", "trf", "bounds"])
def test_parameters_that_are_felt_are_none_of_these_in_any_unit(way, power):
    unit = 2.0**power
    wide = {"bounds": (-1e6, 1e6)} if way == "bounds" else WAYS[way]
    result = least_squares(
        lambda p: peak(X, p[0] / unit, p[1], p[2], p[3] * unit) - Y - 0.01 * np.cos(17 * X),
        [unit, 48.0, 1.0, 1 / unit],
        **wide,
    )
    assert result.success
    assert result.inactive.size == 0


def test_nothing_is_inactive_where_no_residuals_are_left():
    result = least_squares(lambda p: np.array([p[0] - 1.0, 0.0 * p[1]]), [3.0, 1.0])
    assert result.success
    assert result.inactive.size == 0


def test_the_number_of_values_is_named():
    result = least_squares(lambda p: peak(X, *p) - Y, [2.0, 47.0, 1.0, 1.0], max_nfev=2)
    assert "max_nfev = 2" in result.message
