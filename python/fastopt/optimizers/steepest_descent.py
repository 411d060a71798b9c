"""Steepest descent."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import number
from fastopt.optimizers.line_search import LineSearchOptimizer, search, tolerance


@dataclass
class SteepestDescent(LineSearchOptimizer):
    """Steepest descent: along the negative gradient, to a minimum in each iteration.

    p = −g ; w ← w + α p, α by a line search.

    Parameters
    ----------
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1: E(w + αp) ≤ E + c₁ α gᵀp and
        |∇E(w + αp)ᵀp| ≤ c₂ |gᵀp|. 1e-4 and 0.1 by default (Nocedal & Wright).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: where what is left to gain,
        ½‖g‖²sᵀs/sᵀr, is at most 1e-13 and max |g_i w_i| at most 1e-7 of |E| or what E lost,
        in five iterations in a row; where E falls to zero, both against 1 and the first E instead.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.

    References
    ----------
    Nocedal & Wright 2006, chapters 2 and 3.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.SteepestDescent(line_search="exact").c2
    0.1
    """

    method: ClassVar[str] = "steepest_descent"

    _: KW_ONLY
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.1, above=0, below=1)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)
