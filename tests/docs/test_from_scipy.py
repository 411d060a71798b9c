"""Every statement of docs/from_scipy.md, by running SciPy and fastopt."""

import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import fastopt

so = pytest.importorskip("scipy.optimize")
PAGE = (Path(__file__).parents[2] / "docs" / "from_scipy.md").read_text(encoding="utf-8")
X = np.linspace(0.1, 5, 40)
Y = 2.5 * np.exp(-1.3 * X) + 0.5 + 0.02 * np.random.default_rng(0).standard_normal(40)
P0 = [1.0, 1.0, 0.1]


def decay(x, a, b, c):
    return a * np.exp(-b * x) + c


def residuals(p):
    return decay(X, *p) - Y


def quietly(function, *args, **kwargs):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*args, **kwargs)


def test_both_scripts_come_to_the_same():
    scripts = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    found = []
    for script in scripts:
        found.append({})
        quietly(exec, script, found[-1])
    theirs, ours = found
    np.testing.assert_allclose(ours["popt"], [238.94212918, 5.5015643181e-4], rtol=1e-7)
    np.testing.assert_allclose(theirs["popt"], ours["popt"], rtol=1e-5)
    np.testing.assert_allclose(ours["errors"], [2.7070075241, 7.2668688436e-6], rtol=1e-5)
    np.testing.assert_allclose(theirs["errors"], ours["errors"], rtol=1e-3)
    np.testing.assert_allclose(ours["result"].x, theirs["result"].x, rtol=1e-3)
    np.testing.assert_allclose(ours["total"].x, theirs["total"].x, rtol=1e-3)
    assert ours["result"].success
    assert ours["total"].success


def test_names_and_order_of_arguments():
    for name in ("minimize", "least_squares", "curve_fit"):
        theirs = list(inspect.signature(getattr(so, name)).parameters)
        ours = list(inspect.signature(getattr(fastopt, name)).parameters)
        left_out = {"tr_solver", "tr_options", "jac_sparsity", "workers", "kwargs"}
        shared = [n for n in theirs if n in ours and n != "diff_step"]
        assert set(theirs) - set(ours) <= left_out
        assert [n for n in ours if n in shared] == shared


def test_defaults():
    theirs = inspect.signature(so.least_squares).parameters
    ours = inspect.signature(fastopt.least_squares).parameters
    assert (theirs["jac"].default, ours["jac"].default) == ("2-point", "3-point")
    assert (theirs["ftol"].default, ours["ftol"].default) == (1e-8, 1e-15)
    for name in ("xtol", "gtol", "f_scale"):
        assert theirs[name].default == ours[name].default
    assert theirs["method"].default == "trf"


def test_single_precision():
    def single(x, *p):
        return decay(x.astype("f"), *map(np.float32, p))

    np.testing.assert_array_equal(quietly(so.curve_fit, single, X, Y, P0)[0], P0)
    np.testing.assert_allclose(
        fastopt.curve_fit(single, X, Y, P0)[0], fastopt.curve_fit(decay, X, Y, P0)[0], rtol=1e-4
    )


def test_a_start_next_to_zero():
    theirs = so.least_squares(lambda p: p - 3.0, [1e-12])
    assert theirs.success
    assert theirs.x[0] < 1e-9
    assert fastopt.least_squares(lambda p: p - 3.0, [1e-12]).x == pytest.approx([3])


def test_scale_of_the_residuals():
    theirs = so.least_squares(lambda p: 1e-9 * residuals(p), P0)
    assert theirs.success
    np.testing.assert_array_equal(theirs.x, P0)
    ours = fastopt.least_squares(lambda p: 1e-9 * residuals(p), P0)
    np.testing.assert_allclose(ours.x, fastopt.least_squares(residuals, P0).x, rtol=1e-6)


def test_a_parameter_that_is_not_felt():
    x = np.linspace(40, 60, 41)

    def peak(p):
        return p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2) + p[3]

    def fun(p):
        return peak(p) - peak([3, 50, 2, 1])

    assert so.least_squares(fun, [1.0, 0, 1, 1]).success
    ours = fastopt.least_squares(fun, [1.0, 0, 1, 1])
    assert not ours.success
    assert {1, 2} <= set(ours.inactive)


def test_parameters_that_only_act_together():
    def product(x, a, b, c):
        return a * b * x + c

    y = 3 * X + 1 + 0.1 * np.cos(9 * X)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        _, theirs = so.curve_fit(product, X, y, [1, 1, 1])
    assert np.isfinite(theirs).all()
    assert theirs[0, 0] > 1e6
    with pytest.warns(fastopt.OptimizeWarning, match="a and b"):
        _, ours = fastopt.curve_fit(product, X, y, [1, 1, 1])
    assert list(np.isinf(np.diag(ours))) == [True, True, False]


def test_unknown_options_and_classes_of_warnings():
    with pytest.warns(so.OptimizeWarning, match="Unknown solver options"):
        so.minimize(lambda x: x @ x, [1.0], options={"maxitr": 3})
    with pytest.raises(ValueError, match="maxiter"):
        fastopt.minimize(lambda x: x @ x, [1.0], options={"maxitr": 3})
    assert issubclass(so.OptimizeWarning, UserWarning)
    assert not issubclass(so.OptimizeWarning, RuntimeWarning)
    assert issubclass(fastopt.OptimizeWarning, UserWarning)
    assert issubclass(fastopt.OptimizeWarning, RuntimeWarning)


def test_constraints():
    line = {"type": "eq", "fun": lambda x: x.sum() - 1}
    assert so.minimize(lambda x: x @ x, [1.0, 2.0], constraints=line).success
    with pytest.raises((TypeError, ValueError), match=r"SLSQP|scipy"):
        fastopt.minimize(lambda x: x @ x, [1.0, 2.0], constraints=line)


def test_bounds_are_met_exactly():
    theirs = so.least_squares(lambda p: p - 1, [0.2], bounds=(0, 0.5))
    ours = fastopt.least_squares(lambda p: p - 1, [0.0], bounds=(0, 0.5))
    assert theirs.x[0] < 0.5
    assert (ours.x[0], ours.active_mask[0]) == (0.5, 1)


def test_infinity_in_ydata():
    y = Y.copy()
    y[3] = np.inf
    with pytest.raises(ValueError, match="Residuals are not finite"):
        quietly(so.curve_fit, decay, X, y, P0, check_finite=False, method="trf")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_array_equal(so.curve_fit(decay, X, y, P0, check_finite=False)[0], P0)
    with pytest.raises(ValueError, match="ydata holds inf at row 3"):
        fastopt.curve_fit(decay, X, y, P0, check_finite=False, method="trf")


@pytest.mark.parametrize("method", ["BFGS", "bfgs", "L-BFGS-B", "Newton-CG"])
@pytest.mark.parametrize(
    "options", [{"maxiter": 50}, {"gtol": 1e-6}, {"disp": False}, {"return_all": True}]
)
def test_methods_and_options(method, options):
    if method == "L-BFGS-B" and "return_all" in options:
        return
    if method == "Newton-CG" and "gtol" in options:
        return
    for module in (so, fastopt):
        result = quietly(
            module.minimize,
            so.rosen,
            [-1.2, 1.0],
            method=method,
            jac=so.rosen_der,
            options={"maxiter": 200, **options} if "maxiter" not in options else options,
        )
        assert result.nfev > 0


def test_there_are_thirty_names():
    table = PAGE.split("## Names", 1)[1]
    assert len(re.findall(r"^\| `", table, re.MULTILINE)) >= 30


def test_the_table_of_differences_is_tested():
    table = PAGE.split("## Where fastopt differs", 1)[1].split("## Names", 1)[0]
    assert len(re.findall(r"^\| [^|-]", table, re.MULTILINE)) >= 15


def test_what_results_know_besides():
    fit = quietly(fastopt.curve_fit, decay, X, Y, P0)
    popt, pcov = fit
    np.testing.assert_array_equal(popt, fit.popt)
    np.testing.assert_array_equal(pcov, fit.pcov)
    result = fastopt.least_squares(residuals, P0)
    theirs = so.least_squares(residuals, P0, x_scale="jac")
    by_hand = np.linalg.inv(theirs.jac.T @ theirs.jac) * 2 * theirs.cost / (X.size - 3)
    for one in (fit, result):
        np.testing.assert_allclose(one.covariance, by_hand, rtol=1e-4)
        np.testing.assert_allclose(one.standard_errors, np.sqrt(np.diag(by_hand)), rtol=1e-4)
    of_both = ["covariance", "standard_errors", "correlation", "degrees_of_freedom", "chi_square"]
    of_both += ["reduced_chi_square", "aic", "bic", "confidence_intervals", "report"]
    of_curves = ["popt", "pcov", "confidence_band", "prediction_band", "profile_intervals"]
    for name in of_both + of_curves:
        assert re.search(rf"`[^`|]*\b{name}\b[^`|]*`", PAGE), name
        assert hasattr(fit, name), name
        assert hasattr(result, name) or name in of_curves, name
