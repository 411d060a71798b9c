"""Adadelta."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class Adadelta(FirstOrder):
    """RMSProp whose steps have the size of the late ones, so that η has no unit.

    s ← ρ s + (1−ρ) g⊗g ; d = √(r + ε) ÷ √(s + ε) ⊗ g ; r ← ρ r + (1−ρ) d⊗d ; w ← w − η d

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1 by default (the paper, PyTorch; Keras: 1e-3, which is slow).
    rho : float
        ρ, in [0, 1); 0.9 by default (PyTorch; the paper and Keras: 0.95).
    epsilon : float
        ε > 0, 1e-6 by default (the paper, PyTorch; Keras: 1e-7). The first steps are about √ε long.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Zeiler 2012.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Adadelta(rho=0.95)
    Adadelta(learning_rate=1.0, rho=0.95, epsilon=1e-06, weight_decay=0.0)
    """

    rule: ClassVar[str] = "adadelta"

    learning_rate: LearningRate = rate(1.0)
    _: KW_ONLY
    rho: float = number(0.9, low=0, below=1)
    epsilon: float = number(1e-6, above=0)
    weight_decay: float = number(0.0, low=0)
