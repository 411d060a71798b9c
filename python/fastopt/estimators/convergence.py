"""When ``fit`` of an estimator ends, by scikit-learn's rule."""

from __future__ import annotations

import math
from threading import Event
from typing import Any

from fastopt.callbacks import Callback, Logs

NO_IMPROVEMENT = "no_improvement"


class Convergence(Callback):
    """Ends a run after more than ``patience`` epochs in a row without an improvement of ``tol``.

    By the training loss; with ``validation`` by the validation loss, whose best weights come back.

    Parameters
    ----------
    tol : float
    patience : float
    validation : bool
    unit : float
        The losses are counted in this unit.
    cancelled : Event
        Set by another thread: the run ends after the present epoch.
    """

    def __init__(
        self, tol: float, patience: float, validation: bool, unit: float, cancelled: Event
    ) -> None:
        self._tol, self._patience, self._unit = tol, patience, unit
        self._validation, self._cancelled = validation, cancelled
        self.best = math.inf
        self._without = 0
        self._kept: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Compare the loss with the best one so far."""
        loss = self._unit * logs["val_loss" if self._validation else "loss"]
        self._without = self._without + 1 if loss > self.best - self._tol else 0
        if loss < self.best:
            self.best = loss
            if self._validation:
                self._kept = self.run.save()
        if self._without > self._patience:
            self.stop(NO_IMPROVEMENT)
        if self._cancelled.is_set():
            self.stop("cancelled")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Bring back the best weights."""
        if self._kept is not None:
            self.run.restore(self._kept)
