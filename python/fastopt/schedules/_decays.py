"""Learning rates that fall, and one that rises first."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from fastopt import _validation
from fastopt._settings import checked, flag, integer, number
from fastopt.schedules._base import OfEpochs, OfIterations, Rates, Schedule

Number = TypeVar("Number", int, float)


def _increasing(name: str, values: Sequence[Any]) -> tuple[int, ...]:
    numbers = tuple(_validation.integer(f"{name}[{k}]", v, low=1) for k, v in enumerate(values))
    if any(b <= a for a, b in pairwise(numbers)):
        raise ValueError(f"{name} must increase, got {values!r}")
    return _unless_same(values, numbers)


def _positive(name: str, values: Sequence[Any]) -> tuple[float, ...]:
    numbers = tuple(_validation.number(f"{name}[{k}]", v, above=0) for k, v in enumerate(values))
    return _unless_same(values, numbers)


def _unless_same(given: Any, numbers: tuple[Number, ...]) -> tuple[Number, ...]:
    """Return the tuple that was given where it is right: a clone holds what it was made of."""
    return given if isinstance(given, tuple) and given == numbers else numbers


@dataclass
class PowerSchedule(OfIterations):
    """η_i = η₀ / (1 + i/c₁)^{c₂}.

    With c₂ = 1 it is Keras' old ``decay`` = 1/c₁.

    Parameters
    ----------
    initial : float
        η₀ > 0.
    c1 : float
        The number of iterations after which η is η₀ / 2^{c₂}; > 0.
    c2 : float
        The power, 1 by default; ≥ 0.

    References
    ----------
    Géron, *Hands-On Machine Learning* (2019), chapter 11.

    Examples
    --------
    >>> from fastopt.schedules import PowerSchedule
    >>> schedule = PowerSchedule(0.1, c1=100)
    >>> schedule(0), schedule(100)
    (0.1, 0.05)
    """

    initial: float = number(above=0)
    c1: float = number(above=0)
    c2: float = number(1.0, low=0)

    def _formula(self, i: Rates) -> Rates:
        return self.initial / (1 + i / self.c1) ** self.c2


@dataclass
class ExponentialDecay(OfIterations):
    """η_i = η₀ · r^{i/s}, or η₀ · r^{⌊i/s⌋} as a staircase.

    Parameters
    ----------
    initial : float
        η₀ > 0.
    decay_steps : float
        s > 0: after s iterations η is multiplied by r.
    decay_rate : float
        r, in (0, 1].
    staircase : bool
        Whether η falls once in s iterations, by the factor r, instead of a little in each; False by
        default (as Keras' ``staircase``).

    Examples
    --------
    >>> from fastopt.schedules import ExponentialDecay
    >>> schedule = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> schedule(0), schedule(20)
    (0.1, 0.025)
    >>> ExponentialDecay(0.1, decay_steps=2, decay_rate=0.5, staircase=True).rates(0, 5)
    array([0.1  , 0.1  , 0.05 , 0.05 , 0.025])
    """

    initial: float = number(above=0)
    decay_steps: float = number(above=0)
    decay_rate: float = number(above=0, high=1)
    staircase: bool = flag(False)

    def _formula(self, i: Rates) -> Rates:
        power = i / self.decay_steps
        if self.staircase:
            power = np.floor(power)
        rates: Rates = self.initial * self.decay_rate**power
        return rates


@dataclass
class CosineDecay(OfIterations):
    """η_i = η_f + ½ (η₀ − η_f)(1 + cos(π min(i/s, 1))).

    Parameters
    ----------
    initial : float
        η₀ > 0.
    steps : float
        s > 0: the iteration at which ``final`` is reached; it is kept from there on.
    final : float
        η_f ≥ 0, 0 by default.

    Examples
    --------
    >>> from fastopt.schedules import CosineDecay
    >>> schedule = CosineDecay(0.1, steps=100, final=0.02)
    >>> schedule(0), schedule(1000)
    (0.1, 0.02)
    """

    initial: float = number(above=0)
    steps: float = number(above=0)
    final: float = number(0.0, low=0)

    def _formula(self, i: Rates) -> Rates:
        wave = 0.5 * (1 + np.cos(np.pi * np.minimum(i / self.steps, 1)))
        rates: Rates = self.final + (self.initial - self.final) * wave
        return rates


@dataclass
class StepDecay(OfEpochs):
    """η = η₀ · r^{⌊epoch/k⌋}: lower by the factor r after every k *epochs*.

    :class:`ExponentialDecay` with ``staircase=True`` is the same by iterations.

    Parameters
    ----------
    initial : float
        η₀ > 0.
    every : int
        k ≥ 1 (PyTorch's ``step_size`` of ``StepLR``).
    factor : float
        r, in (0, 1]; 0.1 by default (PyTorch's ``gamma``).

    Examples
    --------
    >>> from fastopt.schedules import StepDecay
    >>> schedule = StepDecay(0.1, every=10, factor=0.5)
    >>> [schedule(epoch) for epoch in (0, 9, 10, 20)]
    [0.1, 0.1, 0.05, 0.025]
    """

    initial: float = number(above=0)
    every: int = integer(low=1)
    factor: float = number(0.1, above=0, high=1)

    def _of_epoch(self, epoch: int) -> float:
        return float(self.initial * self.factor ** (epoch // self.every))


@dataclass
class PiecewiseConstant(OfEpochs):
    """Constant between boundaries, which are numbers of *epochs*.

    Parameters
    ----------
    boundaries : sequence of int
        Increasing numbers of epochs, from 1 on.
    values : sequence of float
        One more: ``values[k]`` holds from epoch ``boundaries[k-1]`` up to, but not including,
        ``boundaries[k]``.

    Examples
    --------
    >>> from fastopt.schedules import PiecewiseConstant
    >>> schedule = PiecewiseConstant([5, 20], [0.1, 0.01, 0.001])
    >>> [schedule(epoch) for epoch in (0, 4, 5, 19, 20)]
    [0.1, 0.1, 0.01, 0.01, 0.001]
    """

    boundaries: tuple[int, ...] = checked(_increasing)
    values: tuple[float, ...] = checked(_positive)

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                f"values must hold one number more than boundaries: got {len(self.values)} "
                f"values and {len(self.boundaries)} boundaries"
            )

    def _of_epoch(self, epoch: int) -> float:
        return self.values[bisect_right(self.boundaries, epoch)]


def _known_ahead(name: str, value: Any) -> Schedule | float:
    return value if isinstance(value, Schedule) else _validation.number(name, value, above=0)


@dataclass
class WarmUp(Schedule):
    """η_i = min(1, (i + 1)/s) · η'_i: a linear rise over the first s iterations.

    Parameters
    ----------
    schedule : Schedule or float
        η', the schedule or the constant that is reached.
    steps : int
        s ≥ 1.

    Examples
    --------
    >>> from fastopt.schedules import WarmUp
    >>> WarmUp(0.1, steps=4).rates(0, 6)
    array([0.025, 0.05 , 0.075, 0.1  , 0.1  , 0.1  ])
    """

    schedule: Schedule | float = checked(_known_ahead)
    steps: int = integer(low=1)

    @property
    def needs_epoch(self) -> bool:
        """As the inner schedule says."""
        return isinstance(self.schedule, Schedule) and self.schedule.needs_epoch

    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        """Return the inner schedule's rates, the first ones made smaller."""
        rise = (np.arange(first_iteration, first_iteration + n_iterations) + 1) / self.steps
        inner: Rates | float = (
            self.schedule.rates(first_iteration, n_iterations, epoch)
            if isinstance(self.schedule, Schedule)
            else self.schedule
        )
        rates: Rates = np.minimum(rise, 1) * inner
        return rates
