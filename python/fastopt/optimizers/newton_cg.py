"""Newton's method without a Hessian."""

from dataclasses import KW_ONLY, dataclass

import numpy as np
import numpy.typing as npt

from fastopt import _core
from fastopt._settings import number
from fastopt.optimizers.line_search import LineSearchOptimizer, search, tolerance


@dataclass
class NewtonCG(LineSearchOptimizer):
    """Newton for large n: H p = −g solved by conjugate gradients, from products H v alone.

    The system is solved the more exactly the smaller the gradient is; a direction of negative
    curvature ends it with what has been found so far, which descends. Then a line search along p.

    Parameters
    ----------
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1; 1e-4 and 0.9 by default (Nocedal & Wright).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: where what is left to gain, −½ gᵀp,
        is below 1e-13 of |E| or of what E has lost, whichever is less.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.

    References
    ----------
    Nocedal & Wright 2006, chapter 7.

    Examples
    --------
    >>> from fastopt.optimizers import NewtonCG
    >>> NewtonCG(gtol=1e-6).gtol
    1e-06
    """

    _: KW_ONLY
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.9, above=0, below=1)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)

    def make_solver(
        self, objective: _core.Objective, w0: npt.NDArray[np.float64]
    ) -> _core.NewtonCgSolver:
        """Return the solver at work on an objective, starting from a copy of ``w0``."""
        return _core.NewtonCgSolver(objective, w0, self._line_search_settings())
