"""An average of the weights over the epochs of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from fastopt._settings import Settings, number
from fastopt.callbacks import Callback, Entries, Logs


@dataclass
class ExponentialMovingAverage(Callback, Settings):
    """An exponential moving average of the weights, which is what is validated and returned.

    After each epoch (of full-batch methods: each iteration), the t-th of the run,
    a ← a + (1 − d)/(1 − dᵗ) · (w − a): the mean of the weights so far, those of k epochs ago with
    weight dᵏ. Training goes on with w; ``val_loss``, metrics, and what :class:`EarlyStopping` keeps
    as the best, are of a, and the network ends with a. (The History's ``loss`` stays that of w.)
    Running statistics of batch normalisation are averaged alike.

    A run that goes on from a History, or a file, has its w and its a back, to the bits of a run
    without interruption, where this callback is given again; a :class:`ModelCheckpoint` holds both,
    and its network has the weights w.

    Parameters
    ----------
    decay : float
        d, in [0, 1); 0.9 by default: about the last ten epochs. With 0 it is w.

    References
    ----------
    Polyak & Juditsky 1992, *Acceleration of stochastic approximation by averaging*; Kingma & Ba
    2014, section 7.2, whose correction for the start it has.

    Examples
    --------
    >>> import numpy as np
    >>> import fastopt
    >>> X = np.linspace(-1, 1, 40)[:, None]
    >>> net = fastopt.MLP([1, 8, 1], random_state=0)
    >>> average = fastopt.ExponentialMovingAverage(decay=0.8)
    >>> history = net.fit(X, X**2, epochs=20, validation_split=0.2, callbacks=average)
    >>> len(history.val_loss)
    20
    """

    _copied_for_starts: ClassVar[bool] = True

    decay: float = number(0.9, low=0, below=1)

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        self._epochs = 0

    def _average(self) -> Any:
        """Take the weights of an epoch in."""
        self._epochs += 1
        new = self.run.save()
        if self.run.judged is None:
            return new
        share = (1 - self.decay) / (1 - self.decay**self._epochs)
        return tuple(
            a + np.asarray(share, a.dtype) * (w - a)
            for a, w in zip(self.run.judged, new, strict=True)
        )

    def state_dict(self) -> dict[str, Any]:
        """Return the average, how many epochs are in it and, at the end, the trained weights."""
        average, statistics = self.run.judged or (None, None)
        weights, running = self.run.trained or (None, None)
        return {
            "epochs": self._epochs,
            "average": average,
            "average_statistics": statistics,
            "weights": weights,
            "statistics": running,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from there: the network gets the trained weights back."""
        expect = Entries(self, state)
        here = self.run.save()
        epochs = expect.count("epochs") or 0
        average = _both(expect, ("average", "average_statistics"), here)
        trained = _both(expect, ("weights", "statistics"), here)
        if (average is None) != (epochs == 0):
            raise ValueError(
                f"the state of ExponentialMovingAverage has an average of {epochs} epochs and "
                f"{'no' if average is None else 'its'} weights"
            )
        self._epochs, self.run.judged = epochs, average
        if trained is not None:
            self.run.restore(trained)


def _both(expect: Entries, names: tuple[str, str], like: Any) -> Any:
    """Return weights and statistics out of a state, or None where there are none."""
    weights, statistics = (expect.array(n, part) for n, part in zip(names, like, strict=True))
    return None if weights is None or statistics is None else (weights, statistics)
