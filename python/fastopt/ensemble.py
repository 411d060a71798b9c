"""Several networks at once: trained side by side, and asked together."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

import numpy as np

from fastopt import _validation
from fastopt._errors import DivergenceError
from fastopt.callbacks import as_list
from fastopt.network import MLP
from fastopt.training.history import History
from fastopt.training.restarts import can_share_time
from fastopt.training.team import side_by_side


def fit_many(networks: Iterable[MLP], X: Any, y: Any, **settings: Any) -> list[History]:
    """Train networks on the same data, side by side on all cores.

    Each comes to the bits of ``network.fit(X, y, **settings)`` alone.

    Parameters
    ----------
    networks : iterable of MLP
        Different objects; of any shapes that fit the data. They are trained in place.
    X, y : array
        As for :meth:`MLP.fit`; they are not copied.
    **settings
        All that :meth:`MLP.fit` takes but ``initial_epoch`` and ``resume_from``. Each network has
        copies of ``callbacks``. With functions of your own (a loss, a metric, a callback) or
        ``verbose``, the networks are trained one after the other.

    Returns
    -------
    list of History
        Of each network, in their order. That of one that diverged has the ``stop_reason``
        "DivergenceError"; it spoils no other, and a RuntimeWarning tells which they are.

    Raises
    ------
    ValueError, TypeError
        As :meth:`MLP.fit`; two of the networks are one object.
    KeyboardInterrupt
        Ctrl-C: all end with their last whole epoch, from which they can go on.

    Examples
    --------
    >>> import fastopt, numpy as np
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> networks = [fastopt.MLP([1, 5, 1], random_state=seed) for seed in range(4)]
    >>> histories = fastopt.fit_many(networks, X, y, optimizer="lm", epochs=20)
    >>> len(histories), max(history.loss[-1] for history in histories) < 1e-3
    (4, True)
    """
    trained = _networks(networks)
    for name in ("initial_epoch", "resume_from"):
        if name in settings:
            raise ValueError(
                f"fit_many begins {len(trained)} trainings anew, and {name} goes on with one: call "
                "fit of that network"
            )
    callbacks = as_list(settings.get("callbacks", ()))
    diverged: list[int] = []

    def train(k: int) -> None:
        own = settings | {"callbacks": deepcopy(callbacks)} if callbacks else settings
        try:
            trained[k].fit(X, y, **own)
        except DivergenceError:
            diverged.append(k)

    defaults = {"loss": None, "metrics": (), "verbose": 0, "optimizer": None}
    if can_share_time(defaults | settings | {"callbacks": callbacks}):
        side_by_side(train, len(trained), lambda *_: None)
    else:
        for k in range(len(trained)):
            train(k)
    if diverged:
        warnings.warn(
            f"{len(diverged)} of {len(trained)} networks diverged: {sorted(diverged)}; they hold "
            "their best finite weights",
            RuntimeWarning,
            stacklevel=2,
        )
    return [network.history_ for network in trained]


class Ensemble:
    """Networks that are asked together: their mean, and how far they are apart.

    The spread of networks that were trained from different starts shows where data leave open what
    the function is; it knows nothing of noise in the targets.

    Parameters
    ----------
    networks : iterable of MLP
        Trained; all of the same numbers of inputs and outputs.

    Examples
    --------
    >>> import fastopt, numpy as np
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> networks = [fastopt.MLP([1, 5, 1], random_state=seed) for seed in range(4)]
    >>> _ = fastopt.fit_many(networks, X, y, optimizer="lm", epochs=20)
    >>> mean, spread = fastopt.Ensemble(networks).predict([[0.5], [3.0]], return_std=True)
    >>> bool(spread[0] < 0.05 < spread[1])  # 3.0 is far from the data
    True
    """

    def __init__(self, networks: Iterable[MLP]) -> None:
        self.networks: Sequence[MLP] = tuple(_networks(networks))
        ends = {(net.layer_sizes[0], net.layer_sizes[-1]) for net in self.networks}
        if len(ends) > 1:
            raise ValueError(
                f"the networks of an ensemble have the same inputs and outputs, got {sorted(ends)}"
            )

    def __len__(self) -> int:
        return len(self.networks)

    def __repr__(self) -> str:
        return f"Ensemble of {len(self)} networks, {self.networks[0]!r} …"

    def predict(self, X: Any, *, return_std: bool = False) -> Any:
        """Return the mean of the networks' predictions.

        Parameters
        ----------
        X : array (N, d)
        return_std : bool
            Whether to return the standard deviation over the networks too (with k − 1, where there
            are k networks; of one network it is zero).

        Returns
        -------
        array, or (array, array)
            As :meth:`MLP.predict` shapes it. Of classes, the mean of their probabilities.
        """
        return_std = _validation.flag("return_std", return_std)
        predictions = np.stack([network.predict(X) for network in self.networks])
        mean = predictions.mean(axis=0)
        if not return_std:
            return mean
        return mean, predictions.std(axis=0, ddof=1 if len(self) > 1 else 0)


def _networks(networks: Any) -> list[MLP]:
    if isinstance(networks, MLP):
        raise TypeError("networks must be several, as a list; of one, call its own fit or predict")
    found = list(networks)
    for k, network in enumerate(found):
        if not isinstance(network, MLP):
            raise TypeError(f"networks[{k}] must be an MLP, got {network!r}")
    if not found:
        raise ValueError("networks must hold at least one network")
    first: dict[int, int] = {}
    for k, network in enumerate(found):
        if (other := first.setdefault(id(network), k)) != k:
            raise ValueError(
                f"networks[{k}] is networks[{other}]: each must be an object of its own "
                "(network.copy())"
            )
    return found
