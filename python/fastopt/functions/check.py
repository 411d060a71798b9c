"""Checks of derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt.functions.problem import objective_for, starting_point

Array = npt.NDArray[np.float64]

# Entries below this share of the largest are compared with it, not with themselves: rounding of the
# largest terms is in them, and nobody minds a gradient that is wrong by less.
_LEAST_SHARE = 1e-10


@dataclass(frozen=True)
class DerivativeCheck:
    """Derivatives as given and as differences tell them.

    Attributes
    ----------
    ok : bool
        Whether ``error`` is at most the tolerance.
    error : float
        The largest deviation, as far as the differences are that exact, relative to the entry,
        or to 1e-10 times the largest entry.
    index : tuple of int
        Where it stands.
    given, numerical : array
        The gradients (n,) or Hessians (n, n).
    """

    ok: bool
    error: float
    index: tuple[int, ...]
    given: Array
    numerical: Array

    def __bool__(self) -> bool:
        return self.ok

    def __repr__(self) -> str:
        verdict = "right" if self.ok else "wrong"
        place = ", ".join(map(str, self.index))
        return (
            f"{verdict}: error {self.error:.2g}, the largest at [{place}]: given "
            f"{self.given[self.index]:.10g}, by differences {self.numerical[self.index]:.10g}"
        )


def check_gradient(
    fun: Callable[..., Any],
    jac: Callable[..., Any],
    x0: npt.ArrayLike,
    args: tuple[Any, ...] = (),
    *,
    rtol: float = 1e-6,
) -> DerivativeCheck:
    """Compare a gradient with central differences of fun.

    Parameters
    ----------
    fun, jac : callable
        ``fun(x, *args) -> float`` and ``jac(x, *args) -> array (n,)``.
    x0 : array (n,)
        Where; a point without symmetries shows more than the origin.
    args : tuple
        Further arguments of both.
    rtol : float
        The largest error that passes for rounding, relative to the entry; what differences cannot
        tell because of the rounding of ``fun`` itself is no error.

    Returns
    -------
    DerivativeCheck
        True where the gradient is right; its repr tells the worst entry.

    Raises
    ------
    ValueError
        ``fun`` is not finite at x0.

    Examples
    --------
    >>> import fastopt
    >>> fastopt.check_gradient(lambda x: x @ x, lambda x: 2 * x, [1.0, 2.0]).ok
    True
    >>> bool(fastopt.check_gradient(lambda x: x @ x, lambda x: x, [1.0, 2.0]))
    False
    """
    rtol = _validation.number("rtol", rtol, low=0)
    x = starting_point(x0)
    _validation.function("jac", jac)
    objective = objective_for(fun, jac, None, None, args, x)
    numerical, unsure = objective.differences_with_errors(x, of_gradient=False)
    given = objective.value_and_gradient(x)[1]
    return _compare(given, numerical.reshape(-1), unsure.reshape(-1), rtol)


def check_hessian(
    jac: Callable[..., Any],
    hess: Callable[..., Any],
    x0: npt.ArrayLike,
    args: tuple[Any, ...] = (),
    *,
    rtol: float = 1e-6,
) -> DerivativeCheck:
    """Compare a Hessian, entry by entry, with central differences of the gradient.

    Parameters
    ----------
    jac, hess : callable
        ``jac(x, *args) -> array (n,)`` and ``hess(x, *args) -> array (n, n)``.
    x0, args, rtol
        As for :func:`check_gradient`.

    Returns
    -------
    DerivativeCheck

    Examples
    --------
    >>> import fastopt, numpy as np
    >>> fastopt.check_hessian(lambda x: x**3, lambda x: np.diag(3 * x**2), [1.0, 2.0]).ok
    True
    """
    rtol = _validation.number("rtol", rtol, low=0)
    x = starting_point(x0)
    _validation.function("jac", jac)
    _validation.function("hess", hess)

    def unused(x: Array, *args: Any) -> float:
        return 0.0

    objective = objective_for(unused, jac, hess, None, args, x)
    numerical, unsure = objective.differences_with_errors(x, of_gradient=True)
    given = objective.given_hessian(x)
    return _compare(given, (numerical + numerical.T) / 2, (unsure + unsure.T) / 2, rtol)


def _compare(given: Array, numerical: Array, unsure: Array, rtol: float) -> DerivativeCheck:
    deviation = np.maximum(np.abs(given - numerical) - unsure, 0)
    if np.isnan(deviation).any():
        index = tuple(int(i) for i in np.argwhere(np.isnan(deviation))[0])
        return DerivativeCheck(False, float("nan"), index, given, numerical)
    size = np.maximum(np.abs(given), np.abs(numerical))
    size = np.maximum(size, _LEAST_SHARE * size.max())
    errors = np.divide(deviation, size, out=np.zeros_like(size), where=size > 0)
    index = tuple(int(i) for i in np.unravel_index(int(errors.argmax()), errors.shape))
    error = float(errors[index])
    return DerivativeCheck(error <= rtol, error, index, given, numerical)
