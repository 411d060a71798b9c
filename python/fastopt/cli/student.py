"""Quantiles of Student's t distribution, for intervals of confidence, with NumPy's means alone."""

from __future__ import annotations

import math
from collections.abc import Callable


def probability(t: float, degrees: int) -> float:
    """Return P(|T| ≤ t) for a whole number of degrees of freedom.

    The finite sums of Abramowitz & Stegun 1964, 26.7.3 and 26.7.4, with θ = arctan(t/√ν).
    """
    theta = math.atan2(t, math.sqrt(degrees))
    cosine = math.cos(theta)
    odd = degrees % 2
    if degrees == 1:
        return 2 * theta / math.pi
    term = cosine if odd else 1.0
    total = term
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    total *= math.sin(theta)
    return 2 / math.pi * (theta + total) if odd else total


# From here on the sums are long, and the quantile is that of the normal distribution corrected by
# the first term of its expansion in 1/ν (26.7.5), whose error is below 1e-6 then.
_MANY = 2000


def quantile(level: float, degrees: int) -> float:
    """Return t with P(|T| ≤ t) = level, by bisection.

    Examples
    --------
    >>> from fastopt.cli.student import quantile
    >>> round(quantile(0.95, 10), 4)
    2.2281
    """
    if degrees > _MANY:
        z = _bisect(lambda t: math.erf(t / math.sqrt(2)), level)
        return z + (z**3 + z) / (4 * degrees)
    return _bisect(lambda t: probability(t, degrees), level)


def _bisect(function: Callable[[float], float], level: float) -> float:
    low, high = 0.0, 1.0
    while function(high) < level:
        high *= 2
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if function(middle) < level else (low, middle)
    return (low + high) / 2
