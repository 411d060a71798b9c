"""Curves through data, with SciPy's names."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.functions.least_squares import least_squares

Array = npt.NDArray[np.float64]

_OPTIONS = (
    *("ftol", "xtol", "gtol", "x_scale", "loss", "f_scale"),
    *("max_nfev", "verbose", "callback", "diff_step"),
)


def curve_fit(
    f: Callable[..., Any],
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    check_finite: bool = True,
    bounds: Any = (-np.inf, np.inf),
    method: Any = None,
    jac: str | Callable[..., Any] | None = None,
    *,
    full_output: bool = False,
    **options: Any,
) -> tuple[Any, ...]:
    """Fit ``f(xdata, *parameters)`` to ``ydata`` by least squares.

    Parameters
    ----------
    f : callable
        The model, ``f(xdata, *parameters)`` → (m,).
    xdata : any
        Handed to ``f``; sequences of numbers become float64 arrays.
    ydata : array_like, (m,)
        What the model is to meet.
    p0 : array_like, (n,), optional
        Where to start. By default ones, or with bounds the middle of two finite bounds and 1 away
        from a single one; n is then the number of parameters in the signature of ``f``.
    sigma : array_like, optional
        Standard deviations of ``ydata``, a number or (m,), or its covariance (m, m).
    absolute_sigma : bool
        Whether ``sigma`` is meant absolutely. False, the default: up to a factor, which is
        estimated from the residuals.
    check_finite : bool
        Whether NaN and infinities in the data are refused (default).
    bounds : (lower, upper)
        As for :func:`~fastopt.least_squares`.
    method : optional
        As for :func:`~fastopt.least_squares`.
    jac : {"3-point", "2-point", "cs"} or callable, optional
        ``jac(xdata, *parameters)`` → ∂f/∂parameters, (m, n); "3-point" by default.
    full_output : bool
        Whether to return also a dict (``nfev``, ``fvec``), a message and a status.
    **options
        ftol, xtol, gtol, x_scale, loss, f_scale, max_nfev, verbose, callback, diff_step of
        :func:`~fastopt.least_squares`.

    Returns
    -------
    popt : array, (n,)
        The parameters.
    pcov : array, (n, n)
        Their estimated covariance (JᵀJ)⁻¹ · s², s² = Σe²/(m − n), or s = 1 with
        ``absolute_sigma``. Infinite, with a RuntimeWarning, where the data do not determine them.

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
    unknown = [name for name in options if name not in _OPTIONS]
    if unknown:
        raise ValueError(f"unknown option {unknown[0]!r}: the options are {', '.join(_OPTIONS)}")
    if not callable(f):
        raise TypeError(f"f must be callable, got {f!r}")
    y = _validation.array("ydata", ydata, ndim=1, finite=check_finite).astype(np.float64)
    if isinstance(xdata, list | tuple | np.ndarray):
        x = np.asarray(xdata)
        if x.dtype.kind in "fiub":
            x = x.astype(np.float64)
            if check_finite:
                _validation.check_finite("xdata", x)
        xdata = x
    start = _start(f, p0, bounds)
    weigh = _weights(sigma, y.size)

    def residuals(parameters: Array) -> Array:
        model = np.asarray(f(xdata, *parameters))
        if model.shape != y.shape and model.ndim != 0:
            raise ValueError(f"f must return an array of shape {y.shape}, got {model.shape}")
        e: Array = weigh(model - y)
        return e

    jacobian: Any = "3-point" if jac is None else jac
    if callable(jac):
        given = jac

        def jacobian(parameters: Array) -> Array:
            weighed: Array = weigh(np.asarray(given(xdata, *parameters)))
            return weighed

    result = least_squares(residuals, start, jac=jacobian, bounds=bounds, method=method, **options)
    if not result.success:
        raise RuntimeError(f"no best parameters were found: {result.message}")
    pcov = _covariance(result, y.size, bool(absolute_sigma) and sigma is not None)
    if full_output:
        info = {"nfev": result.nfev, "fvec": result.fun}
        return result.x, pcov, info, result.message, result.status
    return result.x, pcov


def _start(f: Callable[..., Any], p0: Any, bounds: Any) -> Any:
    if p0 is not None:
        return np.atleast_1d(p0)
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = list(inspect.signature(f).parameters.values())
    n = sum(p.kind in kinds for p in parameters) - 1
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters) or n < 1:
        raise ValueError(
            "the number of parameters does not follow from the signature of f: give p0"
        )
    pair = (bounds.lb, bounds.ub) if hasattr(bounds, "lb") else bounds
    lower, upper = (np.broadcast_to(np.asarray(side, dtype=np.float64), (n,)) for side in pair)
    start = np.ones(n)
    below, above = np.isfinite(lower), np.isfinite(upper)
    start[below & above] = 0.5 * (lower[below & above] + upper[below & above])
    start[below & ~above] = lower[below & ~above] + 1
    start[~below & above] = upper[~below & above] - 1
    return start


def _weights(sigma: Any, m: int) -> Callable[[Any], Any]:
    """Return what turns residuals (m,) or a Jacobian (m, n) into those of unit variance."""
    if sigma is None:
        return lambda e: e
    s = np.asarray(sigma, dtype=np.float64)
    if s.size == 1 or s.shape == (m,):
        if not (np.isfinite(s) & (s > 0)).all():
            raise ValueError("sigma must hold positive standard deviations")
        inverse = np.array(np.broadcast_to(1 / s.reshape(-1), (m,)))
        return lambda e: (e.T * inverse).T
    if s.shape != (m, m):
        raise ValueError(f"sigma must be a number or of shape ({m},) or ({m}, {m}), got {s.shape}")
    try:
        lower = np.linalg.cholesky(s)
    except np.linalg.LinAlgError:
        raise ValueError("sigma must be a positive definite covariance matrix") from None
    return lambda e: np.linalg.solve(lower, e)


def _covariance(result: Any, m: int, absolute: bool) -> Array:
    """(JᵀJ)⁻¹ by the SVD of J with columns of unit length, so that units play no part."""
    jacobian = result.jac
    n = jacobian.shape[1]
    size = np.linalg.norm(jacobian, axis=0)
    if result.rank == n and (absolute or m > n):
        _, singular, vt = np.linalg.svd(jacobian / size, full_matrices=False)
        root = (vt.T / singular) / size[:, np.newaxis]
        covariance: Array = root @ root.T
        return covariance if absolute else covariance * (2 * result.cost / (m - n))
    warnings.warn(
        "the data do not determine the covariance of the parameters: it is set to infinity",
        RuntimeWarning,
        stacklevel=3,
    )
    return np.full((n, n), np.inf)
