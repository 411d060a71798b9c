"""Many fits at once are those of ``curve_fit``, one by one, and none spoils another."""

import numpy as np
import pytest

import fastopt
from fastopt import _core
from fastopt.functions.curve_models import MODELS

T = np.linspace(0, 5, 40)
DOSES = np.geomspace(0.01, 100, 24)
X = np.linspace(-4, 4, 60)


def decay(x, a, lifetime, c):
    return a * np.exp(-x / lifetime) + c


def peak(x, height, center, width, offset):
    return height * np.exp(-0.5 * ((x - center) / width) ** 2) + offset


def response(x, bottom, top, ec50, hill):
    return bottom + (top - bottom) / (1 + np.exp(-hill * (np.log(x) - np.log(ec50))))


def decays(k, rng):
    p = np.stack([rng.uniform(1, 5, k), rng.uniform(0.4, 2, k), rng.uniform(-1, 1, k)], axis=1)
    return T, np.stack([decay(T, *q) for q in p]) + rng.normal(0, 0.05, (k, T.size)), p


def peaks(k, rng):
    ranges = [(1, 5), (-1, 1), (0.4, 1.2), (0, 1)]
    p = np.stack([rng.uniform(*r, k) for r in ranges], axis=1)
    return X, np.stack([peak(X, *q) for q in p]) + rng.normal(0, 0.05, (k, X.size)), p


def responses(k, rng):
    ranges = [(0, 0.2), (0.9, 1.1), (0.5, 5), (0.7, 2)]
    p = np.stack([rng.uniform(*r, k) for r in ranges], axis=1)
    return DOSES, np.stack([response(DOSES, *q) for q in p]) + rng.normal(0, 0.02, (k, 24)), p


ENSEMBLES = {
    "exponential": (decay, decays, [2, 1, 0]),
    "gaussian": (peak, peaks, [2, 0, 1, 0.5]),
    "sigmoid4": (response, responses, [0, 1, 1, 1]),
}
NEAR = 1e-8  # the issue's: of a parameter's size and of its standard error


def assert_alike(fits, f, x, y, p0, **options):
    """Assert that each fit is that of ``curve_fit``; covariances in units of the errors."""
    for i in range(len(y)):
        popt, pcov = fastopt.curve_fit(f, x, y[i], p0, **options)
        errors = np.sqrt(np.diag(pcov))
        assert fits.success[i]
        np.testing.assert_array_less(abs(fits.x[i] - popt), NEAR * (abs(popt) + 10 * errors))
        scaled = (fits.covariance[i] - pcov) / np.outer(errors, errors)
        assert abs(scaled).max() < 1e-6  # that of differences, squared by the condition


@pytest.mark.parametrize("name", ENSEMBLES)
@pytest.mark.parametrize("built_in", [False, True])
def test_fits_are_those_of_curve_fit(name, built_in):
    f, make, p0 = ENSEMBLES[name]
    x, y, _ = make(25, np.random.default_rng(1))
    assert_alike(fastopt.curve_fit_many(name if built_in else f, x, y, p0), f, x, y, p0)


@pytest.mark.parametrize("f", [decay, "exponential"])
def test_usual_fits_need_no_closer_look(f):
    """Fits that go through ``least_squares`` alone leave a message of their own."""
    x, y, _ = decays(300, np.random.default_rng(10))
    fits = fastopt.curve_fit_many(f, x, y, [2, 1, 0])
    assert len(fits.messages) <= 3
    assert fits.success.all()


def test_bounds_are_kept_and_met():
    x, y, _ = decays(20, np.random.default_rng(2))
    bounds = ([0, 0.1, 0], [10, 10, 10])
    # At a bound residuals are large and convergence is linear: by the usual tolerances a run may
    # end 1e-7 standard errors from the minimum, whoever runs it.
    options = {"bounds": bounds, "xtol": 1e-12, "gtol": 1e-13, "ftol": 0.0}
    fits = fastopt.curve_fit_many(decay, x, y, [2, 1, 0.5], **options)
    assert (fits.x[:, 2] >= 0).all()
    assert (fits.x[:, 2] == 0).any()
    assert_alike(fits, decay, x, y, [2, 1, 0.5], **options)


def test_sigma_and_robust_losses():
    rng = np.random.default_rng(3)
    x, y, _ = decays(12, rng)
    sigma = rng.uniform(0.5, 2, x.size)
    fits = fastopt.curve_fit_many(decay, x, y, [2, 1, 0], sigma, True)
    assert_alike(fits, decay, x, y, [2, 1, 0], sigma=sigma, absolute_sigma=True)
    y[:, 7] += 3
    fits = fastopt.curve_fit_many(decay, x, y, [2, 1, 0], loss="cauchy", f_scale=0.1)
    assert_alike(fits, decay, x, y, [2, 1, 0], loss="cauchy", f_scale=0.1)


@pytest.mark.parametrize("f", [decay, "exponential"])
def test_sigma_of_each_data_set_in_any_leading_shape(f):
    rng = np.random.default_rng(21)
    x, y, _ = decays(6, rng)
    sigma = rng.uniform(0.5, 2, y.shape)
    fits = fastopt.curve_fit_many(
        f, x, y.reshape(2, 3, -1), [2, 1, 0], sigma.reshape(2, 3, -1), absolute_sigma=True
    )
    for i, place in enumerate(np.ndindex(2, 3)):
        popt, pcov = fastopt.curve_fit(decay, x, y[i], [2, 1, 0], sigma[i], absolute_sigma=True)
        errors = np.sqrt(np.diag(pcov))
        np.testing.assert_array_less(abs(fits.x[place] - popt), NEAR * (abs(popt) + 10 * errors))
        assert abs((fits.covariance[place] - pcov) / np.outer(errors, errors)).max() < 1e-6


def test_a_model_in_single_precision_is_met_to_its_rounding():
    x, y, _ = decays(20, np.random.default_rng(22))

    def rounded(x, a, lifetime, c):
        return decay(x, a, lifetime, c).astype(np.float32)

    fits = fastopt.curve_fit_many(rounded, x, y, [2, 1, 0])
    exact = fastopt.curve_fit_many(decay, x, y, [2, 1, 0])
    assert fits.success.all()
    # The float32 model is off by 6e-8 of its size, the noise is 0.05: errors by the square root.
    assert (abs(fits.x - exact.x) < 1e-3 * exact.standard_errors).all()
    np.testing.assert_allclose(fits.standard_errors, exact.standard_errors, rtol=1e-3)


@pytest.mark.parametrize("name", ENSEMBLES)
def test_curve_fit_takes_the_same_names(name):
    f, make, _ = ENSEMBLES[name]
    x, y, _ = make(3, np.random.default_rng(23))
    fits = fastopt.curve_fit_many(name, x, y)
    for i in range(3):
        fit = fastopt.curve_fit(name, x, y[i])
        popt, pcov = fastopt.curve_fit(f, x, y[i], fits.x[i])
        errors = np.sqrt(np.diag(pcov))
        np.testing.assert_array_less(abs(fit[0] - popt), NEAR * (abs(popt) + 10 * errors))
        assert abs((fit[1] - pcov) / np.outer(errors, errors)).max() < 1e-6
        assert all(parameter in fit.report() for parameter in MODELS[name].parameters)
    bounded = fastopt.curve_fit(name, x, y[0], bounds=(-9, 1e3), maxfev=500)
    np.testing.assert_allclose(bounded[0], fits.x[0], rtol=1e-6, atol=1e-6)
    with pytest.raises(ValueError, match=r"p0 must have \d numbers for"):
        fastopt.curve_fit(name, x, y[0], [1.0])
    with pytest.raises(ValueError, match="xdata must be an array of shape"):
        fastopt.curve_fit(name, x[:, np.newaxis], y[0])


def test_curve_fit_names_the_models_there_are():
    with pytest.raises(ValueError, match=r"f must be .*'exponential'"):
        fastopt.curve_fit("exponentail", T, T)


def test_data_sets_with_nan_are_skipped_marked_and_spoil_no_other():
    x, y, _ = decays(10, np.random.default_rng(4))
    whole = fastopt.curve_fit_many(decay, x, y, [2, 1, 0])
    damaged = y.copy()
    damaged[3, 5] = np.nan
    damaged[6] = np.inf
    fits = fastopt.curve_fit_many(decay, x, damaged, [2, 1, 0])
    others = np.setdiff1d(np.arange(10), [3, 6])
    np.testing.assert_allclose(fits.x[others], whole.x[others], rtol=1e-9, atol=1e-9)
    assert (fits.status[[3, 6]] == -8).all()
    assert not fits.success[[3, 6]].any()
    assert np.isnan(fits.x[[3, 6]]).all()
    assert "skipped" in fits.message(3)
    omitted = fastopt.curve_fit_many(decay, x, damaged, [2, 1, 0], nan_policy="omit")
    kept = np.delete(np.arange(x.size), 5)
    alone = fastopt.curve_fit(decay, x[kept], y[3, kept], [2, 1, 0])
    np.testing.assert_allclose(omitted.x[3], alone[0], rtol=1e-7)
    np.testing.assert_allclose(omitted.covariance[3], alone[1], rtol=1e-4)
    with pytest.raises(ValueError, match="nan_policy is 'raise'"):
        fastopt.curve_fit_many(decay, x, damaged, [2, 1, 0], nan_policy="raise")


def test_a_fit_that_fails_spoils_no_other_and_has_the_verdict_of_least_squares():
    x, y, _ = decays(8, np.random.default_rng(5))
    y[2] = 0.0  # no decay: its lifetime has no influence
    fits = fastopt.curve_fit_many(decay, x, y, [2, 1, 0])
    alone = fastopt.least_squares(lambda p: decay(x, *p) - y[2], [2, 1, 0])
    assert fits.success[2] == alone.success
    others = np.delete(np.arange(8), 2)
    assert_alike(
        fastopt.curve_fit_many(decay, x, y[others], [2, 1, 0]), decay, x, y[others], [2, 1, 0]
    )
    assert fits.success[others].all()


def test_any_leading_shape_x_and_p0_of_each_and_blocks():
    x, y, p = decays(12, np.random.default_rng(6))
    flat = fastopt.curve_fit_many(decay, x, y, p, block=5)
    image = fastopt.curve_fit_many(
        decay, np.broadcast_to(x, (3, 4, 40)), y.reshape(3, 4, 40), p.reshape(3, 4, 3)
    )
    assert image.x.shape == (3, 4, 3)
    assert image.covariance.shape == (3, 4, 3, 3)
    assert image.success.shape == image.nfev.shape == (3, 4)
    np.testing.assert_allclose(image.x.reshape(12, 3), flat.x, rtol=1e-9)
    np.testing.assert_array_equal(image["lifetime"], image.x[..., 1])
    one = fastopt.curve_fit_many(decay, x, y[0], [2, 1, 0])
    assert one.x.shape == (3,)
    assert one.success
    assert "converged" in one.message(())


@pytest.mark.parametrize("f", [decay, "exponential"])
def test_same_bits_for_any_number_of_threads(f):
    x, y, _ = decays(70, np.random.default_rng(7))
    before = fastopt.get_num_threads()
    try:
        results = []
        for threads in (1, 2):
            fastopt.set_num_threads(threads)
            results.append(fastopt.curve_fit_many(f, x, y, [2, 1, 0]))
    finally:
        fastopt.set_num_threads(before)
    np.testing.assert_array_equal(results[0].x, results[1].x)
    np.testing.assert_array_equal(results[0].covariance, results[1].covariance)


PARAMETERS = {
    "line": [2.0, 1.0],
    "exponential": [3.0, 1.5, 0.2],
    "biexponential": [3.0, 0.3, 2.0, 2.0, 0.1],
    "gaussian": [3.0, 2.5, 0.7, 0.3],
    "lorentzian": [3.0, 2.5, 0.7, 0.3],
    "sigmoid4": [0.1, 2.0, 1.5, 1.2],
    "michaelis_menten": [3.0, 0.7],
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_built_in_models_have_exact_derivatives_and_starts_by_data(name):
    assert set(PARAMETERS) == set(MODELS)
    p = np.array(PARAMETERS[name])
    x = np.linspace(0, 6, 41)
    _, jacobian = _core.curve_model(name, x, p)
    for i in range(p.size):
        h = 1e-5 * p[i]
        up, down = p.copy(), p.copy()
        up[i] += h
        down[i] -= h
        difference = (MODELS[name](x, *up) - MODELS[name](x, *down)) / (2 * h)
        np.testing.assert_allclose(jacobian[:, i], difference, atol=1e-7)
    y = np.tile(MODELS[name](x, *p), (3, 1))
    fits = fastopt.curve_fit_many(name, x, y)
    assert fits.success.all()
    assert fits.names == MODELS[name].parameters
    found = fits.x[0]
    if name == "biexponential" and found[1] > found[3]:
        found = found[[2, 3, 0, 1, 4]]  # which of the two comes first is open
    np.testing.assert_allclose(found, p, rtol=1e-6)


def test_what_is_wrong_is_named():
    x, y, _ = decays(4, np.random.default_rng(8))
    fit = fastopt.curve_fit_many
    with pytest.raises(ValueError, match=r"f must return an array of shape \(4, 40\)"):
        fit(lambda x, a, b: np.ones(7), x, y, [1, 1])
    with pytest.raises(ValueError, match="mixes the fits"):
        fit(lambda x, a, b: a * x / (a * x).mean() * b, x, y, np.arange(1, 9).reshape(4, 2))
    with pytest.raises(ValueError, match="xdata must have the shape"):
        fit(decay, x[:-1], y, [2, 1, 0])
    with pytest.raises(ValueError, match="sigma must be"):
        fit(decay, x, y, [2, 1, 0], np.ones(3))
    with pytest.raises(ValueError, match="p0 must lie within the bounds"):
        fit(decay, x, y, [2, 1, 0], bounds=(0.5, 3))
    with pytest.raises(ValueError, match="p0 must have 3 numbers for 'exponential'"):
        fit("exponential", x, y, [2, 1])
    with pytest.raises(ValueError, match="exponential"):
        fit("exponentail", x, y)
    with pytest.raises(TypeError, match="f must be callable or the name"):
        fit(3, x, y)


def test_progress_is_told_and_an_interruption_comes_out():
    x, y, _ = decays(10, np.random.default_rng(9))
    seen = []
    fastopt.curve_fit_many(
        decay, x, y, [2, 1, 0], block=4, callback=lambda done, total: seen.append((done, total))
    )
    assert seen == [(4, 10), (8, 10), (10, 10)]

    def stops(x, a, b, c):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fastopt.curve_fit_many(stops, x, y, [2, 1, 0])
