"""Curves through data, with SciPy's names."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._names import meant_by
from fastopt.functions.curve_data import read_data
from fastopt.functions.curve_models import MODELS, CurveModel
from fastopt.functions.curve_result import CurveFitResult, Model, named
from fastopt.functions.inference import FitStatistics
from fastopt.functions.least_squares import least_squares
from fastopt.functions.operators import as_dense
from fastopt.functions.profile import Refit
from fastopt.functions.result import OptimizeWarning, wants_result
from fastopt.functions.squares_arguments import UNBOUNDED, check_bounds, check_within
from fastopt.functions.squares_result import LeastSquaresResult

Array = npt.NDArray[np.float64]

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_OPTIONS = (
    *("ftol", "xtol", "gtol", "x_scale", "loss", "f_scale"),
    *("max_nfev", "verbose", "callback", "diff_step"),
)


def curve_fit(
    f: Callable[..., Any] | str,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool | None = None,
    bounds: Any = UNBOUNDED,
    method: Any = None,
    jac: str | Callable[..., Any] | None = None,
    *,
    full_output: bool = False,
    nan_policy: str | None = None,
    **options: Any,
) -> CurveFitResult:
    """Fit ``f(xdata, *parameters)`` to ``ydata`` by least squares.

    Parameters
    ----------
    f : callable or str
        The model, ``f(xdata, *parameters)`` → (m,). Or the name of a built-in one, with exact
        derivatives and a start by the data, such as "exponential" or "gaussian"
        (docs/many_fits.md).
    xdata : any
        Handed to ``f``; sequences of numbers become float64 arrays, objects among them too.
    ydata : array_like, (m,)
        What the model is to meet.
    p0 : array_like, (n,), optional
        Where to start. By default ones, or with bounds the middle of two finite bounds and 1 away
        from a single one; n is then the number of parameters in the signature of ``f``.
    sigma : array_like, optional
        Standard deviations of ``ydata``, a number or (m,), or its covariance (m, m). Where one is
        infinite, its point does not count.
    absolute_sigma : bool
        Whether ``sigma`` is meant absolutely (1 where it is not given). False, the default: up to a
        factor, which is estimated from the residuals.
    check_finite : bool, optional
        Whether NaN and infinities in ``xdata`` are refused; by default unless ``nan_policy`` says
        what becomes of NaN. In ``ydata`` they always are, as no parameters can meet them.
    bounds : (lower, upper)
        As for :func:`~fastopt.least_squares`.
    method : {"lm", "trf"} or LevenbergMarquardt, optional
        As for :func:`~fastopt.least_squares`.
    jac : {"3-point", "2-point", "cs"} or callable, optional
        ``jac(xdata, *parameters)`` → ∂f/∂parameters, (m, n); "3-point" by default.
    full_output : bool
        Whether to return also a dict (``nfev``, ``fvec``), a message and a status in 1 … 4.
    nan_policy : {"raise", "omit"}, optional
        NaN in the data: refused, or left out together with its ``sigma``.
    **options
        ftol, xtol, gtol, x_scale, loss, f_scale, max_nfev, verbose, callback, diff_step
        of :func:`~fastopt.least_squares`; ``maxfev``, SciPy's limit of all calls of ``f``, those
        for differences included, looked at after each iteration.

    Returns
    -------
    CurveFitResult
        A tuple that unpacks into the following, and has ``standard_errors``, ``correlation``,
        ``confidence_intervals()``, ``profile_intervals()``, ``confidence_band(x)``,
        ``prediction_band(x)``, ``aic``, ``bic`` and ``report()`` besides (docs/intervals.md).
    popt : array, (n,)
        The parameters.
    pcov : array, (n, n)
        Their estimated covariance (JᵀJ)⁻¹ · s², s² = Σe²/(m − rank of J), or s = 1 with
        ``absolute_sigma``; m counts the points whose ``sigma`` is finite. Infinite, with an
        :class:`~fastopt.OptimizeWarning` that names them, for parameters that the data do not
        determine one by one (a and b of a·b·x); the others' covariances are those of the problem
        without these.

    Raises
    ------
    ValueError, TypeError
        As :func:`~fastopt.least_squares`, and for data that do not fit together.
    RuntimeError
        No minimum was found; the message says what happened.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> x = np.array([0.0, 1.0, 2.0, 3.0])
    >>> y = 2.0 * x + 1.0 + np.array([0.1, -0.1, -0.1, 0.1])
    >>> popt, pcov = fastopt.curve_fit(lambda x, a, b: a * x + b, x, y)
    >>> popt
    array([2., 1.])
    >>> np.sqrt(np.diag(pcov)).round(4)
    array([0.0632, 0.1183])
    """
    f, built_in = _function(f)
    counted = None
    if "maxfev" in options:
        if "max_nfev" in options:
            raise ValueError("give maxfev or max_nfev, not both")
        limit = _validation.count("maxfev", options.pop("maxfev"), low=1)
        if callable(f):
            counted = _Counted(f, limit, options.get("callback"))
            f = counted.model
            options |= {"max_nfev": limit, "callback": counted.look}
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise ValueError(
            f"unknown option {unknown[0]!r}: the options are {', '.join(_OPTIONS)}"
            + meant_by(unknown[0], (*_OPTIONS, "maxfev"))
        )
    if not callable(f):
        raise TypeError(f"f must be callable or the name of a model, got {f!r}")
    absolute = _validation.flag("absolute_sigma", absolute_sigma)
    if nan_policy is not None:
        _validation.choice("nan_policy", nan_policy, ("raise", "omit"))
    xdata, y, deviations = read_data(xdata, ydata, sigma, check_finite, nan_policy)
    if built_in is None:
        start = _start(f, p0, bounds)
    else:
        start = _start_of(built_in, xdata, y, p0, bounds)
        jac = built_in.jacobian if jac is None else jac
    if bounds is not UNBOUNDED:
        check_within("p0", start, *check_bounds(bounds, start.size))
    weigh = _weights(deviations, y.size)
    model_of = _model(f, xdata, y.shape, complex_step=isinstance(jac, str) and jac == "cs")

    def residuals(parameters: Array) -> Array:
        e: Array = weigh(model_of(parameters) - y)
        return e

    jacobian: Any = "3-point" if jac is None else jac
    if callable(jac):
        given = jac

        def jacobian(parameters: Array) -> Array:
            j = np.asarray(as_dense(given(xdata, *parameters)))
            if deviations is None:
                return j
            if j.ndim == 0 or len(j) != y.size:
                shape = (y.size, len(parameters))
                raise ValueError(f"jac must return an array of shape {shape}, got {j.shape}")
            weighed: Array = weigh(j)
            return weighed

    result = least_squares(residuals, start, jac=jacobian, bounds=bounds, method=method, **options)
    if not result.success:
        message = result.message
        if counted is not None and counted.reached:
            message = (
                f"f was called maxfev = {counted.limit} times, for differences too (max_nfev "
                "counts without these)"
            )
        raise RuntimeError(f"no best parameters were found: {message}")
    statistics = _statistics(
        result,
        deviations,
        y.size,
        absolute,
        _names(f if built_in is None else built_in, result.x.size),
    )
    pcov = statistics.covariance
    _warn_of_undetermined(statistics)
    items: tuple[Any, ...] = (result.x, pcov)
    if full_output:
        info = {"nfev": result.nfev, "fvec": result.fun}
        status = result.status if 1 <= result.status <= 4 else 2  # at the limit of rounding
        items = (*items, info, result.message, status)
    for name in ("callback", "verbose"):
        options.pop(name, None)
    lower, upper = check_bounds(bounds, start.size)
    refit = Refit(residuals, jacobian, lower, upper, options | {"method": method})
    if deviations is not None and deviations.ndim == 2:
        deviations = np.sqrt(np.diag(deviations))
    return CurveFitResult(items, statistics, Model(f, jac, xdata, deviations, refit))


class _Counted:
    """A model whose calls are counted, all of them, as SciPy counts ``maxfev``.

    A run ends after the iteration in which the limit is reached.
    """

    def __init__(self, f: Callable[..., Any], limit: int, callback: Any) -> None:
        self.limit, self.calls, self.reached = limit, 0, False

        @wraps(f)
        def model(*arguments: Any) -> Any:
            self.calls += 1
            return f(*arguments)

        def look(intermediate_result: Any) -> None:
            if callback is not None:
                by_name = wants_result(callback)
                tell = {"intermediate_result": intermediate_result}
                callback(**tell) if by_name else callback(intermediate_result.x)
            if self.calls >= limit:
                self.reached = True
                raise StopIteration

        self.model, self.look = model, look


def _function(f: Any) -> tuple[Any, CurveModel | None]:
    """Return the model, and again where it is a built-in one that goes by a name."""
    if not isinstance(f, str):
        return f, None
    model = MODELS[_validation.choice("f", f, tuple(MODELS))]
    return model, model


def _start_of(model: CurveModel, x: Any, y: Array, p0: Any, bounds: Any) -> Any:
    """Return where a built-in model starts: where the data say, if it was not told."""
    if not isinstance(x, np.ndarray) or x.shape != y.shape:
        raise ValueError(
            f"xdata must be an array of shape {y.shape} for {model.name!r}, got "
            f"{getattr(x, 'shape', type(x).__name__)}"
        )
    n = len(model.parameters)
    if p0 is None:
        guess = model.guess(x, y[np.newaxis])[0]
        lower, upper = check_bounds(bounds, n)
        return np.clip(np.where(np.isfinite(guess), guess, 1.0), lower, upper)
    start = _start(model, p0, bounds)
    if start.size != n:
        raise ValueError(
            f"p0 must have {n} numbers for {model.name!r} ({', '.join(model.parameters)}), got "
            f"{start.size}"
        )
    return start


def _start(f: Callable[..., Any], p0: Any, bounds: Any) -> Any:
    if p0 is not None:
        start = _validation.vector("p0", p0)
        _validation.check_finite("p0", start)
        return start
    parameters = list(inspect.signature(f).parameters.values())
    n = sum(p.kind in _POSITIONAL for p in parameters) - 1
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters) or n < 1:
        raise ValueError(
            "the number of parameters does not follow from the signature of f: give p0"
        )
    start = np.ones(n)
    if bounds is UNBOUNDED:
        return start
    lower, upper = check_bounds(bounds, n)
    below, above = np.isfinite(lower), np.isfinite(upper)
    start[below & above] = 0.5 * (lower[below & above] + upper[below & above])
    start[below & ~above] = lower[below & ~above] + 1
    start[~below & above] = upper[~below & above] - 1
    return start


def _model(
    f: Callable[..., Any], xdata: Any, shape: tuple[int, ...], complex_step: bool
) -> Callable[[Array], Any]:
    """Return the model as a function of the parameters that checks what ``f`` returns."""
    called = False
    allowed = "fiubc" if complex_step else "fiub"

    def model_of(parameters: Array) -> Any:
        nonlocal called
        returned = f(xdata, *parameters)
        try:
            model = np.asarray(returned)
        except ValueError as error:  # nested lists of unequal lengths
            raise ValueError(f"f must return an array of shape {shape}: {error}") from error
        if model.dtype.kind not in allowed:
            raise TypeError(f"f must return real numbers, got dtype {model.dtype}")
        if model.shape != shape and model.ndim != 0:
            raise ValueError(f"f must return an array of shape {shape}, got {model.shape}")
        if not called and model.dtype.kind == "f" and not np.isfinite(model).all():
            at = int(np.argmin(np.isfinite(model)))
            raise ValueError(
                f"f must return finite numbers at p0, got {model.reshape(-1)[at]} at index {at}"
                + _blame(xdata, at)
            )
        called = True
        return model

    return model_of


def _blame(xdata: Any, at: int) -> str:
    """Tell the x of a point, where it is not finite itself."""
    if not isinstance(xdata, np.ndarray) or xdata.dtype.kind != "f" or at >= xdata.shape[-1]:
        return ""
    there = xdata[..., at]
    return "" if np.isfinite(there).all() else f", where xdata is {there}"


def _weights(deviations: Array | None, m: int) -> Callable[[Any], Any]:
    """Return what turns residuals (m,) or a Jacobian (m, n) into those of unit variance."""
    if deviations is None:
        return lambda e: e
    if deviations.ndim == 1:
        inverse = np.array(np.broadcast_to(1 / deviations, (m,)))
        return lambda e: (e.T * inverse).T
    try:
        lower = np.linalg.cholesky(deviations)
    except np.linalg.LinAlgError:
        raise ValueError("sigma must be a positive definite covariance matrix") from None
    return lambda e: np.linalg.solve(lower, e)


def _statistics(
    result: LeastSquaresResult, deviations: Array | None, m: int, absolute: bool, names: list[str]
) -> FitStatistics:
    """Return the statistics of the fit; points of infinite deviation do not count."""
    log_sigma = 0.0
    if deviations is not None and deviations.ndim == 2:
        log_sigma = 0.5 * float(np.linalg.slogdet(deviations)[1])
    elif deviations is not None:
        counted = np.isfinite(np.broadcast_to(deviations, (m,)))
        log_sigma = float(np.log(np.broadcast_to(deviations, (m,))[counted]).sum())
        m = int(counted.sum())
    statistics = result.statistics(absolute_sigma=absolute)
    return replace(named(statistics, names), n_points=m, log_sigma=log_sigma)


def _warn_of_undetermined(statistics: FitStatistics) -> None:
    """Name the parameters whose variances are infinite."""
    which = np.flatnonzero(np.isinf(np.diag(statistics.covariance)))
    if which.size:
        dependent = statistics.rank < statistics.parameters.size
        told = _undetermined([statistics.names[i] for i in which], dependent)
        warnings.warn(told, OptimizeWarning, stacklevel=3)


def _undetermined(listed: list[str], dependent: bool) -> str:
    if not dependent:
        return (
            "the data do not determine the covariance of the parameters: there are as many "
            "parameters as points, so that it is set to infinity"
        )
    if len(listed) == 1:
        return f"the data do not determine {listed[0]}: its variance is infinite"
    shown = f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"the data do not determine {shown} one by one: their variances are infinite"


def _names(f: Callable[..., Any], n: int) -> list[str]:
    """Return the names of the parameters in the signature of ``f``, where it tells them."""
    if isinstance(f, CurveModel):
        return list(f.parameters)
    try:
        parameters = list(inspect.signature(f).parameters.values())[1:]
    except (TypeError, ValueError):
        return []
    named = [p.name for p in parameters if p.kind in _POSITIONAL]
    return named if len(named) == n else []
