"""When ``fit`` of an estimator ends, by scikit-learn's rule."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from fastopt.callbacks import Callback, Logs
from fastopt.training.stopping import Stopping

NO_IMPROVEMENT = "no_improvement"


class Patience:
    """Ends a run after more than ``patience`` epochs in a row without an improvement of ``tol``.

    Parameters
    ----------
    tol : float
    patience : float
    unit : float
        The losses are counted in this unit.
    """

    def __init__(self, tol: float, patience: float, unit: float) -> None:
        self._tol, self._patience, self._unit = tol, patience, unit
        self.best = math.inf
        self._without = 0

    def reason(self, loss: float) -> str | None:
        """Compare the loss of an epoch with the best one so far; return a reason to end."""
        loss *= self._unit
        self._without = self._without + 1 if loss > self.best - self._tol else 0
        self.best = min(self.best, loss)
        return NO_IMPROVEMENT if self._without > self._patience else None


class OfTraining(Stopping):
    """Judges by the training loss: a criterion, which costs an epoch next to nothing."""

    def __init__(self, patience: Patience) -> None:
        super().__init__()
        self._patience = patience

    def watcher(self) -> Callable[[int, Any], str | None]:
        """Return what judges each step."""
        reason = self._patience.reason
        return lambda _, report: reason(report.loss)


class OfValidation(Callback):
    """Judges by the validation loss; the weights that were best by it come back."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._kept: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Judge an epoch, and keep its weights where they are the best."""
        before = self._patience.best
        reason = self._patience.reason(logs["val_loss"])
        if self._patience.best < before:
            self._kept = self.run.save()
        if reason is not None:
            self.stop(reason)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Bring back the best weights."""
        if self._kept is not None:
            self.run.restore(self._kept)
