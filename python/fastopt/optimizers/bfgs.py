"""BFGS."""

from dataclasses import KW_ONLY, dataclass
from typing import ClassVar

from fastopt._settings import flag, number
from fastopt.optimizers.line_search import _VariableMetric, search, tolerance


@dataclass
class BFGS(_VariableMetric):
    """Variable metric of Broyden, Fletcher, Goldfarb and Shanno: V ≈ H⁻¹ from gradients alone.

    p = −V g, a line search along p ; s = Δw, r = Δg ;
    V ← V + [1 + rᵀVr/sᵀr]·ssᵀ/sᵀr − (s rᵀV + V r sᵀ)/sᵀr

    Parameters
    ----------
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1: E(w + αp) ≤ E + c₁ α gᵀp and
        |∇E(w + αp)ᵀp| ≤ c₂ |gᵀp|. 1e-4 and 0.9 by default (Nocedal & Wright).
        In the first 3n iterations, 30 at most, c2 is 0.5 at most, until V has seen all directions.
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: where what is left to gain,
        ½ gᵀVg, is at most 1e-13 and max |g_i w_i| at most 1e-7 of |E| or what E lost;
        where E falls to zero, both against 1 and the first E instead.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.
    scale_initial : bool
        Multiply V₀ by sᵀr/rᵀr before the first update (Nocedal & Wright); True by default. False is
        the plain V₀ = I.

    Notes
    -----
    V is one n × n matrix of doubles, n² · 8 bytes, and a copy of it goes into the result at the end
    (the state in the History of ``fit``, ``hess_inv`` of ``minimize``): 2 n² at the peak. One
    triangle of it is read and written once in an iteration. It stays positive definite: a step
    without positive curvature does not change it, and after a failed search it starts again from
    V₀.

    References
    ----------
    Stachurski & Wierzbicki 1999; Nocedal & Wright 2006, chapter 6.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.BFGS(gtol=1e-8).gtol
    1e-08
    """

    metric: ClassVar[str] = "bfgs"

    _: KW_ONLY
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.9, above=0, below=1)
    scale_initial: bool = flag(True)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)
