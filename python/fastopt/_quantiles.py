"""Quantiles of Student's t, by which standard errors become intervals."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastopt import _validation


def check_level(level: Any, name: str = "level") -> float:
    """Return the probability that an interval is to have, in (0, 1)."""
    return _validation.number(name, level, above=0, below=1)


def student(level: float, degrees_of_freedom: Any) -> Any:
    """Return t with P(|T| ≤ t) = level: half an interval in standard errors.

    Infinite without a degree of freedom, the normal distribution's with infinitely many.
    """
    try:
        from scipy.special import ndtri, stdtrit
    except ImportError as error:
        raise ImportError(
            "intervals need SciPy for the quantiles of Student's t: "
            "pip install 'fastopt[intervals]'"
        ) from error
    p = (1 + level) / 2
    degrees = np.asarray(degrees_of_freedom, dtype=np.float64)
    some = np.isfinite(degrees) & (degrees > 0)
    t = stdtrit(np.where(some, degrees, 1.0), p)
    t = np.where(some, t, np.where(degrees > 0, ndtri(p), math.inf))
    return float(t) if t.ndim == 0 else t
