"""Gradient descent, momentum and Nesterov's accelerated gradient."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import flag, number
from fastopt.optimizers.base import FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class SGD(FirstOrder):
    """Gradient descent, plain or with momentum.

    ====================  ==========================================
    plain                 w ← w − η g
    momentum              m ← β m − η g ; w ← w + m
    nesterov              m ← β m − η ∇E(w + β m) ; w ← w + m
    ====================  ==========================================

    Parameters
    ----------
    learning_rate : float or schedule
        η > 0, 0.01 by default (Keras).
    momentum : float
        β, in [0, 1); 0 by default, usually 0.9. With a constant gradient m → −η g/(1−β).
    nesterov : bool
        Whether the gradient is taken at the look-ahead point w + β m, False by default. In ``fit``
        it really is, and w is what comes back; with ``step`` the look-ahead point stands in
        ``params`` and ``finalize`` turns it into w. With β = 0 it makes no difference.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Polyak 1964; Nesterov 1983; Géron, *Hands-On Machine Learning* (2019), chapter 11.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.SGD(0.1, momentum=0.9)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=False, weight_decay=0.0)
    """

    rule: ClassVar[str] = "sgd"

    learning_rate: LearningRate = rate(0.01)
    _: KW_ONLY
    momentum: float = number(0.0, low=0, below=1)
    nesterov: bool = flag(False)
    weight_decay: float = number(0.0, low=0)
