"""What ``curve_fit_many`` returns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

UNCLEAR = 101  # of the C++: a fit that needs a closer look
MISSING, FAILED = -8, -9
_MESSAGES = {
    0: "max_nfev values of the model were computed",
    1: "converged: the columns of the Jacobian explain less than gtol of the residuals",
    2: "converged: the cost can fall by less than ftol of itself",
    3: "converged: a full step changes each parameter by less than xtol of itself",
    5: "converged: what is left to gain is below the rounding or the noise of the residuals",
    -6: "the model is not finite at p0",
    MISSING: "skipped: the data hold NaN or infinity (nan_policy='omit' leaves points out), or "
    "fewer points than parameters are left",
}


@dataclass(frozen=True)
class ManyFitsResult:
    """The fits, in the shape that the data had before their last axis.

    Attributes
    ----------
    x : array (…, n)
        The parameters; NaN where the data were skipped.
    covariance : array (…, n, n)
        As ``pcov`` of :func:`~fastopt.curve_fit`; NaN where there is no success.
    cost : array (…)
        ½ Σ C² ρ((e/C)²) of the residuals in units of ``sigma``: ½ Σ e² with the linear loss.
    status : array of int (…)
        As of :func:`~fastopt.least_squares`; −8: skipped, as the data hold NaN.
    success : array of bool (…)
        Whether x is a minimum, as :func:`~fastopt.curve_fit` would have it.
    nfev, nit : array of int (…)
        Values of the model, those for differences not counted, and iterations.
    names : tuple of str
        Of the parameters.
    """

    x: Array
    covariance: Array
    cost: Array
    status: npt.NDArray[np.int64]
    success: npt.NDArray[np.bool_]
    nfev: npt.NDArray[np.int64]
    nit: npt.NDArray[np.int64]
    names: tuple[str, ...]
    messages: dict[int, str] = field(default_factory=dict, repr=False)

    @property
    def standard_errors(self) -> Array:
        """The roots of the covariances' diagonals, (…, n)."""
        diagonal = np.diagonal(self.covariance, axis1=-2, axis2=-1)
        with np.errstate(invalid="ignore"):
            errors: Array = np.sqrt(diagonal)
        return errors

    def __getitem__(self, name: str) -> Array:
        """Return the map of one parameter by its name."""
        if name not in self.names:
            raise KeyError(f"there is no parameter {name!r}: there are {', '.join(self.names)}")
        values: Array = self.x[..., self.names.index(name)]
        return values

    def message(self, index: int | Sequence[int]) -> str:
        """Return in words how a fit ended, by its place in the leading shape."""
        place: Any = tuple(index) if isinstance(index, Sequence) else index
        flat = int(np.arange(self.status.size).reshape(self.status.shape)[place])
        return self.messages.get(flat) or _MESSAGES[int(self.status.flat[flat])]

    def __repr__(self) -> str:
        """Return how many fits there are, and how many have no success."""
        failed = self.status.size - int(self.success.sum())
        return (
            f"{type(self).__name__}({self.status.size} fits of {len(self.names)} parameters "
            f"({', '.join(self.names)}), shape {self.status.shape}, {failed} without success)"
        )
