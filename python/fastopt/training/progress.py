"""The progress of a run on the screen."""

from __future__ import annotations

import math
import time
from shutil import get_terminal_size
from typing import Any

from fastopt.training.history import History

# Of a terminal as it opens; a line that is longer would not be overwritten by the next one.
_WIDTH = 80
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
        # What matters comes first: tqdm cuts a line that is too long at its end.
        width = min(_WIDTH, get_terminal_size((_WIDTH, 0)).columns)
        line = "{n_fmt}/{total_fmt}{postfix} [{elapsed}<{remaining}] {bar}"
        self._bar = tqdm(total=epochs, initial=initial_epoch, bar_format=line, ncols=width)

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
        print(f"epoch {self._printed + 1}/{self._epochs}: {self._text()}"[:_WIDTH], flush=True)

    def _text(self) -> str:
        last = self._history.last()
        return ", ".join(f"{name}={last[name]:.4g}" for name in _SHOWN if name in last)
