"""What a fit says of its parameters beyond their values: errors, intervals, criteria, a report."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt._quantiles import check_level, student
from fastopt.functions.squares_rank import Determined

Array = npt.NDArray[np.float64]

# Steps of central differences in shares of a parameter: ∛ε, which balances rounding and curvature.
_STEP = float(np.cbrt(np.finfo(float).eps))
# The same in standard errors, where a parameter is small beside its own error: small beside the
# bends of the curve.
_STEP_IN_ERRORS = 1e-3
_PAIRS_SHOWN = 10  # correlations of a report, the largest first
_CORRELATION_SHOWN = 0.1  # and from which size on


class Band(NamedTuple):
    """Values with the ends of their intervals, all of one shape."""

    value: Array
    lower: Array
    upper: Array


@dataclass(frozen=True)
class FitStatistics:
    """Statistics of a sum of squares at its minimum, by the linear model that J makes of it.

    Attributes
    ----------
    parameters : array (n,)
    names : tuple of str
        Of the parameters.
    n_points : int
        How many residuals count: m.
    chi_square : float
        Σ e², of residuals that are divided by their standard deviations where these were given.
    absolute_sigma : bool
        Whether the residuals' standard deviation is known to be one. Else it is estimated, s.
    covariance : array (n, n)
        (JᵀJ)⁻¹ s²; infinite for parameters that the data do not determine one by one.
    standard_errors : array (n,)
        The roots of its diagonal.
    correlation : array (n, n)
        The covariance in units of the standard errors; NaN where these are infinite or zero.
    degrees_of_freedom : int
        m − rank of J.
    reduced_chi_square : float
        Σ e² / degrees of freedom: s². Of residuals in units of their known standard deviations it
        is about 1 where model and deviations are right.
    log_likelihood, aic, bic : float
        Of normal residuals: 2k − 2 ln L and k ln m − 2 ln L, where k counts the parameters that the
        data determine and, unless ``absolute_sigma``, the variance, as R does. statsmodels does not
        count the variance, so that its AIC is smaller by 2, and lmfit leaves constants out besides:
        differences between models of the same data are the same. NaN with robust losses, which are
        no likelihoods.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = 2.0 * x + 1.0 + np.array([0.1, -0.1, -0.1, 0.1])
    >>> fit = fastopt.curve_fit(lambda x, a, b: a * x + b, x, y).statistics()
    >>> fit.degrees_of_freedom, fit.standard_errors.round(4), fit.correlation.round(3)[0, 1]
    (2, array([0.0632, 0.1183]), np.float64(-0.802))
    """

    parameters: Array
    names: tuple[str, ...]
    n_points: int
    chi_square: float
    absolute_sigma: bool
    determined: Determined
    log_sigma: float = 0.0  # Σ ln of the standard deviations
    robust: bool = False
    at_bound: tuple[int, ...] = ()
    failure: str = ""

    @property
    def rank(self) -> int:
        """How many directions in the space of parameters the data determine."""
        return self.determined.rank

    @property
    def degrees_of_freedom(self) -> int:
        """M − rank of J."""
        return self.n_points - self.rank

    @property
    def reduced_chi_square(self) -> float:
        """Σ e² / degrees of freedom."""
        degrees = self.degrees_of_freedom
        return self.chi_square / degrees if degrees > 0 else math.inf

    @property
    def variance(self) -> float:
        """The variance of the residuals by which (JᵀJ)⁻¹ is multiplied."""
        return 1.0 if self.absolute_sigma else self.reduced_chi_square

    @cached_property
    def covariance(self) -> Array:
        """(JᵀJ)⁻¹ s²."""
        if not math.isfinite(self.variance):
            return np.full_like(self.determined.covariance, np.inf)
        with np.errstate(invalid="ignore"):  # ∞ · 0, where the residuals are zero
            covariance = self.determined.covariance * self.variance
        covariance[self.determined.undetermined] = np.inf
        covariance[:, self.determined.undetermined] = np.inf
        return covariance

    @property
    def standard_errors(self) -> Array:
        """The roots of the covariance's diagonal."""
        errors: Array = np.sqrt(np.diag(self.covariance))
        return errors

    @property
    def correlation(self) -> Array:
        """The covariance in units of the standard errors."""
        errors = self.standard_errors
        with np.errstate(invalid="ignore", divide="ignore"):
            correlation: Array = self.covariance / errors / errors[:, np.newaxis]
        np.fill_diagonal(correlation, np.where(np.isfinite(errors) & (errors > 0), 1.0, np.nan))
        return correlation

    @property
    def log_likelihood(self) -> float:
        """Ln L of normal residuals."""
        m = self.n_points
        if self.robust:
            return math.nan
        if self.absolute_sigma:
            return -0.5 * (self.chi_square + m * math.log(2 * math.pi)) - self.log_sigma
        if self.chi_square == 0:
            return math.inf
        return -0.5 * m * (math.log(2 * math.pi * self.chi_square / m) + 1) - self.log_sigma

    @property
    def _counted(self) -> int:
        return self.rank + (not self.absolute_sigma)

    @property
    def aic(self) -> float:
        """Akaike's information criterion, 2k − 2 ln L."""
        return 2 * self._counted - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """The Bayesian information criterion, k ln m − 2 ln L."""
        return self._counted * math.log(self.n_points) - 2 * self.log_likelihood

    def quantile(self, level: float) -> float:
        """Return half an interval in standard errors: of Student's t, or normal by known sigma."""
        return float(student(level, math.inf if self.absolute_sigma else self.degrees_of_freedom))

    def confidence_intervals(self, level: float = 0.95) -> Array:
        """Return the ends of each parameter's interval, (n, 2): estimate ± t · standard error."""
        half = self.quantile(check_level(level)) * self.standard_errors
        return np.stack([self.parameters - half, self.parameters + half], axis=1)

    def band(
        self,
        function: Callable[[Array], Any],
        level: float = 0.95,
        gradient: Callable[[Array], Any] | None = None,
        noise: Any = 0.0,
    ) -> Band:
        """Return a function of the parameters with its interval, by the delta method.

        value ± t · √(gᵀ C g + noise), with g its gradient by central differences unless
        ``gradient`` returns it, (k, n), and C the covariance.
        """
        t = self.quantile(check_level(level))
        value = np.asarray(function(self.parameters), dtype=np.float64)
        g = (
            self._differences(function)
            if gradient is None
            else np.asarray(gradient(self.parameters))
        )
        g = g.reshape(value.size, self.parameters.size)
        share = self.determined.variances(g).reshape(value.shape)
        known = np.isfinite(share) & math.isfinite(self.variance)
        variance = np.where(known, np.where(known, share, 0.0) * self.variance, np.inf) + noise
        half = t * np.sqrt(variance)
        return Band(value, value - half, value + half)

    def _differences(self, function: Callable[[Array], Any]) -> Array:
        """Return the gradients (k, n) of a function of the parameters by central differences."""
        columns = []
        for j, (value, error) in enumerate(zip(self.parameters, self.standard_errors, strict=True)):
            known = error if math.isfinite(error) else 0.0
            step = max(_STEP * abs(value), _STEP_IN_ERRORS * known) or _STEP
            up, down = self.parameters.copy(), self.parameters.copy()
            up[j], down[j] = value + step, value - step
            rise = np.asarray(function(up), dtype=np.float64) - np.asarray(
                function(down), dtype=np.float64
            )
            columns.append(rise.reshape(-1) / (up[j] - down[j]))
        return np.stack(columns, axis=1)

    def report(self, level: float = 0.95) -> str:
        """Return the fit in words and numbers, for ``print``.

        Parameters
        ----------
        level : float
            Of the intervals, 0.95 by default.
        """
        level = check_level(level)
        known = "known (absolute_sigma=True)" if self.absolute_sigma else "estimated"
        lines = [
            f"fit of {self.n_points} points by {self.parameters.size} parameters, "
            f"{self.degrees_of_freedom} degrees of freedom",
            *([f"no minimum: {self.failure}"] if self.failure else []),
            f"χ² {self.chi_square:.6g}, reduced χ² {self.reduced_chi_square:.6g}; the scale of the "
            f"residuals is {known}",
            *([] if self.robust else [f"AIC {self.aic:.6g}, BIC {self.bic:.6g}"]),
            "",
            *_table(self._rows(level)),
        ]
        pairs = self._pairs()
        if pairs:
            lines += ["", f"correlations of size {_CORRELATION_SHOWN:g} and more", *pairs]
        for i in self.at_bound:
            lines.append(f"{self.names[i]} is at its bound: its interval is that of a free one")
        return "\n".join(lines)

    def _rows(self, level: float) -> list[Sequence[str]]:
        rows: list[Sequence[str]] = [
            ("parameter", "value", "standard error", "relative", f"{100 * level:g} % interval")
        ]
        ends = self.confidence_intervals(level)
        for name, value, error, (low, high) in zip(
            self.names, self.parameters, self.standard_errors, ends, strict=True
        ):
            if math.isfinite(error):
                share = f"{100 * error / abs(value):.3g} %" if value else ""
                rows.append(
                    (name, f"{value:.7g}", f"{error:.3g}", share, f"{low:.6g} … {high:.6g}")
                )
            else:
                rows.append((name, f"{value:.7g}", "", "", "not determined"))
        return rows

    def _pairs(self) -> list[str]:
        """Return the largest correlations in words."""
        correlation = self.correlation
        i, j = np.tril_indices(len(self.names), -1)
        sizes = np.nan_to_num(np.abs(correlation[i, j]))
        order = np.argsort(-sizes, kind="stable")
        shown = [k for k in order if sizes[k] >= _CORRELATION_SHOWN]
        rows = [
            f"{self.names[j[k]]}, {self.names[i[k]]}: {correlation[i[k], j[k]]:+.3f}"
            for k in shown[:_PAIRS_SHOWN]
        ]
        left = len(shown) - len(rows)
        return [*rows, *([f"… and {left} more"] if left else [])]


def _table(rows: list[Sequence[str]]) -> list[str]:
    """Return rows in columns: the first left, the others right."""
    widths = [max(len(row[c]) for row in rows) for c in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if c == 0 else cell.rjust(width)
            for c, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def check_names(names: Any, n: int) -> tuple[str, ...]:
    """Return the names of n parameters; x[0] … where none were given."""
    if names is None:
        return tuple(f"x[{i}]" for i in range(n))
    given = (names,) if isinstance(names, str) else tuple(names)
    for i, name in enumerate(given):
        if not isinstance(name, str):
            raise TypeError(f"names[{i}] must be a str, got {name!r}")
    if len(given) != n:
        raise ValueError(f"names must hold {n} names, one for each parameter, got {len(given)}")
    return given


def check_sigma(sigma: Any) -> Array:
    """Return standard deviations of new observations."""
    values = np.asarray(sigma)
    if values.dtype.kind not in "fiu" or not (np.isfinite(values) & (values >= 0)).all():
        raise ValueError(f"sigma must hold finite standard deviations ≥ 0, got {sigma!r}")
    return values.astype(np.float64)


class Inference:
    """Statistics of a fit as attributes of its result."""

    def statistics(self) -> FitStatistics:
        """Return all that is said of the fit."""
        raise NotImplementedError

    @property
    def covariance(self) -> Array:
        """The covariance of the parameters, (n, n)."""
        return self.statistics().covariance

    @property
    def standard_errors(self) -> Array:
        """The standard errors of the parameters, (n,)."""
        return self.statistics().standard_errors

    @property
    def correlation(self) -> Array:
        """The correlation of the parameters, (n, n)."""
        return self.statistics().correlation

    @property
    def degrees_of_freedom(self) -> int:
        """Residuals less the rank of J."""
        return self.statistics().degrees_of_freedom

    @property
    def chi_square(self) -> float:
        """Σ e²."""
        return self.statistics().chi_square

    @property
    def reduced_chi_square(self) -> float:
        """Σ e² / degrees of freedom."""
        return self.statistics().reduced_chi_square

    @property
    def aic(self) -> float:
        """Akaike's information criterion."""
        return self.statistics().aic

    @property
    def bic(self) -> float:
        """The Bayesian information criterion."""
        return self.statistics().bic

    def confidence_intervals(self, level: float = 0.95) -> Array:
        """Return the ends of each parameter's interval, (n, 2): estimate ± t · standard error."""
        return self.statistics().confidence_intervals(level)
