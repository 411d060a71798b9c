"""Not only networks: every method on three functions of two variables, its path over the contours;
a certified fit with its confidence band; and the same calls to scipy.optimize and to fastopt.

    x ← x + α p, p = −g, −V g, −H⁻¹ g, or a first-order rule's step

    python examples/functions.py [FOLDER]

writes one picture for each method, one with all and one of the fits, and prints tables.
"""

import sys
from importlib import import_module
from pathlib import Path
from time import perf_counter

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from curve_fitting import PROBLEMS, certified_fits

import fastopt

FUNCTIONS = {
    "Rosenbrock": (
        lambda x: (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2,
        lambda x: np.array(
            [-2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] ** 2), 200 * (x[1] - x[0] ** 2)]
        ),
        (-1.2, 1.0),
        [(1, 1)],
        (-1.8, 1.8, -0.7, 2.2),
    ),
    "Himmelblau": (
        lambda x: (x[0] ** 2 + x[1] - 11) ** 2 + (x[0] + x[1] ** 2 - 7) ** 2,
        lambda x: np.array(
            [
                4 * x[0] * (x[0] ** 2 + x[1] - 11) + 2 * (x[0] + x[1] ** 2 - 7),
                2 * (x[0] ** 2 + x[1] - 11) + 4 * x[1] * (x[0] + x[1] ** 2 - 7),
            ]
        ),
        (-0.5, -1.0),
        [(3, 2), (-2.805118, 3.131312), (-3.779310, -3.283186), (3.584428, -1.848126)],
        (-5, 5, -5, 5),
    ),
    "Beale": (
        lambda x: sum((y - x[0] * (1 - x[1] ** i)) ** 2 for i, y in BEALE),
        lambda x: sum(
            2 * (y - x[0] * (1 - x[1] ** i)) * np.array([x[1] ** i - 1, i * x[0] * x[1] ** (i - 1)])
            for i, y in BEALE
        ),
        (1.0, 1.0),
        [(3, 0.5)],
        (-0.5, 4.5, -1.2, 1.8),
    ),
}
BEALE = ((1, 1.5), (2, 2.25), (3, 2.625))

# A learning rate for each function, where a method has one.
FIRST_ORDER = {
    "sgd": (1e-3, 1e-2, 1e-2),
    "momentum": (5e-4, 2e-3, 2e-3),
    "nesterov": (5e-4, 2e-3, 2e-3),
    "adagrad": (0.5, 0.5, 0.5),
    "rmsprop": (3e-3, 1e-2, 1e-2),
    "adam": (2e-2, 1e-1, 5e-2),
    "nadam": (2e-2, 1e-1, 5e-2),
}
SECOND_ORDER = ("steepest_descent", "newton", "newton_cg", "bfgs", "dfp", "lbfgs")
METHODS = (*FIRST_ORDER, *SECOND_ORDER)


def solve(method, which):
    fun, jac, start, *_ = list(FUNCTIONS.values())[which]
    options = {"maxiter": 5000}
    if method in FIRST_ORDER:
        options["learning_rate"] = FIRST_ORDER[method][which]
    return fastopt.minimize(fun, start, method=method, jac=jac, options=options, record_path=True)


def draw_contours(axes, name):
    fun, _, start, minima, (left, right, bottom, top) = FUNCTIONS[name]
    x, y = np.meshgrid(np.linspace(left, right, 300), np.linspace(bottom, top, 300))
    values = fun((x, y))
    levels = np.geomspace(max(values.min(), 1e-2), values.max(), 22)
    axes.contour(x, y, values, levels=levels, colors="0.8", linewidths=0.7)
    axes.plot(*start, "ks", ms=6, zorder=5)
    axes.plot(*np.transpose(minima), "*", color="black", mec="white", ms=13, zorder=5)
    axes.set(title=name, xlim=(left, right), ylim=(bottom, top), xlabel="x₁", ylabel="x₂")


def draw_path(axes, path, color, label, dashed=False):
    axes.plot(*path.T, "--" if dashed else "-", color=color, lw=1.4, label=label, alpha=0.9)
    if label is not None:
        return  # among all the others points hide more than they show
    shown = path[:: max(1, len(path) // 40)]
    axes.plot(*shown.T, ".", color=color, ms=4)


def figure(title, width=13.5):
    picture, axes = plt.subplots(1, 3, figsize=(width, 4.4), layout="constrained")
    picture.suptitle(title)
    for ax, name in zip(axes, FUNCTIONS, strict=True):
        draw_contours(ax, name)
    return picture, axes


def draw_methods(folder):
    results = {m: [solve(m, which) for which in range(len(FUNCTIONS))] for m in METHODS}
    ten = plt.get_cmap("tab10").colors
    colors = {m: ten[i] for group in (FIRST_ORDER, SECOND_ORDER) for i, m in enumerate(group)}
    everything, all_axes = figure("All methods: first order solid, second order dashed")
    print(f"{'':18}" + "".join(f"{name:>30}" for name in FUNCTIONS))
    print(f"{'method':18}" + f"{'iterations  calls     value':>30}" * len(FUNCTIONS))
    for method, found in results.items():
        row = "".join(f"{r.nit:>13}{r.nfev:>7}{r.fun:>10.1e}" for r in found)
        print(f"{method:18}{row}")
        picture, axes = figure(method)
        for ax, all_ax, result in zip(axes, all_axes, found, strict=True):
            draw_path(ax, result.path, colors[method], None)
            draw_path(all_ax, result.path, colors[method], method, method in SECOND_ORDER)
            ax.set_title(f"{ax.get_title()}: {result.nit} iterations, f = {result.fun:.1e}")
        picture.savefig(folder / f"functions_{method}.png", dpi=110)
        plt.close(picture)
    handles, labels = all_axes[0].get_legend_handles_labels()
    everything.legend(handles, labels, loc="outside right center", fontsize=8)
    everything.savefig(folder / "functions_all.png", dpi=110)
    print(f"Pictures: {folder}/functions_*.png\n")


def calls(optimize):
    """Run some calls as they are written for scipy.optimize; ``optimize`` is the module."""
    fun, jac, start, *_ = FUNCTIONS["Rosenbrock"]
    long_start = np.tile(start, 50)

    def residuals(x):
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    model, x, y, far, _ = PROBLEMS["Rat42"]
    box = [(-2, 0.5), (-2, 2)]
    yield "minimize, BFGS", lambda: optimize.minimize(fun, start, jac=jac, method="BFGS")
    yield "minimize, BFGS, jac by differences", lambda: optimize.minimize(fun, start)
    yield (
        "minimize, BFGS, n = 100",
        lambda: optimize.minimize(
            long_rosenbrock, long_start, jac=long_rosenbrock_gradient, method="BFGS"
        ),
    )
    yield (
        "minimize, L-BFGS-B in bounds",
        lambda: optimize.minimize(fun, start, jac=jac, method="L-BFGS-B", bounds=box),
    )
    yield "least_squares", lambda: optimize.least_squares(residuals, start)
    yield (
        "least_squares, soft_l1 in bounds",
        lambda: optimize.least_squares(
            residuals, start, bounds=([-2, -2], [0.5, 2]), loss="soft_l1"
        ),
    )
    yield "curve_fit, NIST Rat42", lambda: optimize.curve_fit(model, x, y, p0=far)


def long_rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def long_rosenbrock_gradient(x):
    inner = x[1:] - x[:-1] ** 2
    g = np.zeros_like(x)
    g[:-1] = -400 * x[:-1] * inner - 2 * (1 - x[:-1])
    g[1:] += 200 * inner
    return g


def compare_with_scipy():
    """Print what the same calls give here and there, and how long they take."""
    try:
        scipy_optimize = import_module("scipy.optimize")
    except ImportError:
        print("SciPy is not installed: pip install scipy shows the comparison.")
        return
    print(f"{'the same call':36}{'':10}{'value':>12}{'success':>9}{'calls':>7}{'ms':>9}")
    for (label, there), (_, here) in zip(calls(scipy_optimize), calls(fastopt), strict=True):
        show(label, "SciPy", there)
        show("", "fastopt", here)


def show(label, module, call):
    result, seconds = timed(call)
    if isinstance(result, tuple):  # popt, pcov
        model, x, y, *_ = PROBLEMS["Rat42"]
        value, success, count = 0.5 * np.sum((model(x, *result[0]) - y) ** 2), "", ""
    else:
        value = result.cost if "cost" in result else result.fun
        success, count = str(bool(result.success)), str(result.nfev)
    print(f"{label:36}{module:10}{value:>12.4e}{success:>9}{count:>7}{1e3 * seconds:>9.2f}")


def timed(call):
    """Return what a call gives and the time of the fastest of five."""
    times = []
    for _ in range(5):
        start = perf_counter()
        result = call()
        times.append(perf_counter() - start)
    return result, min(times)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    draw_methods(folder)
    certified_fits(folder)
    print()
    compare_with_scipy()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
