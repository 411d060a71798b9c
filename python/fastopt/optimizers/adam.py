"""Adam."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, flag, number
from fastopt.optimizers.base import EPSILON_POSITIONS, FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class Adam(FirstOrder):
    """Momentum and RMSProp together, both corrected for their start at zero.

    m ← β₁m + (1−β₁)g ; s ← β₂s + (1−β₂)g⊗g ; m̂ = m/(1−β₁ᵗ) ; ŝ = s/(1−β₂ᵗ) ;
    w ← w − η m̂ ÷ (√ŝ + ε), t = 1, 2, …

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 1e-3 by default (the paper).
    beta_1, beta_2 : float
        In [0, 1); 0.9 and 0.999 by default (the paper).
    epsilon : float
        ε > 0, 1e-8 by default (the paper, PyTorch; Keras: 1e-7).
    epsilon_position : {"outside", "inside", "uncorrected"}
        √ŝ + ε, the default (the paper's Algorithm 1, PyTorch); √(ŝ + ε); or the paper's ε-hat form
        η √(1−β₂ᵗ)/(1−β₁ᵗ) m ÷ (√s + ε), as in Keras and scikit-learn.
    amsgrad : bool
        AMSGrad: the largest s so far in the place of s, so that steps never grow again; False by
        default.
    weight_decay : float
        Decoupled (AdamW): w shrinks by η · weight_decay · w in each iteration; 0 by default. The
        name "adamw" stands for 0.01 (PyTorch's AdamW; Keras' has 0.004).

    References
    ----------
    Kingma & Ba 2014; Reddi, Kale & Kumar 2018 (AMSGrad).

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Adam(0.01)  # doctest: +NORMALIZE_WHITESPACE
    Adam(learning_rate=0.01, beta_1=0.9, beta_2=0.999, epsilon=1e-08, epsilon_position='outside',
         amsgrad=False, weight_decay=0.0)
    """

    rule: ClassVar[str] = "adam"

    learning_rate: LearningRate = rate(1e-3)
    _: KW_ONLY
    beta_1: float = number(0.9, low=0, below=1)
    beta_2: float = number(0.999, low=0, below=1)
    epsilon: float = number(1e-8, above=0)
    epsilon_position: str = choice(EPSILON_POSITIONS, "outside")
    amsgrad: bool = flag(False)
    weight_decay: float = number(0.0, low=0)
