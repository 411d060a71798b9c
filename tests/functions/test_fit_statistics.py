"""Errors, intervals, bands, criteria and reports of fits, against other software and simulation."""

import copy
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest

import fastopt
from fastopt import curve_fit, least_squares
from problems.nist import PROBLEMS

pytest.importorskip("scipy")

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "inference.json").read_text())
X, Y, SIGMA, NEW = (np.array(GOLDEN[name]) for name in ("x", "y", "sigma", "new"))
PUROMYCIN = GOLDEN["puromycin"]
CONCENTRATION, RATE = np.array(PUROMYCIN["concentration"]), np.array(PUROMYCIN["rate"])


def parabola(x, a, b, c):
    return a + b * x + c * x**2


def columns(x, *_):
    return np.stack([np.ones_like(x), x, x**2], axis=1)


def michaelis(x, vmax, k):
    return vmax * x / (k + x)


def of_puromycin(**settings):
    return curve_fit(michaelis, CONCENTRATION, RATE, [200, 0.08], **settings)


@pytest.mark.parametrize("name", ["ols", "wls"])
@pytest.mark.parametrize(
    "jac", [None, "2-point", "cs", columns], ids=["default", "2-point", "cs", "exact"]
)
def test_a_linear_model_has_the_statistics_of_statsmodels(name, jac):
    golden = GOLDEN[name]
    fit = curve_fit(parabola, X, Y, sigma=SIGMA if name == "wls" else None, jac=jac)
    close = {"rtol": 1e-5 if jac == "2-point" else 1e-7}
    np.testing.assert_allclose(fit.popt, golden["parameters"], **close)
    np.testing.assert_allclose(fit.covariance, golden["covariance"], **close)
    np.testing.assert_allclose(fit.standard_errors**2, np.diag(golden["covariance"]), **close)
    np.testing.assert_allclose(fit.confidence_intervals(0.9), golden["intervals"], **close)
    # statsmodels does not count the variance among the parameters.
    assert np.isclose(fit.aic - 2, golden["aic"], rtol=1e-9)
    assert np.isclose(fit.bic, 4 * np.log(15) - 2 * golden["log_likelihood"], rtol=1e-9)
    assert fit.degrees_of_freedom == 12
    for band, wanted in (
        (fit.confidence_band(NEW), golden["mean"]),
        (fit.prediction_band(NEW, sigma=1.0), golden["observation"]),
    ):
        np.testing.assert_allclose(band, wanted, **close)
    np.testing.assert_allclose(fit.confidence_band(), fit.confidence_band(X))


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: p.name)
def test_standard_errors_are_those_that_nist_certifies(problem):
    start = problem.certified * (1 + 1e-3)
    fit = curve_fit(problem.model, problem.x, problem.y, start, jac="cs")
    np.testing.assert_allclose(fit.standard_errors, problem.certified_sd, rtol=1e-6)
    assert np.isclose(fit.chi_square, problem.sum_of_squares, rtol=1e-8)
    result = least_squares(problem.residuals, start, problem.jacobian)
    np.testing.assert_allclose(result.standard_errors, problem.certified_sd, rtol=1e-6)


def test_profiles_are_those_of_lmfit():
    fit = of_puromycin()
    np.testing.assert_allclose(fit.popt, PUROMYCIN["parameters"], rtol=1e-6)
    np.testing.assert_allclose(fit.standard_errors, PUROMYCIN["errors"], rtol=1e-4)
    # lmfit looks for the same probability of F by a root of loose tolerance.
    np.testing.assert_allclose(fit.profile_intervals(), PUROMYCIN["profile"], rtol=1e-3)
    np.testing.assert_array_equal(fit.profile_intervals(0.95, "k"), fit.profile_intervals()[1:])


def test_profiles_of_a_linear_model_are_its_intervals():
    fit = curve_fit(parabola, X, Y, sigma=SIGMA)
    np.testing.assert_allclose(fit.profile_intervals(0.9), fit.confidence_intervals(0.9), rtol=1e-4)
    alone = curve_fit(lambda x, a: a * x, X, Y)
    np.testing.assert_allclose(alone.profile_intervals(), alone.confidence_intervals(), rtol=1e-4)


def test_profiles_do_not_depend_on_the_parameters_of_a_curve():
    """The interval of ln k is the logarithm of that of k, as of no interval ± t · error."""
    plain = of_puromycin()
    logarithm = curve_fit(
        lambda x, vmax, log_k: michaelis(x, vmax, np.exp(log_k)), CONCENTRATION, RATE, [200, -3]
    )
    ends = logarithm.profile_intervals()
    np.testing.assert_allclose(ends[0], plain.profile_intervals()[0], rtol=1e-5)
    np.testing.assert_allclose(np.exp(ends[1]), plain.profile_intervals()[1], rtol=1e-5)
    by_error = np.exp(logarithm.confidence_intervals()[1])
    assert not np.allclose(by_error, plain.confidence_intervals()[1], rtol=1e-3)


@pytest.mark.parametrize("jac", [None, "callable"])
def test_an_end_of_a_profile_is_where_the_sum_of_squares_says(jac):
    """By SciPy: the sum with the end held is the least one plus t² s²."""
    optimize, stats = pytest.importorskip("scipy.optimize"), pytest.importorskip("scipy.stats")

    def slopes(x, vmax, k):
        return np.stack([x / (k + x), -vmax * x / (k + x) ** 2], axis=1)

    fit = of_puromycin(jac=slopes if jac else None)
    (low, high) = fit.profile_intervals(0.99, ["k"])[0]
    for k in (low, high):
        held = optimize.minimize_scalar(
            lambda v, k=k: np.sum((michaelis(CONCENTRATION, v, k) - RATE) ** 2)
        )
        rise = (held.fun - fit.chi_square) / fit.reduced_chi_square
        assert np.isclose(rise, stats.f.ppf(0.99, 1, 10), rtol=1e-4)


def test_a_profile_ends_at_bounds_and_at_infinity():
    x = np.arange(6.0)
    y = np.array([0.1, -0.2, 0.15, 0.05, -0.1, 0.02])
    fit = curve_fit(lambda x, a, b: a + b * x, x, y, bounds=([-1, -0.01], [1, 0.01]))
    (low, high) = fit.profile_intervals()[1]
    assert (low, high) == (-0.01, 0.01)
    # From some rate on it decays before the first point: any larger one is as good.
    t = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    y = np.array([1.0, 0.12, 0.05, -0.03, 0.01])
    decay = curve_fit(lambda t, a, k: a * np.exp(-k * t), t, y, [1, 2])
    (low, high) = decay.profile_intervals(0.99, "k")[0]
    assert 0.5 < low < decay.popt[1]
    assert high == np.inf


def test_a_better_fit_on_the_way_is_told():
    x = np.linspace(0, 1, 40)
    y = np.sin(14 * x)
    fits = [curve_fit(lambda x, a, w: a * np.sin(w * x), x, y, [0.3, w]) for w in (26, 28, 30, 32)]
    local = [fit for fit in fits if fit.chi_square > 1]  # as starts so far off have
    assert local
    for fit in local:
        with pytest.raises(RuntimeError, match=r"found a better fit.*fit again with these as p0"):
            fit.profile_intervals(0.9999)


def test_sigma_that_is_absolute_brings_the_normal_distribution():
    stats = pytest.importorskip("scipy.stats")
    fit = curve_fit(parabola, X, Y, sigma=SIGMA, absolute_sigma=True)
    inverse = np.linalg.inv(columns(X).T @ (columns(X) / SIGMA[:, None] ** 2))
    np.testing.assert_allclose(fit.covariance, inverse, rtol=1e-7)
    half = stats.norm.ppf(0.975) * np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(fit.confidence_intervals()[:, 1] - fit.popt, half, rtol=1e-7)
    np.testing.assert_allclose(fit.profile_intervals(), fit.confidence_intervals(), rtol=1e-4)
    log = stats.norm.logpdf(Y, parabola(X, *fit.popt), SIGMA).sum()
    assert np.isclose(fit.aic, 6 - 2 * log)
    value, low, high = fit.prediction_band()
    wide = np.einsum("ij,jk,ik->i", columns(X), inverse, columns(X)) + SIGMA**2
    np.testing.assert_allclose(high - value, stats.norm.ppf(0.975) * np.sqrt(wide), rtol=1e-6)
    np.testing.assert_allclose(value - low, high - value, rtol=1e-6)


def test_a_covariance_of_the_data_is_taken_into_account():
    rng = np.random.default_rng(0)
    root = np.eye(15) + 0.3 * np.tril(rng.normal(size=(15, 15)))
    together = curve_fit(parabola, X, Y, sigma=root @ root.T, absolute_sigma=True)
    stats = pytest.importorskip("scipy.stats")
    log = stats.multivariate_normal.logpdf(Y, parabola(X, *together.popt), root @ root.T)
    assert np.isclose(together.aic, 6 - 2 * log)


def test_points_of_infinite_deviation_leave_no_degrees_of_freedom():
    sigma, y = SIGMA.copy(), Y.copy()
    sigma[3], y[3] = np.inf, 1e3
    rest = np.arange(X.size) != 3
    fit = curve_fit(parabola, X, y, sigma=sigma)
    without = curve_fit(parabola, X[rest], Y[rest], sigma=SIGMA[rest])
    assert fit.degrees_of_freedom == without.degrees_of_freedom == 11
    np.testing.assert_allclose(fit.pcov, without.pcov, rtol=1e-6)
    assert np.isclose(fit.aic, without.aic)


def test_a_curve_is_known_where_its_parameters_are_not():
    with pytest.warns(fastopt.OptimizeWarning, match="a and b one by one"):
        fit = curve_fit(lambda x, a, b: a * b * x, X, Y)
    alone = curve_fit(lambda x, c: c * x, X, Y)
    np.testing.assert_allclose(
        fit.confidence_band([1.0, 2.0]).upper, alone.confidence_band([1.0, 2.0]).upper, rtol=1e-6
    )
    assert np.isinf(fit.standard_errors).all()
    assert fit.report().count("not determined") == 2
    of_a = fit.statistics().band(lambda p: p[:1])
    assert np.isinf(of_a.upper).all()


def test_least_squares_says_the_same():
    fit = of_puromycin()
    result = least_squares(lambda p: michaelis(CONCENTRATION, *p) - RATE, [200, 0.05])
    np.testing.assert_allclose(result.covariance, fit.pcov, rtol=1e-6)
    np.testing.assert_allclose(result.correlation, fit.correlation, rtol=1e-6)
    assert np.isclose(result.aic, fit.aic)
    assert np.isclose(result.bic, fit.bic)
    for ours, theirs in (
        (result.confidence_band, fit.confidence_band),
        (result.prediction_band, fit.prediction_band),
    ):
        np.testing.assert_allclose(
            ours(lambda p: michaelis(NEW + 2, *p), 0.9), theirs(NEW + 2, 0.9), rtol=1e-5
        )
    # A number that follows from the parameters: by the rule of products.
    ratio = result.confidence_band(lambda p: p[0] / p[1])
    g = np.array([1 / result.x[1], -result.x[0] / result.x[1] ** 2])
    width = result.statistics().quantile(0.95) * np.sqrt(g @ result.covariance @ g)
    assert np.isclose(ratio.upper - ratio.value, width, rtol=1e-4)
    absolute = result.statistics(["vmax", "k"], absolute_sigma=True)
    np.testing.assert_allclose(
        absolute.covariance * result.reduced_chi_square, result.covariance, rtol=1e-9
    )
    assert "vmax" in result.report(["vmax", "k"])


def test_a_report_tells_all_of_it():
    text = of_puromycin().report(0.9)
    for piece in ("12 points by 2 parameters, 10 degrees of freedom", "reduced χ² 119.5", "AIC"):
        assert piece in text
    assert "90 % interval" in text
    vmax = next(line for line in text.split("\n") if line.startswith("vmax"))
    assert "212.68" in vmax
    assert "6.95" in vmax
    assert "vmax, k: +0.765" in text
    bounded = of_puromycin(bounds=([0, 0.07], [500, 1]))
    assert "k is at its bound" in bounded.report()
    assert "known (absolute_sigma=True)" in of_puromycin(absolute_sigma=True).report()


def test_intervals_cover_as_often_as_they_say():
    """Of 400 curves of noise, the intervals of 95 %: a false alarm in 10,000 runs of the seed."""
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(3)
    x = np.linspace(0.1, 3, 25)
    truth = np.array([2.0, 0.8])
    clean = michaelis(x, *truth)
    inside = np.zeros(4)
    for _ in range(400):
        fit = curve_fit(michaelis, x, clean + rng.normal(0, 0.1, x.size), truth)
        low, high = fit.confidence_intervals().T
        _, lower, upper = fit.confidence_band([1.5])
        inside[:2] += (low <= truth) & (truth <= high)
        inside[2] += lower[0] <= michaelis(1.5, *truth) <= upper[0]
        _, lower, upper = fit.prediction_band([1.5])
        inside[3] += lower[0] <= michaelis(1.5, *truth) + rng.normal(0, 0.1) <= upper[0]
    least, most = stats.binom.ppf([0.5e-4, 1 - 0.5e-4], 400, 0.95)
    assert (inside >= least).all()
    assert (inside <= most).all()


def test_a_result_is_scipys_tuple():
    fit = of_puromycin()
    popt, pcov = fit
    assert isinstance(fit, tuple)
    assert len(fit) == 2
    np.testing.assert_array_equal(popt, fit.popt)
    np.testing.assert_array_equal(pcov, fit.pcov)
    assert len(of_puromycin(full_output=True)) == 5
    for other in (pickle.loads(pickle.dumps(fit)), copy.deepcopy(fit)):
        np.testing.assert_array_equal(other.confidence_intervals(), fit.confidence_intervals())
        assert other.report() == fit.report()
        with pytest.raises(ValueError, match="needs the model"):
            other.confidence_band([1.0])


def test_an_exact_fit_has_no_errors():
    fit = curve_fit(lambda x, a, b: a * x + b, X, 2 * X + 1)
    assert (fit.standard_errors < 1e-7).all()
    fit.report()


def test_a_robust_loss_is_no_likelihood():
    fit = of_puromycin(loss="huber", f_scale=10.0)
    assert np.isnan(fit.aic)
    assert "AIC" not in fit.report()
    assert np.isfinite(fit.standard_errors).all()
    with pytest.raises(ValueError, match="robust loss is no likelihood"):
        fit.profile_intervals()


def test_what_cannot_be_said_is_refused():
    fit = of_puromycin(sigma=np.linspace(1, 2, 12))
    with pytest.raises(ValueError, match="prediction_band needs sigma"):
        fit.prediction_band([1.0])
    with pytest.raises(ValueError, match=r"level must be a number in \(0, 1\), got 95"):
        fit.confidence_intervals(95)
    with pytest.raises(ValueError, match=r"'vmx' is no parameter.*did you mean 'vmax'"):
        fit.profile_intervals(parameters=["vmx"])
    with pytest.raises(ValueError, match="numbers below 2"):
        fit.profile_intervals(parameters=2)
    with pytest.raises(ValueError, match="sigma must hold finite"):
        fit.prediction_band([1.0], sigma=-1)
    result = least_squares(lambda p: p - 1, [0.0, 0.0])
    with pytest.raises(ValueError, match="names must hold 2 names"):
        result.report(["a"])
    with pytest.raises(TypeError, match="absolute_sigma"):
        result.statistics(absolute_sigma=1)
    sums = least_squares(
        x0=[1.0], normal_equations=lambda p: (0.5 * p @ p, p, np.eye(1)), method="lm"
    )
    with pytest.raises(ValueError, match="normal_equations gives none"):
        sums.report()
    with pytest.warns(fastopt.OptimizeWarning, match="as many parameters as points"):
        exact = curve_fit(lambda x, a, b: a * x + b, [1.0, 2.0], [1.0, 3.0])
    assert np.isinf(exact.confidence_intervals()[:, 1]).all()
    with pytest.raises(ValueError, match="need degrees of freedom"):
        exact.profile_intervals()


def test_without_scipy_the_extra_is_named(monkeypatch):
    fit = of_puromycin()
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    with pytest.raises(ImportError, match=r"pip install 'fastopt\[intervals\]'"):
        fit.confidence_intervals()
    assert fit.standard_errors.shape == (2,)
