"""Curves with names: formulas in C++ with exact derivatives, and where to start from data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _core

Array = npt.NDArray[np.float64]

_TAIL = 0.1  # the share of the points, the last ones, whose mean is where a decay ends


@dataclass(frozen=True)
class CurveModel:
    """A built-in model.

    Attributes
    ----------
    name : str
    parameters : tuple of str
        Their names, in order.
    guess : callable
        ``guess(x, y)`` → where to start, (k, n), from x (m,) or (k, m) and y (k, m).
    """

    name: str
    parameters: tuple[str, ...]
    guess: Callable[[Array, Array], Array]

    def __call__(self, x: Any, *parameters: float) -> Array:
        """Return the values at x."""
        return np.asarray(_core.curve_model(self.name, x, parameters)[0])

    def jacobian(self, x: Any, *parameters: float) -> Array:
        """Return ∂f/∂parameters at x, (m, n)."""
        return np.asarray(_core.curve_model(self.name, x, parameters)[1])


def _area(y: Array, x: Array) -> Array:
    """Return ∫ y dx by trapezoids along the last axis."""
    area: Array = (0.5 * (y[..., 1:] + y[..., :-1]) * np.diff(x)).sum(axis=-1)
    return area


def _line(x: Array, y: Array) -> Array:
    dx = x - x.mean(axis=-1, keepdims=True)
    squares = np.maximum((dx * dx).sum(axis=-1), np.finfo(float).tiny)
    slope = (dx * y).sum(axis=-1) / squares
    return np.stack([slope, y.mean(axis=-1) - slope * x.mean(axis=-1)], axis=-1)


def _exponential(x: Array, y: Array) -> Array:
    """Amplitude and lifetime by the height at the start and the area: ∫ a exp(−x/τ) = a τ."""
    tail = max(1, int(_TAIL * y.shape[-1]))
    end = y[..., -tail:].mean(axis=-1)
    amplitude = y[..., 0] - end
    width = np.ptp(x, axis=-1)
    area = _area(y - end[..., None], x)
    with np.errstate(divide="ignore", invalid="ignore"):
        lifetime = area / amplitude
    usual = (lifetime > 1e-3 * width) & (lifetime < width)
    return np.stack([amplitude, np.where(usual, lifetime, width / 3), end], axis=-1)


def _biexponential(x: Array, y: Array) -> Array:
    """Halves of one decay, a third and three times as long."""
    amplitude, lifetime, end = np.moveaxis(_exponential(x, y), -1, 0)
    half = amplitude / 2
    return np.stack([half, lifetime / 3, half, 3 * lifetime, end], axis=-1)


def _peak(x: Array, y: Array, area_of_unit: float) -> Array:
    """Return the largest distance from the median, and a width by the area."""
    offset = np.median(y, axis=-1)
    above = y - offset[..., None]
    at = np.abs(above).argmax(axis=-1)[..., None]
    height = np.take_along_axis(above, at, axis=-1)[..., 0]
    center = np.take_along_axis(np.broadcast_to(x, y.shape), at, axis=-1)[..., 0]
    # The part above half the height: noise beside the peak would add to the area.
    high = above * np.sign(height)[..., None] > 0.5 * np.abs(height)[..., None]
    area = _area(np.where(high, above, 0), x)
    with np.errstate(divide="ignore", invalid="ignore"):
        width = np.abs(area / height) / area_of_unit
    spacing = np.ptp(x, axis=-1) / y.shape[-1]
    width = np.where(width > spacing, width, spacing)
    return np.stack([height, center, width, offset], axis=-1)


def _sigmoid4(x: Array, y: Array) -> Array:
    """Return the ends of the curve, and the dose where it is nearest to their middle."""
    x = np.broadcast_to(x, y.shape)
    first, last = x.argmin(axis=-1)[..., None], x.argmax(axis=-1)[..., None]
    bottom = np.take_along_axis(y, first, axis=-1)[..., 0]
    top = np.take_along_axis(y, last, axis=-1)[..., 0]
    away = np.where(x > 0, np.abs(y - 0.5 * (bottom + top)[..., None]), np.inf)
    dose = np.take_along_axis(x, away.argmin(axis=-1)[..., None], axis=-1)[..., 0]
    return np.stack([bottom, top, dose, np.ones_like(dose)], axis=-1)


def _michaelis_menten(x: Array, y: Array) -> Array:
    """Return a fifth above the largest rate, and the concentration nearest to half of it."""
    largest = 1.2 * y.max(axis=-1)
    at = np.abs(y - 0.5 * largest[..., None]).argmin(axis=-1)[..., None]
    half = np.take_along_axis(np.broadcast_to(x, y.shape), at, axis=-1)[..., 0]
    return np.stack([largest, np.where(half > 0, half, x.max(axis=-1) / 2)], axis=-1)


# What lies above half the height of a peak of unit height and width, as an area: 2 ∫₀^h f.
_GAUSSIAN_AREA = 1.9076
_LORENTZIAN_AREA = np.pi / 2

MODELS: dict[str, CurveModel] = {
    model.name: model
    for model in (
        CurveModel("line", ("slope", "intercept"), _line),
        CurveModel("exponential", ("amplitude", "lifetime", "offset"), _exponential),
        CurveModel(
            "biexponential",
            ("amplitude_1", "lifetime_1", "amplitude_2", "lifetime_2", "offset"),
            _biexponential,
        ),
        CurveModel(
            "gaussian",
            ("height", "center", "width", "offset"),
            lambda x, y: _peak(x, y, _GAUSSIAN_AREA),
        ),
        CurveModel(
            "lorentzian",
            ("height", "center", "width", "offset"),
            lambda x, y: _peak(x, y, _LORENTZIAN_AREA),
        ),
        CurveModel("sigmoid4", ("bottom", "top", "ec50", "hill"), _sigmoid4),
        CurveModel("michaelis_menten", ("vmax", "km"), _michaelis_menten),
    )
}
