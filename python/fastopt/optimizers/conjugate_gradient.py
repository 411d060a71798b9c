"""Nonlinear conjugate gradients."""

from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from fastopt._settings import choice, number
from fastopt.optimizers.line_search import LineSearchOptimizer, search, tolerance

# The places in this tuple are the numbers that C++ knows the variants by.
VARIANTS = ("powell_beale", "hager_zhang", "polak_ribiere", "fletcher_reeves")


@dataclass
class ConjugateGradient(LineSearchOptimizer):
    """Conjugate gradients: each direction keeps what the ones before have gained; a few vectors.

    p = −g + β d, d the last direction, y = Δg over its step; a line search along p.

    Parameters
    ----------
    variant : {"powell_beale", "hager_zhang", "polak_ribiere", "fletcher_reeves"}
        "powell_beale" (the default; MATLAB's ``traincgb``): β = gᵀy/dᵀy, and beside β d the same
        for the direction of the last restart; a restart where |g₋₁ᵀg| ≥ 0.2‖g‖², after n steps,
        and where −gᵀp is not within 20 % of ‖g‖².
        "hager_zhang": β = max((y − 2(‖y‖²/dᵀy) d)ᵀg/dᵀy, 0.4 dᵀg₋₁/‖d‖²).
        "polak_ribiere" (``traincgp``): β = max(gᵀy/‖g₋₁‖², 0).
        "fletcher_reeves" (``traincgf``): β = ‖g‖²/‖g₋₁‖²; −g after n steps.
    line_search : {"wolfe", "exact"}
        The strong Wolfe conditions by cubic interpolation (default), or the minimum along the
        line.
    c1, c2 : float
        Of the Wolfe conditions, 0 < c1 < c2 < 1: E(w + αp) ≤ E + c₁ α gᵀp and
        |∇E(w + αp)ᵀp| ≤ c₂ |gᵀp|. 1e-4 and 0.1 by default (Nocedal & Wright).
    gtol : float, optional
        Converged where max |g_i| ≤ gtol. None, the default: by the curvature that is measured
        where the last steps have gained next to nothing.
    xrtol : float
        Stop where ‖Δw‖ ≤ xrtol · ‖w‖; 0, the default: never.

    References
    ----------
    Fletcher & Reeves 1964; Polak & Ribière 1969; Beale 1972; Powell 1977; Hager & Zhang 2005, 2013;
    Nocedal & Wright 2006, chapter 5.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.ConjugateGradient(variant="hager_zhang").c2
    0.1
    """

    method: ClassVar[str] = "conjugate_gradient"

    variant: str = choice(VARIANTS, "powell_beale")
    _: KW_ONLY
    line_search: str = search()
    c1: float = number(1e-4, above=0, below=1)
    c2: float = number(0.1, above=0, below=1)
    gtol: float | None = tolerance()
    xrtol: float = number(0.0, low=0)

    def _own(self) -> dict[str, Any]:
        return {"variant": VARIANTS.index(self.variant)}
