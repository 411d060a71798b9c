"""curve_fit: parameters, covariances, weights, defaults and faults."""

import numpy as np
import pytest

from fastopt import curve_fit

X = np.linspace(0.1, 4, 25)
NOISE = 0.1 * np.cos(17 * X)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + NOISE
SIGMA = 0.05 + 0.02 * X
HOLED = np.where(X > 3, np.nan, X)
MASKED = np.ma.masked_greater(X, 3)


def model(x, a, b, c):
    return a * np.exp(-b * x) + c


def jacobian(x, a, b, c):
    power = np.exp(-b * x)
    return np.stack([power, -a * x * power, np.ones_like(x)], axis=1)


def line(x, a, b):
    return a * x + b


@pytest.mark.parametrize("absolute", [True, False])
@pytest.mark.parametrize("weights", ["none", "number", "vector", "matrix"])
def test_linear_regression_in_closed_form(weights, absolute):
    m = X.size
    covariance = {
        "none": np.eye(m),
        "number": 0.09 * np.eye(m),
        "vector": np.diag(SIGMA**2),
        "matrix": 0.04 * 0.6 ** np.abs(np.subtract.outer(np.arange(m), np.arange(m))),
    }[weights]
    sigma = {"none": None, "number": 0.3, "vector": SIGMA, "matrix": covariance}[weights]
    A, W = np.stack([X, np.ones(m)], axis=1), np.linalg.inv(covariance)
    expected_cov = np.linalg.inv(A.T @ W @ A)
    expected = expected_cov @ A.T @ W @ Y
    if not absolute:
        e = A @ expected - Y
        expected_cov = expected_cov * (e @ W @ e / (m - 2))
    popt, pcov = curve_fit(line, X, Y, sigma=sigma, absolute_sigma=absolute)
    np.testing.assert_allclose(popt, expected, rtol=1e-8)
    np.testing.assert_allclose(pcov, expected_cov, rtol=1e-7)


@pytest.mark.parametrize("jac", [None, "2-point", "cs", jacobian])
def test_a_curve(jac):
    popt, pcov = curve_fit(model, X, Y, jac=jac, sigma=SIGMA)
    J, e = jacobian(X, *popt) / SIGMA[:, None], (model(X, *popt) - Y) / SIGMA
    np.testing.assert_allclose(J.T @ e, 0, atol=1e-4)
    expected = np.linalg.inv(J.T @ J) * (e @ e) / (X.size - 3)
    np.testing.assert_allclose(pcov, expected, rtol=1e-5)


def test_bounds_and_the_start_that_follows_from_them():
    starts = []

    def watched(x, a, b, c):
        starts.append((a, b, c))
        return model(x, a, b, c)

    popt, _ = curve_fit(watched, X, Y, bounds=([0, 1.4, -np.inf], [4, np.inf, 3]))
    assert starts[0] == (2.0, 2.4, 2.0)
    assert popt[1] == 1.4


def test_lists_integers_and_p0():
    popt, _ = curve_fit(lambda x, *p: p[0] * x + p[1], [0, 1, 2], [1, 3, 5], p0=[1, 1])
    np.testing.assert_allclose(popt, [2, 1])


def test_robust_loss_and_other_options():
    y = Y.copy()
    y[::6] += 3
    clean, _ = curve_fit(model, X, Y)
    popt, _ = curve_fit(model, X, y, loss="cauchy", f_scale=0.1)
    plain, _ = curve_fit(model, X, y)
    assert np.abs(popt - clean).max() < 0.2 * np.abs(plain - clean).max()


def test_full_output():
    popt, pcov, info, message, status = curve_fit(line, X, Y, full_output=True)
    np.testing.assert_allclose(info["fvec"], line(X, *popt) - Y)
    assert info["nfev"] > 0
    assert 1 <= status <= 4
    assert "converged" in message
    assert pcov.shape == (2, 2)


@pytest.mark.parametrize("slope", [0.0, 2.0])
def test_status_of_an_exact_fit_is_one_of_scipys(slope):
    assert curve_fit(line, X, slope * X, full_output=True)[-1] in (1, 2, 3, 4)


def test_points_of_infinite_deviation_do_not_count():
    sigma, y = SIGMA.copy(), Y.copy()
    sigma[3], y[3] = np.inf, 1e3
    popt, pcov = curve_fit(line, X, y, sigma=sigma, absolute_sigma=True)
    rest = np.arange(X.size) != 3
    expected = curve_fit(line, X[rest], Y[rest], sigma=SIGMA[rest], absolute_sigma=True)
    np.testing.assert_allclose(popt, expected[0], rtol=1e-8)
    np.testing.assert_allclose(pcov, expected[1], rtol=1e-7)


@pytest.mark.parametrize("sigma", [None, 0.3, SIGMA, np.diag(SIGMA)], ids=str)
@pytest.mark.parametrize("of_x", [X, np.stack([X, X])], ids=["one row", "two rows"])
def test_nan_is_left_out(of_x, sigma):
    x, y = of_x.copy(), Y.copy()
    x[..., 2], y[5] = np.nan, np.nan
    rest = ~np.isin(np.arange(X.size), (2, 5))
    of_rest = sigma if np.ndim(sigma) == 0 else sigma[rest]
    of_rest = of_rest[:, rest] if np.ndim(sigma) == 2 else of_rest

    def first(x, a, b):
        return line(x if x.ndim == 1 else x[0], a, b)

    found = curve_fit(first, x, y, sigma=sigma, nan_policy="omit")
    expected = curve_fit(first, of_x[..., rest], Y[rest], sigma=of_rest)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12)


def test_scipys_names():
    expected = curve_fit(line, X, Y)[0]
    for names in ({"maxfev": 100}, {"maxfev": 100.0}, {"method": "lm"}, {"method": "trf"}):
        np.testing.assert_allclose(curve_fit(line, X, Y, **names)[0], expected, rtol=1e-7)
    with pytest.raises(RuntimeError, match="max_nfev"):
        curve_fit(model, X, Y, maxfev=2)


@pytest.mark.parametrize(
    ("f", "x", "y"),
    [(line, [1.0, 1.0, 1.0], [1.0, 2.0, 3.0]), (line, [0.0, 1.0], [1.0, 3.0])],
    ids=["dependent", "no degrees of freedom"],
)
def test_undetermined_covariance_is_infinite_with_a_warning(f, x, y):
    with pytest.warns(RuntimeWarning, match="do not determine"):
        _, pcov = curve_fit(f, x, y)
    assert np.isinf(pcov).all()


def test_failure_says_why():
    with pytest.raises(RuntimeError, match="max_nfev"):
        curve_fit(model, X, Y, max_nfev=2)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: curve_fit(line, X, Y[:-1]), ValueError, r"shape \(24,\)"),
        (lambda: curve_fit(line, X, np.where(X > 3, np.nan, Y)), ValueError, "ydata"),
        (lambda: curve_fit(line, np.where(X > 3, np.inf, X), Y), ValueError, "xdata"),
        (lambda: curve_fit(line, X, Y, sigma=-SIGMA), ValueError, "positive"),
        (lambda: curve_fit(line, X, Y, sigma=SIGMA[:3]), ValueError, r"\(25, 25\)"),
        (lambda: curve_fit(line, X, Y, sigma=-np.eye(25)), ValueError, "positive definite"),
        (lambda: curve_fit(lambda x, *p: x, X, Y), ValueError, "give p0"),
        (lambda: curve_fit(line, X, Y, maxiter=3), ValueError, "'maxiter'.*ftol"),
        (lambda: curve_fit(3, X, Y), TypeError, "callable"),
        (lambda: curve_fit(line, X, []), ValueError, "ydata"),
        (lambda: curve_fit(line, X, MASKED), ValueError, "ydata has masked"),
        (lambda: curve_fit(line, MASKED, Y), ValueError, "xdata has masked"),
        (lambda: curve_fit(line, X, Y, sigma="a"), TypeError, "sigma must hold real"),
        (lambda: curve_fit(line, X, Y, sigma=1j * SIGMA), TypeError, "sigma must hold real"),
        (lambda: curve_fit(line, X, Y, sigma=SIGMA * np.nan), ValueError, "positive"),
        (lambda: curve_fit(line, X, Y, sigma=np.full((25, 25), np.inf)), ValueError, "sigma holds"),
        (lambda: curve_fit(line, X, Y, absolute_sigma=1), TypeError, "absolute_sigma must be"),
        (lambda: curve_fit(line, X, Y, maxfev=9, max_nfev=9), ValueError, "not both"),
        (lambda: curve_fit(line, X, Y, maxfev=0), ValueError, "maxfev"),
        (lambda: curve_fit(line, X, Y, method="dogbox"), ValueError, "one of 'lm', 'trf'"),
        (lambda: curve_fit(line, X, HOLED, nan_policy="raise"), ValueError, "ydata holds nan"),
        (lambda: curve_fit(line, HOLED, Y, nan_policy="raise"), ValueError, "xdata holds nan"),
        (lambda: curve_fit(line, X, Y, nan_policy="propagate"), ValueError, "'raise', 'omit'"),
        (lambda: curve_fit(line, X, Y * np.nan, nan_policy="omit"), ValueError, "no point"),
        (lambda: curve_fit(line, X, Y, p0=["a", 1]), TypeError, "p0 must hold real"),
        (lambda: curve_fit(line, X, Y, p0=[np.nan, 1]), ValueError, "p0 holds nan"),
        (lambda: curve_fit(line, X, Y, p0=[9, 1], bounds=(0, 2)), ValueError, r"p0\[0\] = 9"),
        (lambda: curve_fit(line, X, Y, bounds=5), ValueError, "bounds must be"),
        (lambda: curve_fit(lambda x, a: 1j * x, X, Y), TypeError, "f must return real"),
        (lambda: curve_fit(lambda x, a: None, X, Y), TypeError, "f must return real"),
        (lambda: curve_fit(lambda x, a: [[a], [a, a]], X, Y), ValueError, "f must return an array"),
        (lambda: curve_fit(lambda x, a: x * np.nan, X, Y), ValueError, "f must return finite"),
        (
            lambda: curve_fit(line, X, Y, sigma=SIGMA, jac=lambda x, a, b: np.ones((3, 2))),
            ValueError,
            r"jac must return an array of shape \(25, 2\), got \(3, 2\)",
        ),
    ],
)
def test_bad_input(call, error, match):
    with pytest.raises(error, match=match):
        call()


@pytest.mark.parametrize("noise", [0.0, 1e-8, 1e-6, 1e-4])
def test_a_parameter_that_is_zero_in_the_end_keeps_its_column_of_differences(noise):
    """Steps in proportion to it would move the residuals by rounding alone."""
    random = np.random.default_rng(0)
    x = np.linspace(0, 1, 20)
    cases = [
        (lambda x, a, b, c: a + b * x + c * x**2, [1.0, 2.0, 0.0], [1.0, 1.0, 1.0]),
        (lambda x, a, b: a * np.exp(-b * x), [2.0, 0.0], [1.0, 1.0]),
        (lambda x, a, b, c: a * np.sin(b * x + c), [1.0, 3.0, 0.0], [1.0, 2.5, 0.2]),
    ]
    for f, truth, start in cases:
        for _ in range(10):
            y = f(x, *truth) + noise * random.standard_normal(20)
            popt, _ = curve_fit(f, x, y, start)
            np.testing.assert_allclose(popt, truth, atol=1e-7 + 30 * noise)


@pytest.mark.parametrize("limit", [5, 9, 20, 60])
def test_maxfev_counts_all_calls_of_the_model_as_scipy_does(limit):
    """Those for differences too; SciPy ends within the iteration, fastopt after it."""
    calls = []

    def model(x, a, b, c):
        calls.append(1)
        return a * np.exp(-b * x) + c

    x = np.linspace(0, 1, 30)
    y = 2 * np.exp(-3 * x) + 0.1
    with pytest.raises(RuntimeError, match=f"f was called maxfev = {limit} times"):
        curve_fit(model, x, y, p0=[10, 0.1, 5], maxfev=limit)
    # A Jacobian by central differences takes 6 calls; an iteration has few trials besides.
    assert limit <= len(calls) <= limit + 24
    seen = []
    curve_fit(model, x, y, p0=[1, 2, 0], maxfev=10_000, callback=seen.append)
    assert seen
    assert all(p.shape == (3,) for p in seen)
