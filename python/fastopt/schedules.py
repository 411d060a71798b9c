"""Learning rates that change: an optimiser takes a schedule in the place of a number.

i counts iterations (updates of the weights) from 0, over all epochs. A schedule turns into an array
of learning rates, one for each iteration of the coming epoch; called with one i it returns one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._settings import Settings, checked, flag, integer, number

Rates = npt.NDArray[np.float64]
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


class Schedule(Settings, ABC):
    """Base of all schedules."""

    @property
    def needs_epoch(self) -> bool:
        """Whether the number of the epoch counts."""
        return False

    @abstractmethod
    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        """Return η for iterations ``first_iteration``, … of one epoch, shape (n_iterations,)."""

    def __call__(self, i: int, epoch: int | None = None) -> float:
        """Return η of iteration ``i``."""
        return float(self.rates(i, 1, epoch)[0])


class _OfIterations(Schedule):
    """A formula of i alone."""

    @abstractmethod
    def _formula(self, i: Rates) -> Rates: ...

    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        i = np.arange(first_iteration, first_iteration + n_iterations, dtype=np.float64)
        return self._formula(i)


@dataclass
class PowerSchedule(_OfIterations):
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
class ExponentialDecay(_OfIterations):
    """η_i = η₀ · r^{i/s}.

    Parameters
    ----------
    initial : float
        η₀ > 0.
    decay_steps : float
        s > 0: after s iterations η is multiplied by r.
    decay_rate : float
        r, in (0, 1].

    Examples
    --------
    >>> from fastopt.schedules import ExponentialDecay
    >>> schedule = ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> schedule(0), schedule(20)
    (0.1, 0.025)
    """

    initial: float = number(above=0)
    decay_steps: float = number(above=0)
    decay_rate: float = number(above=0, high=1)

    def _formula(self, i: Rates) -> Rates:
        rates: Rates = self.initial * self.decay_rate ** (i / self.decay_steps)
        return rates


@dataclass
class CosineDecay(_OfIterations):
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
class PiecewiseConstant(Schedule):
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

    @property
    def needs_epoch(self) -> bool:
        """The number of the epoch is all that counts."""
        return True

    def rates(self, first_iteration: int, n_iterations: int, epoch: int | None = None) -> Rates:
        """Return the value of ``epoch`` for each iteration."""
        if epoch is None:
            raise ValueError("PiecewiseConstant counts epochs: it needs the number of the epoch")
        return np.full(n_iterations, self(epoch))

    def __call__(self, i: int, epoch: int | None = None) -> float:
        """Return η of epoch ``i`` (or ``epoch``, where both are given)."""
        return self.values[bisect_right(self.boundaries, i if epoch is None else epoch)]


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


@dataclass
class AdaptiveLearningRate(Settings):
    """Up while the loss falls, down when it grows: for full batches, after each epoch.

    E fell: the step is kept, η ← increase · η. E grew beyond the factor ``max_increase``: the step
    is undone, the momentum set to zero, η ← decrease · η. Between the two: kept, η stays. The
    defaults are MATLAB's (``traingda``, ``traingdx``); ``max_increase=1, undo=False`` is the plain
    form, +5 % or −30 %.

    Parameters
    ----------
    initial : float
        The first η, 0.01 by default; > 0.
    increase : float
        1.05 by default; ≥ 1.
    decrease : float
        0.7 by default; in (0, 1).
    max_increase : float
        1.04 by default; ≥ 1.
    undo : bool
        Whether a step that made E grow too much is undone, True by default.

    Examples
    --------
    >>> from fastopt.schedules import AdaptiveLearningRate
    >>> rule = AdaptiveLearningRate()
    >>> rule.decide(0.01, loss=2.0, new_loss=1.0)  # the next η, and whether the step is kept
    (0.0105, True)
    >>> rule.decide(0.01, loss=2.0, new_loss=3.0)
    (0.006999999999999999, False)
    """

    full_batch: ClassVar[bool] = True

    initial: float = number(0.01, above=0)
    increase: float = number(1.05, low=1)
    decrease: float = number(0.7, above=0, below=1)
    max_increase: float = number(1.04, low=1)
    undo: bool = flag(True)

    def decide(self, learning_rate: float, loss: float, new_loss: float) -> tuple[float, bool]:
        """Return the next learning rate and whether the step from ``loss`` to ``new_loss`` is kept.

        A new loss that is not finite counts as one that grew beyond all bounds.
        """
        if not new_loss <= loss + (self.max_increase - 1) * abs(loss):
            return self.decrease * learning_rate, not self.undo
        if new_loss < loss:
            return self.increase * learning_rate, True
        return learning_rate, True


LearningRate = float | Schedule | AdaptiveLearningRate


def check_learning_rate(name: str, value: Any) -> LearningRate:
    """Return a number > 0 as float, a schedule as it is; refuse anything else."""
    if isinstance(value, Schedule | AdaptiveLearningRate):
        return value
    try:
        return _validation.number(name, value, above=0)
    except TypeError:
        raise TypeError(
            f"{name} must be a number in (0, inf) or a schedule of fastopt.schedules, got {value!r}"
        ) from None
