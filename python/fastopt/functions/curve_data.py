"""The data of ``curve_fit``, checked: what is wrong is named before a model is asked."""

from __future__ import annotations

from numbers import Real
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._interop import as_array

Array = npt.NDArray[np.float64]


class Data(NamedTuple):
    """x as the model gets it, y, and the standard deviations: (1,), (m,), (m, m) or none."""

    x: Any
    y: Array
    deviations: Array | None


def read_data(
    xdata: Any, ydata: Any, sigma: Any, check_finite: bool | None, nan_policy: str | None
) -> Data:
    """Return the data as numbers, without the points that ``nan_policy`` leaves out."""
    finite = nan_policy is None if check_finite is None else check_finite
    y = _of_y(ydata)
    x = of_x(xdata)
    deviations = None if sigma is None else _deviations(sigma, y.size)
    if nan_policy is not None:
        x, y, deviations = _without_nan(x, y, deviations, nan_policy)
    # What is not finite here no parameters can meet, whatever is checked of x.
    cure = ": nan_policy='omit' leaves such points out" if nan_policy is None else ""
    _validation.check_finite("ydata", y, cure=cure)
    if finite and isinstance(x, np.ndarray):
        _validation.check_finite("xdata", x, cure=cure)
    return Data(x, y, deviations)


def _of_y(ydata: Any) -> Array:
    numbers = _of_frames("ydata", ydata)
    return _validation.array("ydata", numbers, ndim=1, finite=False).astype(np.float64)


def _of_frames(name: str, value: Any) -> Any:
    """Return what frames, tensors and objects hold as numbers, missing ones as NaN."""
    if isinstance(value, np.ma.MaskedArray):
        return value
    try:
        numbers, _ = as_array(name, value)
    except ValueError:  # nested lists of unequal lengths: named where shapes are checked
        return value
    return _numbers(name, numbers) if numbers.dtype.kind == "O" else numbers


def of_x(xdata: Any, name: str = "xdata") -> Any:
    """Return lists and arrays of numbers as float64; all else is the model's own affair."""
    if not isinstance(xdata, list | tuple | np.ndarray):
        return xdata
    _validation.check_masks(name, xdata)
    try:
        x = np.asarray(xdata)
    except ValueError as error:  # nested lists of unequal lengths
        raise ValueError(f"{name} must be an array of numbers: {error}") from None
    if x.dtype.kind == "O":
        return _numbers(name, x)
    return x.astype(np.float64) if x.dtype.kind in "fiub" else x


def _numbers(name: str, x: npt.NDArray[Any]) -> Array:
    """Return the numbers of an array of objects."""
    values = np.empty(x.shape)
    for at, value in np.ndenumerate(x):
        if isinstance(value, Real):
            values[at] = float(value)
        elif value is None or type(value).__name__ in ("NAType", "NaTType"):
            values[at] = np.nan
        else:
            place = at[0] if len(at) == 1 else at
            raise TypeError(
                f"{name} has dtype object and holds {value!r} at index {place}, which is no real "
                f"number: convert it, {name}.astype(float) say"
            )
    return values


def _deviations(sigma: Any, m: int) -> Array:
    """Return the standard deviations, one or (m,), or the covariance (m, m)."""
    numbers = _of_frames("sigma", sigma)
    s = _validation.array("sigma", numbers, ndim=(0, 1, 2), finite=False).astype(np.float64)
    if s.size == 1 or s.shape == (m,):
        wrong = np.flatnonzero(~(s.reshape(-1) > 0))
        if wrong.size:
            i = int(wrong[0])
            raise ValueError(
                f"sigma must hold positive standard deviations, got {s.reshape(-1)[i]} at index {i}"
            )
        return s.reshape(-1)
    if s.shape != (m, m):
        raise ValueError(f"sigma must be a number or of shape ({m},) or ({m}, {m}), got {s.shape}")
    _validation.check_finite("sigma", s)
    return s


def _without_nan(
    x: Any, y: Array, deviations: Array | None, nan_policy: str
) -> tuple[Any, Array, Array | None]:
    """Refuse NaN, or leave its points out: along the last axis of an array, the rows of a frame."""
    framed = not isinstance(x, np.ndarray) and hasattr(x, "__len__") and hasattr(x, "to_numpy")
    values = as_array("xdata", x)[0] if framed else x
    missing = np.isnan(y)
    if isinstance(values, np.ndarray) and values.dtype.kind == "f":
        points = values.T if framed else values
        missing_x = np.isnan(points).any(axis=tuple(range(points.ndim - 1)))
        if missing_x.shape != missing.shape:
            if missing_x.any():
                raise ValueError(
                    f"xdata holds nan, and its {missing_x.size} points are not the {y.size} "
                    "of ydata"
                )
            missing_x = np.zeros_like(missing)
        if nan_policy == "raise" and missing_x.any():
            raise ValueError("xdata holds nan, and nan_policy is 'raise'")
        missing = missing | missing_x
    if not missing.any():
        return x, y, deviations
    if nan_policy == "raise":
        raise ValueError("ydata holds nan, and nan_policy is 'raise'")
    kept = ~missing
    if not kept.any():
        raise ValueError("ydata has no point without nan")
    if isinstance(x, np.ndarray):
        x = x[..., kept]
    elif framed:
        x = x.filter(kept) if type(x).__module__.startswith("polars") else x[kept]
    if deviations is not None and deviations.size > 1:
        deviations = deviations[kept] if deviations.ndim == 1 else deviations[np.ix_(kept, kept)]
    return x, y[kept], deviations
