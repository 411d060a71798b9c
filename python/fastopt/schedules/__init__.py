"""Learning rates that change: an optimiser takes a schedule in the place of a number.

i counts iterations (updates of the weights) from 0, over all epochs. A schedule turns into an array
of learning rates, one for each iteration of the coming epoch; called with one i it returns one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from fastopt import _validation
from fastopt._settings import Settings, flag, number
from fastopt.schedules._base import Schedule
from fastopt.schedules._cycles import CosineRestarts, CyclicSchedule, OneCycle
from fastopt.schedules._decays import (
    CosineDecay,
    ExponentialDecay,
    PiecewiseConstant,
    PowerSchedule,
    StepDecay,
    WarmUp,
)


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


__all__ = [
    "AdaptiveLearningRate",
    "CosineDecay",
    "CosineRestarts",
    "CyclicSchedule",
    "ExponentialDecay",
    "LearningRate",
    "OneCycle",
    "PiecewiseConstant",
    "PowerSchedule",
    "Schedule",
    "StepDecay",
    "WarmUp",
    "check_learning_rate",
]
