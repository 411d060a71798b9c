"""``fastopt fit-curve``: formulas that execute nothing, parameters, intervals and bands."""

import json
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

from fastopt.cli.expression import FUNCTIONS, Expression
from fastopt.cli.failure import Misuse


@pytest.fixture
def decay(folder):
    t = np.arange(40) / 10
    noise = np.random.default_rng(0).normal(0, 0.02, 40)
    frame = pd.DataFrame({"t": t, "signal": 2.5 * np.exp(-1.3 * t) + 0.5 + noise, "sd": 0.02})
    frame.to_csv("decay.csv", index=False)
    return frame


MODEL = "a*exp(-b*t) + c"


def model(t, a, b, c):
    return a * np.exp(-b * t) + c


def test_parameters_and_intervals_are_those_of_scipy(decay, call):
    optimize = pytest.importorskip("scipy.optimize")
    stats = pytest.importorskip("scipy.stats")
    options = ("--model", MODEL, "--y", "signal", "--p0", "2,1,0", "--json", "--out", "o.csv")
    code, out, err = call("fit-curve", "decay.csv", *options, "--confidence", 0.9)
    assert (code, err) == (0, "")
    told = json.loads(out)
    popt, pcov = optimize.curve_fit(model, decay.t, decay.signal, [2, 1, 0], ftol=1e-12)
    np.testing.assert_allclose(list(told["parameters"].values()), popt, rtol=1e-6)
    np.testing.assert_allclose(told["covariance"], pcov, rtol=1e-4)
    half = stats.t.ppf(0.95, 37) * np.sqrt(np.diag(pcov))
    np.testing.assert_allclose(
        list(told["intervals"].values()), np.stack([popt - half, popt + half], axis=1), rtol=1e-4
    )
    # The band by the formula's own derivatives.
    a, b, _ = popt
    e = np.exp(-b * decay.t.to_numpy())
    g = np.stack([e, -a * decay.t.to_numpy() * e, np.ones(40)], axis=1)
    width = stats.t.ppf(0.95, 37) * np.sqrt(np.einsum("nj,jk,nk->n", g, pcov, g))
    rows = pd.read_csv("o.csv")
    np.testing.assert_allclose(rows.curve, model(decay.t, *popt), rtol=1e-6)
    np.testing.assert_allclose(rows.upper - rows.curve, width, rtol=1e-3)
    np.testing.assert_allclose(rows.curve - rows.lower, width, rtol=1e-3)


def test_sigma_is_absolute_where_it_is_said(decay, call):
    options = ("--model", MODEL, "--y", "signal", "--sigma", "sd", "--json")
    covariances = {}
    for factor in (1, 2):
        decay.sd = 0.02 * factor
        decay.to_csv("decay.csv", index=False)
        for absolute in ((), ("--absolute-sigma",)):
            told = json.loads(call("fit-curve", "decay.csv", *options, *absolute)[1])
            covariances[factor, bool(absolute)] = np.array(told["covariance"])
    np.testing.assert_allclose(covariances[1, False], covariances[2, False], rtol=1e-5)
    np.testing.assert_allclose(4 * covariances[1, True], covariances[2, True], rtol=1e-5)


@pytest.mark.parametrize(("name", "separator"), [("o.tsv", "\t"), ("o.parquet", None)])
def test_the_curve_is_written_as_its_name_says(decay, call, name, separator):
    options = ("-m", MODEL, "--y", "signal", "-o", name)
    if separator is None:
        pytest.importorskip("pyarrow")
    assert call("fit-curve", "decay.csv", *options)[0] == 0
    written = pd.read_parquet(name) if separator is None else pd.read_csv(name, sep=separator)
    assert list(written.columns) == ["t", "signal", "curve", "lower", "upper"]
    code, _, err = call("fit-curve", "decay.csv", *options[:-1], "decay.csv")
    assert (code, "what is read" in err) == (2, True)


def test_bounds_hold_and_names_lead(decay, call):
    options = ("--model", MODEL, "--y", "signal", "--json")
    told = json.loads(
        call("fit-curve", "decay.csv", *options, "--bounds", "b=:1,c=0:", "--p0", "a=2,b=0.5")[1]
    )
    assert told["parameters"]["b"] <= 1
    assert told["parameters"]["c"] >= 0


def test_a_picture_shows_data_curve_and_band(decay, call, folder, monkeypatch):
    pytest.importorskip("matplotlib")
    from fastopt.cli.commands import curve

    drawn = []
    draw = curve._draw
    monkeypatch.setattr(curve, "_draw", lambda *a: (draw(*a), drawn.append(a[-1])))
    options = ("-m", MODEL, "--y", "signal", "--plot", "p.png", "--out", "o.csv")
    assert call("fit-curve", "decay.csv", *options)[0] == 0
    assert (folder / "p.png").read_bytes().startswith(b"\x89PNG")
    rows, (ax,) = pd.read_csv("o.csv"), drawn
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), decay.signal)
    edges = ax.collections[0].get_paths()[0].vertices
    assert np.isclose(edges[:, 1].max(), rows.upper.max(), rtol=1e-3)
    assert np.isclose(edges[:, 1].min(), rows.lower.min(), rtol=1e-2)
    for options, said in (
        (("-m", "a*t", "--plot", "p.doc"), "must end in .png"),
        (("-m", "a*t*sd", "--plot", "p.png"), "of one variable"),
        (("-m", "a*t", "--plot", "."), "is a folder"),
    ):
        code, _, err = call("fit-curve", "decay.csv", "--y", "signal", *options)
        assert (code, err.count("\n"), said in err) == (2, 1, True), err


def test_several_variables(folder, call):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"u": rng.normal(size=30), "v": rng.normal(size=30)})
    frame["z"] = 2 * frame.u * frame.v - 3 * frame.v**2
    frame.to_csv("d.csv", index=False)
    code, out, _ = call("fit-curve", "d.csv", "-m", "p*u*v + q*v**2")
    assert code == 0
    assert "p" in out
    assert "2" in out
    told = json.loads(call("fit-curve", "d.csv", "-m", "p*u*v + q*v**2", "--json")[1])
    np.testing.assert_allclose(list(told["parameters"].values()), [2, -3], rtol=1e-9)


def test_what_is_not_determined_is_said(decay, call):
    code, out, err = call("fit-curve", "decay.csv", "--model", "a*b*t", "--y", "signal")
    assert code == 0
    assert "do not determine a and b" in err
    assert "not determined" in out


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("-m", "a*T"), 2, "holds no column of the table: there are t, sd"),
        (("-m", "t"), 2, "no parameters"),
        (("-m", "a*signal"), 2, "holds 'signal', the column that is fitted"),
        (("-m", "a*t", "--p0", "1,2"), 2, "--p0 must be 1 numbers, for a"),
        (("-m", "a*t", "--p0", "x"), 2, "--p0 must be"),
        (("-m", "a*t", "--p0", "b=1"), 2, "'b' is not known"),
        (("-m", "a*t", "--bounds", "a"), 2, "name=low:high"),
        (("-m", "a*t", "--bounds", "a=2:1"), 2, "lower bound must be below"),
        (("-m", "a*t", "--sigma", "s"), 2, "column 's' is not known"),
        (("-m", "a*t", "--loss", "hubber"), 2, "did you mean 'huber'"),
        (("-m", "a*t", "--confidence", "1"), 2, "confidence"),
        (("-m", "a*log(t)"), 1, "-inf in row 1 at the start a=1: .*--p0"),
        (("-m", "a*t +"), 2, "is no formula"),
        ((), 2, "--model"),
    ],
)
def test_wrong_use(decay, call, options, code, said):
    import re

    found, out, err = call("fit-curve", "decay.csv", "--y", "signal", *options)
    assert (found, out) == (code, ""), err
    assert err.startswith("fastopt: ")
    assert err.count("\n") <= 2
    assert re.search(said, err), err


def test_formulas_compute_what_numpy_does():
    x, a = np.linspace(0.1, 2, 7), 1.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for text, expected in {
            "-a*x**2 + 3.5/x - 1e-3": -a * x**2 + 3.5 / x - 1e-3,
            "2**-x**a": 2 ** -(x**a),
            "+sin(pi*x)*exp(-x)": np.sin(np.pi * x) * np.exp(-x),
            "max(x, a) - min(x, 1)": np.maximum(x, a) - np.minimum(x, 1),
            "ln(x) + atan2(x, a)": np.log(x) + np.arctan2(x, a),
            "((x))": x,
        }.items():
            np.testing.assert_allclose(Expression(text)({"x": x, "a": a}), expected, rtol=1e-14)
        assert np.isinf(Expression("9**9**9**9*x")({"x": x})).all()
        assert not np.isfinite(Expression("log(x - 1) / 0")({"x": x})).any()
    assert Expression("b + a*x + b*pi").names == ("b", "a", "x")


@pytest.mark.parametrize(
    "text",
    [
        *("__import__('os')", "().__class__", "x.real", "x[0]", "exec('1')", "open('f')"),
        *(
            "lambda: 1",
            "[x for x in y]",
            "{1: 2}",
            "(a, b)",
            "'a'*9",
            "True",
            "1j*x",
            "x if a else b",
        ),
        *("x < 1", "not x", "~x", "x^2", "x % 2", "x // 2", "x @ y", "x and y", "f'{x}'", "x := 1"),
        *("exp", "exp(x, 2)", "exp(*x)", "exp(x=1)", "exp()", "np.exp(x)", "e**x", "...", "None"),
        *("", " ", "x +", "x y", "x\ny", "a;b", "\x00", "(" * 300 + ")" * 300, "-" * 500 + "x"),
        *("x+" * 1500 + "x", "print(x)", "getattr(x, a)", "𝒆𝒙𝒆𝒄(x)"),
    ],
)
def test_what_is_no_formula_is_refused(text):
    with pytest.raises(Misuse) as refused:
        Expression(text)
    assert "\n" not in str(refused.value).replace(repr(text), "")


def test_functions_take_and_give_numbers():
    for name, function in FUNCTIONS.items():
        wanted = getattr(function, "nin", 1)
        text = f"{name}({', '.join('xyz'[:wanted])})"
        value = Expression(text)({"x": 0.5, "y": 0.25})
        assert np.isscalar(value) or np.ndim(value) == 0


def test_scipy_comes_when_intervals_are_asked_for(decay):
    code = (
        "import sys, fastopt.cli.app; assert 'scipy' not in sys.modules; "
        "fastopt.cli.main(['fit-curve', 'decay.csv', '-m', 'a*t + b', '--y', 'signal']); "
        "assert 'scipy.special' in sys.modules"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr


def test_without_freedom_there_are_no_intervals(folder, call):
    (folder / "two.csv").write_text("x,y\n1,2\n2,4.5\n")
    code, out, _ = call("fit-curve", "two.csv", "-m", "a*x + b")
    assert code == 0
    assert out.count("not determined") == 2
