"""3. SGD with a constant η bounces around the minimum, with a falling η it settles.

    w ← w − η ∇E_B(w), E_B the mean over a batch drawn at random
    η = η₀ / (1 + i/c)

Its noise lets it leave a poor local minimum more often than batch descent does; mini-batches lie
between. Momentum helps to roll over a local minimum.
"""

from functools import cache
from itertools import pairwise

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

RATE = 0.1
SCHEDULES = {
    "constant η = 0.1": RATE,
    "constant η = 0.05": RATE / 2,
    "falling η": fastopt.PowerSchedule(RATE, c1=100),
}


@cache
def regression() -> tuple[Array, Array, Array]:
    """Return X, y of a straight line with noise, and the weights of its least squares."""
    rng = np.random.default_rng(0)
    X = np.column_stack([np.ones(200), rng.uniform(-1.5, 1.5, 200)])
    y = X @ [1.0, 2.0] + rng.normal(0, 1, 200)
    return X, y, np.linalg.lstsq(X, y, rcond=None)[0]


@cache
def stochastic(name: str, steps: int = 12_000) -> Array:
    """Follow the gradient ∇½(xᵀw − y)² of one example after the other, drawn at random."""
    X, y, _ = regression()
    rng = np.random.default_rng(1)
    order = iter(np.concatenate([rng.permutation(len(X)) for _ in range(steps // len(X) + 1)]))

    def gradient(w: Array) -> Array:
        j = next(order)
        return (X[j] @ w - y[j]) * X[j]

    return descend(fastopt.SGD(SCHEDULES[name]), gradient, np.zeros(2), steps)


def distance(path: Array) -> Array:
    """Return the distance to the minimum along a path."""
    return np.linalg.norm(path - regression()[2], axis=1)


# A poor minimum near w = 0.96 and a better one near w = −1.04. The examples tilt the landscape to
# and fro; their mean does not: E_j(w) = (w² − 1)² + 0.3 w + 15 ξ_j w, Σ ξ_j = 0, j = 1 … 1000.
N, TILT, NOISE, WELL_RATE = 1000, 0.3, 15.0, 0.01
BATCHES = {"SGD": 1, "mini-batches of 4": 4, "batch": N}


def landscape(w: Array) -> Array:
    return (w**2 - 1) ** 2 + TILT * w


def slope(w: Array) -> Array:
    return 4 * w * (w**2 - 1) + TILT


def poor_minimum() -> float:
    return float(np.roots([4, 0, -4, TILT]).real.max())


@cache
def escapes(batch_size: int, runs: int = 400, epochs: int = 4) -> float:
    """Return the share of runs that end beyond the barrier; all start in the poor minimum."""
    rng = np.random.default_rng(2)
    noise = rng.normal(size=N)
    noise = NOISE * (noise - noise.mean()) / noise.std()
    w = np.full(runs, poor_minimum())
    optimizer = fastopt.SGD(WELL_RATE)
    for _ in range(epochs):
        order = np.argsort(rng.random((runs, N)), axis=1)
        for k in range(0, N, batch_size):
            optimizer.step(w, slope(w) + noise[order[:, k : k + batch_size]].mean(axis=1))
    return float(np.mean(w < 0))


@cache
def rolls(momentum: float, runs: int = 200, steps: int = 500) -> tuple[Array, Array]:
    """Return starts on the slope above the poor minimum, and where batch descent ends from them."""
    starts = np.linspace(1.0, 2.5, runs)
    optimizer = fastopt.SGD(WELL_RATE, momentum=momentum)
    return starts, descend(optimizer, slope, starts, steps)[-1]


def typical(apart: Array, bins: int = 40) -> tuple[Array, Array]:
    """Return medians over stretches of iterations that grow by the same factor."""
    edges = np.unique(np.geomspace(1, apart.size + 1, bins).astype(int))
    stretches = [apart[a - 1 : b - 1] for a, b in pairwise(edges)]
    middle = np.sqrt(edges[:-1] * (edges[1:] - 1.0))
    return middle, np.array([np.median(stretch) for stretch in stretches])


def draw() -> Figure:
    figure, panels = axes(3)
    for color, name in zip(("C0", "C1", "C2"), SCHEDULES, strict=True):
        apart = distance(stochastic(name))[1:]
        panels[0].loglog(np.arange(1, apart.size + 1), apart, color=color, lw=0.4, alpha=0.25)
        panels[0].loglog(*typical(apart), color=color, lw=2, label=f"{name}, median")
    panels[0].set(xlabel="iteration", ylabel="‖w − w*‖", title="SGD on a straight line")
    panels[0].legend()

    bars = panels[1].bar(list(BATCHES), [100 * escapes(size) for size in BATCHES.values()])
    panels[1].bar_label(bars, fmt="%.0f %%")
    panels[1].set(ylabel="runs that leave the poor minimum, %", ylim=(0, 100))
    panels[1].set_title("out of a poor minimum in 4 epochs")

    w = np.linspace(-1.6, 2.5, 300)
    panels[2].plot(w, landscape(w), color="grey")
    for offset, momentum in enumerate((0.0, 0.9)):
        starts, ends = rolls(momentum)
        share, label = np.mean(ends < 0), "plain" if momentum == 0 else f"β = {momentum}"
        panels[2].plot(
            ends,
            landscape(ends) + 0.25 + 0.7 * offset,
            "v",
            ms=9,
            label=f"{label}: {share:.0%} end in the better minimum",
        )
    panels[2].axvspan(starts[0], starts[-1], color="C2", alpha=0.15, label="starts")
    panels[2].set(xlabel="w", ylabel="E(w)", ylim=(-0.8, 8), title="batch descent with momentum")
    panels[2].legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
