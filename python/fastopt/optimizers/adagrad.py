"""AdaGrad."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class AdaGrad(FirstOrder):
    """Steps that shrink with the gradients seen so far, steep coordinates first.

    s ← s + g⊗g ; w ← w − η g ÷ √(s + ε)

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 0.01 by default (PyTorch).
    initial_accumulator : float
        Where s starts, 0 by default (Keras: 0.1); ≥ 0.
    epsilon : float
        ε > 0, 1e-7 by default (Keras).
    epsilon_position : {"inside", "outside"}
        √(s + ε), the default, or √s + ε as in PyTorch.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Duchi, Hazan & Singer 2011.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.AdaGrad(0.1)  # doctest: +NORMALIZE_WHITESPACE
    AdaGrad(learning_rate=0.1, initial_accumulator=0.0, epsilon=1e-07, epsilon_position='inside',
            weight_decay=0.0)
    """

    rule: ClassVar[str] = "adagrad"

    learning_rate: LearningRate = rate(0.01)
    _: KW_ONLY
    initial_accumulator: float = number(0.0, low=0)
    epsilon: float = number(1e-7, above=0)
    epsilon_position: str = choice(("outside", "inside"), "inside")
    weight_decay: float = number(0.0, low=0)
