"""What looks on while a network is trained: the progress on the terminal, and checkpoints."""

from __future__ import annotations

import math
import threading
import time
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fastopt.callbacks import Callback, EarlyStopping, Logs
from fastopt.storage.checkpoints import ModelCheckpoint
from fastopt.storage.networks import save

# Terminals are not looked at more often, and an epoch may take microseconds.
_SECONDS_OF_A_GLANCE = 0.1
# What a crash may cost; Ctrl-C costs nothing.
_SECONDS_OF_A_CHECKPOINT = 10.0


@dataclass
class Start:
    """A start of a training, which runs or has ended."""

    network: Any
    early: list[EarlyStopping]
    best: float = math.inf  # validation loss, or loss, of its epochs
    share: float = 0.0  # of its epochs, that it has behind it
    ended: bool = False


class Starts:
    """What all starts of a training have come to, and a bar of it on stderr.

    They may run side by side: what they tell comes from several threads.
    """

    def __init__(self, console: Console, count: int, quiet: bool, title: str) -> None:
        self._console, self._count, self._quiet, self._title = console, count, quiet, title
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=10),
            TextColumn("{task.fields[where]}  {task.fields[losses]}"),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, disable=quiet)
        self._task: Any = None
        self._lock = threading.Lock()
        self.begun: list[Start] = []

    def __enter__(self) -> Starts:
        return self

    def __exit__(self, *_: object) -> None:
        if self._task is not None:  # else an empty line would be written
            self._bar.stop()

    def begin(self, start: Start) -> None:
        """Take a start; with the first one the bar begins."""
        with self._lock:
            self.begun.append(start)
            if self._task is None:
                if not self._quiet:
                    self._console.print(self._title, style="dim", markup=False, soft_wrap=True)
                self._bar.start()
                self._task = self._bar.add_task("training", total=self._count, where="", losses="")

    def show(self, start: Start, epoch: int, epochs: int, logs: Logs) -> None:
        """Show how far a start is, or of several how far all are and the best of them."""
        with self._lock:
            start.share = (epoch + 1) / max(epochs, 1)
            columns = [name for name in ("loss", "val_loss") if name in logs]
            if self._count == 1:
                where = f"{epoch + 1}/{epochs}"
                losses = "  ".join(f"{name} {logs[name]:.4g}" for name in columns)
            else:
                where = f"{sum(s.ended for s in self.begun)}/{self._count} starts"
                losses = f"best {columns[-1]} {min(s.best for s in self.begun):.4g}"
            done = sum(1.0 if s.ended else s.share for s in self.begun)
            self._bar.update(self._task, completed=done, where=where, losses=losses)

    def kept(self) -> Start | None:
        """Return what is kept where Ctrl-C ends all: the best that has ended, else that runs."""
        ended = [start for start in self.begun if start.ended]
        return min(ended or self.begun, key=lambda start: start.best, default=None)


class RichProgress(Callback):
    """Tells how far a start is; copies of it watch other starts and tell the same bar."""

    _copied_for_starts: ClassVar[bool] = True

    def __init__(self, starts: Starts, early: list[EarlyStopping]) -> None:
        self._starts, self._early = starts, early

    def __deepcopy__(self, memo: dict[int, Any]) -> RichProgress:
        return RichProgress(self._starts, deepcopy(self._early, memo))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin a start."""
        self._start = Start(self.network, self._early)
        self._starts.begin(self._start)
        self._seen = 0.0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Show the losses, not more often than somebody looks."""
        value = float(logs["val_loss"] if "val_loss" in logs else logs["loss"])
        self._start.best = min(self._start.best, value)  # a NaN is none
        now = time.monotonic()
        if now - self._seen >= _SECONDS_OF_A_GLANCE:
            self._seen = now
            self._starts.show(self._start, epoch, self.run.epochs, logs)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Show the last epoch."""
        self._start.ended = True
        if logs:
            last = self.run.history.epoch[-1]
            self._starts.show(self._start, last, self.run.epochs, logs)


class TimedCheckpoint(ModelCheckpoint):
    """A checkpoint every few seconds and at the end, and when :meth:`write` is called."""

    @classmethod
    def beside(cls, model: Path) -> TimedCheckpoint:
        """Return one that writes beside a model's file."""
        return cls(str(checkpoint_of(model)).replace("{", "{{").replace("}", "}}"))

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Start anew."""
        super().on_train_begin(logs)
        self._last = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Find out whether there is something to write."""
        now = time.monotonic()
        last = epoch + 1 == self.run.epochs
        self._due = last or now - self._last >= _SECONDS_OF_A_CHECKPOINT
        if self._due:
            self._last = now

    def write(self) -> None:
        """Write where the run stands, after Ctrl-C too: then the last whole epoch."""
        save(self.network, self.path.format(), self.run.snapshot()._asdict())


def checkpoint_of(model: Path) -> Path:
    """Return the file from which the training of a model goes on."""
    return model.with_name(f"{model.stem}.checkpoint.safetensors")
