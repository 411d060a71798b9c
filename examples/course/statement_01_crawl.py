"""1. Near a minimum plain descent crawls.

    w ← w − η g

Where the minimum is flat, ten times the accuracy asks for ten times the iterations (log(1 + e⁻ʷ),
whose values fall as 1/i) or for a hundred times as many (w⁴, whose w falls as 1/√i). On a strongly
convex quadratic the distance to the minimum falls by a constant factor: ten times the accuracy
costs the same number of iterations again and again.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

STEPS = 20_000
TOLERANCES = (1e-1, 1e-2, 1e-3, 1e-4)
TOLERANCES_QUARTIC = (10**-0.5, 1e-1, 10**-1.5, 1e-2)
CURVATURES = np.array([1.0, 10.0])


@cache
def logarithm() -> Array:
    """Return E(w) = log(1 + e⁻ʷ), whose infimum is 0, along the iterations with η = 1."""
    path = descend(fastopt.SGD(1.0), lambda w: -1 / (1 + np.exp(w)), np.zeros(1), STEPS)
    return np.log1p(np.exp(-path[:, 0]))


@cache
def quartic() -> Array:
    """Return |w|, the distance to the minimum of w⁴, along the iterations with η = 0.1."""
    return np.abs(descend(fastopt.SGD(0.1), lambda w: 4 * w**3, np.ones(1), STEPS)[:, 0])


@cache
def quadratic(learning_rate: float = 0.05) -> Array:
    """Return ‖w‖, the distance to the minimum of ½ Σ λⱼ wⱼ², along the iterations."""
    path = descend(fastopt.SGD(learning_rate), lambda w: CURVATURES * w, np.ones(2), 400)
    return np.linalg.norm(path, axis=1)


def iterations(errors: Array, tolerances: tuple[float, ...]) -> list[int]:
    """Return the first iteration at which each accuracy is reached."""
    reached = [np.flatnonzero(errors <= tolerance) for tolerance in tolerances]
    return [int(which[0]) for which in reached]


def draw() -> Figure:
    figure, (left, right) = axes(2)
    left.loglog(logarithm()[1:], label="log(1 + e⁻ʷ): E − inf E")
    left.loglog(quartic()[1:], label="w⁴: |w|")
    left.loglog(quadratic()[1:], label="quadratic: ‖w‖")
    left.set(xlabel="iteration", ylabel="error", ylim=(1e-6, 2), title="plain descent, constant η")
    for errors, tolerances, label in (
        (logarithm(), TOLERANCES, "log(1 + e⁻ʷ)"),
        (quartic(), TOLERANCES_QUARTIC, "w⁴"),
        (quadratic(), TOLERANCES, "quadratic"),
    ):
        right.loglog(tolerances, iterations(errors, tolerances), "o-", label=label)
    right.invert_xaxis()
    right.set(xlabel="accuracy asked for", ylabel="iterations", title="what accuracy costs")
    for panel in (left, right):
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
