"""What is learned of the data before a training: counts, ranges, moments; part by part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt.training.data import Data
from fastopt.training.scaling import Moments, Scaling, extremes, moments

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Extremes:
    """The range of each column, and its size."""

    low: Array
    high: Array
    squares: Array  # Σ x² over the rows
    largest: Array  # max |x|

    def __add__(self, other: Extremes) -> Extremes:
        return Extremes(
            np.minimum(self.low, other.low),
            np.maximum(self.high, other.high),
            self.squares + other.squares,
            np.maximum(self.largest, other.largest),
        )


@dataclass(frozen=True)
class Survey:
    """What a network needs to know of the data beside their sums."""

    rows: int
    weight: float  # Σ v over rows
    residuals: int  # with a weight
    log_weights: float  # Σ ln (v / its mean in the part), and what makes it that of all parts
    classes: bool
    one_dimensional: bool
    signed: bool
    linear_from: int
    inputs: Extremes
    targets: Extremes

    def __add__(self, other: Survey) -> Survey:
        if (self.classes, self.one_dimensional) != (other.classes, other.one_dimensional):
            raise ValueError(
                "y is not the same in all parts: numbers or classes, (N,) or (N, q) in each"
            )
        return Survey(
            self.rows + other.rows,
            self.weight + other.weight,
            self.residuals + other.residuals,
            self.log_weights + other.log_weights,
            self.classes,
            self.one_dimensional,
            self.signed or other.signed,
            self.linear_from,
            self.inputs + other.inputs,
            self.targets + other.targets,
        )


@dataclass(frozen=True)
class Text:
    """Words of each part in their order."""

    words: tuple[Any, ...]

    def __add__(self, other: Text) -> Text:
        return Text(
            tuple(
                None if a is None and b is None else f"{a}; {b}"
                for a, b in zip(self.words, other.words, strict=True)
            )
        )


def survey_of(data: Data, squares: Any, signed: bool) -> Survey:
    """Return what is to be known of a part."""
    residuals, log_weights = (0, 0.0) if squares is None else squares.weighted_residuals
    return Survey(
        len(data),
        data.mean_weight * len(data),
        residuals,
        # Weights of the part have the mean 1: now they are the user's.
        log_weights + residuals * float(np.log(data.mean_weight)),
        bool(data.classes),
        data.targets.ndim == 1,
        signed,
        0 if squares is None else squares.linear_from,
        _extremes(data, "inputs"),
        _extremes(data, "targets"),
    )


def _extremes(data: Data, of: str) -> Extremes:
    ranges = extremes(getattr(data, of), data.rows, data.weights_of(of))
    return Extremes(*ranges, *data.sizes(of))


def moments_of(data: Data, of: str, ranges: Scaling) -> Moments:
    """Return weighted moments of the columns of a part, within their ranges over all parts."""
    weights = data.weights_of(of)
    found = moments(ranges, getattr(data, of), data.rows, weights)
    return found if weights is None else float(weights.max()) * found
