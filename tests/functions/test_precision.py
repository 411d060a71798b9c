"""Models that are less precise than double precision, and starts that are next to nothing."""

import numpy as np
import pytest

from fastopt import LevenbergMarquardt, curve_fit, least_squares, minimize

X = np.linspace(0.1, 5, 40)
# model, parameters, start, and which of the parameters bear the unit of y
MODELS = {
    "decay": (lambda x, a, b, c: a * np.exp(-b * x) + c, [2.5, 1.3, 0.5], [1, 1, 0.1], [1, 0, 1]),
    "peak": (
        lambda x, a, m, w, c: a * np.exp(-0.5 * ((x - m) / w) ** 2) + c,
        [3, 2, 0.5, 1],
        [2, 2.3, 0.7, 0.5],
        [1, 0, 0, 1],
    ),
    "michaelis": (lambda x, a, k: a * x / (k + x), [3, 0.7], [1, 1], [1, 0]),
    "sine": (lambda x, a, w, p: a * np.sin(w * x + p), [2, 1.7, 0.4], [1.5, 1.6, 0.2], [1, 0, 0]),
    "line": (lambda x, a, b: a * x + b, [2, -1], [1, 1], [1, 1]),
}


def single(f, unit):
    return lambda x, *p: f(x.astype("f"), *map(np.float32, p))


def single_as_double(f, unit):
    return lambda x, *p: single(f, unit)(x, *p).astype(float)


def rounded(f, unit):
    return lambda x, *p: np.round(f(x, *p) / unit, 6) * unit


def noisy(level):
    def of_model(f, unit):
        def model(x, *p):
            seed = np.frombuffer(np.array(p).tobytes(), dtype=np.uint32)
            noise = np.random.default_rng(seed).standard_normal(x.size)
            return f(x, *p) + level * unit * noise

        return model

    return of_model


# The error of the outputs in units of y, which are about 1.
VARIANTS = {
    "single": (single, 1e-7),
    "single as double": (single_as_double, 1e-7),
    "rounded": (rounded, 5e-7),
    **{f"noise {s:.0e}": (noisy(s), s) for s in (1e-4, 1e-6, 1e-8, 1e-10, 1e-12)},
}


def data(name, unit):
    f, truth, start, bears = MODELS[name]
    units = np.where(bears, unit, 1.0)
    noise = 0.02 * unit * np.random.default_rng(0).standard_normal(X.size)
    return f, f(X, *(truth * units)) + noise, start * units


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e9])
@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", MODELS)
def test_the_parameters_are_those_of_double_precision(name, variant, unit):
    f, y, start = data(name, unit)
    exact, covariance = curve_fit(f, X, y, start)
    errors = np.sqrt(np.diag(covariance))
    model, level = VARIANTS[variant]
    found, of_found = curve_fit(model(f, unit), X, y, start)
    # Of differences no more can be had than level^(2/3), in shares of the standard errors; the
    # factor leaves room for parameters of which the model bends more than an exponential.
    limit = 30 * max(level ** (2 / 3), 1e-6)
    assert (np.abs(found - exact) / errors).max() <= limit
    np.testing.assert_allclose(np.sqrt(np.diag(of_found)), errors, rtol=0.1)


@pytest.mark.parametrize("jac", ["2-point", "3-point"])
@pytest.mark.parametrize("method", ["lm", "trf", LevenbergMarquardt(scaling="diagonal")], ids=str)
@pytest.mark.parametrize("variant", ["single", "rounded", "noise 1e-06"])
def test_every_method_follows_the_precision_of_the_residuals(variant, method, jac):
    f, y, start = data("decay", 1.0)
    exact, covariance = curve_fit(f, X, y, start)
    model = VARIANTS[variant][0](f, 1.0)
    result = least_squares(lambda p: model(X, *p) - y, start, jac=jac, method=method)
    assert result.success
    # Forward differences have the error of the square root of the noise.
    deviation = np.abs(result.x - exact) / np.sqrt(np.diag(covariance))
    assert deviation.max() <= (0.05 if jac == "2-point" else 0.01)


def test_precise_residuals_are_not_asked_more_often():
    """Two more values for forward differences, none for central ones."""
    calls = []

    def residuals(p):
        calls.append(1)
        return p[0] * np.exp(-p[1] * X) + p[2] - np.exp(-X) - 0.5 - 0.01 * np.cos(9 * X)

    for jac, each, more in (("3-point", 6, 0), ("2-point", 3, 2)):
        calls.clear()
        result = least_squares(residuals, [1.5, 1.1, 0.1], jac=jac)
        assert len(calls) == result.nfev + each * result.njev + more


@pytest.mark.parametrize("jac", ["2-point", "3-point", "cs"])
@pytest.mark.parametrize("size", [0.0, 1e-12, 1e-100, 1e-300])
def test_a_start_next_to_nothing(size, jac):
    for method in ("lm", "trf", LevenbergMarquardt()):
        result = least_squares(lambda p: p - 3.0, [size], jac=jac, method=method)
        assert result.success
        assert result.x == pytest.approx([3.0], rel=1e-7)
    mixed = least_squares(lambda p: p - [3.0, 4.0, 5.0], [size, 0.0, 1.0], jac=jac)
    assert mixed.success
    assert mixed.x == pytest.approx([3, 4, 5], rel=1e-7)


@pytest.mark.parametrize("size", [0.0, 1e-12])
def test_siblings_of_a_start_next_to_nothing(size):
    popt, _ = curve_fit(lambda x, a, b: a * x + b, X, 2 * X + 1, [size, size])
    assert popt == pytest.approx([2, 1], rel=1e-6)
    for method in ("bfgs", "lbfgs", "newton"):
        result = minimize(lambda x: (x[0] - 3) ** 2, [size], method=method)
        assert result.success
        assert result.x == pytest.approx([3], rel=1e-5)
