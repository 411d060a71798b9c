"""Parameters that only act together: their rank, infinite variances, and the others unharmed."""

import warnings

import numpy as np
import pytest

from fastopt import OptimizeWarning, curve_fit, least_squares

X = np.linspace(0, 5, 40)
NOISE = 0.05 * np.random.default_rng(0).standard_normal(40)

# The model, the same with fewer parameters, data, a start, which parameters act together, and which
# of the smaller model the others are.
CASES = {
    "product": (
        lambda x, a, b, c: a * b * x + c,
        lambda x, a, c: a * x + c,
        3 * X + 1,
        [1.0, 1.0, 1.0],
        [0, 1],
        {2: 1},
    ),
    "sum": (
        lambda x, a, b, c: (a + b) * x + c,
        lambda x, a, c: a * x + c,
        3 * X + 1,
        [1.0, 1.0, 1.0],
        [0, 1],
        {2: 1},
    ),
    "factor and shift": (
        lambda x, a, b, c, d: a * np.exp(b - c * x) + d,
        lambda x, a, c, d: a * np.exp(-c * x) + d,
        3 * np.exp(-1.2 * X) + 1,
        [1.0, 1.0, 1.0, 1.0],
        [0, 1],
        {2: 1, 3: 2},
    ),
    "quotient": (
        lambda x, a, b, c, d: a * np.exp(-b * x) / c + d,
        lambda x, a, b, d: a * np.exp(-b * x) + d,
        3 * np.exp(-1.2 * X) + 1,
        [1.0, 1.0, 1.0, 1.0],
        [0, 2],
        {1: 1, 3: 2},
    ),
    "power": (
        lambda x, a, b, c, d: a * np.exp(-b * c**2 * x) + d,
        lambda x, a, b, d: a * np.exp(-b * x) + d,
        3 * np.exp(-1.2 * X) + 1,
        [1.0, 1.0, 1.0, 1.0],
        [1, 2],
        {0: 0, 3: 2},
    ),
}


def by_complex_steps(f):
    def jacobian(x, *p):
        columns = []
        for i in range(len(p)):
            shifted = np.array(p, dtype=complex)
            shifted[i] += 1e-30j
            columns.append(f(x, *shifted).imag / 1e-30)
        return np.stack(columns, axis=1)

    return jacobian


@pytest.mark.parametrize("settings", [{}, {"bounds": (-50, 50)}], ids=["plain", "bounds"])
@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs", "exact"])
@pytest.mark.parametrize("case", CASES)
def test_variances_are_infinite_where_parameters_act_together(case, jac, settings):
    f, reduced, y, start, together, others = CASES[case]
    y = y + NOISE
    exact = by_complex_steps(f) if jac == "exact" else jac
    with pytest.warns(OptimizeWarning, match="one by one: their variances are infinite"):
        popt, pcov = curve_fit(f, X, y, start, jac=exact, **settings)
    expected, of_reduced = curve_fit(reduced, X, y, start[: len(expected_names(reduced))])
    assert list(np.flatnonzero(np.isinf(np.diag(pcov)))) == together
    for i, k in others.items():
        assert popt[i] == pytest.approx(expected[k], rel=1e-4)
        assert pcov[i, i] == pytest.approx(of_reduced[k, k], rel=1e-3)
        for j, other in others.items():
            assert pcov[i, j] == pytest.approx(of_reduced[k, other], rel=1e-3)


def expected_names(f):
    return f.__code__.co_varnames[1 : f.__code__.co_argcount]


def test_the_warning_names_the_parameters():
    with pytest.warns(OptimizeWarning, match="determine a and b one by one"):
        curve_fit(lambda x, a, b, c: a * b * x + c, X, 3 * X + 1 + NOISE)
    with pytest.warns(OptimizeWarning, match=r"determine p\[0\] and p\[1\] one"):
        curve_fit(lambda x, *p: p[0] * p[1] * x + p[2], X, 3 * X + 1 + NOISE, [1.0, 1, 1])


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
@pytest.mark.parametrize("method", ["lm", "trf"])
def test_rank_and_undetermined_parameters_of_a_result(method, jac):
    y = 3 * X + 1 + NOISE
    result = least_squares(lambda p: p[0] * p[1] * X + p[2] - y, np.ones(3), jac, method=method)
    assert result.success
    assert result.rank == 2
    assert list(result.undetermined) == [0, 1]
    full = least_squares(lambda p: p[0] * X + p[1] - y, np.ones(2), jac, method=method)
    assert full.rank == 2
    assert full.undetermined.size == 0


def test_single_precision_has_the_rank_of_the_model():
    def f(x, a, b, c, d):
        return (a * np.exp(-b * c * x) + d).astype("f")

    y = 3 * np.exp(-1.2 * X) + 1 + NOISE
    with pytest.warns(OptimizeWarning, match="b and c"):
        _, pcov = curve_fit(f, X, y, np.ones(4))
    assert list(np.isinf(np.diag(pcov))) == [False, True, True, False]


@pytest.mark.parametrize("degree", [3, 5, 7])
def test_powers_of_x_are_dependent_only_nearly(degree):
    """The covariance of polynomials is NumPy's."""
    y = np.sin(X) + NOISE
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, pcov = curve_fit(lambda x, *p: np.polyval(p, x), X, y, np.ones(degree + 1))
    np.testing.assert_allclose(
        np.sqrt(np.diag(pcov)), np.sqrt(np.diag(np.polyfit(X, y, degree, cov=True)[1])), rtol=1e-4
    )


@pytest.mark.parametrize("unit", [2.0**-20, 2.0**20])
def test_units_do_not_change_the_rank(unit):
    y = 3 * X + 1 + NOISE
    result = least_squares(
        lambda p: p[0] * p[1] * X + p[2] / unit - y, [1 / unit, unit, unit], jac="3-point"
    )
    assert result.rank == 2
    assert list(result.undetermined) == [0, 1]
