"""Single runs that meet rules which no problem of the test sets does, with what is true of them.

Noise, saddles, wrong gradients, loose tolerances, variables that nothing has moved yet, many
variables, domains that end; residuals in single precision, roots where J vanishes, parameters that
cannot be felt.
"""

import warnings

import numpy as np


def minimize_rows(wanted=None):
    """Yield runs of minimize, as rows of ensembles.py: those of which ``wanted(method, label)``."""
    from fastopt import minimize

    for label, method, fun, x0, good, settings in _functions():
        if wanted is not None and not wanted(method, label):
            continue
        result = _quiet(lambda m=method, f=fun, x=x0, s=settings: minimize(f, x, method=m, **s))
        yield _row(method, label, result, float(result.fun), good(result.x))


def squares_rows():
    """Yield the runs of least squares."""
    from fastopt import least_squares

    for label, fun, x0, good, settings in _residuals():
        result = _quiet(lambda f=fun, x=x0, s=settings: least_squares(f, x, **s))
        yield _row("odd", label, result, float(2 * result.cost), good(result.x))


def _quiet(call):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return call()


def _row(method, label, result, f, good):
    return {
        "library": "fastopt",
        "method": method,
        "label": label,
        "kind": "run",
        "success": bool(result.success),
        "truth": "minimum" if good else "none",
        "strict": bool(good),
        "f": f,
        "calls": int(result.nfev),
        "message": str(result.message),
    }


def _rosenbrock(x):
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2).sum() + ((1 - x[:-1]) ** 2).sum())


def _gradient(x):
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
    g[1:] += 200 * (x[1:] - x[:-1] ** 2)
    return g


def _functions():
    """Yield label, method, f, start, whether a point is a minimum, other arguments."""
    start = np.array([-1.2, 1.0])
    for method in ("bfgs", "lbfgs", "newton_cg"):
        yield "top of a cosine", method, lambda x: np.cos(x[0]), [0.0], _at(np.pi), {}
        saddle = {"jac": lambda x: np.array([2 * x[0], 4 * x[1] ** 3 - 2 * x[1]])}
        yield (
            "saddle",
            method,
            lambda x: x[0] ** 2 + x[1] ** 4 - x[1] ** 2,
            [1.0, 0.0],
            lambda x: abs(abs(x[1]) - 0.5**0.5) < 1e-4,
            saddle,
        )
        wall = lambda x: x[0] - np.log(x[0]) if x[0] > 0 else np.inf  # noqa: E731
        yield "wall", method, wall, [1.000000001], _at(1), {}
        for n in (30, 100):
            many = np.resize(start, n)
            yield f"{n} variables", method, _rosenbrock, many, _low(1e-8), {"jac": _gradient}
        scale = np.geomspace(1, 1e6, 40)
        yield (
            "40 curvatures",
            method,
            lambda x, d=scale: float(0.5 * d @ (x * x)),
            np.ones(40),
            lambda x, d=scale: 0.5 * d @ (x * x) < 1e-8,
            {"jac": lambda x, d=scale: d * x},
        )
        for noise in (1e-12, 1e-8, 1e-4):
            for jac in (None, _gradient) if method != "newton_cg" else (_gradient,):
                for constant in (0.0, 1.0):
                    name = f"noise {noise:g}, + {constant:g}, {'exact' if jac else 'differences'}"
                    random = np.random.default_rng(3)
                    yield (
                        name,
                        method,
                        lambda x, r=random, s=noise, c=constant: (
                            _rosenbrock(x) + c + s * r.standard_normal()
                        ),
                        start,
                        lambda x, s=noise: _rosenbrock(x) <= 30 * s,
                        {"jac": jac},
                    )
        for name, wrong in {
            "sign": lambda x: -_gradient(x),
            "factor": lambda x: _gradient(x) * [1.0, -2.0],
            "order": lambda x: _gradient(x)[::-1],
            "shift": lambda x: _gradient(x) + [0, 0.01],
        }.items():
            yield f"gradient: {name}", method, _rosenbrock, start, _low(1e-6), {"jac": wrong}
        for option in ({"ftol": 1e-2}, {"ftol": 1e-6}, {"xrtol": 0.1}, {"xrtol": 1e-4}):
            if "ftol" in option and method != "lbfgs":
                continue
            settings = {"jac": _gradient, "options": option}
            yield f"{option}", method, _rosenbrock, start, _low(1e-4), settings
        for d in (np.array([1e6, 1.0]), np.array([1e3, 1e-3])):
            for jac in (None, lambda x, d=d: 2 * d * (d * x - 1)):
                yield (
                    f"not moved yet {d}, {'exact' if jac else 'differences'}",
                    method,
                    lambda x, d=d: float(((d * x - 1) ** 2).sum()),
                    np.zeros(2),
                    lambda x, d=d: ((d * x - 1) ** 2).sum() < 1e-6,
                    {"jac": jac},
                )


def _at(value):
    return lambda x: abs(abs(x[0]) - value) < 1e-4


def _low(limit):
    return lambda x: _rosenbrock(np.asarray(x)) <= limit


def _residuals():
    """Yield label, e, start, whether a point is a minimum, other arguments."""
    t = np.linspace(0, 4, 41)
    right = np.array([2.5, 1.3, 0.5])
    y = right[0] * np.exp(-right[1] * t) + right[2]
    near = lambda x: np.allclose(x, right, rtol=1e-3)  # noqa: E731
    for unit in (1e-9, 1.0, 1e9):
        scale = np.array([unit, 1, unit])

        random = np.random.default_rng(0)

        def e(p, unit=unit):
            return p[0] * np.exp(-p[1] * t) + p[2] - unit * y

        for name, seen in {
            "exact": e,
            "single": lambda p, e=e: e(p).astype(np.float32).astype(float),
            "6 decimals": lambda p, e=e, unit=unit: unit * np.round(e(p) / unit, 6),
            "noise": lambda p, e=e, unit=unit, r=random: (
                e(p) + 1e-8 * unit * r.standard_normal(t.size)
            ),
        }.items():
            for settings in ({}, {"bounds": (-1e12, 1e12)}, {"jac": "2-point"}):
                yield (
                    f"{name}, {unit:g}, {list(settings)}",
                    seen,
                    np.array([unit, 1.0, 0.0]),
                    lambda x, s=scale: near(x / s),
                    settings,
                )
    for power in (2, 3, 4):
        yield f"root of power {power}", lambda p, k=power: (p - 1) ** k, [3.0], _at(1), {}
    yield "tiny start", lambda p: p - 3.0, [1e-12], _at(3), {}
    x = np.linspace(40, 60, 50)
    peak = 3 * np.exp(-((x - 50) ** 2) / 8) + 1
    for jac in ("2-point", "3-point"):
        yield (
            f"peak that is not felt, {jac}",
            lambda p: p[0] * np.exp(-0.5 * ((x - p[1]) / p[2]) ** 2) + p[3] - peak,
            [1.0, 0.0, 1.0, 1.0],
            lambda p: abs(p[1] - 50) < 0.1,
            {"jac": jac},
        )
    for value in (1e-14, 1e-10, 1e-6):
        yield (
            f"hardly felt {value:g}",
            lambda p, v=value: np.array([p[0] - 1, v * (p[1] - 1), 0.1]),
            [3.0, 2.0],
            lambda p: abs(p[1] - 1) < 1e-3,
            {},
        )
    for tolerance in ({"ftol": 1e-3}, {"xtol": 1e-2}, {"gtol": 1e-2}):
        yield (
            f"{tolerance}",
            lambda p: np.array([10 * (p[1] - p[0] ** 2), 1 - p[0], 0.01 * p[0]]),
            [-1.2, 1.0],
            lambda p: abs(p[0] - 1) < 0.05,
            tolerance,
        )
