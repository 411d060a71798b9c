"""Inputs and targets brought to order one inside the network, and what tells that they are not."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation

if TYPE_CHECKING:
    from fastopt.parts.data import PartsData
    from fastopt.training.data import Data

Array = npt.NDArray[Any]
Numbers = npt.NDArray[np.float64]

KINDS = ("standard", "minmax")

_ELEMENTS_AT_ONCE = 1 << 16  # so that learning from a memory map needs little memory

# How far from order one inputs and targets may be before a method that starts from it says so: LM
# on a network of usual size starts to fail at about this factor.
_FAR = 1e2


class ScalingWarning(UserWarning):
    """A second-order method starts on inputs or targets that are far from order one.

    Told once by a network, where Levenberg-Marquardt or a quasi-Newton method starts on columns
    more than a factor of 100 away from order one that the network does not scale.

    Examples
    --------
    >>> import warnings
    >>> import fastopt
    >>> net = fastopt.MLP([1, 3, 1], scale_targets="standard", random_state=0)
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fastopt.ScalingWarning)
    ...     _ = net.fit([[0.0], [0.5], [1.0]], [0.0, 5e3, 1e4], "lm", epochs=3)
    """


@dataclass(frozen=True, eq=False)
class Scaling:
    """The map x → (x − offset) / scale of each column, in double precision.

    Attributes
    ----------
    offset, scale : array (d,)
        "standard": the mean and the standard deviation (÷ N) of a column; "minmax": the middle and
        the half of its range, which becomes [−1, 1]. A constant column has the scale 0: it becomes
        0, whatever is in it later, and comes back as its offset.
    """

    offset: Numbers
    scale: Numbers

    @property
    def constant(self) -> npt.NDArray[np.bool_]:
        """Which columns are constant."""
        return np.asarray(self.scale == 0)

    @cached_property
    def affine(self) -> Numbers:
        """Offsets and factors, (2, d), as C++ takes them."""
        factor = np.divide(1.0, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)
        return np.stack([self.offset, factor])

    def transform(self, x: Any) -> Numbers:
        """Return what the network sees of x (N, d)."""
        offset, factor = self.affine
        return np.asarray((np.asarray(x, dtype=np.float64) - offset) * factor)

    def inverse_transform(self, z: Any) -> Numbers:
        """Return in the units of x what the network gives."""
        return np.asarray(z, dtype=np.float64) * self.scale + self.offset

    def check_finite(
        self,
        name: str,
        x: Array,
        dtype: np.dtype[Any],
        rows: npt.NDArray[np.uint32] | None = None,
    ) -> None:
        """Raise ValueError where a number of x is too large in the network's dtype once scaled."""
        largest = float(np.finfo(dtype).max)
        offset, factor = self.affine
        x = x.reshape(len(x), -1)
        with np.errstate(over="ignore", invalid="ignore"):
            size = max(abs(float(x.max())), abs(float(x.min())))
            if np.all((size + np.abs(offset)) * factor <= largest):
                return
            for at in _blocks(len(x) if rows is None else len(rows), x.shape[1]):
                block = x[at] if rows is None else x[rows[at]]
                beyond = ~(np.abs(self.transform(block)) <= largest) & ~np.isnan(block)
                if beyond.any():
                    i, column = (int(i) for i in np.argwhere(beyond)[0])
                    row = at.start + i if rows is None else rows[at.start + i]
                    raise ValueError(
                        f"{name} holds {block[i, column]!s} at row {row} column {column}, which is "
                        f"too large for {dtype.name} when it is scaled: ({block[i, column]!s} − "
                        f"{offset[column]!s}) / {self.scale[column]!s}"
                    )


def learn(
    kind: str,
    x: Array,
    rows: npt.NDArray[np.uint32] | None = None,
    weights: Numbers | None = None,
) -> Scaling:
    """Return the scaling of the columns of x.

    Parameters
    ----------
    kind : {"standard", "minmax"}
    x : array (N,) or (N, d)
        Read in blocks, never copied whole. NaN is left out.
    rows : array of int, optional
        Those that count; None: all.
    weights : array (N,) or (N, d), optional
        Of the numbers: mean and variance are weighted, and where a weight is 0 the number does not
        count.
    """
    ranges = ranges_of(*extremes(x, rows, weights))
    return ranges if kind == "minmax" else standard(ranges, moments(ranges, x, rows, weights))


def extremes(
    x: Array, rows: npt.NDArray[np.uint32] | None = None, weights: Numbers | None = None
) -> tuple[Numbers, Numbers]:
    """Return the least and the largest number of each column; of none, +∞ and −∞."""
    d = 1 if x.ndim == 1 else x.shape[1]
    low, high = np.full(d, np.inf), np.full(d, -np.inf)
    for values, counts, _ in _read(x, rows, weights):
        low = np.minimum(low, values.min(axis=0, where=counts, initial=np.inf))
        high = np.maximum(high, values.max(axis=0, where=counts, initial=-np.inf))
    return low, high


def ranges_of(low: Numbers, high: Numbers) -> Scaling:
    """Return the scaling of columns with these extremes to [−1, 1]."""
    low, high = low.copy(), high.copy()
    empty = low > high
    low[empty] = high[empty] = 0.0
    middle, half = low / 2 + high / 2, high / 2 - low / 2  # whose difference may overflow
    # Neighbouring numbers are one that was rounded in two ways: [0.1] · 3 and its mean.
    rounding = 2 * np.finfo(np.float64).eps * np.maximum(np.abs(low), np.abs(high))
    with np.errstate(over="ignore", divide="ignore"):
        constant = (half <= rounding) | ~np.isfinite(1 / half)
    middle[low == high] = low[low == high]
    half[constant] = 0.0
    return Scaling(middle, half)


@dataclass(frozen=True, eq=False)
class Moments:
    """Weights, mean and squares about it of columns whose ranges are [−1, 1].

    Sums of two are those of the data together (Chan, Golub & LeVeque 1983).
    """

    total: Numbers
    mean: Numbers
    squares: Numbers

    def __add__(self, other: Moments) -> Moments:
        here, total = other.total, self.total
        share = np.divide(here, total + here, out=np.zeros_like(here), where=here > 0)
        squares = self.squares + other.squares
        squares += (other.mean - self.mean) ** 2 * total * share
        return Moments(total + here, self.mean + (other.mean - self.mean) * share, squares)

    def __rmul__(self, factor: float) -> Moments:
        """Return the same with weights that are so many times as large."""
        return Moments(factor * self.total, self.mean, factor * self.squares)


def moments(
    ranges: Scaling, x: Array, rows: npt.NDArray[np.uint32] | None, weights: Numbers | None
) -> Moments:
    """Return the moments of the columns of x, summed where the range of each is [−1, 1].

    Weights are in units of the largest.
    """
    found = Moments(*np.zeros((3, len(ranges.scale))))
    for values, counts, v in _read(x, rows, weights):
        z = np.where(counts, ranges.transform(np.where(counts, values, ranges.offset)), 0.0)
        v = np.where(counts, 1.0 if v is None else v, 0.0)
        here = v.sum(axis=0)
        mean = np.divide((v * z).sum(axis=0), here, out=np.zeros_like(here), where=here > 0)
        found += Moments(here, mean, (v * (z - mean) ** 2).sum(axis=0))
    return found


def standard(ranges: Scaling, found: Moments) -> Scaling:
    """Return means and standard deviations."""
    variance = np.divide(
        found.squares, found.total, out=np.zeros_like(found.total), where=found.total > 0
    )
    return Scaling(ranges.inverse_transform(found.mean), ranges.scale * np.sqrt(variance))


def _read(
    x: Array, rows: npt.NDArray[np.uint32] | None, weights: Numbers | None
) -> Iterator[tuple[Numbers, npt.NDArray[np.bool_], Numbers | None]]:
    """Yield blocks of x (B, d) in doubles, which of their numbers count, and their weights."""
    largest = 1.0 if weights is None else weights.max()
    for at in _blocks(len(x) if rows is None else len(rows), x.size // max(1, len(x))):
        chosen = at if rows is None else rows[at]
        # In C order: sums have the same bits whatever the user's layout is.
        values = np.array(x[chosen], dtype=np.float64, order="C").reshape(at.stop - at.start, -1)
        counts = ~np.isnan(values)
        if weights is None:
            yield values, counts, None
        else:
            v = (weights[chosen] / largest).reshape(len(values), -1)
            yield values, counts & (v > 0), v


def _blocks(n: int, width: int) -> Iterator[slice]:
    step = max(1, _ELEMENTS_AT_ONCE // max(1, width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


@dataclass(frozen=True, eq=False)
class Scalings:
    """How a network scales its inputs and targets: what was asked for, and what was learned."""

    scale_inputs: str | None = None
    scale_targets: str | None = None
    inputs: Scaling | None = None
    targets: Scaling | None = None

    @classmethod
    def checked(cls, scale_inputs: Any, scale_targets: Any, output_activation: str) -> Scalings:
        """Return the scalings that a network is made with, or refuse them."""
        for name, kind in (("scale_inputs", scale_inputs), ("scale_targets", scale_targets)):
            if kind is not None:
                _validation.choice(name, kind, KINDS)
        if scale_targets is not None and output_activation != "identity":
            cure = (
                "; fit (y − offset) / scale, and predictions · scale + offset are in the same order"
                if output_activation == "increasing"
                else ""
            )
            raise ValueError(
                f"scale_targets={scale_targets!r} needs output_activation='identity', whose range "
                f"has no bounds, got {output_activation!r}{cure}"
            )
        return cls(scale_inputs, scale_targets)

    def __bool__(self) -> bool:
        return self.scale_inputs is not None or self.scale_targets is not None

    @property
    def is_learned(self) -> bool:
        """Whether all that was asked for is known."""
        return (self.scale_inputs is None) == (self.inputs is None) and (
            self.scale_targets is None
        ) == (self.targets is None)

    def check_loss(self, loss: Any) -> None:
        """Refuse to scale the targets of a classification."""
        if self.scale_targets is not None and loss in ("binary_cross_entropy", "cross_entropy"):
            raise ValueError(
                f"scale_targets={self.scale_targets!r} is for numbers, and the targets of "
                f"loss={loss!r} are classes or probabilities: leave it None"
            )
        if self.scale_targets is not None and loss == "poisson":
            raise ValueError(
                f"scale_targets={self.scale_targets!r} would make counts negative, which "
                "loss='poisson' is of: leave it None"
            )

    def check_learned(self) -> None:
        """Refuse to work before the scaling is known."""
        if not self.is_learned:
            raise ValueError(
                "the network's scaling has not been learned: fit it first, or call adapt(X, y)"
            )

    def learned(self, data: Data | PartsData) -> Scalings:
        """Return the same with what is learned from data, by the samples' own weights."""
        inputs, targets = self.scale_inputs, self.scale_targets
        return replace(
            self,
            inputs=None if inputs is None else data.learned("inputs", inputs),
            targets=None if targets is None else data.learned("targets", targets),
        )

    def dtype_of_inputs(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return in which dtype inputs have to be finite, before they are scaled."""
        return dtype if self.scale_inputs is None else np.dtype(np.float64)

    def dtype_of_targets(self, dtype: np.dtype[Any]) -> np.dtype[Any]:
        """Return the same for targets."""
        return dtype if self.scale_targets is None else np.dtype(np.float64)

    @property
    def input_affine(self) -> Numbers | None:
        """Offsets and factors of the inputs as C++ takes them; None: they stay as they are."""
        return None if self.inputs is None else self.inputs.affine

    @property
    def target_affine(self) -> Numbers | None:
        """Offsets and factors of the targets."""
        return None if self.targets is None else self.targets.affine

    @property
    def of_inputs(self) -> Scalings:
        """The same with targets that stay as they are."""
        return replace(self, scale_targets=None, targets=None)

    def outputs_in_units(self, outputs: Array) -> Array:
        """Return a network's outputs (N, q) in the units of the targets, then in doubles."""
        return outputs if self.targets is None else self.targets.inverse_transform(outputs)

    def state(self) -> tuple[Any, ...]:
        """Return plain values and arrays, from which :meth:`from_state` makes the same again."""
        pairs = (s if s is None else (s.offset, s.scale) for s in (self.inputs, self.targets))
        return self.scale_inputs, self.scale_targets, *pairs

    @classmethod
    def from_state(cls, state: tuple[Any, ...]) -> Scalings:
        """Return what :meth:`state` was made of."""
        kinds, pairs = state[:2], state[2:]
        return cls(*kinds, *(pair if pair is None else Scaling(*pair) for pair in pairs))


def far_columns(scalings: Scalings, data: Data | PartsData, targets: bool = True) -> list[str]:
    """Return, in words, the columns that are far from order one and that nothing scales.

    Without ``targets``, of the inputs alone.
    """
    parts = []
    if scalings.scale_inputs is None:
        parts.append(("inputs", "scale_inputs"))
    if targets and scalings.scale_targets is None and not data.classes:
        parts.append(("targets", "scale_targets"))
    return [
        f"column {column} of the {what} has the size {size:.3g} ({setting}='standard')"
        for what, setting in parts
        for column, size in farthest(len(data), *data.sizes(what))
    ]


def warn_if_far(scalings: Scalings, data: Data | PartsData, optimizer: Any) -> bool:
    """Warn where a method starts on columns that are far from order one; return whether it did."""
    # Variable projection is indifferent to the units of the targets.
    found = far_columns(scalings, data, targets=not getattr(optimizer, "separable", False))
    if found:
        warnings.warn(
            f"{type(optimizer).__name__} starts far from order one, where it often fails: "
            f"{'; '.join(found)}. MLP(..., scale_inputs=, scale_targets=) scale inside the network",
            ScalingWarning,
            stacklevel=4,  # of who called fit, which is decorated
        )
    return bool(found)


def sizes(x: Array, rows: npt.NDArray[np.uint32] | None) -> tuple[Numbers, Numbers]:
    """Return Σ x² and max |x| of each column."""
    d = 1 if x.ndim == 1 else x.shape[1]
    squares = np.zeros(d)
    largest = np.zeros(d)
    with np.errstate(over="ignore"):
        for values, counts, _ in _read(x, rows, None):
            squares = squares + np.square(values).sum(axis=0, where=counts)
            largest = np.maximum(largest, np.abs(values).max(axis=0, where=counts, initial=0.0))
    return squares, largest


def farthest(n: int, squares: Numbers, largest: Numbers) -> list[tuple[int, float]]:
    """Return the column that is farthest from order one and its root mean square, if too far.

    A column is too large as a whole, and too small where no number of it is of order one.
    """
    size = np.sqrt(squares / n)
    far = (size > _FAR) | ((largest < 1 / _FAR) & (size > 0))
    apart = np.abs(np.log10(size, out=np.zeros_like(size), where=far))
    column = int(np.argmax(apart))
    return [(column, float(size[column]))] if far[column] else []
