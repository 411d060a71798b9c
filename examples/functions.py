"""Not only networks: every method on three functions of two variables, its path over the contours.

    python examples/functions.py [FOLDER]

writes one picture for each method and one with all, and prints a table of evaluations.
"""

import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

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
    axes.plot(*start, "ks", ms=5)
    axes.plot(*np.transpose(minima), "k*", ms=9)
    axes.set(title=name, xlim=(left, right), ylim=(bottom, top), xlabel="x₁", ylabel="x₂")


def draw_path(axes, path, color, label):
    axes.plot(*path.T, "-", color=color, lw=1.2, label=label, alpha=0.9)
    shown = path[:: max(1, len(path) // 40)]
    axes.plot(*shown.T, ".", color=color, ms=4)


def figure(title, width=13.5):
    picture, axes = plt.subplots(1, 3, figsize=(width, 4.4), layout="constrained")
    picture.suptitle(title)
    for ax, name in zip(axes, FUNCTIONS, strict=True):
        draw_contours(ax, name)
    return picture, axes


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    results = {m: [solve(m, which) for which in range(len(FUNCTIONS))] for m in METHODS}
    colors = dict(zip(METHODS, plt.get_cmap("tab20").colors, strict=False))
    everything, all_axes = figure("All methods")
    print(f"{'':18}" + "".join(f"{name:>28}" for name in FUNCTIONS))
    print(f"{'method':18}" + f"{'iterations  calls      value':>28}" * len(FUNCTIONS))
    for method, found in results.items():
        row = "".join(f"{r.nit:>10}{r.nfev:>7}{r.fun:>11.1e}" for r in found)
        print(f"{method:18}{row}")
        picture, axes = figure(method)
        for ax, all_ax, result in zip(axes, all_axes, found, strict=True):
            draw_path(ax, result.path, colors[method], None)
            draw_path(all_ax, result.path, colors[method], method)
            ax.set_title(f"{ax.get_title()}: {result.nit} iterations, f = {result.fun:.1e}")
        picture.savefig(folder / f"functions_{method}.png", dpi=110)
        plt.close(picture)
    handles, labels = all_axes[0].get_legend_handles_labels()
    everything.legend(handles, labels, loc="outside right center", fontsize=8)
    everything.savefig(folder / "functions_all.png", dpi=110)
    print(f"Pictures: {folder}/functions_*.png")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
