"""What ``curve_fit`` returns: SciPy's tuple, and what else follows from the fit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.functions.curve_data import of_x
from fastopt.functions.inference import Band, FitStatistics, Inference, check_sigma
from fastopt.functions.operators import as_dense
from fastopt.functions.profile import Refit, profile_intervals

Array = npt.NDArray[np.float64]

_IMAGINARY = 1e-30  # of a complex step: any that is nothing beside the parameters


@dataclass(frozen=True)
class Model:
    """The model of a fit, at other points and with other parameters.

    Attributes
    ----------
    f : callable
        ``f(x, *parameters)``.
    jac : str, callable or None
        As ``curve_fit`` was given it.
    xdata : any
        The points of the fit.
    sigma : array or None
        The standard deviations of the data, (1,) or (m,); None: all alike.
    refit : Refit
        The fit, to be repeated with a parameter held.
    """

    f: Callable[..., Any]
    jac: Any
    xdata: Any
    sigma: Array | None
    refit: Refit

    def at(self, x: Any) -> Callable[[Array], Any]:
        """Return the model at points as a function of the parameters."""
        return lambda parameters: self.f(x, *parameters)

    def gradient_at(self, x: Any) -> Callable[[Array], Any] | None:
        """Return ∂f/∂parameters at points, where differences are not what is to give them."""
        if callable(self.jac):
            return lambda parameters: as_dense(self.jac(x, *parameters))
        if self.jac != "cs":
            return None

        def by_complex_step(parameters: Array) -> Array:
            columns = []
            for j in range(parameters.size):
                shifted = parameters.astype(complex)
                shifted[j] += 1j * _IMAGINARY
                columns.append(np.imag(self.f(x, *shifted)).reshape(-1) / _IMAGINARY)
            return np.stack(columns, axis=1)

        return by_complex_step


class CurveFitResult(tuple[Any, ...], Inference):
    """The tuple that SciPy's ``curve_fit`` returns, with the statistics of the fit.

    It unpacks into (popt, pcov), with ``full_output`` into (popt, pcov, infodict, mesg, ier).

    Attributes
    ----------
    popt : array (n,)
        The parameters.
    pcov, covariance : array (n, n)
        Their covariance, ``standard_errors`` and ``correlation`` in other words.
    degrees_of_freedom, chi_square, reduced_chi_square, aic, bic
        As :class:`~fastopt.functions.inference.FitStatistics` has them, which
        :meth:`statistics` returns.

    Notes
    -----
    A copy that travels through pickle has no model, as functions need not bear it: bands and
    profiles are then refused.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> t = np.arange(6.0)
    >>> y = np.array([2.05, 1.18, 0.78, 0.42, 0.29, 0.15])
    >>> fit = fastopt.curve_fit(lambda t, a, k: a * np.exp(-k * t), t, y)
    >>> popt, pcov = fit
    >>> fit.confidence_intervals(0.95).round(2)
    array([[1.94, 2.13],
           [0.47, 0.55]])
    >>> fit.profile_intervals(0.95).round(2)
    array([[1.94, 2.13],
           [0.47, 0.56]])
    >>> value, lower, upper = fit.prediction_band([6.0])
    >>> value.round(2), lower.round(2), upper.round(2)
    (array([0.1]), array([-0.01]), array([0.2]))
    >>> print(fit.report())
    fit of 6 points by 2 parameters, 4 degrees of freedom
    χ² 0.00525723, reduced χ² 0.00131431; the scale of the residuals is estimated
    AIC -19.2122, BIC -19.8369
    <BLANKLINE>
    parameter      value  standard error  relative        95 % interval
    a           2.037086          0.0341    1.67 %    1.94252 … 2.13165
    k          0.5092522          0.0159    3.12 %  0.465174 … 0.553331
    <BLANKLINE>
    correlations of size 0.1 and more
    a, k: +0.524
    """

    _statistics: FitStatistics
    _model: Model | None

    def __new__(
        cls, items: tuple[Any, ...], statistics: FitStatistics, model: Model | None
    ) -> CurveFitResult:
        """Return the tuple of ``items`` that knows more."""
        result = super().__new__(cls, items)
        result._statistics, result._model = statistics, model
        return result

    def __reduce__(self) -> Any:
        return type(self), (tuple(self), self._statistics, None)

    @property
    def popt(self) -> Array:
        """The parameters."""
        return np.asarray(self[0])

    @property
    def pcov(self) -> Array:
        """Their covariance."""
        return np.asarray(self[1])

    def statistics(self) -> FitStatistics:
        """Return all that is said of the fit."""
        return self._statistics

    def report(self, level: float = 0.95) -> str:
        """Return the fit in words and numbers, for ``print``.

        Parameters
        ----------
        level : float
            Of the intervals, 0.95 by default.
        """
        return self._statistics.report(level)

    def confidence_band(self, x: Any = None, level: float = 0.95) -> Band:
        """Return the curve at points and the confidence interval of each: (value, lower, upper).

        f ± t · √(gᵀ C g), with g = ∂f/∂parameters and C the covariance: where the curve without
        noise is, at each point by itself.

        Parameters
        ----------
        x : any, optional
            As ``xdata``; by default that of the fit.
        level : float
            The probability, 0.95 by default.
        """
        model = self._known("confidence_band")
        points = model.xdata if x is None else of_x(x, "x")
        return self._statistics.band(model.at(points), level, model.gradient_at(points))

    def prediction_band(self, x: Any = None, level: float = 0.95, sigma: Any = None) -> Band:
        """Return the curve at points and the interval of a new observation: (value, lower, upper).

        f ± t · √(gᵀ C g + s² σ²).

        Parameters
        ----------
        x, level
            As for :meth:`confidence_band`.
        sigma : array_like, optional
            σ, a number or one of each point. By default that of the fit, where all its points have
            the same or ``x`` is not given; 1 where the fit had none.
        """
        model = self._known("prediction_band")
        statistics = self._statistics
        if sigma is not None:
            of_new: Any = check_sigma(sigma)
        elif model.sigma is None:
            of_new = 1.0
        elif x is None or (model.sigma == model.sigma[0]).all():
            of_new = model.sigma if x is None else model.sigma[0]
        else:
            raise ValueError(
                "prediction_band needs sigma, the standard deviations of new observations at x: "
                "those of the fit differ from point to point"
            )
        points = model.xdata if x is None else of_x(x, "x")
        noise = np.square(of_new) * statistics.variance
        return statistics.band(model.at(points), level, model.gradient_at(points), noise)

    def profile_intervals(self, level: float = 0.95, parameters: Any = None) -> Array:
        """Return the ends of each parameter's interval by its profile, (n, 2).

        With a parameter held, all others are fitted anew. Its interval ends where Σe² has risen by
        t² s² (by the quantile of χ² with one degree, where ``sigma`` is absolute): by the
        likelihood ratio. Unlike :meth:`confidence_intervals` it sees that the model is not linear,
        need not be symmetric, and is the same in other parameters of the same curve (k or ln k). An
        end that lies beyond the bounds is the bound, one that is not found is infinite.

        Parameters
        ----------
        level : float
            The probability, 0.95 by default.
        parameters : sequence of int or str, optional
            Of which parameters, by number or name; by default of all.

        Returns
        -------
        array (k, 2)

        Raises
        ------
        RuntimeError
            On the way a better fit was found: the parameters are no best ones.
        """
        model = self._known("profile_intervals")
        return profile_intervals(self._statistics, model.refit, level, parameters)

    def _known(self, what: str) -> Model:
        if self._model is None:
            raise ValueError(f"{what} needs the model, which copies through pickle do not have")
        return self._model


def named(statistics: FitStatistics, names: list[str]) -> FitStatistics:
    """Return statistics whose parameters have the names of the model's signature."""
    if len(names) != statistics.parameters.size:
        names = [f"p[{i}]" for i in range(statistics.parameters.size)]
    return replace(statistics, names=tuple(names))
