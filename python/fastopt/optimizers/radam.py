"""RAdam."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.base import EPSILON_POSITIONS, FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class RAdam(FirstOrder):
    """Adam that trusts its mean of squares only once it knows enough of them.

    m, s, m̂, ŝ as Adam ; ϱ∞ = 2/(1−β₂) − 1 ; ϱ = ϱ∞ − 2 t β₂ᵗ/(1−β₂ᵗ). Where ϱ ≤ 5: w ← w − η m̂.
    Else w ← w − η r m̂ ÷ (√ŝ + ε), r² = (ϱ−4)(ϱ−2) ϱ∞ / ((ϱ∞−4)(ϱ∞−2) ϱ).

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1e-3 by default (PyTorch).
    beta_1, beta_2 : float
        In [0, 1); 0.9 and 0.999 by default (the paper).
    epsilon : float
        ε > 0, 1e-8 by default (PyTorch).
    epsilon_position : {"uncorrected", "outside", "inside"}
        The ε-hat form η r √(1−β₂ᵗ)/(1−β₁ᵗ) m ÷ (√s + ε), the default (PyTorch); √ŝ + ε; √(ŝ + ε).
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Liu et al. 2020, *On the variance of the adaptive learning rate and beyond*.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.RAdam().epsilon_position
    'uncorrected'
    """

    rule: ClassVar[str] = "radam"

    learning_rate: LearningRate = rate(1e-3)
    _: KW_ONLY
    beta_1: float = number(0.9, low=0, below=1)
    beta_2: float = number(0.999, low=0, below=1)
    epsilon: float = number(1e-8, above=0)
    epsilon_position: str = choice(EPSILON_POSITIONS, "uncorrected")
    weight_decay: float = number(0.0, low=0)
