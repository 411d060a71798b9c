"""4. Momentum: under a constant gradient ten times as fast; a reversed gradient turns it late.

    m ← β m − η g ; w ← w + m
    g constant: m → −η g / (1 − β)

With β = 0.9 that is ten steps of plain descent at a time.
"""

from functools import cache

import numpy as np
from common import Array, Figure, axes, descend, save

import fastopt

RATE, BETA = 0.01, 0.9


@cache
def steps(momentum: float, before: int = 200, after: int = 100) -> Array:
    """Return Δw of each iteration: the gradient is 1, then −1."""
    gradients = iter(np.concatenate([np.ones(before), -np.ones(after)]))
    optimizer = fastopt.SGD(RATE, momentum=momentum)
    path = descend(optimizer, lambda w: next(gradients) * np.ones(1), np.zeros(1), before + after)
    return np.diff(path[:, 0])


def turns_after(momentum: float, before: int = 200) -> int:
    """Return how many steps still go the old way once the gradient has turned."""
    return int(np.argmax(steps(momentum)[before:] > 0))


def draw() -> Figure:
    figure, (left, right) = axes(2)
    for momentum, label in ((0.0, "plain"), (BETA, "β = 0.9")):
        left.plot(-steps(momentum) / RATE, label=label)
        right.plot(-np.cumsum(steps(momentum)), label=label)
    left.axhline(1 / (1 - BETA), color="grey", ls=":", label="1/(1 − β)")
    left.set(xlabel="iteration", ylabel="−Δw / (η g)", title="length of the step")
    right.set(xlabel="iteration", ylabel="way downhill", title="the gradient turns at 200")
    for panel in (left, right):
        panel.axvline(200, color="grey", lw=0.8)
        panel.grid(alpha=0.3)
        panel.legend()
    return figure


if __name__ == "__main__":
    save(draw(), __file__)
