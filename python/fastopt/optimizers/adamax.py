"""AdaMax."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class AdaMax(FirstOrder):
    """Adam with the largest of late gradients in the place of their mean square.

    m ← β₁m + (1−β₁)g ; u ← max(β₂ u, |g|) ; w ← w − η/(1−β₁ᵗ) · m ÷ (u + ε), t = 1, 2, …

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 2e-3 by default (the paper, PyTorch; Keras: 1e-3).
    beta_1, beta_2 : float
        In [0, 1); 0.9 and 0.999 by default (the paper).
    epsilon : float
        ε > 0, 1e-8 by default (PyTorch; Keras: 1e-7).
    epsilon_position : {"outside", "inside"}
        u + ε, the default (Keras), or u ← max(β₂ u, |g| + ε) as in PyTorch.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Kingma & Ba 2014, section 7.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.AdaMax().learning_rate
    0.002
    """

    rule: ClassVar[str] = "adamax"

    learning_rate: LearningRate = rate(2e-3)
    _: KW_ONLY
    beta_1: float = number(0.9, low=0, below=1)
    beta_2: float = number(0.999, low=0, below=1)
    epsilon: float = number(1e-8, above=0)
    epsilon_position: str = choice(("outside", "inside"), "outside")
    weight_decay: float = number(0.0, low=0)
