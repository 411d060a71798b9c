"""Nadam."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.base import EPSILON_POSITIONS, FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class Nadam(FirstOrder):
    """Adam with Nesterov's momentum, which warms up.

    μ_t = β₁(1 − ½·0.96^{t·ψ}) ; m, s, ŝ as Adam ;
    m̂ = μ_{t+1} m/(1−∏_{j≤t+1} μ_j) + (1−μ_t) g/(1−∏_{j≤t} μ_j) ; w ← w − η m̂ ÷ (√ŝ + ε)

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1e-3 by default (Keras; PyTorch: 2e-3).
    beta_1, beta_2 : float
        In [0, 1); 0.9 and 0.999 by default.
    epsilon : float
        ε > 0, 1e-8 by default (PyTorch; Keras: 1e-7).
    epsilon_position : {"outside", "inside", "uncorrected"}
        √ŝ + ε, the default; √(ŝ + ε); or the ε-hat form, see :class:`Adam`.
    momentum_decay : float
        ψ ≥ 0, 0.004 by default (PyTorch; Keras: 1).
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Dozat 2016.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Nadam(momentum_decay=1)  # doctest: +NORMALIZE_WHITESPACE
    Nadam(learning_rate=0.001, beta_1=0.9, beta_2=0.999, epsilon=1e-08,
          epsilon_position='outside', momentum_decay=1.0, weight_decay=0.0)
    """

    rule: ClassVar[str] = "nadam"

    learning_rate: LearningRate = rate(1e-3)
    _: KW_ONLY
    beta_1: float = number(0.9, low=0, below=1)
    beta_2: float = number(0.999, low=0, below=1)
    epsilon: float = number(1e-8, above=0)
    epsilon_position: str = choice(EPSILON_POSITIONS, "outside")
    momentum_decay: float = number(0.004, low=0)
    weight_decay: float = number(0.0, low=0)
