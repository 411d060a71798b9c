"""The progress of a run on the screen."""

from __future__ import annotations

import math
import time
from typing import Any

from fastopt.training.history import History

_SHOWN = ("loss", "val_loss", "learning_rate")


class Progress:
    """A watcher that shows loss, val_loss and learning rate after each epoch.

    A bar of tqdm's where that is installed. Otherwise plain lines: the first epoch, the last, and
    between them as many as pass in a second.
    """

    def __init__(self, history: History, epochs: int, initial_epoch: int = 0) -> None:
        self._history, self._epochs = history, epochs
        self._printed, self._time = -1, -math.inf
        self._bar: Any = None
        try:
            from tqdm import tqdm
        except ImportError:
            return
        self._bar = tqdm(total=epochs, initial=initial_epoch, unit="epoch")

    def __call__(self, epoch: int, report: Any = None) -> str | None:
        """Show one epoch; its row is in the History already."""
        if self._bar is not None:
            self._bar.set_postfix_str(self._text(), refresh=False)
            self._bar.update()
        elif time.perf_counter() - self._time >= 1:
            self._print()
        return None

    def close(self) -> None:
        """End the bar, or show the last line; call it however the run ended."""
        if self._bar is not None:
            self._bar.close()
        elif self._history.epoch and self._history.epoch[-1] != self._printed:
            self._print()

    def _print(self) -> None:
        self._printed, self._time = self._history.epoch[-1], time.perf_counter()
        print(f"epoch {self._printed + 1}/{self._epochs}: {self._text()}", flush=True)

    def _text(self) -> str:
        last = self._history.last()
        return ", ".join(f"{name}={last[name]:.4g}" for name in _SHOWN if name in last)
