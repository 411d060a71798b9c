"""Resilient propagation."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.base import RPROP_VARIANTS, FirstOrder, rate
from fastopt.schedules import LearningRate


@dataclass
class Rprop(FirstOrder):
    """Resilient propagation: each weight has a step of its own, by signs alone.

    iRprop⁻: where g and the last one have the same sign, Δ ← min(increase · Δ, step_max); where
    they have opposite ones, Δ ← max(decrease · Δ, step_min) and g ← 0 ; w ← w − sign(g) ⊗ Δ.
    iRprop⁺ takes the last step back besides, of the weights whose sign changed, where E has grown
    by it. For full batches: the signs of mini-batches' gradients tell too little.

    Parameters
    ----------
    learning_rate : float
        Δ of the first step, 0.07 by default (MATLAB's ``trainrp``; PyTorch: 0.01). Later steps do
        not depend on it.
    increase, decrease : float
        Above 1 and in (0, 1); 1.2 and 0.5 by default (the papers, MATLAB, PyTorch).
    step_min, step_max : float
        1e-6 and 50 by default (the papers, PyTorch).
    variant : {"minus", "plus"}
        iRprop⁻ by default (PyTorch), or iRprop⁺. With "plus" :meth:`step` needs ``loss=``.
    weight_decay : float
        Decoupled: w shrinks by η · weight_decay · w in each iteration; 0 by default.

    References
    ----------
    Riedmiller & Braun 1993; Igel & Hüsken 2003, *Empirical evaluation of the improved Rprop
    learning algorithms*.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.Rprop()  # doctest: +NORMALIZE_WHITESPACE
    Rprop(learning_rate=0.07, increase=1.2, decrease=0.5, step_min=1e-06, step_max=50.0,
          variant='minus', weight_decay=0.0)
    """

    rule: ClassVar[str] = "rprop"
    full_batch: ClassVar[bool] = True

    learning_rate: LearningRate = rate(0.07)
    _: KW_ONLY
    increase: float = number(1.2, above=1)
    decrease: float = number(0.5, above=0, below=1)
    step_min: float = number(1e-6, above=0)
    step_max: float = number(50.0, above=0)
    variant: str = choice(RPROP_VARIANTS, "minus")
    weight_decay: float = number(0.0, low=0)

    def __post_init__(self) -> None:
        if self.step_min > self.step_max:
            raise ValueError(
                f"step_min must be at most step_max, got step_min={self.step_min!r}, "
                f"step_max={self.step_max!r}"
            )

    @property
    def _needs_loss(self) -> bool:
        return self.variant == "plus"
