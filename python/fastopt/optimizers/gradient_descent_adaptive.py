"""MATLAB's gradient descent: traingd, traingdm, traingda and traingdx."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from fastopt import _core, _validation
from fastopt._settings import checked, flag, number
from fastopt.optimizers.base import FOLLOWS_THE_LOSS, FirstOrder
from fastopt.schedules import AdaptiveLearningRate, LearningRate


def _number_above_zero(name: str, value: Any) -> float:
    return _validation.number(name, value, above=0)


@dataclass
class GradientDescentAdaptive(FirstOrder):
    """Gradient descent with an adaptive learning rate, for full batches: MATLAB's four methods.

    m ← β m − (1−β) η g ; w ← w + m. E fell: the step is kept, η ← increase · η. E grew beyond the
    factor ``max_increase``: the step is undone, m set to zero, η ← decrease · η. Between the two:
    kept, η stays.

    ==============  ====================================================
    "traingda"      ``GradientDescentAdaptive()``
    "traingdx"      ``GradientDescentAdaptive(momentum=0.9)``
    "traingd"       ``GradientDescentAdaptive(adaptive=False)``
    "traingdm"      ``GradientDescentAdaptive(momentum=0.9, adaptive=False)``
    ==============  ====================================================

    Parameters
    ----------
    learning_rate : float
        The first η, 0.01 by default (MATLAB); > 0.
    momentum : float
        β, in [0, 1); 0 by default. MATLAB multiplies the gradient by 1 − β, :class:`SGD` does not.
    increase, decrease : float
        1.05 and 0.7 by default (MATLAB); ≥ 1 and in (0, 1).
    max_increase : float
        1.04 by default (MATLAB); ≥ 1.
    adaptive : bool
        Whether η follows the loss, True by default; else it stays and no step is undone.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Vogl et al. 1988, *Accelerating the convergence of the back-propagation method*; Hagan, Demuth &
    Beale, *Neural Network Design*, chapter 12.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.optimizers.resolve("traingdx")  # doctest: +NORMALIZE_WHITESPACE
    GradientDescentAdaptive(learning_rate=0.01, momentum=0.9, increase=1.05, decrease=0.7,
                            max_increase=1.04, adaptive=True, weight_decay=0.0)
    >>> result = fastopt.minimize(lambda x: (x**2).sum(), [1.0, 2.0], method="traingda")
    >>> result.success
    True
    """

    rule: ClassVar[str] = "gradient_descent"
    full_batch: ClassVar[bool] = True

    # A number: η that follows the loss follows no schedule.
    learning_rate: LearningRate = checked(_number_above_zero, 0.01)
    _: KW_ONLY
    momentum: float = number(0.0, low=0, below=1)
    increase: float = number(1.05, low=1)
    decrease: float = number(0.7, above=0, below=1)
    max_increase: float = number(1.04, low=1)
    adaptive: bool = flag(True)
    weight_decay: float = number(0.0, low=0)

    @property
    def _followed_rate(self) -> LearningRate:
        if not self.adaptive:
            return self.learning_rate
        initial: Any = self.learning_rate  # a number, as is checked
        return AdaptiveLearningRate(initial, self.increase, self.decrease, self.max_increase)

    def _make_handle(self, params: Any) -> _core.RuleHandle:
        if self.adaptive:
            raise ValueError(FOLLOWS_THE_LOSS.format("GradientDescentAdaptive(adaptive=True)"))
        return super()._make_handle(params)
