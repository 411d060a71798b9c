"""Learning rates that rise and fall: warm restarts, one cycle, many cycles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fastopt._settings import choice, integer, number
from fastopt.schedules._base import OfIterations, Rates


@dataclass
class CosineRestarts(OfIterations):
    """Half periods of the cosine, one after the other, each from the top again (SGDR).

    In period k = 0, 1, …, of s_k = s · growthᵏ iterations, of which j are over:
    η = η_f + ½ (η₀ − η_f) · shrinkᵏ · (1 + cos(π j/s_k)).

    Parameters
    ----------
    initial : float
        η₀ > 0.
    steps : float
        s ≥ 1: the iterations of the first period.
    final : float
        η_f ≥ 0, which a period comes down to; 0 by default.
    growth : float
        How many times as long as the one before a period is; ≥ 1, 1 by default (PyTorch; Keras'
        ``t_mul`` is 2).
    shrink : float
        How many times as far above η_f as the one before a period starts; in (0, 1], 1 by default
        (Keras' ``m_mul``).

    References
    ----------
    Loshchilov & Hutter 2017, *SGDR: stochastic gradient descent with warm restarts*.

    Examples
    --------
    >>> from fastopt.schedules import CosineRestarts
    >>> CosineRestarts(0.1, steps=2, growth=2).rates(0, 7).round(3)
    array([0.1  , 0.05 , 0.1  , 0.085, 0.05 , 0.015, 0.1  ])
    """

    initial: float = number(above=0)
    steps: float = number(low=1)
    final: float = number(0.0, low=0)
    growth: float = number(1.0, low=1)
    shrink: float = number(1.0, above=0, high=1)

    def _formula(self, i: Rates) -> Rates:
        done = i / self.steps  # in first periods
        if self.growth == 1:
            k = np.floor(done)
            share = done - k
        else:
            excess = self.growth - 1

            def start(k: Any) -> Any:
                return (self.growth**k - 1) / excess

            k = np.floor(np.log1p(done * excess) / np.log(self.growth))
            # Where a period ends the logarithm may miss its number by one.
            k = np.where(start(k) > done, k - 1, np.where(start(k + 1) <= done, k + 1, k))
            share = (done - start(k)) / self.growth**k
        height = (self.initial - self.final) * self.shrink**k
        rates: Rates = self.final + 0.5 * height * (1 + np.cos(np.pi * share))
        return rates


def _half_cosine(share: Any) -> Any:
    return 0.5 * (1 - np.cos(np.pi * share))


# By the share of the way in time, in [0, 1]: the share of the way between two rates.
_SHAPES: dict[str, Callable[[Any], Any]] = {
    "cosine": _half_cosine,
    "linear": lambda share: share,
}


@dataclass
class OneCycle(OfIterations):
    """Up once and down far below the start: the 1cycle policy.

    η rises from maximum/``start_divisor`` to ``maximum`` at iteration ``rise`` · s − 1, and falls
    to maximum/(``start_divisor`` · ``final_divisor``) at s − 1, by half a cosine or linearly. It
    stays there.

    Parameters
    ----------
    maximum : float
        The largest η; > 0.
    steps : int
        s ≥ 2, the iterations of the run: epochs times those of an epoch.
    rise : float
        The share of them in which η rises, in (0, 1); 0.3 by default (PyTorch's ``pct_start``).
        rise · s must be above 1.
    start_divisor, final_divisor : float
        25 and 1e4 by default (PyTorch's ``div_factor`` and ``final_div_factor``); ≥ 1.
    shape : {"cosine", "linear"}
        "cosine" by default (PyTorch).

    References
    ----------
    Smith & Topin 2019, *Super-convergence: very fast training of neural networks using large
    learning rates*.

    Examples
    --------
    >>> from fastopt.schedules import OneCycle
    >>> OneCycle(0.1, steps=100).rates(0, 100)[[0, 29, 99]].round(10)
    array([4.e-03, 1.e-01, 4.e-07])
    """

    maximum: float = number(above=0)
    steps: int = integer(low=2)
    rise: float = number(0.3, above=0, below=1)
    start_divisor: float = number(25.0, low=1)
    final_divisor: float = number(1e4, low=1)
    shape: str = choice(_SHAPES, "cosine")

    def __post_init__(self) -> None:
        if self.rise * self.steps <= 1:
            raise ValueError(
                "rise * steps must be above 1, so that there is an iteration to rise in, got "
                f"rise={self.rise!r}, steps={self.steps!r}"
            )

    def _formula(self, i: Rates) -> Rates:
        top, last = self.rise * self.steps - 1, self.steps - 1
        first = self.maximum / self.start_divisor
        final = first / self.final_divisor
        shape = _SHAPES[self.shape]
        up = shape(np.minimum(i / top, 1))
        down = shape(np.clip((i - top) / (last - top), 0, 1))
        rising = first + (self.maximum - first) * up
        falling = final + (self.maximum - final) * (1 - down)
        rates: Rates = np.where(i <= top, rising, falling)
        return rates


@dataclass
class CyclicSchedule(OfIterations):
    """Up and down between two rates, again and again.

    η = low + (high − low) · h · scale, where h rises from 0 to 1 in ``steps_up`` iterations and
    falls back in ``steps_down``; at iteration i, in cycle k = 0, 1, …, scale is

    ================  =======
    "triangular"      1
    "halving"         2⁻ᵏ
    "exponential"     decayⁱ
    ================  =======

    Parameters
    ----------
    low, high : float
        0 < low < high.
    steps_up : int
        ≥ 1; 2000 by default (PyTorch). Smith has 2 to 10 epochs.
    steps_down : int, optional
        ≥ 1; as many as ``steps_up`` by default.
    mode : {"triangular", "halving", "exponential"}
        PyTorch's "triangular", the default, "triangular2" and "exp_range".
    decay : float
        In (0, 1], 1 by default: of "exponential" alone.

    References
    ----------
    Smith 2017, *Cyclical learning rates for training neural networks*.

    Examples
    --------
    >>> from fastopt.schedules import CyclicSchedule
    >>> CyclicSchedule(0.1, 0.5, steps_up=2).rates(0, 6)
    array([0.1, 0.3, 0.5, 0.3, 0.1, 0.3])
    """

    low: float = number(above=0)
    high: float = number(above=0)
    steps_up: int = integer(2000, low=1)
    steps_down: int | None = integer(None, optional=True, low=1)
    mode: str = choice(("triangular", "halving", "exponential"), "triangular")
    decay: float = number(1.0, above=0, high=1)

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise ValueError(f"low must be below high, got low={self.low!r}, high={self.high!r}")

    def _formula(self, i: Rates) -> Rates:
        down = self.steps_up if self.steps_down is None else self.steps_down
        cycle = self.steps_up + down
        at = i % cycle
        height = np.where(at <= self.steps_up, at / self.steps_up, (cycle - at) / down)
        scale: Rates | float = 1.0
        if self.mode == "halving":
            scale = 0.5 ** (i // cycle)
        elif self.mode == "exponential":
            scale = self.decay**i
        rates: Rates = self.low + (self.high - self.low) * height * scale
        return rates
