"""Columns of J that shrink by many orders on the way, bounds with hardly any room or without finite
residuals on them, and residuals that are noisy or fall to nothing: the end is the minimum, or no
success is claimed."""

import numpy as np
import pytest

import fastopt

T = np.linspace(0, 2, 20)
Y = 2 * np.exp(T) + 0.05 * np.sin(50 * T)


def growth(p):
    return p[0] * np.exp(p[1] * T) - Y


def growth_jacobian(p):
    return np.c_[np.exp(p[1] * T), p[0] * T * np.exp(p[1] * T)]


def cubic(x):
    return np.array([x[0] ** 3 - 1, x[1] - x[0], 0.1])


def powell_singular(x):
    return np.array(
        [
            x[0] + 10 * x[1],
            5**0.5 * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            10**0.5 * (x[0] - x[3]) ** 2,
        ]
    )


def growth_minimum():
    """Plain Gauss-Newton, by NumPy."""
    p = np.array([2.0, 1.0])
    for _ in range(30):
        p -= np.linalg.lstsq(growth_jacobian(p), growth(p), rcond=None)[0]
    return p, 0.5 * growth(p) @ growth(p)


GROWTH_AT, GROWTH_COST = growth_minimum()


BOXES = [{}, {"bounds": ([0, 0], [100, 100])}]


@pytest.mark.parametrize("start", [8, 12, 14, 17, 20, 25])
@pytest.mark.parametrize("box", BOXES)
@pytest.mark.parametrize("jac", [growth_jacobian, "3-point"])
def test_growth_from_a_rate_far_too_high(start, box, jac):
    result = fastopt.least_squares(growth, [1.0, start], jac=jac, **box)
    if start < 20 or not box:
        assert (result.success, result.rank) == (True, 2)
    if result.success:
        assert result.cost == pytest.approx(GROWTH_COST, rel=1e-6)


def test_curve_fit_from_a_rate_far_too_high():
    for settings in ({}, {"bounds": (0, 100)}):
        fitted, covariance = fastopt.curve_fit(
            lambda t, a, b: a * np.exp(b * t), T, Y, p0=[1, 12], **settings
        )
        assert fitted == pytest.approx(GROWTH_AT, rel=1e-6)
        assert np.isfinite(covariance).all()


@pytest.mark.parametrize("start", [1e5, 1e6, 1e8, 1e9])
@pytest.mark.parametrize("settings", [{}, {"bounds": (-1e12, 1e12)}])
def test_a_far_start_of_a_cubic(start, settings):
    result = fastopt.least_squares(cubic, [start, 1.0], **settings)
    assert (result.success, result.rank) == (True, 2)
    assert result.x == pytest.approx([1, 1], rel=1e-6)


@pytest.mark.parametrize("rule", ["nielsen", "marquardt", "matlab"])
@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
def test_a_far_start_with_a_damping_rule(rule, scaling):
    method = fastopt.LevenbergMarquardt(damping_rule=rule, scaling=scaling)
    result = fastopt.least_squares(cubic, [1e6, 1.0], method=method)
    assert result.success
    assert result.x == pytest.approx([1, 1], rel=1e-5)
    result = fastopt.least_squares(growth, [1.0, 8.0], growth_jacobian, method=method)
    assert result.success
    assert result.cost == pytest.approx(GROWTH_COST, rel=1e-6)


@pytest.mark.parametrize("rule", ["nielsen", "marquardt", "matlab"])
@pytest.mark.parametrize("scaling", ["identity", "diagonal"])
def test_units_of_the_parameters_make_no_false_claim(rule, scaling):
    unit = 1e6

    def residuals(x):
        return np.array([10 * (x[1] / unit - (x[0] * unit) ** 2), 1 - x[0] * unit, 0.1])

    method = fastopt.LevenbergMarquardt(damping_rule=rule, scaling=scaling)
    result = fastopt.least_squares(residuals, [-1.2 / unit, unit], method=method)
    if scaling == "diagonal":
        assert result.success
    if result.success:
        assert result.cost == pytest.approx(0.005, rel=1e-6)


def shifted(x):
    return np.array([x[0] - 3, x[1] - 2])


@pytest.mark.parametrize(
    ("start", "bounds", "end"),
    [
        ([1.0, 0.0], ([1 - 1e-9, -5], [1, 5]), [1, 2]),
        ([1.0, 0.0], ([1 - 1e-9, -5], [1 + 1e-9, 5]), [1, 2]),
        ([-1.0, 0.0], ([-1, -5], [-1 + 1e-9, 5]), [-1, 2]),
        ([0.0, 0.0], ([0, -5], [1e-300, 5]), [0, 2]),
    ],
)
@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
def test_a_parameter_held_between_narrow_bounds(start, bounds, end, jac):
    lower, upper = np.array(bounds, dtype=float)

    def within(x):
        assert (lower <= x.real).all()
        assert (x.real <= upper).all()
        return shifted(x)

    result = fastopt.least_squares(within, start, jac=jac, bounds=bounds)
    assert result.success
    assert result.x == pytest.approx(end, abs=2e-9)


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
def test_a_given_step_wider_than_the_bounds(jac):
    result = fastopt.least_squares(
        shifted, [1.0, 0.0], jac=jac, bounds=([0.95, -5], [1, 5]), diff_step=0.1
    )
    assert result.success
    assert result.x == pytest.approx([1, 2], rel=1e-6)


@pytest.mark.parametrize("start", [[0.4, 0.8], [0.2, 0.8], [0.5, 2], [1, 1]])
def test_residuals_that_are_not_finite_on_a_bound(start):
    s = np.array([0, 0.5, 1, 2, 4, 8])
    v = 3 * s / (0.5 + s) + 0.02 * np.array([0, 1, -1, 1, -1, 1])
    with np.errstate(invalid="ignore"):
        fitted, _ = fastopt.curve_fit(
            lambda s, top, half: top * s / (half + s), s, v, p0=start, bounds=(0, np.inf)
        )
    assert fitted == pytest.approx([3.0031, 0.49866], rel=1e-4)


@pytest.mark.parametrize("low", [0.0, 1.0, -2.0])
@pytest.mark.parametrize("start", [(1, -3.0), (5, -6.0), (0.5, -2.0)])
def test_a_bound_that_is_not_to_blame_for_what_is_not_finite_is_met(low, start):
    """A wall in the other variable stops the long first steps, which meet the bound too."""

    def fun(x):
        if x[1] > 3:
            return np.full(3, np.nan)
        return np.array([x[0] - low + 1, np.exp(x[1]) - 2, 0.1 * x[0] * x[1]])

    bounds = ([low, -np.inf], [np.inf, np.inf])
    result = fastopt.least_squares(fun, [low + start[0], start[1]], bounds=bounds)
    assert result.success
    assert result.x[0] == low
    assert list(result.active_mask) == [-1, 0]


@pytest.mark.parametrize("seed", range(6))
def test_a_model_in_single_precision_ends_at_its_noise(seed):
    rng = np.random.default_rng(seed)
    t = np.linspace(0, 3, 30).astype("f")
    y = (2.5 * np.exp(-1.3 * t) + 0.01 * rng.standard_normal(30)).astype("f")

    def model(t, a, b):
        return np.float32(a) * np.exp(-np.float32(b) * t)

    def jacobian(x):
        return np.c_[np.exp(-x[1] * t), -x[0] * t * np.exp(-x[1] * t)]

    calls = []

    def residuals(x):
        calls.append(1)
        return model(t, *x) - y

    result = fastopt.least_squares(residuals, [1.0, 1.0], jac=jacobian)
    assert result.nfev == len(calls)
    for limit in range(1, len(calls)):
        calls.clear()
        fastopt.least_squares(residuals, [1.0, 1.0], jac=jacobian, max_nfev=limit)
        assert len(calls) <= limit
    exact = fastopt.least_squares(lambda x: x[0] * np.exp(-x[1] * t) - y, [1.0, 1.0])
    assert result.success
    assert result.x == pytest.approx(exact.x, rel=1e-4)


@pytest.mark.parametrize("factor", [-1, 1e-8, 100, 1e6])
def test_a_wrong_jacobian_is_no_noise(factor):
    result = fastopt.least_squares(growth, [1.0, 1.2], lambda p: factor * growth_jacobian(p))
    if result.success:
        assert result.cost == pytest.approx(GROWTH_COST, rel=1e-6)
    else:
        assert result.status in (0, -5)


@pytest.mark.parametrize(
    ("fun", "start"),
    [
        (lambda x: x**2, [5.0]),
        (lambda x: x**3, [5.0]),
        (lambda x: (x - 1) ** 4, [5.0]),
        (powell_singular, [3.0, -1.0, 0.0, 1.0]),
    ],
)
@pytest.mark.parametrize("settings", [{}, {"jac": "2-point"}, {"bounds": (-10, 10)}])
def test_where_the_jacobian_vanishes_with_the_residuals(fun, start, settings):
    result = fastopt.least_squares(fun, start, **settings)
    assert result.success
    assert result.cost < 1e-30
