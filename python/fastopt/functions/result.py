"""What an optimisation returns."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import numpy as np

from fastopt import _core
from fastopt._html import table
from fastopt.training.history import History


class Status(IntEnum):
    """Why a run of :func:`fastopt.minimize` ended; 0 to 3 as SciPy numbers them."""

    GRADIENT = 0
    ITERATION_LIMIT = 1
    LINE_SEARCH = 2
    NON_FINITE = 3
    FUNCTION_CHANGE = 4
    STEP = 5
    NOISE_FLOOR = 6
    UNBOUNDED = 7
    EVALUATION_LIMIT = 8
    DIVERGED = 9
    CALLBACK = 99


MESSAGES = {
    Status.GRADIENT: "Converged: the gradient is as small as was asked for.",
    Status.ITERATION_LIMIT: "The iteration limit was reached.",
    Status.LINE_SEARCH: (
        "The line search stalled: no lower value was found although the gradient predicts one."
    ),
    Status.NON_FINITE: "No finite value was found near the last finite x.",
    Status.FUNCTION_CHANGE: "The function changes less than was asked for.",
    Status.STEP: "x changes less than was asked for.",
    Status.NOISE_FLOOR: "The noise floor was reached: lower values cannot be told from rounding.",
    Status.UNBOUNDED: "The function falls without limit.",
    Status.EVALUATION_LIMIT: "The limit of evaluations was reached.",
    Status.DIVERGED: (
        "The steps led away to values that are not finite: use a smaller learning rate."
    ),
    Status.CALLBACK: "The callback ended the run.",
}


class OptimizeWarning(RuntimeWarning, UserWarning):
    """What an optimisation has to say beside its result; both a RuntimeWarning and a UserWarning.

    Code that filters SciPy's OptimizeWarning, which is a UserWarning, goes on to work.

    Examples
    --------
    >>> import warnings
    >>> import fastopt
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fastopt.OptimizeWarning)
    ...     try:
    ...         fastopt.curve_fit(lambda x, a, b: a * b * x, [1.0, 2.0, 3.0], [2.0, 4.1, 5.9])
    ...     except fastopt.OptimizeWarning as warning:
    ...         print(warning)
    the data do not determine a and b one by one: their variances are infinite
    """


class OptimizeResult(dict[str, Any]):
    """The result, by attribute (``result.x``) and by item (``result["x"]``); SciPy's names.

    Attributes
    ----------
    x : array
        The solution, or where the run ended.
    fun : float
        The value of the function there.
    jac : array
        The gradient there.
    hess, hess_inv : array
        The Hessian ("newton"), or the approximation of its inverse ("bfgs", "dfp").
    nit, nfev, njev, nhev : int
        How many iterations there were, and calls of the function (those for differences too),
        gradients and Hessians.
    status : int
        Why the run ended, as a :class:`fastopt.functions.result.Status`.
    success : bool
        Whether x is a minimum as far as numbers can tell: by the curvature measured at x no more is
        attainable than the rounding of fun or a tiny share of it (docs/success.md), or what was
        asked for by ``gtol``, ``ftol`` or ``xrtol`` holds.
    attainable : float
        By how much a quadratic model, built at x, still falls when no variable moves by more than
        its own size. Only of the methods with a line search, where a verdict was needed.
    message : str
        The reason in words.
    history : History
        ``loss``, ``gradient_norm``, ``step_norm`` and so on, iteration by iteration.
    path, allvecs : array (nit + 1, n), list of arrays (n,)
        The iterates, x0 the first, as ``record_path`` or the option ``return_all`` asks for.

    Examples
    --------
    >>> from fastopt.functions.result import OptimizeResult
    >>> result = OptimizeResult(success=True, fun=0.5)
    >>> result.fun, result["success"]
    (0.5, True)
    >>> print(result)
    success: True
        fun: 0.5
    """

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"the result has no {name!r}; it has {', '.join(self)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self]

    def _repr_html_(self) -> str:
        rows = [(k, _spell(v)) for k, v in self.items() if not isinstance(v, History)]
        return table(type(self).__name__, (), rows)

    def __repr__(self) -> str:
        shown = {k: _spell(v) for k, v in self.items() if not isinstance(v, History)}
        if not shown:
            return f"{type(self).__name__}()"
        width = max(map(len, shown))
        indent = "\n" + " " * (width + 2)
        return "\n".join(f"{k:>{width}}: {v.replace(chr(10), indent)}" for k, v in shown.items())


def _spell(value: Any) -> str:
    if isinstance(value, Status):
        return f"{value.value} ({value.name.lower()})"
    if isinstance(value, np.ndarray):
        with np.printoptions(precision=4, threshold=40, edgeitems=3, linewidth=70):
            return str(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, float):
        return f"{value:.10g}"
    return str(value)


def wants_result(callback: Callable[..., Any]) -> bool:
    """Whether a callback takes ``intermediate_result``, by this name, and not x (SciPy's rule)."""
    try:
        return set(inspect.signature(callback).parameters) == {"intermediate_result"}
    except (TypeError, ValueError):  # a callable without a signature takes x
        return False


# Columns of a history, and the names that reports have for them.
_COLUMNS = ("gradient_norm", "step_norm", "step_length", "learning_rate")
_COUNTS = {"n_value": "nfev", "n_gradient": "njev", "n_hessian": "nhev"}


def history_of(reports: _core.Reports, stop_reason: str) -> History:
    """Return the iterations of a run as a History, with the columns that the method has."""
    count = len(reports)
    if count and reports[-1].iterations == (reports[-2].iterations if count > 1 else 0):
        reports.pop()  # the last step found no way on
    history = History()
    history.epoch = list(range(len(reports)))
    history.stop_reason = stop_reason
    if not len(reports):
        return history
    last = reports[-1]
    columns = {"loss": reports.column("loss")}
    for name in _COLUMNS:
        if getattr(last, name) == getattr(last, name):  # a NaN is not equal to itself
            columns[name] = reports.column(name)
    for name, ours in _COUNTS.items():
        columns[ours] = reports.column(name)
    history._columns = columns
    return history
