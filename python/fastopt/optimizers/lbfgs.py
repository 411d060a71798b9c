"""L-BFGS."""

import math
from dataclasses import KW_ONLY, dataclass

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._settings import integer, number
from fastopt.optimizers.line_search import LineSearchOptimizer, search, tolerance


@dataclass
class LBFGS(LineSearchOptimizer):
    """BFGS with limited memory: V is never formed, for n too large for n².

    p = −V g, where V stands for the last ``memory`` pairs (s, r) and V₀ = sᵀr/rᵀr · I of the last;
    a line search along p.

    Parameters
    ----------
    memory : int
        How many pairs are kept, 10 by default; 2 · memory · n numbers. A run that goes on from the
        History of one with another memory begins without pairs.
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1: E(w + αp) ≤ E + c₁ α gᵀp and
        |∇E(w + αp)ᵀp| ≤ c₂ |gᵀp|. 1e-4 and 0.9 by default (Nocedal & Wright).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: where what is left to gain,
        ½ gᵀVg, is at most 1e-13 and max |g_i w_i| at most 1e-7 of |E| or what E lost,
        in two iterations in a row; where E falls to zero, both against 1 and the first E instead.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.
    ftol : float
        Stop where E falls by no more than ftol · max(|E|, 1); 0, the default: never.

    Notes
    -----
    With ``fit(..., l1=λ)`` it is OWL-QN: −V times the subgradient of least norm of E + λ Σ|W|,
    without the components that lead against it; a weight whose sign would change ends at 0. The
    line search is then by halves, to E(w') ≤ E + c₁ gᵀ(w' − w).

    References
    ----------
    Nocedal 1980; Nocedal & Wright 2006, chapter 7; Andrew & Gao 2007 (OWL-QN).

    Examples
    --------
    >>> import fastopt
    >>> fastopt.LBFGS(memory=20).memory
    20
    """

    _: KW_ONLY
    memory: int = integer(10, low=1)
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.9, above=0, below=1)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)
    ftol: float = number(0.0, low=0)

    def make_solver(
        self, objective: _core.Objective, w0: npt.NDArray[np.float64]
    ) -> _core.LbfgsSolver:
        """Return the solver at work on an objective, starting from a copy of ``w0``."""
        return _core.LbfgsSolver(objective, w0, self._line_search_settings(), self.memory)

    def make_orthant_solver(
        self,
        objective: _core.Objective,
        w0: npt.NDArray[np.float64],
        l1: npt.NDArray[np.float64],
    ) -> _core.OrthantLbfgsSolver:
        """Return the solver that adds Σ l1_i |w_i| to an objective (OWL-QN)."""
        self._check_wolfe()
        if self.line_search != "wolfe":
            raise ValueError(
                f"LBFGS(line_search={self.line_search!r}) is of smooth functions: with l1 a step "
                "is shortened until it lowers E by c1 of what it promised"
            )
        gtol = math.nan if self.gtol is None else self.gtol
        return _core.OrthantLbfgsSolver(
            objective, w0, l1, self.memory, self.c1, gtol, self.xrtol, self.ftol
        )

    def make_bounded_solver(
        self,
        objective: _core.Objective,
        w0: npt.NDArray[np.float64],
        lower: npt.NDArray[np.float64],
        upper: npt.NDArray[np.float64],
    ) -> _core.ProjectedLbfgsSolver:
        """Return the solver that keeps w within bounds, starting from the projection of ``w0``."""
        self._check_wolfe()
        gtol = math.nan if self.gtol is None else self.gtol
        return _core.ProjectedLbfgsSolver(
            objective,
            w0,
            lower,
            upper,
            self.c1,
            self.c2,
            gtol,
            self.xrtol,
            self.ftol,
            self.memory,
        )
