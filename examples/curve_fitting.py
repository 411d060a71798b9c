"""Curves through data: certified fits with their confidence bands, outliers, and bounds.

    p̂ = argmin Σ ϱ((y_i − f(x_i, p))² / σ_i²) ; cov = s² (JᵀJ)⁻¹

    python examples/curve_fitting.py [FOLDER]

Two problems of the NIST StRD set of nonlinear regression are fitted from the far one of NIST's two
starts; the table compares with the certified values. The pictures are ``curve_fitting.png`` (fits
with bands) and ``curve_fitting_robust.png`` (robust losses and bounds).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np

import fastopt

mpl.use("Agg")
import matplotlib.pyplot as plt

Array = np.ndarray

# Misra1a: monomolecular adsorption, volume against pressure (Misra, NIST 1978).
PRESSURE = np.array(
    [
        77.6,
        114.9,
        141.1,
        190.8,
        239.9,
        289.0,
        332.8,
        378.4,
        434.8,
        477.3,
        536.8,
        593.1,
        689.1,
        760.0,
    ]
)
VOLUME = np.array(
    [
        10.07,
        14.73,
        17.94,
        23.93,
        29.61,
        35.18,
        40.02,
        44.82,
        50.76,
        55.05,
        61.01,
        66.4,
        75.47,
        81.78,
    ]
)
# Rat42: growth of pasture over time (Ratkowsky 1983).
DAYS = np.array([9.0, 14.0, 21.0, 28.0, 42.0, 57.0, 63.0, 70.0, 79.0])
YIELD = np.array([8.93, 10.8, 18.59, 22.33, 39.35, 56.11, 61.73, 64.62, 67.08])


def adsorption(x: Array, b1: float, b2: float) -> Array:
    """Return the volume that is adsorbed at pressure x."""
    return b1 * (1 - np.exp(-b2 * x))


def logistic(x: Array, b1: float, b2: float, b3: float) -> Array:
    """Return logistic growth."""
    return b1 / (1 + np.exp(b2 - b3 * x))


PROBLEMS = {
    "Misra1a": (adsorption, PRESSURE, VOLUME, [500.0, 1e-4], [238.94212918, 5.5015643181e-4]),
    "Rat42": (
        logistic,
        DAYS,
        YIELD,
        [100.0, 1.0, 0.1],
        [72.462237576, 2.6180768402, 0.067359200066],
    ),
}
T_QUANTILES = {12: 2.1788, 6: 2.4469}  # 97.5 % of Student's t, by degrees of freedom


def band(model: Callable[..., Array], x: Array, popt: Array, pcov: Array) -> Array:
    """Return the standard error of the fitted curve at x: √(∇f C ∇fᵀ), ∇f by a complex step."""
    gradient = []
    for i in range(popt.size):
        shifted = popt.astype(complex)
        shifted[i] += 1e-30j
        gradient.append(np.imag(model(x, *shifted)) / 1e-30)
    G = np.stack(gradient, axis=1)
    return np.sqrt(np.einsum("ki,ij,kj->k", G, pcov, G))


def certified_fits(folder: Path) -> None:
    """Fit, print the digits that agree with the certified values, and draw the bands."""
    figure, axes = plt.subplots(1, len(PROBLEMS), figsize=(10, 4.5), layout="constrained")
    print(f"{'problem':<10}{'parameter':>16}{'± standard error':>19}{'certified':>20}{'digits':>8}")
    for ax, (name, (model, x, y, start, certified)) in zip(axes, PROBLEMS.items(), strict=True):
        popt, pcov = fastopt.curve_fit(model, x, y, p0=start)
        for value, error, truth in zip(popt, np.sqrt(np.diag(pcov)), certified, strict=True):
            digits = min(11.0, -np.log10(max(abs(value / truth - 1), 1e-11)))
            print(f"{name:<10}{value:>16.9g}{error:>19.3g}{truth:>20.11g}{digits:>8.1f}")
        grid = np.linspace(0.5 * x.min(), 1.15 * x.max(), 200)
        fit = model(grid, *popt)
        freedom = x.size - popt.size
        s = np.sqrt(np.sum((model(x, *popt) - y) ** 2) / freedom)
        mean = T_QUANTILES[freedom] * band(model, grid, popt, pcov)
        single = np.hypot(mean, T_QUANTILES[freedom] * s)
        ax.fill_between(
            grid, fit - single, fit + single, alpha=0.15, label="95 % for one more point"
        )
        ax.fill_between(grid, fit - mean, fit + mean, alpha=0.35, label="95 % for the curve")
        ax.plot(grid, fit, label="fit")
        ax.plot(x, y, "ko", markersize=4, label="data")
        ax.plot(grid, model(grid, *start), ":", color="gray", label="start")
        digits = f"points ± {s:.2g}"  # of Misra1a the bands are thinner than the line
        ax.set(title=f"{name}: {digits}", ylim=(0, 1.25 * y.max()))
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, fontsize=8, loc="outside lower center", ncol=5)
    axes[0].set(xlabel="pressure", ylabel="volume adsorbed")
    axes[1].set(xlabel="days", ylabel="yield")
    _save(figure, folder / "curve_fitting.png")


def robust_and_bounded(folder: Path) -> None:
    """Fit data with outliers by three losses, and with a bound."""
    rng = np.random.default_rng(4)
    t = np.linspace(0, 10, 60)
    truth = (3.0, 0.4, 0.5)

    def decay(x: Array, a: float, b: float, c: float) -> Array:
        with np.errstate(over="ignore"):  # trials may go far: they are backed off from
            return a * np.exp(-b * x) + c

    y = decay(t, *truth) + 0.08 * rng.standard_normal(t.size)
    outliers = rng.choice(t.size, 12, replace=False)
    y[outliers] += rng.uniform(1, 3, outliers.size)

    figure, axes = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    axes[0].plot(t, y, "ko", markersize=3)
    axes[0].plot(t, decay(t, *truth), "k--", linewidth=1, label="truth")
    print(f"\n{'loss':<10}{'a':>8}{'b':>8}{'c':>8}   truth {truth}")
    for loss in ("linear", "huber", "cauchy"):
        popt, _ = fastopt.curve_fit(decay, t, y, loss=loss, f_scale=0.1)
        print(f"{loss:<10}" + "".join(f"{value:>8.3f}" for value in popt))
        axes[0].plot(t, decay(t, *popt), label=loss)
    axes[0].set(title="outliers", xlabel="t", ylabel="y")
    axes[0].legend()

    path: list[Array] = []

    def valley(x: Array) -> Array:
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    result = fastopt.least_squares(
        valley, [-1.2, 1.0], bounds=([-2, -1], [0.6, 3]), callback=lambda x: path.append(x)
    )
    print(f"\nRosenbrock with x₁ ≤ 0.6: x = {result.x}, active_mask = {result.active_mask}")
    u, v = np.meshgrid(np.linspace(-2, 1.5, 200), np.linspace(-1, 3, 200))
    f = 0.5 * (100 * (v - u**2) ** 2 + (1 - u) ** 2)
    points = np.array([[-1.2, 1.0], *path])
    axes[1].contour(u, v, np.log10(f + 1e-3), levels=20, linewidths=0.5, cmap="viridis")
    axes[1].axvspan(0.6, 1.5, color="gray", alpha=0.3)
    axes[1].plot(*points.T, "o-", color="tab:red", markersize=3, linewidth=1)
    axes[1].plot(*result.x, "k*", markersize=12)
    axes[1].set(title="a bound, x₁ ≤ 0.6", xlabel="x₁", ylabel="x₂")
    _save(figure, folder / "curve_fitting_robust.png")


def _save(figure: plt.Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=110)
    plt.close(figure)
    print(f"Picture: {path}")


def main(folder: Path) -> None:
    certified_fits(folder)
    robust_and_bounded(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "pictures"))
