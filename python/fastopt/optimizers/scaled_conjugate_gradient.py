"""Scaled conjugate gradients."""

import math
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from fastopt import _core
from fastopt._settings import number
from fastopt.optimizers.line_search import LineSearchOptimizer, tolerance

# Møller's, and MATLAB's: of curvatures by differences.
SIGMA = 5e-5


@dataclass
class ScaledConjugateGradient(LineSearchOptimizer):
    """Conjugate gradients without a line search: a damped curvature gives the length of the step.

    p = −g + β d, β = gᵀy/μ₋₁ with μ = −gᵀp; −g after n steps. w ← w + (μ/δ) p where
    δ = pᵀH p + λ‖p‖². Where E grew, λ ← λ + δ(1 − Δ)/‖p‖² and the step is tried again, Δ the
    decrease of E over the one that was foretold; λ/4 where Δ ≥ 0.75.

    Parameters
    ----------
    sigma : float, optional
        None, the default: pᵀH p is exact, by a product with the Hessian of the network or by
        ``hessp`` or ``hess`` of a function, whose gradients give it by differences otherwise. A
        number: (∇E(w + σp/‖p‖) − ∇E(w))ᵀp ‖p‖/σ, one gradient, as Møller and MATLAB's ``trainscg``
        have it with σ = 5e-5; so do losses of your own, whose Hessian is not known.
    damping : float
        λ at the start, 5e-7 (MATLAB).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: by the curvature that is measured
        where steps are foretold to gain next to nothing.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.

    References
    ----------
    Møller 1993.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.ScaledConjugateGradient(sigma=5e-5).damping
    5e-07
    """

    method: ClassVar[str] = "scaled_conjugate_gradient"

    _: KW_ONLY
    sigma: float | None = number(None, optional=True, above=0)
    damping: float = number(5e-7, low=0)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)

    def _check_wolfe(self) -> None:
        pass  # there is no search

    def _line_search_settings(self, fixed_length: float = math.nan) -> _core.LineSearchSettings:
        gtol = math.nan if self.gtol is None else self.gtol
        return _core.LineSearchSettings(gtol=gtol, xrtol=self.xrtol)

    def _own(self) -> dict[str, Any]:
        exact = self.sigma is None
        return {"exact": exact, "sigma": SIGMA if exact else self.sigma, "damping": self.damping}
