"""Thousands of curves at once: independent fits of one model that are solved side by side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core, _validation
from fastopt._names import friendly
from fastopt.functions.curve_data import of_x
from fastopt.functions.curve_fit import _names, _start
from fastopt.functions.curve_models import MODELS, CurveModel
from fastopt.functions.least_squares import least_squares
from fastopt.functions.many_result import FAILED, MISSING, UNCLEAR, ManyFitsResult
from fastopt.functions.squares_arguments import (
    NOTHING,
    UNBOUNDED,
    check_bounds,
    check_loss,
    check_tolerance,
)

Array = npt.NDArray[np.float64]

# Points of a block by default: the arrays of a model stay in the second-level cache.
_POINTS = 65_536
_SMALLEST_BLOCK = 64
# How far the values of a fit alone may lie from those among others, in shares of the largest: what
# roundings in another order can do.
_ALIKE = 1e-9


@friendly
def curve_fit_many(
    f: Callable[..., Any] | str,
    xdata: Any,
    ydata: Any,
    p0: Any = None,
    sigma: Any = None,
    absolute_sigma: bool = False,
    bounds: Any = UNBOUNDED,
    *,
    loss: str = "linear",
    f_scale: float = 1.0,
    ftol: float | None = 1e-15,
    xtol: float | None = 1e-8,
    gtol: float | None = 1e-8,
    max_nfev: int | None = None,
    nan_policy: str = "skip",
    block: int | None = None,
    callback: Callable[[int, int], Any] | None = None,
    verbose: int = 0,
) -> ManyFitsResult:
    """Fit one model to many data sets, each as :func:`~fastopt.curve_fit` would.

    Parameters
    ----------
    f : callable or str
        ``f(x, *parameters)``, of k fits at once: each parameter has the shape (k, 1), x is (m,) or
        (k, m), and so the values are (k, m), as NumPy's broadcasting has it of itself. Or the name
        of a built-in model, computed in C++ with exact derivatives (docs/many_fits.md): "line",
        "exponential", "biexponential", "gaussian", "lorentzian", "sigmoid4", "michaelis_menten".
    xdata : array_like, (m,) or (…, m)
        The points, of all data sets or of each. What is no array of numbers is handed to ``f``.
    ydata : array_like, (…, m)
        The data, of any leading shape: an image has (rows, columns, m).
    p0 : array_like, (n,) or (…, n), optional
        Where to start. By default as for ``curve_fit``; of built-in models by the data.
    sigma : array_like, optional
        Standard deviations: a number, (m,) or (…, m). Where one is infinite, its point does not
        count.
    absolute_sigma : bool
        As for ``curve_fit``.
    bounds : (lower, upper)
        Of the parameters, the same for all fits.
    loss, f_scale, ftol, xtol, gtol, max_nfev
        As for :func:`~fastopt.least_squares`.
    nan_policy : {"skip", "omit", "raise"}
        Data sets with NaN or infinities are skipped and marked; or such points are left out of
        theirs; or they are refused.
    block : int, optional
        How many fits go side by side. By default as many as keep the memory in the processor's
        cache; the whole takes a few times block · m · n numbers.
    callback : callable, optional
        ``callback(done, total)`` after each block.
    verbose : {0, 1}
        Whether a line tells the progress of each block.

    Returns
    -------
    ManyFitsResult
        ``x`` (…, n), ``covariance`` (…, n, n), ``cost``, ``status``, ``success``, ``nfev`` and
        ``nit`` (…), ``message(index)``, and the map of a parameter by its name.

    Raises
    ------
    ValueError, TypeError
        For arguments that do not fit together, and a model that does not broadcast. A fit that
        fails raises nothing: its ``success`` is False.

    Notes
    -----
    All fits that still run are asked for at once. Each takes the steps of ``curve_fit``; the
    Jacobian is of differences to one side far from the minimum, to both near it. Whatever is not
    clear at the end (rank, noise, a stall) is fitted once more by ``least_squares``, alone, whose
    verdict it is. Parameters agree with those of ``curve_fit`` to 1e-8 of themselves or
    of their standard errors where both end by the same minimum. The bits are the same for any
    number of threads.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> t = np.linspace(0, 5, 30)
    >>> lifetimes = np.array([[0.5, 1.0], [1.5, 2.0]])  # an image of two by two
    >>> y = 3 * np.exp(-t / lifetimes[..., np.newaxis]) + 0.1
    >>> fits = fastopt.curve_fit_many("exponential", t, y)
    >>> fits.success.all(), fits["lifetime"].round(6)
    (np.True_, array([[0.5, 1. ],
           [1.5, 2. ]]))
    >>> def decay(t, a, k):
    ...     return a * np.exp(-k * t) + 0.1
    >>> fastopt.curve_fit_many(decay, t, y, [1, 1])["k"].round(6)
    array([[2.      , 1.      ],
           [0.666667, 0.5     ]])
    """
    model = _model_of(f)
    data = _read(xdata, ydata, sigma, nan_policy)
    if p0 is None and isinstance(model, CurveModel):
        n, names, starts = len(model.parameters), list(model.parameters), None
    else:
        starts = _read_p0(model, p0, bounds, data.lead)
        n = starts.shape[-1]
        names = list(model.parameters) if isinstance(model, CurveModel) else _names(model, n)
        if isinstance(model, CurveModel) and n != len(names):
            raise ValueError(
                f"p0 must have {len(names)} numbers for {model.name!r} ({', '.join(names)}), "
                f"got {n}"
            )
    lower, upper = check_bounds(bounds, n)
    if starts is not None:
        _check_within(starts, lower, upper)
    robust = check_loss(loss, f_scale)
    tests = (
        check_tolerance("ftol", ftol),
        check_tolerance("xtol", xtol),
        check_tolerance("gtol", gtol),
    )
    limit = 200 * (n + 1)
    if max_nfev is not None:
        limit = _validation.count("max_nfev", max_nfev, low=1)
    if callback is not None:
        _validation.function("callback", callback)
    told = _validation.verbosity(verbose, high=1)
    absolute = _validation.flag("absolute_sigma", absolute_sigma)
    most = max(_SMALLEST_BLOCK, _POINTS // data.m)
    if block is not None:
        most = _validation.count("block", block, low=1)
    bounded = bool(np.isfinite(lower).any() or np.isfinite(upper).any())
    work = _Work(
        model, data, n, lower if bounded else NOTHING, upper if bounded else NOTHING, tests, limit,
        loss, float(f_scale), robust, absolute, min(most, data.k),
    )  # fmt: skip
    result = _empty(data.lead, n, tuple(names or [f"p[{i}]" for i in range(n)]))
    usable = np.flatnonzero(data.usable(n))
    for first in range(0, usable.size, work.most):
        which = usable[first : first + work.most]
        if starts is None and isinstance(model, CurveModel):
            x0 = np.clip(_guessed(model, data, which), lower, upper)
        elif starts is not None:
            x0 = starts if starts.ndim == 1 else starts.reshape(data.k, n)[which]
            x0 = np.array(np.broadcast_to(x0, (which.size, n)))
        work.fit(which, x0, result)
        done = min(first + work.most, usable.size)
        if told:
            print(f"{done} of {usable.size} fits, {int(result.success.sum())} with success")
        if callback is not None:
            callback(done, usable.size)
    return result


def _model_of(f: Any) -> Any:
    if isinstance(f, str):
        return MODELS[_validation.choice("f", f, tuple(MODELS))]
    if not callable(f):
        raise TypeError(f"f must be callable or the name of a model, got {f!r}")
    return f


@dataclass
class _Data:
    """k data sets of m points; ``weights`` 1/σ are (m,), (k, m) or none, 0 leaves a point out."""

    x: Any
    y: Array
    weights: Array
    bad: npt.NDArray[np.bool_]
    lead: tuple[int, ...]

    @property
    def k(self) -> int:
        return len(self.y)

    @property
    def m(self) -> int:
        return int(self.y.shape[1])

    @property
    def own_x(self) -> bool:
        return (
            isinstance(self.x, np.ndarray) and self.x.shape == self.y.shape and len(self.lead) > 0
        )

    def usable(self, n: int) -> npt.NDArray[np.bool_]:
        points = self.points(slice(None))
        return ~self.bad & (points >= min(n, self.m))

    def points(self, which: Any) -> npt.NDArray[np.intp]:
        """Return how many points of each data set count."""
        if self.weights.ndim == 2:
            return np.asarray(np.count_nonzero(self.weights[which], axis=1))
        count = self.m if not self.weights.size else int(np.count_nonzero(self.weights))
        return np.full(len(self.y[which]), count)

    def of(self, which: Any) -> tuple[Any, Array, Array]:
        x = self.x[which] if self.own_x else self.x
        return x, self.y[which], self.weights[which] if self.weights.ndim == 2 else self.weights


def _read(xdata: Any, ydata: Any, sigma: Any, nan_policy: str) -> _Data:
    _validation.choice("nan_policy", nan_policy, ("skip", "omit", "raise"))
    y = np.asarray(ydata)
    _validation.check_masks("ydata", ydata)
    if y.dtype.kind not in "fiub":
        raise TypeError(f"ydata must hold real numbers, got dtype {y.dtype}")
    if y.ndim == 0 or y.size == 0:
        raise ValueError(f"ydata must have shape (…, m) with at least one number, got {y.shape}")
    shape, m = y.shape, y.shape[-1]
    y = np.array(y, dtype=np.float64).reshape(-1, m)
    x = of_x(xdata)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.shape not in ((m,), shape):
        if len(shape) > 1 and x.ndim == len(shape) and x.shape[-1] == m:
            raise ValueError(f"xdata must have the shape ({m},) or {shape}, got {x.shape}")
        if x.ndim <= 1:
            raise ValueError(f"xdata must have the shape ({m},) or {shape}, got {x.shape}")
    weights = NOTHING
    if sigma is not None:
        s = np.asarray(sigma, dtype=np.float64)
        if s.shape not in ((), (m,), shape):
            raise ValueError(f"sigma must be a number or of shape ({m},) or {shape}, got {s.shape}")
        if not (s > 0).all():
            raise ValueError("sigma must hold positive standard deviations")
        weights = 1 / (s.reshape(-1, m) if s.shape == shape and s.ndim > 1 else s)
        weights = np.array(np.broadcast_to(weights, (m,))) if weights.ndim < 2 else weights
    wrong = ~np.isfinite(y)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f" and x.shape in ((m,), shape):
        x = x.reshape(-1, m) if x.shape == shape and len(shape) > 1 else x
        wrong_x = ~np.isfinite(x)
        if wrong_x.any():
            wrong = wrong | wrong_x
            x = np.array(x)
            x[wrong_x] = x[~wrong_x][0] if not wrong_x.all() else 0.0
    if nan_policy == "raise" and wrong.any():
        at = tuple(int(i) for i in np.argwhere(wrong.reshape(shape))[0])
        raise ValueError(f"the data hold NaN or infinity at {at}, and nan_policy is 'raise'")
    y[wrong] = 0
    bad = np.asarray(wrong.any(axis=1))
    if nan_policy == "omit" and bad.any():
        weights = np.where(wrong, 0.0, weights if weights.size else 1.0)
        bad = np.zeros_like(bad)
    return _Data(x, y, weights, bad, shape[:-1])


def _read_p0(model: Any, p0: Any, bounds: Any, lead: tuple[int, ...]) -> Array:
    if p0 is None:
        start: Array = _start(model, None, bounds)
        return start
    p = np.asarray(p0)
    if p.dtype.kind not in "fiub":
        raise TypeError(f"p0 must hold real numbers, got dtype {p.dtype}")
    p = np.atleast_1d(p).astype(np.float64)
    if p.ndim > 1 and p.shape[:-1] != lead:
        raise ValueError(f"p0 must have the shape (n,) or {(*lead, 'n')}, got {p.shape}")
    if p.shape[-1] == 0 or not np.isfinite(p).all():
        raise ValueError("p0 must hold finite numbers, at least one for each fit")
    return p


def _check_within(p: Array, lower: Array, upper: Array) -> None:
    outside = np.argwhere((p < lower) | (p > upper))
    if outside.size:
        at = tuple(int(i) for i in outside[0])
        raise ValueError(
            f"p0 must lie within the bounds, got {p[at]} at {at} outside "
            f"[{lower[at[-1]]}, {upper[at[-1]]}]"
        )


def _guessed(model: CurveModel, data: _Data, which: Any) -> Array:
    """Where to start, by the data; points that are left out have the value of a neighbour."""
    x, y, weights = data.of(which)
    left_out = np.broadcast_to(weights == 0, y.shape) if weights.size else np.zeros(y.shape, bool)
    if left_out.any():
        order = np.where(left_out, -1, np.arange(y.shape[1]))
        order = np.maximum.accumulate(order, axis=1)
        order = np.where(order < 0, (~left_out).argmax(axis=1)[:, np.newaxis], order)
        y = np.take_along_axis(y, order, axis=1)
    guess = model.guess(x, y)
    return np.where(np.isfinite(guess), guess, 1.0)


def _empty(lead: tuple[int, ...], n: int, names: tuple[str, ...]) -> ManyFitsResult:
    """Return the result before the first fit: all are skipped."""
    return ManyFitsResult(
        x=np.full((*lead, n), np.nan),
        covariance=np.full((*lead, n, n), np.nan),
        cost=np.full(lead, np.nan),
        status=np.full(lead, MISSING, dtype=np.int64),
        success=np.zeros(lead, dtype=bool),
        nfev=np.zeros(lead, dtype=np.int64),
        nit=np.zeros(lead, dtype=np.int64),
        names=names,
    )


class _Work:
    """What fits a block."""

    def __init__(
        self, model: Any, data: _Data, n: int, lower: Array, upper: Array,
        tests: tuple[float, float, float], limit: int, loss: str, f_scale: float, robust: bool,
        absolute: bool, most: int,
    ) -> None:  # fmt: skip
        self.model, self.data, self.n, self.most = model, data, n, most
        self.lower, self.upper, self.tests, self.limit = lower, upper, tests, limit
        self.loss, self.f_scale, self.robust, self.absolute = loss, f_scale, robust, absolute
        self.built_in = isinstance(model, CurveModel)
        self.checked = False
        self.fits = _core.ManyFits(
            most, data.m, n, *tests, limit, lower, upper, loss, f_scale, self.built_in
        )

    def fit(self, which: Any, x0: Array, result: ManyFitsResult) -> None:
        """Fit these data sets and write what comes out into the result."""
        x, y, weights = self.data.of(which)
        self.fits.start(x0, y, weights)
        if self.built_in:
            self.fits.run(self.model.name, x)
        else:
            with np.errstate(all="ignore"):  # trial points may be anywhere
                self._lockstep(x)
        found, inverse, cost, verdict, nfev, nit = self.fits.results()
        success = (verdict > 0) & (verdict < UNCLEAR)
        if self.absolute:
            variance = np.ones(which.size)
        else:
            degrees = self.data.points(which) - self.n
            with np.errstate(divide="ignore", invalid="ignore"):
                variance = np.where(degrees > 0, 2 * cost / degrees, np.inf)
        with np.errstate(invalid="ignore"):
            covariance = inverse * variance[:, np.newaxis, np.newaxis]
        covariance[np.isinf(variance)] = np.inf
        covariance[~success] = np.nan
        n = self.n
        for all_of_them, part in (
            (result.x.reshape(-1, n), found),
            (result.covariance.reshape(-1, n, n), covariance),
            (result.cost.reshape(-1), cost),
            (result.status.reshape(-1), verdict),
            (result.success.reshape(-1), success),
            (result.nfev.reshape(-1), nfev),
            (result.nit.reshape(-1), nit),
        ):
            all_of_them[which] = part
        for i in np.flatnonzero(verdict == UNCLEAR):
            self._alone(int(which[i]), x0[i], result)

    def _lockstep(self, x: Any) -> None:
        fits = self.fits
        while True:
            which, points = fits.wanting_values()
            k = which.size
            if k:
                fits.take_values(self._values(x, which, points), k)
            busy = k > 0
            for central in (False, True):
                which, points = fits.wanting_jacobian(central)
                k = which.size
                if not k:
                    continue
                busy = True
                for i in range(self.n):
                    up, down = fits.ends(i, k)
                    plus = self._values(x, which, points, i, up)
                    minus = self._values(x, which, points, i, down) if central else None
                    fits.take_column(i, k, plus, minus)
                fits.take_jacobian()
            if not busy:
                return

    def _values(self, x: Any, which: Any, points: Array, i: int = 0, end: Any = None) -> Array:
        """Return the model of these fits of the block, (k, m), one parameter moved to its end."""
        here = x[which] if self.data.own_x else x
        columns = [p[:, np.newaxis] for p in points]
        if end is not None:
            columns[i] = end[:, np.newaxis]
        values = self._called(here, columns, which.size)
        if not self.checked:
            self.checked = True
            for at in {0, which.size - 1}:
                alone = self._called(
                    here[at : at + 1] if self.data.own_x else here,
                    [c[at : at + 1] for c in columns],
                    1,
                )
                size = np.abs(values[at]).max()
                if np.abs(alone[0] - values[at]).max() > _ALIKE * size:
                    raise ValueError(
                        f"f mixes the fits: the values of fit {at} alone are not those among "
                        f"{which.size} fits. Each parameter has the shape (k, 1) and the values "
                        "(k, m): sums over points need axis=-1 and keepdims=True"
                    )
        return values

    def _called(self, x: Any, columns: list[Array], k: int) -> Array:
        shape = (k, self.data.m)
        returned = np.asarray(self.model(x, *columns))
        if returned.dtype.kind not in "fiub":
            raise TypeError(f"f must return real numbers, got dtype {returned.dtype}")
        if returned.shape == (k, 1) or returned.ndim == 0:
            returned = np.broadcast_to(returned, shape)
        if returned.shape != shape:
            raise ValueError(
                f"f must return an array of shape {shape} (fits, points) where each parameter has "
                f"the shape ({k}, 1), got {returned.shape}: write it with NumPy's operators, "
                "without indexing parameters or float(), so that they broadcast against x"
            )
        return np.ascontiguousarray(returned, dtype=np.float64)

    def _alone(self, i: int, x0: Array, result: ManyFitsResult) -> None:
        """Fit one data set by ``least_squares``, whose verdict it is."""
        x, y, weights = self.data.of(np.array([i]))
        kept = np.flatnonzero(weights.reshape(-1) != 0) if weights.size else slice(None)
        w = weights.reshape(-1)[kept] if weights.size else 1.0
        of_x: Any = x[0] if self.built_in and self.data.own_x else x

        def residuals(p: Array) -> Array:
            if self.built_in:
                values = self.model(of_x, *p)
            else:
                values = self._called(x, [np.full((1, 1), v) for v in p], 1)[0]
            e: Array = (values - y[0])[kept] * w
            return e

        def jacobian(p: Array) -> Array:
            j: Array = (self.model.jacobian(of_x, *p)[kept].T * w).T
            return j

        bounds = (self.lower, self.upper) if self.lower.size else UNBOUNDED
        ftol, xtol, gtol = self.tests
        try:
            fit = least_squares(
                residuals,
                x0,
                jac=jacobian if self.built_in else "3-point",
                bounds=bounds,
                ftol=ftol,
                xtol=xtol,
                gtol=gtol,
                loss=self.loss,
                f_scale=self.f_scale,
                max_nfev=self.limit,
            )
        except (ValueError, ArithmeticError) as error:
            result.status.flat[i] = FAILED
            result.messages[i] = f"failed: {error}"
            return
        n = self.n
        result.x.reshape(-1, n)[i] = fit.x
        result.cost.flat[i], result.status.flat[i] = fit.cost, fit.status
        result.success.flat[i], result.nfev.flat[i] = fit.success, fit.nfev
        result.messages[i] = fit.message
        if fit.success:
            covariance = fit.statistics(absolute_sigma=self.absolute).covariance
            result.covariance.reshape(-1, n, n)[i] = covariance
