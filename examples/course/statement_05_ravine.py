"""5. In a ravine with a large η plain descent swings across.

    E = ½ (λ₁ w₁² + λ₂ w₂²), λ₁ ≪ λ₂
    m ← β m − η g ; w ← w + m

Momentum damps this and accelerates along the ravine.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

# E = ½(w₁² + 200 w₂²): along the ravine w₁, across it w₂. Plain descent diverges beyond η = 0.01.
CURVATURES = np.array([1.0, 200.0])
START = np.array([10.0, 1.0])
RATE = 0.0098


@cache
def path(momentum: float, iterations: int = 1500) -> Array:
    """Return w along the iterations."""
    optimizer = fastopt.SGD(RATE, momentum=momentum)
    return descend(optimizer, lambda w: CURVATURES * w, START, iterations)


def way_across(momentum: float) -> float:
    """Return the whole length of the way to and fro across the ravine."""
    return float(np.abs(np.diff(path(momentum)[:, 1])).sum())


def iterations_along(momentum: float, tolerance: float = 1e-2) -> int:
    """Return after how many iterations |w₁| stays below the tolerance."""
    return int(np.flatnonzero(np.abs(path(momentum)[:, 0]) > tolerance)[-1]) + 1


def draw() -> Figure:
    figure, panels = axes(3)
    x, y = np.meshgrid(np.linspace(-3, 11, 100), np.linspace(-1.2, 1.2, 100))
    for panel, momentum, title in (
        (panels[0], 0.0, "plain descent"),
        (panels[1], 0.9, "momentum, β = 0.9"),
    ):
        way = path(momentum)[:61]
        panel.contour(x, y, 0.5 * (x**2 + 200 * y**2), 12, colors="grey", linewidths=0.5)
        panel.plot(way[:, 0], way[:, 1], ".-", lw=0.8, label="60 iterations")
        panel.plot(0, 0, "k*", ms=10, label="minimum")
        panel.set(xlabel="w₁, along", ylabel="w₂, across", title=title)
        panel.legend(loc="upper left")
        panels[2].semilogy(np.linalg.norm(path(momentum)[:600], axis=1), label=title)
    panels[2].set(xlabel="iteration", ylabel="‖w − w*‖", title=f"distance, η = {RATE}")
    panels[2].grid(alpha=0.3)
    panels[2].legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
