"""Losses that have numbers of their own: Huber's δ, the levels of quantiles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt._settings import Settings, checked, number

# By name, as ``fit(loss=...)`` takes them.
LOSSES = (
    *("mse", "mae", "huber", "log_cosh", "pinball", "poisson"),
    *("binary_cross_entropy", "cross_entropy"),
)


@dataclass
class Huber(Settings):
    """Huber's loss: squares near zero, and straight lines beyond δ, which outliers pull less.

    With e = t − y: ℓ = ½ e² where |e| ≤ δ, δ (|e| − ½ δ) beyond. ``loss="huber"`` is the one with
    δ = 1. With ``scale_targets`` δ is in units of the scaled targets.

    Parameters
    ----------
    delta : float
        δ > 0; 1.0 by default, as in PyTorch's ``HuberLoss`` and Keras.

    References
    ----------
    Huber 1964, *Robust estimation of a location parameter*.

    Examples
    --------
    >>> import fastopt
    >>> net = fastopt.MLP([1, 1], initializer="zeros")
    >>> net.evaluate([[0.0], [0.0]], [0.1, 10.0], loss=fastopt.Huber(0.5))
    2.44
    """

    delta: float = number(1.0, above=0)

    def __str__(self) -> str:
        """Return the loss as a name, which ``fit`` takes too: "huber(0.5)"."""
        return "huber" if self.delta == 1 else f"huber({self.delta!r})"


def _levels(name: str, value: Any) -> float | tuple[float, ...]:
    """Return one level, or several that increase."""
    if np.ndim(value) == 0 and not isinstance(value, str | Iterable):
        return _validation.number(name, value, above=0, below=1)
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise TypeError(f"{name} must be a number in (0, 1) or a sequence of such, got {value!r}")
    levels = tuple(
        _validation.number(f"{name}[{k}]", each, above=0, below=1) for k, each in enumerate(value)
    )
    if not levels:
        raise ValueError(f"{name} must name at least one level in (0, 1), got {value!r}")
    for lower, upper in pairwise(levels):
        if not lower < upper:
            raise ValueError(f"{name} must increase, got {upper!r} after {lower!r}")
    return levels[0] if len(levels) == 1 else levels


@dataclass
class Pinball(Settings):
    """The pinball loss, whose minimum is a quantile: the value that t is below with probability τ.

    With e = t − y: ℓ = τ e where e ≥ 0, (τ − 1) e where e < 0. ``loss="pinball"`` is the median's,
    τ = ½, half of "mae". Of several levels the loss is their mean, and the network has an output
    for each; ``y`` may then have one column, which all of them are compared with. With
    ``output_activation="increasing"``, y₁ = z₁ and y_k = y_{k−1} + log(1 + exp z_k), no quantile is
    below that of a smaller level, at any input and to the last bit; with "identity" they can cross.

    The slope jumps at e = 0 and there is no curvature: Adam and its kin with a falling learning
    rate come nearest to the minimum; methods with a line search stop at a kink that they meet.

    Parameters
    ----------
    levels : float or sequence of float
        τ in (0, 1), increasing; 0.5 by default.

    References
    ----------
    Koenker & Bassett 1978, *Regression quantiles*.

    Examples
    --------
    Three quantiles at once, which never cross:

    >>> import numpy as np
    >>> import fastopt
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (500, 1))
    >>> y = X[:, 0] + rng.normal(0, 0.1 + 0.2 * np.abs(X[:, 0]))
    >>> net = fastopt.MLP([1, 16, 3], output_activation="increasing", random_state=0)
    >>> _ = net.fit(X, y, fastopt.Adam(0.01), fastopt.Pinball([0.1, 0.5, 0.9]), epochs=50)
    >>> low, middle, high = net.predict([[0.5]])[0]
    >>> bool(low < middle < high)
    True
    """

    levels: float | tuple[float, ...] = checked(_levels, 0.5)

    def __str__(self) -> str:
        """Return the loss as a name, which ``fit`` takes too: "pinball(0.1,0.5,0.9)"."""
        if self.levels == 0.5:
            return "pinball"
        levels = self.levels if isinstance(self.levels, tuple) else (self.levels,)
        return f"pinball({','.join(map(repr, levels))})"


def named(loss: Any) -> str:
    """Return a loss as its name, numbers included: "mse", "huber(0.5)"; or refuse it."""
    if isinstance(loss, Huber | Pinball):
        return str(loss)
    if not isinstance(loss, str):
        return _validation.choice("loss", loss, LOSSES, "loss")
    word, bracket, rest = loss.partition("(")
    name = _validation.choice("loss", word.strip(), LOSSES, "loss")
    if not bracket:
        return name
    if name not in ("huber", "pinball"):
        raise ValueError(
            f"loss {name!r} has no numbers: huber(delta) and pinball(levels) have some"
        )
    try:
        if not rest.endswith(")"):
            raise ValueError
        numbers = [float(part) for part in rest[:-1].split(",")]
    except ValueError:
        raise ValueError(
            f"loss must be written like 'huber(0.5)' or 'pinball(0.1, 0.5, 0.9)', got {loss!r}"
        ) from None
    if name == "pinball":
        return str(Pinball(tuple(numbers)))
    if len(numbers) != 1:
        raise ValueError(f"loss 'huber' has one number, delta, got {loss!r}")
    return str(Huber(numbers[0]))


def check_outputs(loss: Any, n_outputs: int) -> bool:
    """Whether a loss has a level for each output; refuse other numbers of them."""
    if not isinstance(loss, str) or "," not in loss:
        return False
    levels = loss.count(",") + 1
    if levels != n_outputs:
        raise ValueError(
            f"loss={loss!r} has {levels} levels and needs an output for each: the network has "
            f"{n_outputs}"
        )
    return True
