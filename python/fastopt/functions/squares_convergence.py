"""Which parameters a sum of squares feels at a point: what may be claimed there hangs on it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

_EPSILON = float(np.finfo(float).eps)
# A column of J is its own error where it is this much shorter than the widest one and its parameter
# as a whole adds less than `_UNFELT` of the terms whose difference the residuals are. Both, so that
# neither the unit of a parameter nor a parameter that is nearly zero makes it one.
_SHORT = 1e-10
_UNFELT = 1e-8
# Residuals below this multiple of their rounding are none: there is nothing left to explain.
_ROUNDINGS = 10.0


def inactive_parameters(x: Array, e: Array, jacobian: Array) -> npt.NDArray[np.intp]:
    """Return the indices of the parameters that are not felt at x, while residuals are left."""
    if not np.isfinite(jacobian).all():
        return np.empty(0, dtype=np.intp)
    norms = _lengths(jacobian)
    with np.errstate(over="ignore", invalid="ignore"):
        terms = float(_length(np.abs(e) + np.abs(jacobian) @ np.abs(x)))
        if _length(e) <= _ROUNDINGS * _EPSILON * terms:
            return np.empty(0, dtype=np.intp)
        short = (norms <= _SHORT * norms.max()) & (norms * np.abs(x) <= _UNFELT * terms)
    return np.flatnonzero((norms == 0) | short)


def _length(v: Array) -> float:
    """‖v‖ without overflow and underflow of the squares."""
    largest = float(np.abs(v).max(initial=0.0))
    return largest * float(np.linalg.norm(v / largest)) if 0 < largest < np.inf else largest


def _lengths(jacobian: Array) -> Array:
    """‖column‖ for each column, without overflow and underflow of the squares."""
    largest = np.abs(jacobian).max(axis=0, initial=0.0)
    scaled = jacobian / np.where(largest > 0, largest, 1.0)
    lengths: Array = np.linalg.norm(scaled, axis=0) * largest
    return lengths
