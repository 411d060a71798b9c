"""Intervals from held-out data, without any assumption of a distribution: split conformal."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fastopt import _validation
from fastopt._quantiles import check_level

Array = npt.NDArray[np.float64]


def conformal(
    model: Any, X: Any, y: Any, *, scale: Callable[[Any], Any] | None = None
) -> ConformalPredictor:
    """Return a model whose predictions have intervals, from the errors on held-out data.

    ŷ ± the k-th smallest of n errors |y − ŷ| on data that the model has not seen, with
    k = ⌈(n + 1) · level⌉. Where these and the data to come are exchangeable, a new observation is
    inside with at least this probability, and at most 1/(n + 1) more (of errors without ties),
    whatever the model, its loss and the distribution of the noise are. The probability is that over
    all inputs, not at each of them.

    Parameters
    ----------
    model : MLP, MLPRegressor, Ensemble or any object with ``predict``
        Trained.
    X : array (n, d)
        Held-out data: none of the training, none that early stopping saw.
    y : array (n,) or (n, q)
    scale : callable, optional
        u(X) > 0, (n,) or of the shape of ``y``: the errors are |y − ŷ| / u and the intervals
        ŷ ± q·u, wide where u is: a second network that predicts |y − ŷ|, the spread of an
        ensemble.

    Returns
    -------
    ConformalPredictor
        ``predict(X, interval=0.95)`` → (prediction, lower, upper).

    References
    ----------
    Vovk, Gammerman & Shafer 2005; Lei et al. 2018.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> rng = np.random.default_rng(0)
    >>> X = rng.uniform(-1, 1, (400, 1))
    >>> y = np.sin(3 * X[:, 0]) + 0.1 * rng.standard_t(3, 400)
    >>> net = fastopt.MLP([1, 10, 1], random_state=0)
    >>> _ = net.fit(X[:300], y[:300], "lm", loss="mse", epochs=50)
    >>> sure = fastopt.conformal(net, X[300:], y[300:])
    >>> prediction, lower, upper = sure.predict([[0.5]], interval=0.9)
    >>> bool(lower[0] < np.sin(1.5) < upper[0])
    True
    """
    return ConformalPredictor(model, X, y, scale)


class ConformalPredictor:
    """A model with the errors that it makes on held-out data; see :func:`fastopt.conformal`.

    Attributes
    ----------
    model
        As it was given.
    scores : array (n, q)
        The errors of each output, ascending.
    """

    def __init__(
        self, model: Any, X: Any, y: Any, scale: Callable[[Any], Any] | None = None
    ) -> None:
        if not hasattr(model, "predict"):
            raise TypeError(f"model must have predict(X), got {model!r}")
        if getattr(model, "output_activation", None) == "softmax" or hasattr(model, "classes_"):
            raise ValueError(
                "conformal is for models of numbers, and this one tells classes or probabilities"
            )
        self.model = model
        self.scale = None if scale is None else _validation.function("scale", scale)
        targets = _validation.array("y", y, ndim=(1, 2)).astype(np.float64)
        predicted = _predicted(model, X)
        if predicted.size != targets.size or len(predicted) != len(targets):
            raise ValueError(
                f"y must have the shape of the predictions, {predicted.shape}, got {targets.shape}"
            )
        errors = np.abs(targets.reshape(predicted.shape) - predicted) / self._widths(X, predicted)
        self.scores: Array = np.sort(errors.reshape(len(errors), -1), axis=0)

    def __repr__(self) -> str:
        return f"ConformalPredictor of {self.model!r}, {len(self.scores)} held-out samples"

    def quantile(self, level: float) -> Array:
        """Return half an interval of each output, (q,), before ``scale``: the k-th score."""
        level = check_level(level, "interval")
        n = len(self.scores)
        k = math.ceil((n + 1) * level * (1 - _ROUNDING))
        if k > n:
            needed = math.ceil(level / (1 - level) * (1 - _ROUNDING))
            raise ValueError(
                f"intervals of {level:g} need {needed} held-out samples or more, and there are {n}"
            )
        return np.asarray(self.scores[k - 1])

    def predict(self, X: Any, interval: float = 0.95) -> tuple[Array, Array, Array]:
        """Return predictions and the ends of their intervals, each of the model's shape.

        Parameters
        ----------
        X : array (N, d)
        interval : float
            The probability that a new observation is inside, 0.95 by default; n held-out samples
            can tell up to n/(n + 1).
        """
        half = self.quantile(interval)
        predicted = _predicted(self.model, X)
        half = (half if predicted.ndim == 2 else half[0]) * self._widths(X, predicted)
        return predicted, predicted - half, predicted + half

    def _widths(self, X: Any, predicted: Array) -> Array:
        """Return u(X) so that it goes with predictions."""
        if self.scale is None:
            return np.ones(())
        rows = X if hasattr(X, "shape") else np.asarray(X)
        widths = np.asarray(self.scale(rows), dtype=np.float64)
        if widths.ndim < predicted.ndim and len(widths) == len(predicted):
            widths = widths[:, None]
        elif widths.size == predicted.size:
            widths = widths.reshape(predicted.shape)
        if len(widths) != len(predicted):
            raise ValueError(
                f"scale must return {len(predicted)} numbers, one for each row, got shape "
                f"{widths.shape}"
            )
        if not (np.isfinite(widths) & (widths > 0)).all():
            raise ValueError("scale must return finite numbers > 0")
        return widths


# (n + 1) · level is 95.00000000000001 where it ought to be 95.
_ROUNDING = 4 * float(np.finfo(float).eps)


def _predicted(model: Any, X: Any) -> Array:
    return np.asarray(model.predict(X), dtype=np.float64)
