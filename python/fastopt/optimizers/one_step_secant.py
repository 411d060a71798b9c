"""One-step secant."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import flag, number
from fastopt.optimizers.line_search import LineSearchOptimizer, search, tolerance


@dataclass
class OneStepSecant(LineSearchOptimizer):
    """BFGS without memory: V is the update of a multiple of I by the last step alone.

    p = −γ g + A s + B y with s = Δw, y = Δg of the last step, B = γ sᵀg/sᵀy and
    A = γ yᵀg/sᵀy − (1 + γ yᵀy/sᵀy) sᵀg/sᵀy; a line search along p.

    Parameters
    ----------
    scale_initial : bool
        γ = sᵀy/yᵀy (the default; Shanno), which is L-BFGS with one pair; False: γ = 1, as Battiti
        and MATLAB's ``trainoss`` have it.
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1: E(w + αp) ≤ E + c₁ α gᵀp and
        |∇E(w + αp)ᵀp| ≤ c₂ |gᵀp|. 1e-4 and 0.9 by default (Nocedal & Wright).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: by the curvature that is measured
        where the last steps have gained next to nothing.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.

    References
    ----------
    Battiti 1992; Shanno 1978.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.OneStepSecant(scale_initial=False).c2
    0.9
    """

    method: ClassVar[str] = "one_step_secant"

    _: KW_ONLY
    scale_initial: bool = flag(True)
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.9, above=0, below=1)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)
