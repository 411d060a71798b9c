"""Axes of charts: ranges, and the round numbers that are written beside them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

# The side of the square that all that is drawn lies in; the page stretches it.
SIZE = 1000.0
# Above this ratio of the largest to the smallest value an axis of positive numbers is logarithmic.
_WIDE = 30.0
# How far beyond the data an axis goes, so that no line lies on the frame.
_MARGIN = 0.04


@dataclass(frozen=True)
class Axis:
    """From numbers to places 0 … 1000: linear, or of their decimal logarithms."""

    low: float
    high: float
    log: bool = False

    @classmethod
    def of(cls, *values: Array, log: bool | None = None, margin: float = _MARGIN) -> Axis:
        """Return the axis that holds all finite values; ``log`` None: where they differ widely."""
        x = np.concatenate([np.asarray(v, dtype=np.float64).reshape(-1) for v in values])
        x = x[np.isfinite(x)]
        if not len(x):
            return cls(0.0, 1.0)
        low, high = float(x.min()), float(x.max())
        if log is None:
            log = low > 0 and high > _WIDE * low
        if log:
            low, high = math.log10(low), math.log10(high)
        room = margin * (high - low) or 0.05 * abs(low) or 0.5
        return cls(low - room, high + room, log)

    def places(self, values: Any) -> Array:
        """Return where numbers lie; NaN where they have no place."""
        x = np.asarray(values, dtype=np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            x = np.log10(x) if self.log else x
            placed: Array = (x - self.low) / (self.high - self.low) * SIZE
        placed[~np.isfinite(placed)] = np.nan
        return placed

    def ticks(self) -> list[tuple[float, str]]:
        """Return places and what is written there."""
        if self.log and self.high - self.low >= 1:
            first, last = math.ceil(self.low), math.floor(self.high)
            every = max(1, math.ceil((last - first) / 5))
            return [(self._place(k), f"1e{k}") for k in range(first, last + 1, every)]
        low, high = (10**self.low, 10**self.high) if self.log else (self.low, self.high)
        step = _round_step((high - low) / 5)
        numbers = (k * step for k in range(math.ceil(low / step), math.floor(high / step) + 1))
        return [(self._place(math.log10(v) if self.log else v), f"{v:.6g}") for v in numbers]

    def _place(self, x: float) -> float:
        return (x - self.low) / (self.high - self.low) * SIZE


def _round_step(rough: float) -> float:
    """Return 1, 2 or 5 times a power of ten, at least ``rough``."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
