"""Levenberg-Marquardt."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from fastopt import _validation
from fastopt._settings import checked, choice, integer, number
from fastopt.optimizers.base import Kind, Optimizer

if TYPE_CHECKING:
    from typing_extensions import Self


def _flag_or_auto(name: str, value: Any) -> bool | str:
    if isinstance(value, str):
        return _validation.choice(name, value, ("auto",))
    return _validation.flag(name, value)


@dataclass
class LevenbergMarquardt(Optimizer):
    """Sums of squares: between steepest descent (ν large) and Gauss-Newton (ν → 0).

    (JᵀJ + ν D) p = −Jᵀe ; w ← w + p, where e are the residuals, J = ∂e/∂w and E = ½ Σ e². In an
    iteration the damping ν grows until p lowers E; a step that does not is never kept.

    Parameters
    ----------
    damping : float, optional
        ν₀ > 0. By default that of the rule: 1e-3 · max diag(JᵀJ) ("nielsen"), 10 ("marquardt"),
        1e-3 ("matlab").
    damping_rule : {"nielsen", "marquardt", "matlab"}
        How ν changes. "nielsen", the default: ϱ is the decrease of E over the one that the linear
        model predicts; ν ← ν · max(1/3, 1 − (2ϱ − 1)³) after a step that is kept, otherwise
        ν · 2, then · 4, · 8 … "marquardt": ν/10 is tried first, then ν, 10 ν, 100 ν … until E does
        not grow. "matlab" (as ``trainlm``): ν/10 after a step that is kept, otherwise 10 ν.
    scaling : {"identity", "diagonal"}
        D = I, the default, or the largest diag(JᵀJ) so far, with which the units of the parameters
        play no part.
    damping_max : float
        Where ν stops to grow and the run ends, 1e10 by default (MATLAB); for "nielsen" it is a
        multiple of max diag(JᵀJ), as ν₀ is.
    gradient_norm : float, optional
        Training of networks ends where ‖∇E‖ is at most this; None, the default: it does not.
    validation_failures : int, optional
        Training of networks ends after so many epochs in a row without a better validation loss;
        None, the default: it does not.
    separable : bool or "auto"
        Variable projection, for networks with linear outputs and hidden layers: the output weights
        and biases are at each step those that minimise E, by linear least squares, and ν and p are
        of the hidden weights alone. Often it takes fewer iterations and fails from fewer starts;
        the units of the targets play no part. "auto": where it applies, which is where outputs are
        linear, there are hidden layers, no arrays are frozen or tied and the data are not in parts.

    Notes
    -----
    An iteration costs the products JᵀJ, summed block by block so that J is never held whole, and a
    Cholesky factorisation of JᵀJ + ν D for each try, n³/3; memory n² numbers. With fewer residuals
    m than parameters n it is an m × m system instead, of JJᵀ, in m·n + 2 m² numbers. A penalty
    ``l2`` counts as no residual; with it the m × m products are taken anew for each try.

    Where the first step on a network would be more than ten times as long as its weights, it moves
    the output layer alone (if its activation is "identity"), and ν₀ is taken anew for the second;
    a ``damping`` of your own leads all weights at once where the data are of order one.

    With ``separable`` and Φ what the last hidden layer hands on, a column of ones beside it, E is a
    function of the hidden weights u alone: with A = Φ = QR, r = y − Φc and T = Σ rᵢ ∂Φᵢᵀ/∂u

    J = −(I − QQᵀ) (∂Φ/∂u) c − Q R⁻ᵀ T.

    A ridge of 1e-12 of the trace of ΦᵀΦ on the output weights, no more than rounding asks for,
    keeps c finite where units are nearly dependent. Steps are kept that lower E with it, so that
    the History's ``loss``, without it, may rise by as little where such weights shrink.

    In a new network, where all hidden biases are zero, units of tanh and sigmoids are spread over
    the data first: each changes sign at a random sample, and its weights are made as long as those
    of Nguyen and Widrow (1990; with one hidden layer 0.36 of that) where they are shorter. Without
    biases an even function of the inputs has no gradient in odd units, and with short weights all
    units are nearly linear. Where units are others, biases of the first layer alone are drawn.

    An iteration costs the products of N·q rows of p numbers, p hidden weights, and a QR of Φ for
    each try; memory p² numbers.

    References
    ----------
    Hagan & Menhaj 1994 (networks); Nielsen 1999; Osowski 2020 (Marquardt's rule); Moré 1978; Golub
    & Pereyra 1973 and Sjöberg & Viberg 1997 (variable projection).

    Examples
    --------
    >>> import fastopt
    >>> fastopt.LevenbergMarquardt(damping_rule="marquardt").damping_rule
    'marquardt'
    """

    kind: ClassVar[Kind] = "second_order"
    full_batch: ClassVar[bool] = True

    _: KW_ONLY
    damping: float | None = number(None, optional=True, above=0)
    damping_rule: str = choice(("nielsen", "marquardt", "matlab"), "nielsen")
    scaling: str = choice(("identity", "diagonal"), "identity")
    damping_max: float = number(1e10, above=0)
    gradient_norm: float | None = number(None, optional=True, low=0)
    validation_failures: int | None = integer(None, optional=True, low=1)
    separable: bool | str = checked(_flag_or_auto, False)

    @classmethod
    def matlab(cls) -> Self:
        """Return one with the values of MATLAB's ``trainlm``.

        ν₀ 1e-3, factors 0.1 and 10, largest ν 1e10, gradient norm 1e-7, 6 validation failures.
        """
        return cls(
            damping=1e-3,
            damping_rule="matlab",
            damping_max=1e10,
            gradient_norm=1e-7,
            validation_failures=6,
        )
