"""Lion."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class Lion(FirstOrder):
    """Steps of the same size for all weights, by the sign of a momentum; one vector of memory.

    w ← w − η sign(β₁ m + (1−β₁) g) ; m ← β₂ m + (1−β₂) g

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1e-4 by default (the paper; Keras: 1e-3): each weight moves by η in each iteration,
        so that a falling rate is needed to settle.
    beta_1, beta_2 : float
        In [0, 1); 0.9 and 0.99 by default (the paper).
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Chen et al. 2023, *Symbolic discovery of optimization algorithms*.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Lion()
    Lion(learning_rate=0.0001, beta_1=0.9, beta_2=0.99, weight_decay=0.0)
    """

    rule: ClassVar[str] = "lion"

    learning_rate: LearningRate = rate(1e-4)
    _: KW_ONLY
    beta_1: float = number(0.9, low=0, below=1)
    beta_2: float = number(0.99, low=0, below=1)
    weight_decay: float = number(0.0, low=0)
