"""RMSProp."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, flag, number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class RMSprop(FirstOrder):
    """AdaGrad with a memory that fades: s follows the recent gradients only.

    s ← ρ s + (1−ρ) g⊗g ; w ← w − η g ÷ √(s + ε)

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1e-3 by default (Keras).
    rho : float
        ρ, in [0, 1); 0.9 by default (Keras; PyTorch's ``alpha`` is 0.99).
    epsilon : float
        ε > 0, 1e-7 by default (Keras).
    epsilon_position : {"inside", "outside"}
        √(s + ε), the default, or √s + ε as in PyTorch.
    centered : bool
        Whether the variance s − m⊗m takes the place of s, with m ← ρ m + (1−ρ) g; False by default.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Tieleman & Hinton 2012; Géron, *Hands-On Machine Learning* (2019), chapter 11;
    Graves 2013 (centred).

    Examples
    --------
    >>> import fastopt
    >>> fastopt.RMSprop(rho=0.99)  # doctest: +NORMALIZE_WHITESPACE
    RMSprop(learning_rate=0.001, rho=0.99, epsilon=1e-07, epsilon_position='inside',
            centered=False, weight_decay=0.0)
    """

    rule: ClassVar[str] = "rmsprop"

    learning_rate: LearningRate = rate(1e-3)
    _: KW_ONLY
    rho: float = number(0.9, low=0, below=1)
    epsilon: float = number(1e-7, above=0)
    epsilon_position: str = choice(("outside", "inside"), "inside")
    centered: bool = flag(False)
    weight_decay: float = number(0.0, low=0)
